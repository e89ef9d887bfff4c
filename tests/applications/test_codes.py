"""When the applications ask for a code: never for one that nobody has to know."""

from datetime import UTC, datetime, timedelta

from examples.host.codes import POLICY, asks_for_code
from recoverykit import RecoveryKit
from recoverykit.storage.memory import MemoryStorage
from recoverykit.testing import ManualClock


def test_codes_that_were_never_confirmed_do_not_lock_their_user_out():
    """Waiting or lapsed; once confirmed, they are asked for."""
    clock = ManualClock(datetime(2026, 11, 26, tzinfo=UTC))
    kit = RecoveryKit(MemoryStorage(), policy=POLICY, clock=clock)
    kit.unlock("ada", session="s" * 32)
    kit.issue("ada", session="s" * 32)
    assert not asks_for_code(kit.status("ada"))
    clock.advance(POLICY.pending_for + timedelta(seconds=1))
    assert not asks_for_code(kit.status("ada"))
    kit.unlock("ada", session="s" * 32)
    kit.confirm("ada", kit.issue("ada", session="s" * 32).codes[0])
    assert asks_for_code(kit.status("ada"))
