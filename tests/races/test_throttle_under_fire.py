"""Throttle under fire: parallel guesses are judged no oftener than guesses in a row.

The clocks stand still, so that a delay, once begun, does not end within a round.

As in `test_exactly_once`, fewer contend over the kits that are awaited and those over memory.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import islice

import pytest

from recoverykit import EventKind, Issued, RecoveryKit, Throttle
from tests.races.arena import POLICY, Arena, Got, Move, Redeem
from tests.races.hosts import calls_of, create_sessions, host_for, sessions_of
from tests.races.watcher import Watcher

THREADS = 56  # of the first adapters
JUDGED = 5
FIVE_FREE = replace(POLICY, count=30, throttle=Throttle(free=JUDGED))
ROUNDS = 100  # unless RECOVERYKIT_RACE_ROUNDS is other than 200


@pytest.fixture
def guessers(adapter, url) -> Iterator[Arena]:
    """64 contenders, most of them threads; fewer where they are awaited."""
    threads = THREADS if adapter.is_first else None
    with Arena(adapter, url, threads=threads, policy=FIVE_FREE) as arena:
        yield arena


@pytest.fixture
def crowd(adapter, url) -> Iterator[Arena]:
    """Four threads or tasks for each connection of a small pool, and a host's table beside ours."""
    pool = 5 if adapter.is_first or adapter.driver else 3  # see Adapter.threads
    with Arena(adapter, url, threads=4 * pool, processes=0, pool=pool, policy=FIVE_FREE) as arena:
        create_sessions(arena.engine)
        yield arena


def rounds(arena: Arena) -> Iterator[tuple[str, bool]]:
    """A fresh subject for each round, and whether all wait until all have loaded."""
    numbers = range(arena.adapter.rounds(ROUNDS))
    return ((f"subject {number}", number % 2 == 1) for number in numbers)


def wrong_codes(kit: RecoveryKit, count: int) -> tuple[str, ...]:
    """Return well-formed codes that are nobody's but a stranger's."""
    sets = (kit.issue(f"stranger {number}").codes for number in range(count))
    return tuple(islice((code for codes in sets for code in codes), count))


def watched(url: str | None, subject: str) -> AbstractContextManager[Watcher | None]:
    """Look on, where there is a database to look into."""
    return nullcontext() if url is None else Watcher(url, subject)


def tally(got: Sequence[Got]) -> Counter[str]:
    return Counter(each.what for each in got)


def spent(arena: Arena, subject: str) -> set[int]:
    return {code.ordinal for code in arena.kit.status(subject).codes if code.used_at}


def test_wrong_guesses_in_parallel(guessers, url):
    """Of all wrong guesses five are judged; then nothing is, not even the right code.

    Whoever looks on sees no failure without its event.
    """
    wrong = [Redeem(code=code) for code in wrong_codes(guessers.kit, guessers.contenders)]
    for subject, meeting in rounds(guessers):
        right = Redeem(code=guessers.kit.issue(subject).codes[0])

        with watched(url, subject) as watcher:
            got = guessers.round(subject, wrong, meeting=meeting)
        if watcher is not None:
            assert watcher.looks
            assert not watcher.torn
        assert tally(got) == {
            "InvalidCode": JUDGED,
            "TooManyAttempts": guessers.contenders - JUDGED,
        }, got
        before = guessers.kit.status(subject)
        assert (before.failures, before.remaining) == (JUDGED, FIVE_FREE.count)
        assert guessers.trail(subject).failures() == tuple(range(1, JUDGED + 1))

        # One of the processes knows the right code, and every seventh thread.
        moves = [right if place % 7 == 0 else move for place, move in enumerate(wrong)]
        got = guessers.round(subject, moves)
        assert tally(got) == {"TooManyAttempts": guessers.contenders}, got
        assert guessers.kit.status(subject) == before


def test_right_code_among_wrong_ones(guessers):
    """At most four guesses fail before the right code, which starts a new count of five."""
    wrong = [Redeem(code=code) for code in wrong_codes(guessers.kit, guessers.contenders)]
    for subject, meeting in rounds(guessers):
        right = Redeem(code=guessers.kit.issue(subject).codes[0])
        moves = [right if place % 7 == 0 else move for place, move in enumerate(wrong)]
        whats = tally(got := guessers.round(subject, moves, meeting=meeting))

        trail = guessers.trail(subject)
        won = whats.pop("Redemption", 0)
        assert won == trail.counts()[EventKind.REDEEMED] <= 1
        assert spent(guessers, subject) == set(range(won))
        failed = whats.pop("InvalidCode", 0) + whats.pop("CodeAlreadyUsed", 0)
        before = failed - JUDGED
        assert 0 <= before < (JUDGED if won else 1)
        assert trail.failures() == tuple(sorted([*range(1, before + 1), *range(1, JUDGED + 1)]))
        assert guessers.kit.status(subject).failures == JUDGED
        assert whats == {"TooManyAttempts": guessers.contenders - failed - won}, got


def crowd_moves(crowd: Arena, subject: str, issued: Issued, wrong: Sequence[str]) -> Iterator[Move]:
    """One in six is a host that logs in, one a host that fails; the others guess."""
    for place in range(crowd.contenders):
        code = issued.codes[place] if place % 6 < 2 else wrong[place]
        fails = place % 6 == 1
        host = host_for(crowd.adapter, subject=subject, ordinal=place, fails=fails)
        yield Redeem(code=code, within=host)


def test_hosts_in_the_transaction(crowd):
    """A row lands with its code or not at all; what was judged was counted; nothing waits long."""
    wrong = wrong_codes(crowd.kit, crowd.contenders)
    for subject, meeting in rounds(crowd):
        issued = crowd.kit.issue(subject)
        moves = list(crowd_moves(crowd, subject, issued, wrong))
        got = crowd.round(subject, moves, meeting=meeting)

        logins, failing = tally(got[::6]), tally(got[1::6])
        guesses = tally([each for place, each in enumerate(got) if place % 6 > 1])
        assert logins.keys() <= {"Redemption", "TooManyAttempts"}, got
        assert failing.keys() <= {"HostFailed", "TooManyAttempts"}, got
        assert guesses.keys() <= {"InvalidCode", "TooManyAttempts"}, got
        redeemed = {each.result.ordinal for each in got if each.result}
        assert len(redeemed) == logins["Redemption"]
        assert spent(crowd, subject) == redeemed
        assert sessions_of(crowd.engine, subject) == dict.fromkeys(redeemed, 1)
        assert crowd.connections_out == 0
        # No function was called where the swap was lost.
        assert calls_of(subject) == logins["Redemption"] + failing["HostFailed"]
        trail = crowd.trail(subject)
        assert trail.counts()[EventKind.REDEEMED] == len(redeemed)
        assert len(trail.failures()) == guesses["InvalidCode"]
        assert max(trail.failures(), default=0) <= JUDGED
        assert_unspent_redeem(crowd, subject, issued)


def assert_unspent_redeem(crowd: Arena, subject: str, issued: Issued) -> None:
    """Assert that every code that is not spent is still good."""
    examiner = crowd.examiner(FIVE_FREE)
    unspent = set(range(len(issued.codes))) - spent(crowd, subject)
    assert {examiner.redeem(subject, issued.codes[place]).ordinal for place in unspent} == unspent


def test_one_code_with_hosts_in_the_transaction(crowd):
    """However many hosts fail in between, one opens one session with the code."""
    for subject, meeting in rounds(crowd):
        code = crowd.kit.issue(subject).codes[0]
        hosts = (
            host_for(crowd.adapter, subject=subject, ordinal=0, fails=place % 2 == 1)
            for place in range(crowd.contenders)
        )
        moves = [Redeem(code=code, within=host) for host in hosts]
        got = crowd.round(subject, moves, meeting=meeting)

        succeeding, failing = tally(got[::2]), tally(got[1::2])
        refusals = {"CodeAlreadyUsed", "TooManyAttempts"}
        assert succeeding.pop("Redemption") == 1
        assert calls_of(subject) == 1 + failing["HostFailed"]
        assert succeeding.keys() <= refusals, got
        assert failing.keys() <= {"HostFailed", *refusals}, got
        assert succeeding["CodeAlreadyUsed"] + failing["CodeAlreadyUsed"] == JUDGED
        assert spent(crowd, subject) == {0}
        assert sessions_of(crowd.engine, subject) == {0: 1}
        assert crowd.kit.status(subject).failures == JUDGED
