"""Every interleaving of concurrent calls, with crashes, lost answers and stale loads.

Each family is a few calls of the real flows. Each kind of fault is explored for each family, and
every history is held against `tests.promises`, as the oracle reads it.
"""

import os

import pytest

from recoverykit.errors import ConcurrentUpdate
from recoverykit.testing.explorer import Explored
from tests.promises import check
from tests.verbs import (
    ALL,
    COSTLY,
    GROWTH,
    PROMISED,
    Code,
    Family,
    InTurn,
    Kit,
    by_name,
    codes_of,
    names,
    played,
    told_to,
)

KIT = Kit()


def erase_and_issue(name):
    return InTurn(name, KIT.erase(name), lambda _: KIT.issue(name))


def issue_and_redeem(name):
    def redeem(issued):
        return KIT.redeem(name, Code(issued.codes[0], issued.set_id))

    return InTurn(name, KIT.issue(name), redeem)


# Where they begin: one set was replaced by another, so that a stale load has much to choose from

STORED, _HISTORY = played(KIT.issue("old"), KIT.issue("replace old", replacing=True))
CODES = codes_of(_HISTORY, "replace old")
WRONG = codes_of(played(KIT.issue("other"))[1], "other")


def stored_with_failures(count):
    guesses = [KIT.redeem(f"failure {number}", WRONG[0]) for number in range(count)]
    return played(*guesses, before=STORED)[0]


# What is exact where nothing goes wrong


def one_of_three(history, deeds):
    assert names(history) == ["CodeAlreadyUsed", "CodeAlreadyUsed", "Redemption"]
    assert (len(deeds), deeds[-1].after.failures) == (3, 2)


def one_of_two_and_a_wrong_one(history, deeds):
    assert names(history) == ["CodeAlreadyUsed", "InvalidCode", "Redemption"]


def three_of_three(history, deeds):
    assert names(history) == ["Redemption"] * 3
    assert [len(deed.after.spent) for deed in deeds] == [1, 2, 3]


def the_new_set_stands(history, deeds):
    (issued,) = told_to(history.ends["replace"])
    assert deeds[-1].after.set_id == issued.set_id
    assert names(history).count("Redemption") <= 1


def the_set_is_revoked(history, deeds):
    assert deeds[-1].after.is_over
    assert names(history).count("Redemption") <= 1


def at_most_one_success(history, deeds):
    assert names(history).count("Redemption") <= 1


def the_reissued_set_stands(history, deeds):
    assert deeds[-1].after.set_id == told_to(history.ends["reissue"])[-1].set_id
    assert names(history).count("Redemption") <= 1


def one_whole_set_stands(history, deeds):
    """The codes of the last winner count; whoever was overtaken was told, and landed nothing."""
    issued = [deed for deed in deeds if deed.kind == "issued"]
    assert issued
    winner = told_to(history.ends[issued[-1].call])[0]
    assert deeds[-1].after.set_id == winner.set_id
    for name in ("replace 1", "replace 2"):
        if name not in {deed.call for deed in issued}:
            assert type(history.ends[name].error) is ConcurrentUpdate


def one_success_told_twice(history, deeds):
    assert names(history) == ["Redemption", "Redemption again"]
    assert len(deeds) == 1


def two_successes(history, deeds):
    assert names(history) == ["Redemption", "Redemption"]


def judged(*numbers):
    """So many wrong guesses are judged, one number for each place the right one may come in."""

    def also(history, deeds):
        words = names(history)
        assert words.count("InvalidCode") in numbers
        refused = words.count("TooManyAttempts")
        assert words.count("InvalidCode") + refused + words.count("Redemption") == 3

    return also


def one_of_two_issues(history, deeds):
    assert "Issued" in names(history)


# The families


def race(*calls):
    """Return calls by their names; a code alone stands for its redemption."""
    codes = [call for call in calls if isinstance(call, Code)]
    return by_name(*KIT.redemptions(*codes), *calls[len(codes) :])


def on_stored(calls, also=None, *, before=STORED, states=100):
    return Family(calls, also, before=before, states=states)


THREE = {
    "same code three times": on_stored(
        race(CODES[0], CODES[0], CODES[0]), one_of_three, states=350
    ),
    "same code twice and a wrong one": on_stored(
        race(CODES[0], CODES[0], WRONG[0]), one_of_two_and_a_wrong_one, states=350
    ),
    "three codes": on_stored(race(*CODES), three_of_three, states=350),
    "two redemptions against a replace": on_stored(
        race(CODES[0], CODES[0], KIT.issue("replace", replacing=True)),
        the_new_set_stands,
        states=350,
    ),
    "two redemptions against a revoke": on_stored(
        race(CODES[0], CODES[0], KIT.revoke("revoke")), the_set_is_revoked, states=200
    ),
    "a redemption against an erase and an issue": on_stored(
        race(CODES[0], KIT.erase("erase"), KIT.issue("issue")), at_most_one_success, states=70
    ),
    "two redemptions against an erase that issues anew": on_stored(
        race(CODES[0], CODES[0], erase_and_issue("reissue")), the_reissued_set_stands, states=800
    ),
    "a redemption against two replaces": on_stored(
        race(CODES[0], *(KIT.issue(f"replace {number}", replacing=True) for number in (1, 2))),
        one_whole_set_stands,
        states=300,
    ),
    "three wrong ones, one guess left": on_stored(
        race(WRONG[0], WRONG[0], WRONG[0]), judged(1), before=stored_with_failures(4)
    ),
    "three wrong ones, two guesses left": on_stored(
        race(WRONG[0], WRONG[0], WRONG[0]), judged(2), before=stored_with_failures(3), states=300
    ),
    "right among wrong ones, one guess left": on_stored(
        race(CODES[0], WRONG[0], WRONG[0]), judged(1, 2), before=stored_with_failures(4), states=200
    ),
    "right among wrong ones, two guesses left": on_stored(
        race(CODES[0], WRONG[0], WRONG[0]), judged(2), before=stored_with_failures(3), states=300
    ),
}

TWO = {
    "same attempt, same code": on_stored(
        race(*(KIT.redeem(name, CODES[0], attempt="same") for name in "AB")),
        one_success_told_twice,
        states=20,
    ),
    "same attempt, another code": on_stored(
        race(*(KIT.redeem(name, CODES["AB".index(name)], attempt="same") for name in "AB")),
        two_successes,
        states=20,
    ),
    "an issue that redeems, against an erase": Family(
        race(issue_and_redeem("issue"), KIT.erase("erase")), states=20
    ),
    "two issues": Family(race(KIT.issue("A"), KIT.issue("B")), one_of_two_issues, states=20),
}

FAMILIES = THREE | TWO


def sweep(family: str, faults: str) -> Explored:
    return FAMILIES[family].sweep(ALL[faults], check)


@pytest.mark.parametrize("faults", PROMISED)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_interleaving_keeps_the_promises(family, faults):
    """Whatever the order, and whatever goes wrong: spent once, stored, counted, truly told."""
    explored = sweep(family, faults)
    assert explored.states >= FAMILIES[family].states * GROWTH[faults]
    assert explored.schedules > explored.histories > 1


@pytest.mark.parametrize("faults", COSTLY)
@pytest.mark.parametrize("family", TWO)
def test_two_calls_keep_the_promises_under_more_faults(family, faults):
    """With two calls there is time for larger budgets, and for several kinds at once."""
    assert sweep(family, faults).states > FAMILIES[family].states


def test_a_late_success_is_that_of_the_swap_that_landed():
    """Two lost answers of one call at one instant: it tells and announces the one that landed."""
    assert sweep("three codes", "two lost answers").states > FAMILIES["three codes"].states


@pytest.mark.skipif(
    os.environ.get("HYPOTHESIS_PROFILE") != "deep", reason="minutes long: run by `make deep`"
)
@pytest.mark.parametrize("faults", COSTLY)
@pytest.mark.parametrize("family", THREE)
def test_three_calls_keep_the_promises_under_more_faults(family, faults):
    """Larger budgets, several kinds at once, and a delay that ends while the calls run."""
    assert sweep(family, faults).states > FAMILIES[family].states * 2
