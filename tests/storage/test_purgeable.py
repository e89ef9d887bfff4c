"""What a storage offers to a purge, on each kind of storage: outdated records, and old events."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
import sqlalchemy as sa

from recoverykit import ConcurrentUpdate, StorageError, Subject
from recoverykit.storage import Outdated, PurgeableStorage
from recoverykit.storage.memory import MemoryStorage
from recoverykit.storage.sql import SQLStorage, define_tables
from tests.storage.changes import ALICE, NOW, SUMMARY, change, erasure, event
from tests.storage.test_enumerating import SUBJECTS
from tests.storage.test_outbox import BOB, drain, events_in, told

SECOND = timedelta(seconds=1)
TABLES = count()


@pytest.fixture
def storage(url):
    """An empty storage of each kind in turn."""
    if url is None:
        yield MemoryStorage()
        return
    with SQLStorage(url, prefix=f"purging_{next(TABLES)}_") as storage:
        storage.create_tables()
        yield storage


def store(storage, subject, outdated_at, *, events=()):
    made = change(
        None, subject=subject, events=events, summary=replace(SUMMARY, outdated_at=outdated_at)
    )
    assert storage.commit(subject, made)
    return made.revision


def trail(storage):
    if isinstance(storage, MemoryStorage):
        return {each.id for events in storage._events.values() for each in events}
    (table,) = [each for name, each in storage._metadata.tables.items() if name.endswith("events")]
    with storage._engine().connect() as connection:
        return set(connection.scalars(sa.select(table.c.id)))


def test_every_storage_of_ours_can_be_purged(storage):
    """And an empty one has nothing to purge."""
    assert isinstance(storage, PurgeableStorage)
    assert storage.outdated(before=NOW, after=None, limit=10) == ()
    assert storage.purge_events(before=NOW, limit=10) == 0


def test_a_record_is_listed_once_its_time_is_past(storage):
    """Before that time, and not at it; one that says never, never. What was erased is gone."""
    revision = store(storage, Subject("a"), NOW)
    store(storage, Subject("b"), NOW + SECOND)
    store(storage, Subject("c"), None)
    expected = (Outdated(subject=Subject("a"), revision=revision, has_events=False),)
    assert storage.outdated(before=NOW, after=None, limit=10) == ()
    assert storage.outdated(before=NOW + timedelta.resolution, after=None, limit=10) == expected
    assert len(storage.outdated(before=NOW + 2 * SECOND, after=None, limit=10)) == 2
    assert storage.commit(Subject("a"), erasure(revision, subject=Subject("a"), events=()))
    assert storage.outdated(before=NOW + SECOND, after=None, limit=10) == ()


def test_a_commit_replaces_the_time(storage):
    """It is true as of the last one."""
    first = store(storage, ALICE, NOW)
    later = change(first, events=())
    assert storage.commit(ALICE, later)
    assert storage.outdated(before=NOW + SECOND, after=None, limit=10) == ()
    again = change(later.revision, events=(), summary=replace(SUMMARY, outdated_at=NOW))
    assert storage.commit(ALICE, again)
    (found,) = storage.outdated(before=NOW + SECOND, after=None, limit=10)
    assert found.revision == again.revision


def test_a_record_says_whether_its_subject_has_events(storage):
    """Its own, and nobody else's: compared byte for byte."""
    for number, subject in enumerate(SUBJECTS):
        events = (event(subject),) if number % 2 else ()
        store(storage, subject, NOW, events=events)
    found = storage.outdated(before=NOW + SECOND, after=None, limit=100)
    assert [each.subject for each in found] == [*SUBJECTS]
    assert [each.has_events for each in found] == [number % 2 == 1 for number in range(14)]


@pytest.mark.parametrize("limit", [1, 5, 14, 100])
def test_outdated_records_come_in_pages(storage, limit):
    """Each begins behind the one before; what is erased meanwhile does not lose the place."""
    for subject in reversed(SUBJECTS):
        store(storage, subject, NOW)
    found, after = [], None
    while page := storage.outdated(before=NOW + SECOND, after=after, limit=limit):
        assert len(page) <= limit
        found += page
        after = page[-1].subject
        gone = erasure(page[-1].revision, subject=after, events=())
        assert storage.commit(after, gone)
    assert [each.subject for each in found] == [*SUBJECTS]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_old_events_go_in_batches_the_oldest_first(storage, limit):
    """Before that time, and not at it, whose ever they are."""
    made = [told(seconds=each, subject=(ALICE, BOB)[each % 2]) for each in range(5)]
    for subject, own in ((ALICE, made[0::2]), (BOB, made[1::2])):
        store(storage, subject, None, events=own[::-1])
    before, left = NOW + 3 * SECOND, 3
    while left:
        assert storage.purge_events(before=before, limit=limit) == min(limit, left)
        left -= min(limit, left)
        assert trail(storage) == {each.id for each in made[3 - left :]}
    assert storage.purge_events(before=before, limit=limit) == 0
    assert storage.load(ALICE) is not None


@pytest.fixture
def sql(database_url):
    with SQLStorage(database_url) as storage:
        storage.create_tables()
        yield storage


def test_what_a_reader_has_not_acknowledged_stays(sql):
    """That of the slowest reader counts; what has no position yet stays as well."""
    made = [told(seconds=each) for each in range(6)]
    store(sql, ALICE, None, events=made[:4])
    audit = sql.outbox.read("audit")
    sql.outbox.read("mail")
    sql.outbox.acknowledge("audit", audit[2].position)
    assert sql.purge_events(before=NOW + 10 * SECOND, limit=100) == 0
    sql.outbox.acknowledge("mail", audit[1].position)
    store(sql, BOB, None, events=made[4:])
    assert sql.purge_events(before=NOW + 10 * SECOND, limit=1) == 1
    assert sql.purge_events(before=NOW + SECOND, limit=100) == 0
    assert sql.purge_events(before=NOW + 10 * SECOND, limit=100) == 1
    assert sql.purge_events(before=NOW + 10 * SECOND, limit=100) == 0
    assert events_in(drain(sql.outbox, "mail")) == made[2:]
    assert events_in(drain(sql.outbox, "audit")) == made[3:]
    assert sql.purge_events(before=NOW + 10 * SECOND, limit=100) == 4
    assert trail(sql) == set()


def test_a_forgotten_reader_holds_nothing_up(sql):
    """Numbered events and others go alike where nobody reads; a new reader finds what is left."""
    made = [told(seconds=each) for each in range(4)]
    store(sql, ALICE, None, events=made[:2])
    sql.outbox.read("audit")
    store(sql, BOB, None, events=made[2:])
    assert sql.purge_events(before=NOW + 3 * SECOND, limit=100) == 0
    assert sql.outbox.forget("audit")
    assert sql.purge_events(before=NOW + 3 * SECOND, limit=100) == 3
    assert events_in(sql.outbox.read("audit")) == made[3:]


def test_a_reader_that_begins_meanwhile_is_not_robbed(sql, database_url):
    """A purge that has looked for readers before the first one came begins anew."""
    made = [told(seconds=each) for each in range(3)]
    store(sql, ALICE, None, events=made)
    seen = []
    with SQLStorage(database_url) as other:

        @sa.event.listens_for(sql._engine(), "after_cursor_execute")
        def begin(connection, cursor, statement, *_):
            if "recoverykit_events.at <" in statement and not seen:
                seen.extend(other.outbox.read("audit"))

        assert sql.purge_events(before=NOW + 10 * SECOND, limit=100) == 0
        assert events_in(seen) == made
        assert other.outbox.read("audit") == tuple(seen)
        other.outbox.acknowledge("audit", seen[-1].position)
    assert sql.purge_events(before=NOW + 10 * SECOND, limit=100) == 3


def test_a_purge_that_is_always_overtaken_gives_up(sql, database_url):
    """Nothing was deleted, and the next one may win."""
    store(sql, ALICE, None, events=[told(seconds=1)])
    rounds = [0]
    with SQLStorage(database_url) as other:

        @sa.event.listens_for(sql._engine(), "after_cursor_execute")
        def begin(connection, cursor, statement, *_):
            if "recoverykit_events.at <" in statement and rounds[0] < 32:
                rounds[0] += 1
                other.outbox.read(f"reader {rounds[0]}")
                other.outbox.forget(f"reader {rounds[0]}")

        with pytest.raises(ConcurrentUpdate):
            sql.purge_events(before=NOW + 10 * SECOND, limit=100)
        assert len(trail(sql)) == 1
        assert sql.purge_events(before=NOW + 10 * SECOND, limit=100) == 1
    assert rounds == [32]


def test_purges_at_once_take_each_event_once(sql):
    """In all as many as there were, beside writers that go on."""
    subjects = [Subject(f"user {number}") for number in range(4)]
    for subject in subjects:
        store(sql, subject, None, events=[told(seconds=n, subject=subject) for n in range(8)])
    barrier = threading.Barrier(5)

    def purge(_):
        barrier.wait(20)
        return [sql.purge_events(before=NOW + 10 * SECOND, limit=4) for _ in range(4)]

    def write():
        barrier.wait(20)
        for number in range(8):
            record = sql.load(BOB)
            new = told(seconds=1_000 + number, subject=BOB)
            made = change(record and record.revision, subject=BOB, events=[new])
            assert sql.commit(BOB, made)

    with ThreadPoolExecutor(5) as threads:
        writer = threads.submit(write)
        counts = [sum(each) for each in threads.map(purge, range(4))]
        writer.result(60)
    assert sum(counts) == 32
    assert len(trail(sql)) == 8


@pytest.mark.parametrize(
    "ask",
    [
        lambda storage: storage.outdated(before=NOW, after=None, limit=1),
        lambda storage: storage.outdated(before=NOW, after=ALICE, limit=1),
        lambda storage: storage.purge_events(before=NOW, limit=1),
    ],
    ids=["outdated", "after", "purge_events"],
)
def test_a_database_that_cannot_be_read_is_an_error_of_the_storage(database_url, ask):
    """No tables, no answer: never an empty one."""
    with SQLStorage(database_url, prefix="missing_") as storage, pytest.raises(StorageError):
        ask(storage)


def test_the_columns_are_there_for_people_as_well(sql):
    """The time as it was given, in UTC."""
    store(sql, ALICE, NOW)
    table = define_tables(sa.MetaData()).records
    with sql._engine().connect() as connection:
        assert connection.scalar(sa.select(table.c.outdated_at)) == NOW
