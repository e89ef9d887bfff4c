"""One kit on three event loops of one process, whose tasks contend for one code."""

from collections import Counter

import pytest

from recoverykit import EventKind
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
            # The lock of a memory that is awaited is a loop's own: a function may run in vain.
            host = host_for(adapter, subject=subject, ordinal=0) if arena.engine else None
            moves = [Redeem(code=issued.codes[0], within=host)] * arena.contenders
            got = arena.round(subject, moves, meeting=number % 2 == 1)

            assert Counter(each.what for each in got) == {
                "Redemption": 1,
                "CodeAlreadyUsed": JUDGED,
                "TooManyAttempts": arena.contenders - 1 - JUDGED,
            }, got
            assert sessions_of(arena.engine, subject) == ({0: 1} if host else {})
            assert arena.trail(subject).sets(EventKind.REDEEMED) == {issued.set_id: 1}
