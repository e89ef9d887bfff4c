"""Each promise finds what it names, and is needed: one broken login is found by it alone."""

import re
from pathlib import Path

import pytest

from recoverykit.testing.failure import ConformanceError
from recoverykit.testing.hosts import PROMISES, check_host
from recoverykit.testing.hosts.check import SCRIPTS
from recoverykit.testing.hosts.desk import Broken, Desk
from recoverykit.testing.hosts.report import Tally
from tests.testing.hosts.asked import only, silent
from tests.testing.hosts.faults import FAULTS, HashesFast
from tests.testing.hosts.plain import Plain

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "check-a-host.md"
FEW = {"rounds": 1, "examples": 1, "tell": silent}

RACED = ("H3", "H4", "H6", "H8")
# They end with the first breach, for which a dozen rounds were enough on a loaded machine.
ROUNDS = 100


def test_a_login_that_keeps_all_promises_passes():
    """Every promise is looked at, but for lower case, in which its codes are shown."""
    checked = check_host(Plain().host(), tell=silent, rounds=5, examples=5)
    assert list(checked.kept) == [each.id for each in PROMISES if each.id != "F1"]
    assert (checked.broken, checked.opted_out, checked.errors) == ((), {}, {})
    assert checked.not_checked == {"F1": "nothing showed it"}


@pytest.mark.parametrize("promise", [each.id for each in PROMISES])
def test_a_broken_login_is_found_by_the_promise_that_names_its_fault(promise):
    """And by no other one: without this promise it passes."""
    effort = FEW | ({"without": only(promise), "rounds": ROUNDS} if promise in RACED else {})
    with pytest.raises(ConformanceError) as found:
        check_host(FAULTS[promise]().host(), **effort)
    (breach,) = found.value.breaches
    assert breach.id == promise
    assert breach.sentence == next(each.sentence for each in PROMISES if each.id == promise)
    assert breach.steps
    check_host(FAULTS[promise]().host(), without={promise: "it is known"}, **FEW)


@pytest.mark.parametrize("promise", [each.id for each in PROMISES if each.id not in RACED])
def test_what_needs_no_race_needs_no_luck(promise):
    """A script finds it: neither the order that the machine draws decides, nor the limit."""
    for free_guesses in (1, 3):
        desk = Desk(
            FAULTS[promise]().host(free_guesses=free_guesses), muted=frozenset(), tally=Tally()
        )
        with pytest.raises(Broken, match=f"^{promise}$"):
            run_scripts(desk)


def run_scripts(desk):
    for script in SCRIPTS:
        script(desk)


def test_a_fast_hash_is_as_good_as_the_code():
    """What costs nothing to guess is found like what can be read."""
    with pytest.raises(ConformanceError) as found:
        check_host(HashesFast().host(), without=only("H15"), **FEW)
    (breach,) = found.value.breaches
    assert breach.steps[-1].endswith(", as its sha256")


def test_the_documentation_tells_the_promises():
    """The table of the page is made of their own sentences, in their order."""
    table = re.findall(r"^\| ([HF]\d+) \| (.*) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert table == [(each.id, each.sentence) for each in PROMISES]
