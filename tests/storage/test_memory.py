"""Memory: the host's function under the lock, and what it may do there."""

import sys
from dataclasses import replace

import anyio
import pytest

from recoverykit import Argon2idHasher, MissingExtra, Policy, RecoveryKit, Subject
from recoverykit.storage import Change
from recoverykit.storage.memory import AsyncMemoryStorage, MemoryStorage
from tests.storage import changes

ALICE = Subject("alice")


def a_change(*, expected=None, revision="1" * 32):
    return Change(expected=expected, revision=revision, document="{}", events=(), summary=None)


def test_a_lost_swap_does_not_call_the_function():
    """Another revision stands: nothing runs, nothing is stored."""
    storage, calls = MemoryStorage(), []
    assert storage.commit_within(ALICE, a_change(expected="x"), calls.append) is False
    assert calls == []
    assert storage.load(ALICE) is None


def test_a_function_that_changes_the_subject_loses_the_swap():
    """It runs in the thread that holds the lock; what it committed stands."""
    storage = MemoryStorage()
    theirs = a_change(revision="2" * 32)

    def overtake(_connection):
        assert storage.commit(ALICE, theirs)

    assert storage.commit_within(ALICE, a_change(), overtake) is False
    assert storage.load(ALICE).revision == theirs.revision
    assert storage.commit(ALICE, replace(theirs, expected=theirs.revision))


def test_a_kit_used_within_is_decided_again():
    """A host's function that issues anew takes the set away from under the redemption."""
    policy = Policy(
        hasher=Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1),
        accept=frozenset({"A5-C-KDF"}),
    )
    kit = RecoveryKit(MemoryStorage(), policy=policy)
    code = kit.issue("alice").codes[0]
    looks = []
    assert kit.redeem("alice", code, within=lambda _: looks.append(kit.status("alice").remaining))
    assert looks == [10]


class Unreadable(tuple):
    """Events that cannot be read to the end."""

    __slots__ = ()

    def __iter__(self):
        yield self[0]
        raise MemoryError


def test_a_commit_that_is_broken_off_leaves_nothing_half_done():
    """What cannot be written whole is not written at all: neither document nor events (S7)."""
    storage = MemoryStorage()
    first = changes.change(events=[changes.event()])
    assert storage.commit(ALICE, first)
    trail = storage.events(ALICE)
    for second in (changes.change(first.revision), changes.erasure(first.revision)):
        with pytest.raises(MemoryError):
            storage.commit(ALICE, replace(second, events=Unreadable(second.events)))
        assert storage.load(ALICE).revision == first.revision
        assert storage.events(ALICE) == trail


def test_where_nothing_stands_nothing_is_erased():
    """It is won all the same: nobody else has stored anything."""
    storage = MemoryStorage()
    assert storage.commit(changes.ALICE, changes.erasure(None, events=()))
    assert storage.load(changes.ALICE) is None


def test_without_anyio_the_awaited_one_names_the_extra(monkeypatch):
    """The one that is called needs nothing."""
    for name in list(sys.modules):
        if name.startswith("anyio.") or name == "recoverykit.per_loop":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "anyio", None)
    with pytest.raises(MissingExtra) as missing:
        AsyncMemoryStorage()
    assert missing.value.extra == "async"
    MemoryStorage()


def test_the_awaited_one_tells_the_same_events():
    """And of the subject that is asked for."""

    async def main():
        storage = AsyncMemoryStorage()
        change = changes.change()
        assert await storage.commit(changes.ALICE, change)
        assert storage.events(changes.ALICE) == change.events
        assert storage.events(Subject("bob")) == ()

    anyio.run(main)
