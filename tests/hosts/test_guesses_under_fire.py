"""Hosts that always fail, in parallel at four times the pool's size: no guess is for free.

Whatever a host raises, a wrong guess was counted before it could; and a right one whose host fails
is as if it had not been. So failures are all that ever happens here, and each is judged and counted
once. Hosts that succeed in between are in ``tests/races/test_throttle_under_fire.py``.

The clocks stand still, so that a delay, once begun, does not end.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import make_url

from recoverykit import EventKind, Throttle
from tests.races.adapters import Adapter
from tests.races.arena import POLICY, Arena, Redeem
from tests.races.hosts import Host, create_sessions, sessions_of
from tests.races.meeting import NOW
from tests.races.watcher import Watcher

POOL = 6
CROWD = 4 * POOL
RIGHT = 4  # of the crowd, every sixth
ROUNDS = 10
WRONG = ROUNDS * (CROWD - RIGHT)  # 200 guesses
JUDGED = 5
THROTTLES = {
    "throttled": Throttle(free=JUDGED),
    "unthrottled": Throttle(free=1_000, disable_after=1_000),
}


@pytest.fixture(params=THROTTLES)
def throttle(request) -> Throttle:
    """The throttle; where there is none, all of the guesses contend for the record."""
    return THROTTLES[request.param]


@pytest.fixture(params=["SERIALIZABLE", "AUTOCOMMIT"])
def level(request) -> str:
    """The strictest isolation level, and the one without transactions: both, every database has."""
    return request.param


@pytest.fixture
def crowd(database_url, throttle, level) -> Iterator[Arena]:
    """Four threads for each connection of a small pool, and a host's table beside ours."""
    with Arena(
        Adapter(database=make_url(database_url).get_backend_name()),
        database_url,
        threads=CROWD,
        processes=0,
        pool=POOL,
        policy=replace(POLICY, throttle=throttle),
        isolation_level=level,
    ) as arena:
        create_sessions(arena.engine)
        yield arena


def test_hosts_that_always_fail_get_no_guess_for_free(crowd, database_url, throttle):
    """200 wrong guesses among 40 right ones that all fail: judged is counted, nothing is spent."""
    subject, codes = "alice", crowd.kit.issue("alice").codes
    wrong = crowd.kit.issue("stranger").codes[1]
    expected = min(WRONG, throttle.free)
    total: Counter[str] = Counter()
    with Watcher(database_url, subject) as watcher:
        for number in range(ROUNDS):
            moves = [
                Redeem(
                    code=wrong if place % (CROWD // RIGHT) else codes[0],
                    within=Host(subject=subject, ordinal=0, fails=True),
                )
                for place in range(CROWD)
            ]
            total += Counter(
                each.what for each in crowd.round(subject, moves, meeting=number % 2 == 1)
            )

    assert total["InvalidCode"] == expected, total
    assert total.keys() <= {"InvalidCode", "HostFailed", "TooManyAttempts"}, total
    assert expected == JUDGED or total["HostFailed"] == ROUNDS * RIGHT
    status, trail = crowd.kit.status(subject), crowd.trail(subject)
    assert status.failures == expected
    assert (status.retry_at is not None and status.retry_at > NOW) == (expected == JUDGED)
    assert trail.failures() == tuple(range(1, expected + 1))
    assert trail.counts() == {EventKind.ISSUED: 1, EventKind.FAILED: expected}
    assert status.remaining == POLICY.count
    assert not sessions_of(crowd.engine, subject)
    assert not watcher.torn
    assert crowd.connections_out == 0
