"""What a storage says that it holds, on each kind of storage: scopes, keys in use, seals."""

from contextlib import nullcontext
from itertools import count

import pytest
import sqlalchemy as sa

from recoverykit import CorruptRecord, RecoveryKit, StorageError, Subject
from recoverykit.storage import EnumerableStorage, KeyUse, SetState, Summary
from recoverykit.storage.memory import AsyncMemoryStorage, MemoryStorage
from recoverykit.storage.sql import SQLStorage
from tests.storage.awaited import DRIVERS, Awaited, AwaitedSQLStorage, address_for
from tests.storage.changes import change, erasure

TABLES = count()
# In the order of their bytes: tenant, id, scope.
SUBJECTS = (
    Subject("Alice"),
    Subject("alice"),
    Subject("alice", scope=" "),
    Subject("alice", scope="Phone"),
    Subject("alice", scope="phone"),
    Subject("alice", scope="phone "),
    Subject("alice", scope="ß"),
    Subject("alice "),
    Subject("bob"),
    Subject("b\u00f6b"),
    Subject("\U0001f600"),
    Subject("alice", tenant="T", scope="phone"),
    Subject("alice", tenant="t"),
    Subject("alice", tenant="t", scope="phone"),
)


@pytest.fixture(params=["called", "awaited"])
def storage(request, url):
    """An empty storage of each kind in turn, called or awaited."""
    is_awaited = request.param == "awaited"
    if url is None:
        with (
            Awaited(AsyncMemoryStorage()) if is_awaited else nullcontext(MemoryStorage()) as memory
        ):
            yield memory
        return
    make, address = SQLStorage, url
    if is_awaited:
        driver = DRIVERS[sa.make_url(url).get_backend_name()][-1]
        make, address = AwaitedSQLStorage, address_for(url, driver)
    with make(address, prefix=f"listing_{next(TABLES)}_") as storage:
        storage.create_tables()
        yield storage


def summary(*key_ids, seal=None):
    return Summary(
        state=SetState.ACTIVE,
        remaining=7,
        issued_at=None,
        last_used_at=None,
        expires_at=None,
        retry_at=None,
        key_ids=key_ids,
        seal_key_id=seal,
    )


def store(storage, subject, *key_ids, seal=None, expected=None):
    stored = change(expected, subject=subject, summary=summary(*key_ids, seal=seal))
    assert storage.commit(subject, stored)
    return stored.revision


def pages(storage, newest, *, limit):
    """Return what is sealed otherwise, page by page."""
    found, after = [], None
    while page := storage.sealed_otherwise(newest, after=after, limit=limit):
        found.append(page)
        after = page[-1]
    return found


def test_every_storage_of_ours_can_list(storage):
    """And an empty one lists nothing."""
    assert isinstance(storage, EnumerableStorage)
    assert storage.scopes(Subject("alice")) == ()
    assert storage.key_use() == {}
    assert storage.sealed_otherwise(None, after=None, limit=10) == ()


def test_the_scopes_of_a_subject_are_those_of_its_tenant_and_id(storage):
    """Compared byte for byte, in the order of the scopes, whichever of them is asked for."""
    for subject in reversed(SUBJECTS):
        store(storage, subject)
    assert storage.scopes(Subject("alice")) == SUBJECTS[1:7]
    assert storage.scopes(Subject("alice", scope="unknown")) == SUBJECTS[1:7]
    assert storage.scopes(Subject("alice", tenant="t")) == SUBJECTS[12:]
    assert storage.scopes(Subject("ALICE")) == ()


def test_keys_are_counted_by_sets_and_by_seals(storage):
    """Ids are compared exactly, and what was erased or replaced is counted no longer."""
    store(storage, Subject("a"), "old", "new", seal="new")
    store(storage, Subject("b"), "new", "new", seal="new")
    store(storage, Subject("c"), "Old", seal="OLD")
    store(storage, Subject("d"), "old.-_")
    store(storage, Subject("e"))
    expected = {
        "OLD": KeyUse(sets=0, seals=1),
        "Old": KeyUse(sets=1, seals=0),
        "new": KeyUse(sets=3, seals=2),
        "old": KeyUse(sets=1, seals=0),
        "old.-_": KeyUse(sets=1, seals=0),
    }
    assert storage.key_use() == expected
    revision = store(storage, Subject("f"), "old", seal="old")
    revision = store(storage, Subject("f"), "newer", seal="new", expected=revision)
    assert storage.key_use()["newer"] == KeyUse(sets=1, seals=0)
    assert storage.commit(Subject("f"), erasure(revision, subject=Subject("f"), events=()))
    assert storage.key_use() == expected


@pytest.mark.parametrize("limit", [1, 2, 5, 14, 100])
def test_what_is_sealed_otherwise_comes_in_pages(storage, limit):
    """In an order that lasts: each page begins behind the one before, and none is missed."""
    for subject in reversed(SUBJECTS):
        store(storage, subject, seal="old" if subject.scope else None)
    found = pages(storage, "new", limit=limit)
    assert [subject for page in found for subject in page] == [*SUBJECTS]
    assert {len(page) for page in found[:-1]} <= {limit}
    assert len(found[-1]) <= limit


def test_what_the_key_itself_seals_is_left_out(storage):
    """Another case is another key; None leaves out what no key seals."""
    seals = {"a": None, "b": "key", "c": "Key", "d": "kez"}
    for name, seal in seals.items():
        store(storage, Subject(name), seal=seal)
    for newest in (None, "key", "Key", "none"):
        found = storage.sealed_otherwise(newest, after=None, limit=10)
        assert [each.id for each in found] == [n for n, seal in seals.items() if seal != newest]


def test_a_page_begins_behind_a_subject_that_is_gone(storage):
    """What is erased between two pages does not lose the place."""
    for name in ("a", "b", "c"):
        store(storage, Subject(name))
    assert storage.sealed_otherwise("k", after=Subject("aa"), limit=9) == (
        Subject("b"),
        Subject("c"),
    )
    assert storage.sealed_otherwise("k", after=Subject("z"), limit=9) == ()


@pytest.mark.parametrize(
    "ask",
    [
        lambda storage: storage.scopes(Subject("alice")),
        lambda storage: storage.key_use(),
        lambda storage: storage.sealed_otherwise(None, after=None, limit=1),
        lambda storage: storage.sealed_otherwise("k", after=Subject("a"), limit=1),
    ],
    ids=["scopes", "key_use", "sealed_otherwise", "after"],
)
def test_a_database_that_cannot_be_read_is_an_error_of_the_storage(database_url, ask):
    """No tables, no answer: never an empty one."""
    with SQLStorage(database_url, prefix="missing_") as storage, pytest.raises(StorageError):
        ask(storage)


def test_a_row_of_no_possible_subject_is_damage(tmp_path):
    """Not a fault of whoever asks."""
    with SQLStorage(f"sqlite:///{tmp_path / 'codes.db'}") as storage:
        storage.create_tables()
        RecoveryKit(storage).issue("ada")
        with storage._engine().begin() as connection:
            connection.exec_driver_sql("UPDATE recoverykit_records SET subject = ''")
        with pytest.raises(CorruptRecord):
            storage.sealed_otherwise("2026-11", after=None, limit=5)
