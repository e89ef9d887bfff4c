"""Rotating and confirming: 16 threads and 8 processes at one code, or one pending set.

There are 200 rounds unless RECOVERYKIT_RACE_ROUNDS says otherwise; the kits that are awaited and
those over memory have half as many, and fewer contenders.

As in `test_exactly_once`: in every second round all have loaded the same revision before any of
them commits, and the clocks stand still.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from recoverykit import CodeFormat, EventKind, InvalidCode, SetState, Throttle
from tests.races.adapters import ADAPTERS, parameters
from tests.races.arena import POLICY, Arena, Confirm, Got, Redeem, Replace

JUDGED = POLICY.throttle.free

ROTATING = replace(POLICY, rotate=True)
SINGLE = replace(ROTATING, count=1, format=CodeFormat.base32(24))
CONFIRMING = replace(POLICY, confirm=True)
DEAD_GUESSES = 2
FOR_CONFIRMS = replace(CONFIRMING, throttle=Throttle(free=DEAD_GUESSES + 1))


def rounds(arena: Arena) -> Iterator[tuple[str, bool]]:
    """A fresh subject for each round, and whether all wait until all have loaded."""
    numbers = range(arena.adapter.rounds(200))
    return ((f"subject {number}", number % 2 == 1) for number in numbers)


def tally(got: Sequence[Got]) -> Counter[str]:
    return Counter(each.what for each in got)


# A sync storage in threads is left out: both halves of it race here by themselves.
@pytest.fixture(params=parameters(each for each in ADAPTERS if each.is_first or each.driver))
def adapter(request):
    return request.param


@pytest.fixture
def confirmers(adapter, url) -> Iterator[Arena]:
    """Contenders over kits whose new sets must be confirmed."""
    with Arena(adapter, url, policy=CONFIRMING) as arena:
        yield arena


def counting_and_waiting(arena: Arena, subject: str) -> tuple[Got, Got]:
    """Return a set that counts, and one that waits to take its place."""
    old = arena.kit.issue(subject)
    arena.kit.confirm(subject, old.codes[0])
    return Got.of(old), Got.of(arena.kit.issue(subject, replace=True))


def assert_counts(arena: Arena, subject: str, live: Got, *, dead: Sequence[Got]) -> None:
    """Assert that one whole set counts, but for its spent codes, and no code of any other."""
    kit = arena.examiner(POLICY)
    for each in dead:
        for code in each.codes:
            with pytest.raises(InvalidCode):
                kit.redeem(subject, code)
    spent = {code.ordinal for code in kit.status(subject).codes if code.used_at}
    good = [code for ordinal, code in enumerate(live.codes) if ordinal not in spent]
    assert [kit.redeem(subject, code).set_id for code in good] == [live.set_id] * len(good)
    assert kit.status(subject).state is SetState.EXHAUSTED


@pytest.mark.parametrize("policy", [ROTATING, SINGLE], ids=["of three", "the only one"])
def test_one_code_is_rotated_once(adapter, url, policy):
    """One redeems the code and is handed another, which is the code of the next round."""
    with Arena(adapter, url, policy=policy) as arena:
        issued = arena.kit.issue("alice")
        code = issued.codes[0]
        for _, meeting in rounds(arena):
            moves = [Redeem(code=code)] * arena.contenders
            got = arena.round("alice", moves, meeting=meeting)

            assert tally(got) == {
                "Redemption": 1,
                "InvalidCode": JUDGED,
                "TooManyAttempts": arena.contenders - 1 - JUDGED,
            }, got
            (success,) = (each for each in got if each.result)
            assert (success.result.set_id, success.result.ordinal) == (issued.set_id, 0)
            assert success.result.remaining == policy.count
            ((code,),) = (each.codes for each in got if each.codes)
            # What was handed out stands, and by its own redemption the count begins anew.
            told = arena.examiner(policy).redeem("alice", code)
            (code,) = told.replacement.codes
            assert arena.kit.status("alice").remaining == policy.count
        turns = len(list(rounds(arena)))
        counts = arena.trail("alice").counts()
        assert counts[EventKind.REDEEMED] == counts[EventKind.REPLACED] == 2 * turns
        assert counts[EventKind.FAILED] == JUDGED * turns
        others = issued.codes[1:]
        kit = arena.examiner(policy)
        assert [kit.redeem("alice", each).ordinal for each in others] == [*range(1, policy.count)]


def test_replaces_and_then_confirms_race(adapter, url):
    """Of the sets that were to wait one does; all who confirm it are told so, the others not."""
    with Arena(adapter, url, policy=FOR_CONFIRMS) as arena:
        for subject, meeting in rounds(arena):
            old, first = counting_and_waiting(arena, subject)
            got = arena.round(subject, [Replace()] * arena.contenders, meeting=meeting)

            assert tally(got).keys() <= {"Issued", "ConcurrentUpdate"}, got
            issued = {each.set_id: each for each in got if each.set_id}
            assert len(issued) == 1 or not meeting
            superseded = arena.trail(subject).sets(EventKind.SUPERSEDED)
            assert set(superseded.values()) == {1}
            (live,) = issued.keys() - superseded.keys()
            assert arena.kit.redeem(subject, old.codes[0]).remaining == 2

            dead = [first, *(each for each in issued.values() if each.set_id != live)]
            guesses = [Confirm(code=dead[-1].codes[0])] * DEAD_GUESSES
            right = [Confirm(code=issued[live].codes[0])] * (arena.contenders - DEAD_GUESSES)
            moves = [*right[:12], guesses[0], *right[12:], guesses[1]]
            got = arena.round(subject, moves, meeting=meeting)

            assert tally(got) == {"Status": len(right), "InvalidCode": DEAD_GUESSES}, got
            confirmed = arena.trail(subject).sets(EventKind.CONFIRMED)
            assert confirmed == {old.set_id: 1, live: 1}
            assert not arena.kit.status(subject).pending
            assert_counts(arena, subject, issued[live], dead=[old, *dead])


def test_confirm_races_redeem_of_the_old_set(confirmers):
    """An old code succeeds at most once, before the confirmation; then the new set counts."""
    for subject, meeting in rounds(confirmers):
        old, new = counting_and_waiting(confirmers, subject)
        moves = [Redeem(code=old.codes[0]), Confirm(code=new.codes[0])] * (
            confirmers.contenders // 2
        )
        got = confirmers.round(subject, moves, meeting=meeting)

        redeemed, confirmed = tally(got[::2]), tally(got[1::2])
        wrong = {"CodeAlreadyUsed", "InvalidCode", "TooManyAttempts"}
        assert redeemed.keys() <= {"Redemption", *wrong}, got
        # A delay of the set that counts by now may turn away who confirms it once more.
        assert confirmed.keys() <= {"Status", "TooManyAttempts"}, got
        assert confirmed["Status"]
        assert {each.result.set_id for each in got if each.result} <= {old.set_id}
        trail = confirmers.trail(subject)
        assert redeemed["Redemption"] == trail.counts()[EventKind.REDEEMED] <= 1
        assert trail.sets(EventKind.CONFIRMED) == {old.set_id: 1, new.set_id: 1}
        assert trail.sets(EventKind.SUPERSEDED) == {old.set_id: 1}
        failed = trail.sets(EventKind.FAILED)
        assert redeemed["CodeAlreadyUsed"] == failed[old.set_id]
        assert redeemed["InvalidCode"] == failed[new.set_id]
        assert max(failed.values(), default=0) <= JUDGED
        assert_counts(confirmers, subject, new, dead=[old])


def test_confirm_races_replace(confirmers):
    """The set that waits is confirmed or replaced first, and everybody is told which."""
    for subject, meeting in rounds(confirmers):
        old, new = counting_and_waiting(confirmers, subject)
        moves = [Confirm(code=new.codes[0]), Replace()] * (confirmers.contenders // 2)
        got = confirmers.round(subject, moves, meeting=meeting)

        confirmed, replaced = tally(got[::2]), tally(got[1::2])
        assert replaced.keys() <= {"Issued", "ConcurrentUpdate"}, got
        assert confirmed.keys() <= {"Status", "InvalidCode", "TooManyAttempts"}, got
        trail = confirmers.trail(subject)
        is_confirmed = bool(confirmed["Status"])
        assert trail.sets(EventKind.CONFIRMED) == {old.set_id: 1} | (
            {new.set_id: 1} if is_confirmed else {}
        )
        issued = {each.set_id: each for each in got if each.set_id}
        superseded = trail.sets(EventKind.SUPERSEDED)
        live = {old.set_id, new.set_id, *issued} - superseded.keys()
        assert (new if is_confirmed else old).set_id in live
        (waiting,) = live & issued.keys() or {None}
        assert confirmers.kit.status(subject).pending == (waiting is not None)
        counts = new if is_confirmed else old
        dead = [each for each in (old, new, *issued.values()) if each is not counts]
        assert_counts(confirmers, subject, counts, dead=dead)
