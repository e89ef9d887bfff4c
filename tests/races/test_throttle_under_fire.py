"""Throttle under fire: parallel guesses are judged no oftener than guesses in a row.

The clocks stand still, so that a delay, once begun, does not end within a round.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

import pytest

from recoverykit import EventKind, Issued, RecoveryKit, Throttle
from tests.races.arena import NOW, POLICY, Arena, Got, Move, Redeem
from tests.races.hosts import Host, create_sessions, sessions_of
from tests.races.trail import Trail
from tests.races.watcher import Watcher

THREADS, PROCESSES = 56, 8
GUESSES = THREADS + PROCESSES
JUDGED = 5
FIVE_FREE = replace(POLICY, count=30, throttle=Throttle(free=JUDGED))
UNTHROTTLED = replace(FIVE_FREE, throttle=Throttle(free=1_000, disable_after=1_000))
ROUNDS = 10

POOL = 5
CROWD = 4 * POOL


@pytest.fixture
def guessers(database_url) -> Iterator[Arena]:
    """64 contenders, most of them threads."""
    with Arena(database_url, threads=THREADS, processes=PROCESSES, policy=FIVE_FREE) as arena:
        yield arena


@pytest.fixture
def crowd(database_url) -> Iterator[Arena]:
    """Four threads for each connection of a small pool, and a host's table beside ours."""
    with Arena(database_url, threads=CROWD, processes=0, pool=POOL, policy=FIVE_FREE) as arena:
        create_sessions(arena.engine)
        yield arena


def wrong_codes(kit: RecoveryKit, count: int) -> tuple[str, ...]:
    """Return well-formed codes that are nobody's but a stranger's."""
    sets = (kit.issue(f"stranger {number}").codes for number in range(count))
    return tuple(islice((code for codes in sets for code in codes), count))


def tally(got: Sequence[Got]) -> Counter[str]:
    return Counter(each.what for each in got)


def spent(arena: Arena, subject: str) -> set[int]:
    return {code.ordinal for code in arena.kit.status(subject).codes if code.used_at}


def test_wrong_guesses_in_parallel(guessers, database_url):
    """Of 64 wrong guesses five are judged; then nothing is, not even the right code.

    Whoever looks on sees no failure without its event.
    """
    wrong = [Redeem(code=code) for code in wrong_codes(guessers.kit, GUESSES)]
    for number in range(ROUNDS):
        subject = f"subject {number}"
        right = Redeem(code=guessers.kit.issue(subject).codes[0])

        with Watcher(database_url, subject) as watcher:
            got = guessers.round(subject, wrong, meeting=number % 2 == 1)
        assert watcher.looks
        assert not watcher.torn
        assert tally(got) == {"InvalidCode": JUDGED, "TooManyAttempts": GUESSES - JUDGED}, got
        before = guessers.kit.status(subject)
        assert (before.failures, before.remaining) == (JUDGED, FIVE_FREE.count)
        assert Trail.of(guessers.engine, subject).failures() == tuple(range(1, JUDGED + 1))

        # One of the processes knows the right code, and every seventh thread.
        moves = [right if place % 7 == 0 else move for place, move in enumerate(wrong)]
        got = guessers.round(subject, moves)
        assert tally(got) == {"TooManyAttempts": GUESSES}, got
        assert guessers.kit.status(subject) == before


def test_right_code_among_wrong_ones(guessers):
    """At most four guesses fail before the right code, which starts a new count of five."""
    wrong = [Redeem(code=code) for code in wrong_codes(guessers.kit, GUESSES)]
    for number in range(2 * ROUNDS):
        subject = f"subject {number}"
        right = Redeem(code=guessers.kit.issue(subject).codes[0])
        moves = [right if place % 7 == 0 else move for place, move in enumerate(wrong)]
        whats = tally(got := guessers.round(subject, moves, meeting=number % 2 == 1))

        trail = Trail.of(guessers.engine, subject)
        won = whats.pop("Redemption", 0)
        assert won == trail.counts()[EventKind.REDEEMED] <= 1
        assert spent(guessers, subject) == set(range(won))
        failed = whats.pop("InvalidCode", 0) + whats.pop("CodeAlreadyUsed", 0)
        before = failed - JUDGED
        assert 0 <= before < (JUDGED if won else 1)
        assert trail.failures() == tuple(sorted([*range(1, before + 1), *range(1, JUDGED + 1)]))
        assert guessers.kit.status(subject).failures == JUDGED
        assert whats == {"TooManyAttempts": GUESSES - failed - won}, got


def crowd_moves(subject: str, issued: Issued, wrong: Sequence[str]) -> Iterator[Move]:
    """One in six is a host that logs in, one a host that fails; the others guess."""
    for place in range(CROWD):
        code = issued.codes[place] if place % 6 < 2 else wrong[place]
        yield Redeem(code=code, within=Host(subject=subject, ordinal=place, fails=place % 6 == 1))


def test_hosts_in_the_transaction(crowd):
    """A row lands with its code or not at all; what was judged was counted; nothing waits long."""
    wrong = wrong_codes(crowd.kit, CROWD)
    for number in range(2 * ROUNDS):
        subject = f"subject {number}"
        issued = crowd.kit.issue(subject)
        moves = list(crowd_moves(subject, issued, wrong))
        got = crowd.round(subject, moves, meeting=number % 2 == 1)

        logins, failing = tally(got[::6]), tally(got[1::6])
        guesses = tally([each for place, each in enumerate(got) if place % 6 > 1])
        assert logins.keys() <= {"Redemption", "TooManyAttempts"}, got
        assert failing.keys() <= {"HostFailed", "TooManyAttempts"}, got
        assert guesses.keys() <= {"InvalidCode", "TooManyAttempts"}, got
        redeemed = {each.result.ordinal for each in got if each.result}
        assert len(redeemed) == logins["Redemption"]
        assert spent(crowd, subject) == redeemed
        assert sessions_of(crowd.engine, subject) == dict.fromkeys(redeemed, 1)
        trail = Trail.of(crowd.engine, subject)
        assert trail.counts()[EventKind.REDEEMED] == len(redeemed)
        assert len(trail.failures()) == guesses["InvalidCode"]
        assert max(trail.failures(), default=0) <= JUDGED
        assert_unspent_redeem(crowd, subject, issued)


def assert_unspent_redeem(crowd: Arena, subject: str, issued: Issued) -> None:
    """Assert that every code that is not spent is still good."""
    examiner = RecoveryKit(crowd.storage, policy=UNTHROTTLED, clock=lambda: NOW)
    unspent = set(range(len(issued.codes))) - spent(crowd, subject)
    assert {examiner.redeem(subject, issued.codes[place]).ordinal for place in unspent} == unspent


def test_one_code_with_hosts_in_the_transaction(crowd):
    """However many hosts fail in between, one opens one session with the code."""
    for number in range(2 * ROUNDS):
        subject = f"subject {number}"
        code = crowd.kit.issue(subject).codes[0]
        hosts = (Host(subject=subject, ordinal=0, fails=place % 2 == 1) for place in range(CROWD))
        moves = [Redeem(code=code, within=host) for host in hosts]
        got = crowd.round(subject, moves, meeting=number % 2 == 1)

        succeeding, failing = tally(got[::2]), tally(got[1::2])
        refusals = {"CodeAlreadyUsed", "TooManyAttempts"}
        assert succeeding.pop("Redemption") == 1
        assert succeeding.keys() <= refusals, got
        assert failing.keys() <= {"HostFailed", *refusals}, got
        assert succeeding["CodeAlreadyUsed"] + failing["CodeAlreadyUsed"] == JUDGED
        assert spent(crowd, subject) == {0}
        assert sessions_of(crowd.engine, subject) == {0: 1}
        assert crowd.kit.status(subject).failures == JUDGED
