"""Exactly once: 16 threads and 8 processes contend for one code, or for one set, 200 times over.

The kits that are awaited, and those over memory, do so with 14 tasks or threads and two processes
(memory is shared with none), 100 times over. RECOVERYKIT_RACE_ROUNDS chooses another number.

In every second round all contenders have loaded the same revision before any of them commits: the
sharpest race there is. In the others they merely start together, and meet wherever they meet.

The clocks stand still, so that a delay, once begun, does not end within a round. That makes the
outcomes exact: a set judges two failures in a row, and no more.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from recoverykit import EventKind, InvalidCode, SetState, Throttle
from tests.races.arena import POLICY, Arena, Got, Redeem, Replace
from tests.races.camp import NOW

JUDGED = POLICY.throttle.free  # failures in a row, until a delay begins
UNTHROTTLED = replace(POLICY, throttle=Throttle(free=1_000, disable_after=1_000))


@pytest.fixture
def arena(adapter, url) -> Iterator[Arena]:
    """The contenders, waiting for their first round."""
    with Arena(adapter, url) as arena:
        yield arena


def rounds(arena: Arena, of: int = 200) -> Iterator[tuple[str, bool]]:
    """A fresh subject for each round, and whether all wait until all have loaded."""
    numbers = range(arena.adapter.rounds(of))
    return ((f"subject {number}", number % 2 == 1) for number in numbers)


def tally(got: Sequence[Got]) -> Counter[str]:
    return Counter(each.what for each in got)


def assert_one_whole_set(
    arena: Arena, subject: str, *, old: Got, got: Sequence[Got], meeting: bool
) -> None:
    """Assert that the sets took one another's place in one line, and that the last one counts.

    Where all loaded before anybody committed, all saw the same set, and one may replace it.
    """
    issued = {each.set_id: each for each in (old, *got) if each.set_id}
    trail = arena.trail(subject)
    assert trail.sets(EventKind.ISSUED) == dict.fromkeys(issued, 1)
    superseded = trail.sets(EventKind.SUPERSEDED)
    assert set(superseded.values()) == {1}
    (live,) = issued.keys() - superseded.keys()
    assert live != old.set_id
    assert len(superseded) == 1 or not meeting
    assert arena.kit.status(subject).failures == trail.sets(EventKind.FAILED)[live]

    examiner = arena.examiner(POLICY)
    for set_id in superseded:
        for code in issued[set_id].codes:
            with pytest.raises(InvalidCode):
                examiner.redeem(subject, code)
    for left, code in zip((2, 1, 0), issued[live].codes, strict=True):
        success = examiner.redeem(subject, code)
        assert (success.set_id, success.remaining) == (live, left)


def test_one_code_succeeds_once(arena):
    """One redeems the code; two more are told that it was used, and the rest to wait."""
    for subject, meeting in rounds(arena):
        issued = arena.kit.issue(subject)
        got = arena.round(
            subject, [Redeem(code=issued.codes[0])] * arena.contenders, meeting=meeting
        )

        assert tally(got) == {
            "Redemption": 1,
            "CodeAlreadyUsed": JUDGED,
            "TooManyAttempts": arena.contenders - 1 - JUDGED,
        }, got
        (success,) = (each.result for each in got if each.result)
        status = arena.kit.status(subject)
        assert success.remaining == status.remaining == POLICY.count - 1
        assert [code.used_at for code in status.codes] == [NOW, None, None]
        assert status.failures == JUDGED
        trail = arena.trail(subject)
        assert trail.sets(EventKind.REDEEMED) == {issued.set_id: 1}
        assert trail.failures() == tuple(range(1, JUDGED + 1))


def test_redeem_races_replace(arena):
    """A code succeeds at most once, before its set is replaced; the set that wins is whole."""
    for subject, meeting in rounds(arena):
        issued = arena.kit.issue(subject)
        old = Got.of(issued)
        moves = [Redeem(code=issued.codes[0]), Replace()] * (arena.contenders // 2)
        got = arena.round(subject, moves, meeting=meeting)

        redeemers, replacers = tally(got[::2]), tally(got[1::2])
        assert replacers.keys() <= {"Issued", "ConcurrentUpdate"}, got
        # After its set the code is judged as a wrong one, against the set that stands.
        assert redeemers.keys() <= {
            "Redemption",
            "CodeAlreadyUsed",
            "InvalidCode",
            "TooManyAttempts",
        }, got
        assert {each.result.set_id for each in got if each.result} <= {issued.set_id}
        trail = arena.trail(subject)
        assert redeemers["Redemption"] == trail.counts()[EventKind.REDEEMED] <= 1
        failed = trail.sets(EventKind.FAILED)
        assert redeemers["CodeAlreadyUsed"] == failed[issued.set_id]
        assert redeemers["CodeAlreadyUsed"] + redeemers["InvalidCode"] == failed.total()
        assert max(failed.values(), default=0) <= JUDGED
        assert_one_whole_set(arena, subject, old=old, got=got, meeting=meeting)


def test_replaces_race(arena):
    """One whole set is live; whoever had loaded the set before it and lost was told."""
    for subject, meeting in rounds(arena):
        old = Got.of(arena.kit.issue(subject))
        got = arena.round(subject, [Replace()] * arena.contenders, meeting=meeting)

        assert tally(got).keys() <= {"Issued", "ConcurrentUpdate"}, got
        assert_one_whole_set(arena, subject, old=old, got=got, meeting=meeting)


def test_every_writer_gets_its_turn(adapter, url):
    """Who must all write one record are all judged: nobody is sent away by losing too often."""
    with Arena(adapter, url, policy=UNTHROTTLED) as arena:
        for subject, _ in rounds(arena, of=10):
            issued = arena.kit.issue(subject)
            moves = [Redeem(code=issued.codes[0])] * arena.contenders
            got = arena.round(subject, moves, meeting=True)

            others = arena.contenders - 1
            assert tally(got) == {"Redemption": 1, "CodeAlreadyUsed": others}, got
            assert arena.kit.status(subject).failures == others
            assert arena.trail(subject).failures() == tuple(range(1, others + 1))
            assert arena.kit.status(subject).state is SetState.ACTIVE
