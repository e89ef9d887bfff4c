"""Every interleaving of concurrent calls, with crashes, lost answers and stale loads.

Each family is a few calls of the real flows. Each kind of fault is explored for each family, and
every history is held against the promises below, as the oracle reads it.
"""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial

import pytest

from recoverykit.core import flows
from recoverykit.core.call import Call, Outcome, Setup
from recoverykit.core.effects import Answer
from recoverykit.core.events import EventKind
from recoverykit.core.hasher import Argon2idHasher
from recoverykit.core.masked import Masked
from recoverykit.core.policy import Policy
from recoverykit.core.record import Change
from recoverykit.core.results import Issued, Redemption, Status
from recoverykit.core.subject import Subject
from recoverykit.errors import (
    CodeAlreadyUsed,
    ConcurrentUpdate,
    InvalidCode,
    OutcomeUnknown,
    RecoveryKitError,
    RedemptionRefused,
)
from recoverykit.testing.explorer import Explored, Faults, explore, play
from recoverykit.testing.history import Crashed, Landed, Raised, Returned
from tests.oracle import FIRST_DELAY, deeds_of, read

ALICE = Subject("alice")
POLICY = Policy(count=3, hasher=Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1))

NONE = Faults()
PROMISED = {
    "no fault": NONE,
    "a crash": Faults(crashes=1),
    "a lost answer": Faults(lost_answers=1),
    "a stale load": Faults(stale_loads=1),
    "a crash and a lost answer": Faults(crashes=1, lost_answers=1),
}
COSTLY = {
    "two crashes": Faults(crashes=2),
    "two lost answers": Faults(lost_answers=2),
    "two stale loads": Faults(stale_loads=2),
    "a lost answer and a stale load": Faults(lost_answers=1, stale_loads=1),
    "a lost answer and a failing storage": Faults(lost_answers=1, errors=1),
    "a lost answer and a delay that ends": Faults(lost_answers=1, clock_moves=(FIRST_DELAY,)),
    "a crash, a lost answer and a stale load": Faults(crashes=1, lost_answers=1, stale_loads=1),
}
ALL = PROMISED | COSTLY

IN_THE_TRAIL = {EventKind.ISSUED, EventKind.REDEEMED, EventKind.FAILED, EventKind.REVOKED}

# By how much a kind of fault multiplies the states at the least: a sweep that has lost its faults
# by mistake would pass every check.
GROWTH = {"no fault": 1, "a crash": 2, "a lost answer": 5, "a stale load": 1.5}
GROWTH["a crash and a lost answer"] = 10


# The calls


def call_of(name, entropy, attempt=None):
    setup = Setup(policy=POLICY, keyring=None, entropy=entropy)
    return Call(setup=setup, subject=ALICE, attempt=attempt or name, context={})


def issue(name, *, replacing=False, attempt=None):
    return lambda entropy: flows.issue(
        call_of(name, entropy, attempt), replacing=replacing, session=None
    )


def redeem(name, code, *, attempt=None):
    return lambda entropy: flows.redeem(call_of(name, entropy, attempt), Masked(code))


def revoke(name):
    return lambda entropy: flows.revoke(call_of(name, entropy), session=None)


def erase(name):
    return lambda entropy: flows.erase(call_of(name, entropy))


def erase_and_issue(name):
    """One after the other, as one caller would."""

    def begin(entropy):
        erased = yield from flows.erase(call_of(name, entropy))
        return erased, (
            yield from flows.issue(call_of(name, entropy), replacing=False, session=None)
        )

    return begin


def issue_and_redeem(name):
    """Issue a set, and redeem the first code of it that was shown."""

    def begin(entropy):
        issued = yield from flows.issue(call_of(name, entropy), replacing=False, session=None)
        code = Masked(issued.value.codes[0])
        return issued, (yield from flows.redeem(call_of(name, entropy), code))

    return begin


# Where they begin: one set was replaced by another, so that a stale load has much to choose from


def codes_of(history, name):
    return history.ends[name].value.value.codes


OLD = play({"old": issue("old")})
NEW = play({"new": issue("new", replacing=True)}, before=OLD.landed)
STORED = NEW.before + NEW.landed
CODES = codes_of(NEW, "new")
WRONG = codes_of(play({"other": issue("other")}), "other")


def stored_with_failures(count):
    guesses = {
        f"failure {number}": redeem(f"failure {number}", WRONG[0]) for number in range(count)
    }
    failed = play(guesses, before=STORED)
    return failed.before + failed.landed


# What callers were told


def told_to(end):
    """Return the values that the caller has got: several, where the call ran several verbs."""
    if not isinstance(end, Returned):
        return []
    outcomes = end.value if isinstance(end.value, tuple) else (end.value,)
    assert all(isinstance(outcome, Outcome) for outcome in outcomes)
    return [outcome.value for outcome in outcomes]


def in_a_word(end):
    """Return the name of what the caller has got last."""
    last = end.error if isinstance(end, Raised) else told_to(end)[-1]
    return type(last).__name__ + (" again" if getattr(last, "replayed", False) else "")


# The promises


def check_errors(history):
    """Nothing is raised outside our tree; no outcome is unknown where no answer was lost."""
    for name, end in history.ends.items():
        if isinstance(end, Raised):
            assert isinstance(end.error, RecoveryKitError), f"{name} raised {end.error!r}"
            if isinstance(end.error, OutcomeUnknown):
                assert Answer.UNKNOWN in end.replies, f"{name} lost no answer"


def check_spent_once(history, deeds):
    """No code is spent twice, told twice, or spendable again; no set that was shown comes back."""
    spends = Counter((deed.after.set_id, deed.ordinal) for deed in deeds if deed.kind == "spent")
    assert max(spends.values(), default=0) <= 1, "a code was spent twice"
    successes = Counter(
        (value.set_id, value.ordinal)
        for end in history.ends.values()
        for value in told_to(end)
        if isinstance(value, Redemption) and not value.replayed
    )
    assert max(successes.values(), default=0) <= 1, "a code had two successes"
    shown = {
        value.set_id
        for end in history.ends.values()
        for value in told_to(end)
        if isinstance(value, Issued)
    }
    spent, gone, stands = set(), set(), None
    for deed in deeds:
        if deed.after is None or (stands and stands.set_id != deed.after.set_id):
            gone |= {stands.set_id} if stands else set()
        stands = deed.after
        if stands is not None:
            assert stands.set_id not in gone & shown, "a set that was shown came back"
            now_spent = {stands.digests[ordinal] for ordinal in stands.spent}
            assert not spent & (set(stands.digests) - now_spent), "a spent code came back"
            spent |= now_spent


def check_told(history, deeds):
    """What a caller was told is what the storage says."""
    judged = 0
    for name, end in history.ends.items():
        own = [deed for deed in deeds if deed.call == name]
        for value in told_to(end):
            match value:
                case Redemption(replayed=True):
                    check_replay(value, deeds)
                case Redemption():
                    judged += 1
                    check_success(value, own)
                case InvalidCode() | CodeAlreadyUsed():
                    judged += 1
                    assert any(deed.kind == "counted" for deed in own), f"{name} was not counted"
                case Issued():
                    issued = check_issued(value, own)
                    if not isinstance(end.value, tuple):
                        check_replaced(issued, end.replies[0].record)
                case Status():
                    assert value.remaining == 0, f"{name} has revoked nothing"
                case None | RedemptionRefused():
                    pass
    counted = sum(deed.kind in {"counted", "spent"} for deed in deeds)
    assert judged <= counted, "more guesses were judged than counted"


def check_success(value, own):
    """A success is stored, by this very call, and says what stood when it landed."""
    (spent,) = [deed for deed in own if deed.kind == "spent"]
    assert (value.set_id, value.ordinal) == (spent.after.set_id, spent.ordinal)
    attempt, at = spent.after.uses[spent.ordinal]
    assert (value.attempt, value.redeemed_at) == (attempt, datetime.fromisoformat(at))
    remaining = len(spent.after.uses) - len(spent.after.spent)
    assert value.remaining == remaining, "a success tells a wrong number of remaining codes"
    assert value.reissue_required == (remaining == 0)


def check_replay(value, deeds):
    """A success told again was stored, under the same attempt."""
    at = value.redeemed_at
    assert any(
        deed.kind == "spent"
        and (deed.after.set_id, deed.ordinal) == (value.set_id, value.ordinal)
        and deed.after.uses[deed.ordinal][0] == value.attempt
        and datetime.fromisoformat(deed.after.uses[deed.ordinal][1]) == at
        for deed in deeds
    ), "a replayed success is not stored"


def check_issued(value, own):
    """Codes that are shown are those of a set that landed; return how it did."""
    issued = [d for d in own if d.kind == "issued" and d.after.set_id == value.set_id]
    assert len(issued) == 1, "codes were shown of a set that never landed, or landed twice"
    assert all(opens(issued[0].document, code) for code in value.codes), "other codes were shown"
    return issued[0]


def check_replaced(issued, first):
    """A set replaces the one that its call saw first, or nothing where it saw nothing."""
    saw = read(first.document).set_id if first else None
    replaced = issued.before.set_id if issued.before else None
    assert saw == replaced, f"{issued.call} replaced another set than it saw first"


@cache
def opens(document, code):
    """Say whether a code is right for a stored set, by redeeming it there."""
    change = Change(expected=None, revision="r", document=document, events=(), summary=None)
    landed = Landed(call="before", subject=ALICE, change=change)
    end = play({"try": redeem("try", code)}, before=(landed,)).ends["try"]
    return isinstance(end, Returned) and isinstance(end.value.value, Redemption)


def check_announced(history):
    """What is announced of a change stands in the audit trail, in the very same event."""
    for name, end in history.ends.items():
        if isinstance(end, Returned):
            changes = [landed.change for landed in history.landed if landed.call == name]
            trail = {event.id for change in changes for event in change.events}
            outcomes = end.value if isinstance(end.value, tuple) else (end.value,)
            for outcome in outcomes:
                announced = {event.id for event in outcome.events if event.kind in IN_THE_TRAIL}
                assert announced <= trail, f"{name} announced what never landed"


def check_honest(history, deeds):
    """On a storage that keeps its contract no refusal is overtaken by a change that lands late."""
    for name, end in history.ends.items():
        if isinstance(end, Crashed) or isinstance(getattr(end, "error", None), OutcomeUnknown):
            continue
        values, what = told_to(end), in_a_word(end)
        if history.before and None in values:
            assert any(deed.kind == "erased" for deed in deeds), f"{name} has erased nothing"
        own = [deed for deed in deeds if deed.call == name]
        if any(deed.kind == "spent" for deed in own):
            assert what == "Redemption", f"{name} has spent a code and was told {what}"
        # A set that was inserted late, behind an erasure, was never shown to anybody.
        if what in {"CodesAlreadyIssued", "ConcurrentUpdate"} and all(deed.after for deed in deeds):
            issued = {deed.after.set_id for deed in own if deed.kind == "issued"}
            stands = deeds[-1].after.set_id if deeds else None
            assert stands not in issued, f"{name}'s set stands, and it was told {what}"


def check(history, *, faults, also=None):
    deeds = deeds_of(history)
    check_errors(history)
    check_announced(history)
    check_spent_once(history, deeds)
    check_told(history, deeds)
    if not faults.stale_loads:
        check_honest(history, deeds)
    if also is not None and faults == NONE:
        also(history, deeds)


# What is exact where nothing goes wrong


def names(history):
    """Return how the calls ended, in a word each, sorted."""
    return sorted(in_a_word(end) for end in history.ends.values())


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


@dataclass(frozen=True)
class Family:
    """Some calls, what stands before them, what is exact without faults, and how many states."""

    calls: dict[str, Callable]
    also: Callable | None = None
    before: tuple[Landed, ...] = STORED
    states: int = 100
    """A floor for the states without faults."""


def redemptions(*codes):
    return {name: redeem(name, code) for name, code in zip("ABC", codes, strict=False)}


THREE = {
    "same code three times": Family(
        redemptions(CODES[0], CODES[0], CODES[0]), one_of_three, states=350
    ),
    "same code twice and a wrong one": Family(
        redemptions(CODES[0], CODES[0], WRONG[0]), one_of_two_and_a_wrong_one, states=350
    ),
    "three codes": Family(redemptions(*CODES), three_of_three, states=350),
    "two redemptions against a replace": Family(
        redemptions(CODES[0], CODES[0]) | {"replace": issue("replace", replacing=True)},
        the_new_set_stands,
        states=350,
    ),
    "two redemptions against a revoke": Family(
        redemptions(CODES[0], CODES[0]) | {"revoke": revoke("revoke")},
        the_set_is_revoked,
        states=200,
    ),
    "a redemption against an erase and an issue": Family(
        redemptions(CODES[0]) | {"erase": erase("erase"), "issue": issue("issue")},
        at_most_one_success,
        states=70,
    ),
    "two redemptions against an erase that issues anew": Family(
        redemptions(CODES[0], CODES[0]) | {"reissue": erase_and_issue("reissue")},
        the_reissued_set_stands,
        states=800,
    ),
    "a redemption against two replaces": Family(
        redemptions(CODES[0])
        | {name: issue(name, replacing=True) for name in ("replace 1", "replace 2")},
        one_whole_set_stands,
        states=300,
    ),
    "three wrong ones, one guess left": Family(
        redemptions(WRONG[0], WRONG[0], WRONG[0]), judged(1), before=stored_with_failures(4)
    ),
    "three wrong ones, two guesses left": Family(
        redemptions(WRONG[0], WRONG[0], WRONG[0]),
        judged(2),
        before=stored_with_failures(3),
        states=300,
    ),
    "right among wrong ones, one guess left": Family(
        redemptions(CODES[0], WRONG[0], WRONG[0]),
        judged(1, 2),
        before=stored_with_failures(4),
        states=200,
    ),
    "right among wrong ones, two guesses left": Family(
        redemptions(CODES[0], WRONG[0], WRONG[0]),
        judged(2),
        before=stored_with_failures(3),
        states=300,
    ),
}

TWO = {
    "same attempt, same code": Family(
        {name: redeem(name, CODES[0], attempt="same") for name in "AB"},
        one_success_told_twice,
        states=20,
    ),
    "same attempt, another code": Family(
        {"A": redeem("A", CODES[0], attempt="same"), "B": redeem("B", CODES[1], attempt="same")},
        two_successes,
        states=20,
    ),
    "an issue that redeems, against an erase": Family(
        {"issue": issue_and_redeem("issue"), "erase": erase("erase")}, before=(), states=20
    ),
    "two issues": Family(
        {"A": issue("A"), "B": issue("B")}, one_of_two_issues, before=(), states=20
    ),
}

FAMILIES = THREE | TWO


def sweep(family: str, faults: str) -> Explored:
    chosen = FAMILIES[family]
    return explore(
        chosen.calls,
        check=partial(check, faults=ALL[faults], also=chosen.also),
        before=chosen.before,
        faults=ALL[faults],
    )


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


@pytest.mark.parametrize("family", ["three codes", "same attempt, another code"])
def test_a_late_success_is_that_of_the_swap_that_landed(family):
    """Two lost answers of one call at one instant: it tells and announces the one that landed."""
    chosen = FAMILIES[family]
    faults = ALL["two lost answers"]

    def check_all(history):
        check(history, faults=faults)
        check_announced(history)

    explore(chosen.calls, check=check_all, before=chosen.before, faults=faults)


@pytest.mark.skipif(
    os.environ.get("HYPOTHESIS_PROFILE") != "deep", reason="minutes long: run by `make deep`"
)
@pytest.mark.parametrize("faults", COSTLY)
@pytest.mark.parametrize("family", THREE)
def test_three_calls_keep_the_promises_under_more_faults(family, faults):
    """Larger budgets, several kinds at once, and a delay that ends while the calls run."""
    assert sweep(family, faults).states > FAMILIES[family].states * 2
