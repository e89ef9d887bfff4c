"""Double spends that not every code shows."""

import pytest

from recoverykit.testing.failure import ConformanceError
from recoverykit.testing.hosts import check_host
from recoverykit.testing.hosts.desk import Broken, Desk
from recoverykit.testing.hosts.machine import run_in_order
from recoverykit.testing.hosts.report import Tally
from recoverykit.testing.hosts.sets import run_whole_sets
from tests.testing.hosts import doubles
from tests.testing.hosts.asked import only, silent

IN_SOME_PLACES = [
    doubles.KeepsTheLastCode,
    doubles.HasAMaskOfEightBits,
    doubles.CountsFromTheTop,
    doubles.BeginsAnew,
]
ROUNDS = 100  # they end with the first breach


def host_of(login, **other):
    # They break the count of what remains, too.
    return login().host(remaining=None, set_size=None, **other)


@pytest.mark.parametrize("free_guesses", [1, 3])
@pytest.mark.parametrize("login", IN_SOME_PLACES, ids=lambda login: login.__name__)
def test_a_code_that_is_not_spent_is_found_in_whatever_place(login, free_guesses):
    """A script sends every code of a set again: neither chance decides, nor the limit."""
    desk = Desk(host_of(login, free_guesses=free_guesses), muted=frozenset(), tally=Tally())
    with pytest.raises(Broken, match=r"^H2$") as found:
        run_whole_sets(desk)
    assert found.value.steps[-1].endswith("let in")


@pytest.mark.parametrize("login", IN_SOME_PLACES, ids=lambda login: login.__name__)
def test_the_check_names_it(login):
    """By the promise that one code has one success."""
    with pytest.raises(ConformanceError) as found:
        check_host(host_of(login), without=only("H2"), tell=silent, examples=1, rounds=1)
    assert [each.id for each in found.value.breaches] == ["H2"]


@pytest.mark.parametrize("login", IN_SOME_PLACES, ids=lambda login: login.__name__)
def test_the_machine_finds_it_too(login):
    """It sends codes of all places, and looks back when all are spent."""
    desk = Desk(host_of(login), muted=frozenset(), tally=Tally())
    with pytest.raises(Broken, match=r"^H2$"):
        run_in_order(desk, examples=30)


def test_every_round_races_for_a_code_in_another_place():
    """Where nobody can wait each round has a new user, but not the same place."""
    host = host_of(doubles.LocksTheFirstCodes)
    with pytest.raises(ConformanceError) as found:
        check_host(host, without=only("H3"), tell=silent, examples=1, rounds=ROUNDS)
    (breach,) = found.value.breaches
    assert breach.id == "H3"
    assert "send code 1 of" not in breach.steps[-1]


def test_a_code_races_in_several_forms():
    """A lock that is named after what was typed holds nobody back who types it otherwise."""
    host = host_of(doubles.LocksWhatWasTyped)
    with pytest.raises(ConformanceError) as found:
        check_host(host, without=only("H3", "F3", "F5"), tell=silent, examples=1, rounds=ROUNDS)
    (breach,) = found.value.breaches
    assert breach.id == "H3"
    assert "in 3 forms, at the same moment" in breach.steps[-1]


def test_a_form_that_is_not_taken_does_not_race():
    """Where no form is promised the code races as it was shown."""
    host = host_of(doubles.LocksWhatWasTyped)
    checked = check_host(host, without=only("H3"), tell=silent, examples=1, rounds=8)
    assert checked.kept == {"H3": 8}
