"""Keys over time: which are in use, moving every document under the newest seal, and dropping."""

import pytest

from recoverykit import (
    Argon2idHasher,
    InvalidArgument,
    InvalidCode,
    Keyring,
    Policy,
    RecoveryKit,
    Resealed,
    Subject,
    UnknownKey,
)
from recoverykit.core.events import EventKind
from recoverykit.storage import Change, KeyUse
from recoverykit.storage.memory import MemoryStorage
from recoverykit.storage.sql import SQLStorage
from tests.weak import WEAK

CHEAP = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)
OLD, NEW = {"old": b"0123456789abcdef"}, {"new": b"fedcba9876543210"}
BOTH = Keyring({**OLD, **NEW}, primary="new")
NAMES = [f"user {number}" for number in range(5)]


def a_kit(storage, keyring, *, on_event=None, **policy):
    policy = Policy(count=2, hasher=CHEAP, accept=WEAK, **policy)
    return RecoveryKit(storage, policy=policy, keyring=keyring, on_event=on_event)


@pytest.fixture(params=["memory", "sqlite"])
def storage(request, tmp_path):
    if request.param == "memory":
        yield MemoryStorage()
        return
    with SQLStorage(f"sqlite:///{tmp_path / 'codes.db'}") as storage:
        storage.create_tables()
        yield storage


def issue_all(storage, keyring):
    return {name: a_kit(storage, keyring).issue(name).codes for name in NAMES}


def batches(kit, limit):
    """Run the loop that the documentation of `reseal` tells to run."""
    done = [kit.reseal(limit=limit)]
    while done[-1].last is not None:
        done.append(kit.reseal(after=done[-1].last, limit=limit))
    return done


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_every_document_comes_under_the_newest_seal(storage, limit):
    """In batches; the loop ends; the codes stay bound to the key they were made under."""
    codes = issue_all(storage, Keyring(OLD))
    kit = a_kit(storage, BOTH)
    done = batches(kit, limit)
    assert [each.count for each in done if each.count] == [
        min(limit, 5 - start) for start in range(0, 5, limit)
    ]
    assert {each.failed for each in done} == {()}
    assert storage.key_use() == {"new": KeyUse(sets=0, seals=5), "old": KeyUse(sets=5, seals=0)}
    assert kit.reseal() == Resealed(count=0, failed=(), last=None)
    for name in NAMES:
        assert kit.redeem(name, codes[name][0]).remaining == 1


def test_resealing_changes_nothing_but_the_seal_and_the_revision(storage):
    """The content keeps its bytes, and nothing is told: nothing has happened to the codes."""
    issue_all(storage, Keyring(OLD))
    before = storage.load(Subject(NAMES[0]))
    events = []
    assert a_kit(storage, BOTH, on_event=events.append).reseal().count == 5
    after = storage.load(Subject(NAMES[0]))
    assert after.document.partition(',"content":')[2] == before.document.partition(',"content":')[2]
    assert after.document.startswith('{"seal":"new$')
    assert after.revision != before.revision
    assert events == []


def test_what_cannot_be_read_is_reported_and_left(storage):
    """A damaged document, and one under a key that the ring lacks; the others go on."""
    issue_all(storage, Keyring(OLD))
    a_kit(storage, Keyring({"lost": b"l" * 16})).issue("lost")
    record = storage.load(Subject(NAMES[1]))
    damaged = Change(
        expected=record.revision,
        revision="0" * 32,
        document=record.document,
        events=(),
        summary=None,
    )
    assert storage.commit(Subject(NAMES[1]), damaged)
    if isinstance(storage, MemoryStorage):
        lost = Subject("lost")
        assert storage.sealed_otherwise("new", after=None, limit=1) == (lost,)
    done = batches(a_kit(storage, BOTH), 2)
    assert sum(each.count for each in done) == 4
    assert {each for batch in done for each in batch.failed} == {
        Subject("lost"),
        Subject(NAMES[1]),
    }
    assert storage.load(Subject(NAMES[1])).revision == "0" * 32
    assert a_kit(storage, BOTH).reseal().failed == (Subject("lost"), Subject(NAMES[1]))


def test_documents_without_a_seal_are_sealed_for_good(storage):
    """A migration to a keyring: accept, reseal, and accept no longer."""
    codes = issue_all(storage, None)
    strict = a_kit(storage, Keyring(NEW))
    assert strict.reseal() == Resealed(count=0, failed=tuple(map(Subject, NAMES)), last=None)
    moving = a_kit(storage, Keyring(NEW, accept_unsealed=True))
    assert moving.reseal() == Resealed(count=5, failed=(), last=None)
    assert strict.redeem(NAMES[0], codes[NAMES[0]][0]).remaining == 1
    assert storage.key_use() == {"new": KeyUse(sets=0, seals=5)}


def test_a_kit_without_a_keyring_takes_no_seal_off(storage):
    """It cannot check one, so it reports them all."""
    issue_all(storage, Keyring(OLD))
    assert a_kit(storage, None).reseal().failed == tuple(map(Subject, NAMES))
    with pytest.raises(UnknownKey):
        a_kit(storage, None).redeem(NAMES[0], "")


def test_a_document_that_was_written_meanwhile_is_left_alone():
    """Whoever commits seals: between listing and loading somebody else did it, or erased it."""

    class Overtaken(MemoryStorage):
        def sealed_otherwise(self, seal_key_id, *, after, limit):
            found = super().sealed_otherwise(seal_key_id, after=after, limit=limit)
            kit = a_kit(self, BOTH)
            kit.revoke(NAMES[0])
            kit.erase(NAMES[1])
            return found

    storage = Overtaken()
    issue_all(storage, Keyring(OLD))
    assert a_kit(storage, BOTH).reseal() == Resealed(count=3, failed=(), last=None)


@pytest.mark.parametrize("limit", [0, -1, 10_001, 1.5, None, "1", True])
def test_a_batch_out_of_bounds_is_refused(limit):
    """1 to 10,000, and a whole number."""
    with pytest.raises(InvalidArgument, match="limit"):
        a_kit(MemoryStorage(), BOTH).reseal(limit=limit)


@pytest.mark.parametrize("after", ["", 7, b"alice", ("alice",)])
def test_a_batch_begins_behind_a_subject(after):
    """What is none is one clear error, as everywhere."""
    with pytest.raises(InvalidArgument, match="subject"):
        a_kit(MemoryStorage(), BOTH).reseal(after=after)


class Plain:
    """A storage that keeps the contract and no more: it cannot list."""

    def load(self, subject):
        return None

    def commit(self, subject, change):
        return True


@pytest.mark.parametrize(
    "ask",
    [lambda kit: kit.reseal(), lambda kit: kit.erase_scopes("alice")],
    ids=["reseal", "erase_scopes"],
)
def test_a_storage_that_cannot_list_is_named(ask):
    """The optional methods are asked for where they are needed, and nowhere else."""
    kit = a_kit(Plain(), BOTH)
    assert kit.status("alice").total == 0
    with pytest.raises(InvalidArgument, match="cannot list"):
        ask(kit)


def test_only_sets_that_can_be_used_count_as_a_use_of_a_key(storage):
    """Active and pending ones; an ended set needs no key any more, and its document a seal."""
    kit = a_kit(storage, Keyring(OLD))
    pending = a_kit(storage, Keyring(OLD), confirm=True)
    kit.issue("active")
    pending.issue("pending")
    kit.issue("both")
    pending.issue("both", replace=True)
    kit.issue("revoked")
    kit.revoke("revoked")
    for code in kit.issue("exhausted").codes:
        kit.redeem("exhausted", code)
    kit.unlock("unlocked", session="s")
    assert storage.key_use() == {"old": KeyUse(sets=4, seals=6)}


def test_the_scopes_of_a_subject_are_erased_together(storage):
    """Trail and all, one after the other; another user, and another tenant's, keep theirs."""
    events = []
    kit = a_kit(storage, BOTH, on_event=events.append)
    mine = [Subject("alice"), Subject("alice", scope="phone"), Subject("alice", scope="watch")]
    others = [Subject("alice", tenant="t"), Subject("bob", scope="phone")]
    codes = {subject: kit.issue(subject).codes for subject in (*mine, *others)}
    assert kit.erase_scopes("alice") == tuple(mine)
    assert [storage.load(subject) for subject in mine] == [None, None, None]
    erased = [event.subject for event in events if event.kind is EventKind.ERASED]
    assert erased == mine
    assert kit.erase_scopes(mine[1]) == ()
    for subject in others:
        assert kit.redeem(subject, codes[subject][0]).remaining == 1


def test_each_scope_counts_its_own_failures(storage):
    """A locked phone leaves the watch alone."""
    kit = a_kit(storage, BOTH)
    phone, watch = Subject("alice", scope="phone"), Subject("alice", scope="watch")
    kit.issue(phone)
    codes = kit.issue(watch).codes
    for _ in range(5):
        with pytest.raises(InvalidCode):
            kit.redeem(phone, codes[0])
    assert kit.status(phone).retry_at is not None
    assert kit.status(watch).failures == 0
    assert kit.redeem(watch, codes[0]).remaining == 1
