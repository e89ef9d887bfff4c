"""One kit on three event loops of one process, whose tasks contend for one code, or for hashes."""

from collections import Counter
from contextlib import ExitStack
from threading import Barrier, BrokenBarrierError

import pytest
from anyio.from_thread import start_blocking_portal

from recoverykit import EventKind, HashLimits
from recoverykit.aio.limiter import AsyncLimiter
from tests.races.adapters import ON_LOOPS, parameters
from tests.races.arena import POLICY, Arena, Redeem
from tests.races.hosts import create_sessions, host_for, sessions_of

JUDGED = POLICY.throttle.free
ROUNDS = 20  # of 200


@pytest.fixture(params=parameters(ON_LOOPS))
def adapter(request):
    return request.param


def test_tasks_of_several_loops_share_a_kit(adapter, url):
    """Of all tasks on all loops one redeems the code, and opens one session with it."""
    with Arena(adapter, url, processes=0) as arena:
        create_sessions(arena.engine)
        for number in range(adapter.rounds(ROUNDS)):
            subject = f"subject {number}"
            issued = arena.kit.issue(subject)
            host = host_for(adapter, subject=subject, ordinal=0)
            moves = [Redeem(code=issued.codes[0], within=host)] * arena.contenders
            got = arena.round(subject, moves, meeting=number % 2 == 1)

            assert Counter(each.what for each in got) == {
                "Redemption": 1,
                "CodeAlreadyUsed": JUDGED,
                "TooManyAttempts": arena.contenders - 1 - JUDGED,
            }, got
            if adapter.is_shared:
                # In memory one lock is not enough for several loops: a function may run in vain,
                # and nothing undoes it there.
                assert sessions_of(arena.engine, subject) == {0: 1}
            assert arena.trail(subject).sets(EventKind.REDEEMED) == {issued.set_id: 1}


def test_loops_share_the_limit_of_a_kit():
    """However many loops hash for one kit, no more hashes run at a time than it allows."""
    limiter = AsyncLimiter(HashLimits(concurrency=2))
    too_many = Barrier(3)

    def is_one_too_many():
        try:
            too_many.wait(0.3)
        except BrokenBarrierError:
            return False
        return True

    with ExitStack() as exits:
        backends = ("asyncio", "asyncio", "trio")
        portals = [exits.enter_context(start_blocking_portal(each)) for each in backends]
        calls = [
            portal.start_task_soon(limiter.run_async, [is_one_too_many] * 2)
            for _ in range(3)
            for portal in portals
        ]
        assert [call.result() for call in calls] == [(False, False)] * len(calls)
