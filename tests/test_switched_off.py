"""Codes that are switched off: nothing is issued or accepted, and everything can be cleared up."""

from datetime import UTC, datetime

import argon2.low_level
import pytest

from recoverykit import (
    Argon2idHasher,
    EventKind,
    NoActiveCodes,
    Policy,
    RecoveryKit,
    SetState,
    Subject,
    SwitchedOff,
)
from recoverykit.storage.memory import MemoryStorage
from recoverykit.testing import ManualClock
from tests.weak import WEAK

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
CHEAP = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)
OFF = Policy(count=0, hasher=CHEAP)
ALICE = Subject("alice")


def a_kit(storage, policy, events=None):
    return RecoveryKit(
        storage,
        policy=policy,
        clock=ManualClock(START),
        on_event=None if events is None else events.append,
    )


@pytest.fixture
def storage():
    return MemoryStorage()


@pytest.fixture
def codes(storage):
    """Codes from before they were switched off; and a pending set beside them."""
    codes = a_kit(storage, Policy(count=3, hasher=CHEAP, accept=WEAK)).issue(ALICE).codes
    waiting = a_kit(storage, Policy(count=3, hasher=CHEAP, accept=WEAK, confirm=True))
    return (*codes, *waiting.issue(ALICE, replace=True).codes)


@pytest.mark.parametrize("replace", [False, True])
def test_nothing_is_issued(storage, replace):
    """One clear error, before anything is asked for or written."""
    with pytest.raises(SwitchedOff, match=r"^the policy issues no codes$"):
        a_kit(storage, OFF).issue(ALICE, replace=replace)
    assert storage.load(ALICE) is None


def test_nothing_is_accepted_of_what_was_issued_before(storage, codes, monkeypatch):
    """Neither redeemed nor confirmed nor counted, without a hash, and said as a refusal."""
    monkeypatch.delattr(argon2.low_level, "hash_secret_raw")
    events = []
    kit, before = a_kit(storage, OFF, events), storage.load(ALICE)
    for code in (*codes, "no code at all"):
        for verb in (kit.redeem, kit.confirm):
            with pytest.raises(NoActiveCodes):
                verb(ALICE, code)
    assert storage.load(ALICE) == before
    assert {event.kind for event in events} == {EventKind.REFUSED}


def test_nothing_is_recognised(codes):
    """A login form takes nothing for a recovery code."""
    assert a_kit(MemoryStorage(), Policy(hasher=CHEAP, accept=WEAK)).recognises(codes[0])
    assert not a_kit(MemoryStorage(), OFF).recognises(codes[0])


def test_the_status_tells_what_stands_and_that_none_of_it_counts(storage, codes):
    """The set is there with all its codes; none of them can be redeemed, and nobody is nagged."""
    status = a_kit(storage, OFF).status(ALICE)
    assert (status.state, status.total, status.remaining) == (SetState.ACTIVE, 3, 0)
    assert (status.pending, status.low) == (True, False)
    assert a_kit(storage, OFF).status("nobody").state is SetState.NONE


def test_what_stands_can_be_cleared_up(storage, codes):
    """Revoked, unlocked, locked and erased as ever."""
    kit = a_kit(storage, OFF)
    assert kit.revoke(ALICE).state is SetState.REVOKED
    kit.unlock(ALICE, session="s")
    kit.lock(ALICE, session="s")
    kit.erase(ALICE)
    assert storage.load(ALICE) is None


def test_switching_on_again_brings_the_codes_back(storage, codes):
    """Switching off is the policy's word, and changes nothing that is stored: revoke for good."""
    a_kit(storage, OFF).status(ALICE)
    assert (
        a_kit(storage, Policy(count=3, hasher=CHEAP, accept=WEAK)).redeem(ALICE, codes[0]).remaining
        == 2
    )
