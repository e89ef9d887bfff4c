"""What the machine has found, each in the shortest steps that show it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from recoverykit import (
    Argon2idHasher,
    CodeFormat,
    CodesAlreadyIssued,
    Keyring,
    NoActiveCodes,
    Policy,
    RecoveryKit,
    SetState,
    Throttle,
)
from recoverykit.storage.memory import MemoryStorage
from recoverykit.testing import ManualClock
from tests.weak import WEAK

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
CHEAP = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)
KEY = b"0123456789abcdef"
STRICT = Throttle(free=1, disable_after=1)
ROTATING = Policy(count=3, hasher=CHEAP, accept=WEAK, rotate=True)


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture
def storage():
    return MemoryStorage()


@pytest.fixture
def kit_of(storage, clock):
    """A kit with the policy that is given, over the one storage."""

    def make(policy, keyring=None):
        return RecoveryKit(storage, policy=policy, keyring=keyring, clock=clock)

    return make


@pytest.fixture
def foreign():
    """A code of the right shape that belongs to nobody here."""
    return (
        RecoveryKit(MemoryStorage(), policy=Policy(count=1, hasher=CHEAP, accept=WEAK))
        .issue("m")
        .codes[0]
    )


def test_a_code_that_was_replaced_was_used(kit_of, clock):
    """Under `rotate` the status still tells when a code was last redeemed."""
    kit = kit_of(ROTATING)
    code = kit.issue("alice").codes[0]
    clock.advance(timedelta(minutes=1))
    kit.redeem("alice", code)
    assert kit.status("alice").last_used_at == clock()


def test_a_set_with_a_replaced_code_was_seen(kit_of):
    """A repeated attempt to issue does not supersede it: somebody has used a code of it."""
    kit = kit_of(ROTATING)
    code = kit.issue("alice", attempt="a").codes[0]
    kit.redeem("alice", code)
    with pytest.raises(CodesAlreadyIssued):
        kit.issue("alice", attempt="a")


@pytest.mark.parametrize("code_format", [CodeFormat.digits(12), CodeFormat.hex(16, selector=True)])
def test_an_ended_set_of_another_format_is_refused_like_any_other(kit_of, code_format):
    """Under `rotate`, too, where a code is drawn in vain: it need not fit the place named."""
    old = replace(ROTATING, count=20)
    code = kit_of(old).issue("alice").codes[19]
    kit_of(old).revoke("alice")
    with pytest.raises(NoActiveCodes):
        kit_of(replace(ROTATING, format=code_format)).redeem("alice", code)


def test_a_wrong_confirmation_of_an_exhausted_set_is_not_counted(kit_of, foreign):
    """What has ended cannot be missed, let alone be disabled: it stays exhausted."""
    kit = kit_of(Policy(count=1, hasher=CHEAP, accept=WEAK, confirm=True, throttle=STRICT))
    (code,) = kit.issue("alice").codes
    kit.confirm("alice", code)
    kit.redeem("alice", code)
    with pytest.raises(NoActiveCodes):
        kit.confirm("alice", foreign)
    assert kit.status("alice").state is SetState.EXHAUSTED
    assert kit.confirm("alice", code).failures == 0


def test_of_two_successes_at_once_the_last_is_told_again(kit_of):
    """One attempt spends a code and, at the same instant, the one that took its place."""
    kit = kit_of(ROTATING)
    first = kit.redeem("alice", kit.issue("alice").codes[0], attempt="a")
    (second,) = first.replacement.codes
    kit.redeem("alice", second, attempt="a")
    assert kit.redeem("alice", second, attempt="a").replayed


def test_an_ended_set_is_refused_whether_or_not_its_key_is_held(kit_of, clock):
    """A confirmation that comes too late asks for no key that was retired since."""
    waiting = Policy(count=1, hasher=CHEAP, accept=WEAK, confirm=True)
    (code,) = kit_of(waiting, Keyring({"old": KEY})).issue("alice").codes
    clock.advance(waiting.pending_for)
    kit_of(waiting, Keyring({"new": KEY[::-1], "old": KEY}, primary="new")).reseal()
    with pytest.raises(NoActiveCodes):
        kit_of(waiting, Keyring({"new": KEY[::-1]})).confirm("alice", code)
