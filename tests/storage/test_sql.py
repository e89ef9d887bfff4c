"""The SQL storage keeps the clauses, on each kind of database."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from recoverykit.core.subject import Subject
from recoverykit.errors import StorageError
from recoverykit.storage import MAX_DOCUMENT_BYTES, Storage, TransactionalStorage
from recoverykit.storage.sql import SQLStorage
from tests.storage.changes import ALICE, change, erasure, event

WRITERS = 8
HOSTILE = [
    Subject("alice"),
    Subject("Alice"),
    Subject("alice "),
    Subject(" alice"),
    Subject("alice\t"),
    Subject("böb"),
    Subject("bo\u0308b"),  # the same to the eye, other bytes
    Subject("bob"),
    Subject("o'hara\"; --"),
    Subject("%"),
    Subject("_"),
    Subject("\\"),
    Subject("😀"),
    Subject("😁"),
    Subject("ß"),
    Subject("ss"),
    Subject("\u0131"),
    Subject("0"),
    Subject("00"),
    Subject("x" * 255),
    Subject("é" * 127 + "x", tenant="é" * 127 + "x", scope="😀" * 63 + "xyz"),
    Subject("alice", tenant=" "),
    Subject("alice", tenant="a"),
    Subject("alice", scope="a"),
    Subject("a", tenant="alice"),
    Subject("a", scope="alice"),
    Subject("alice", tenant="A"),
]


@pytest.fixture
def storage(adapter):
    with adapter[1]() as storage:
        storage.create_tables()
        yield storage


@pytest.fixture
def database(adapter):
    """A way into the database that goes past the storage."""
    engine = sa.create_engine(adapter[0])
    yield engine
    engine.dispose()


def events_of(database, subject=ALICE):
    """The ids of the subject's stored events."""
    table = sa.Table("recoverykit_events", sa.MetaData(), autoload_with=database)
    with database.connect() as connection:
        rows = connection.execute(sa.select(table.c.id, table.c.tenant, table.c.subject)).all()
    return {
        row.id
        for row in rows
        if (text(row.tenant), text(row.subject)) == (subject.tenant, subject.id)
    }


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def stored(storage, subject=ALICE, **fields):
    """Store a record; return the change that did."""
    first = change(subject=subject, **fields)
    assert storage.commit(subject, first)
    return first


def test_it_is_a_transactional_storage(storage):
    """A SQL storage satisfies both protocols."""
    plain: Storage = storage
    assert isinstance(plain, TransactionalStorage)


def test_an_unknown_subject_loads_as_none(storage):
    """S1: nothing stored, nothing loaded."""
    assert storage.load(ALICE) is None


@pytest.mark.parametrize("document", ["{}", '{"a": "\\u00e9\\u0000"}', " {} ", "'\";%s:x?"])
def test_what_was_committed_is_loaded_back_exactly(storage, document):
    """S2: document and revision come back as they went in."""
    first = stored(storage, document=document)
    second = change(first.revision, document=document + " ")
    assert storage.commit(ALICE, second)
    loaded = storage.load(ALICE)
    assert (loaded.revision, loaded.document) == (second.revision, document + " ")


def test_a_first_commit_wins_only_where_nothing_is_stored(storage):
    """S3: the second one with expected=None is lost."""
    first = stored(storage)
    assert storage.commit(ALICE, change(None)) is False
    assert storage.load(ALICE).revision == first.revision


def test_a_commit_wins_only_on_the_revision_that_stands(storage):
    """S4: an older, a foreign and a similar revision are all lost."""
    first = stored(storage)
    second = change(first.revision)
    assert storage.commit(ALICE, second) is True
    for stale in (first.revision, "0" * 32, second.revision + " ", second.revision.upper(), ""):
        assert storage.commit(ALICE, change(stale)) is False
        assert storage.commit(ALICE, erasure(stale)) is False
    assert storage.load(ALICE).revision == second.revision


def test_a_commit_on_a_revision_is_lost_where_nothing_is_stored(storage):
    """S4: nothing stored is no revision."""
    assert storage.commit(ALICE, change("0" * 32)) is False
    assert storage.commit(ALICE, erasure("0" * 32)) is False
    assert storage.load(ALICE) is None


@pytest.mark.parametrize("kind", ["first", "next", "erase", "erase nothing"])
def test_of_simultaneous_commits_one_wins(storage, database, kind):
    """S5: each of several rounds has one winner, whose events alone are there."""
    for round_ in range(5):
        subject = Subject(f"user {round_}")
        nothing = kind in {"first", "erase nothing"}
        expected = None if nothing else stored(storage, subject).revision
        changes = [
            erasure(expected, subject=subject)
            if kind == "erase" or (kind == "erase nothing" and n % 2)
            else change(expected, subject=subject)
            for n in range(WRITERS)
        ]
        won = raced(storage, subject, changes)
        erased = [c for c in won if c.document is None]
        kept = [c for c in won if c.document is not None]
        if kind == "erase nothing":
            # To erase nothing changes nothing, so it may go before the one that stores; or all
            # that store may lose to it, as to a deadlock.
            assert won
            assert len(kept) <= 1
        else:
            assert len(won) == 1
        loaded = storage.load(subject)
        assert (loaded and loaded.revision) == (kept[0].revision if kept else None)
        if kind == "first":
            assert events_of(database, subject) == {won[0].events[0].id}
        if kind == "erase":
            assert events_of(database, subject) == {erased[0].events[0].id}


def raced(storage, subject, changes):
    """Commit the changes at the same time; return those that won."""
    barrier = threading.Barrier(len(changes))

    def write(change):
        barrier.wait(20)
        return storage.commit(subject, change)

    with ThreadPoolExecutor(len(changes)) as threads:
        wins = list(threads.map(write, changes))
    return [change for change, won in zip(changes, wins, strict=True) if won]


def test_parallel_writers_lose_no_update(storage, database):
    """S5: writers that retry until they win leave one event for each of them."""
    stored(storage)
    each = 5

    def write(_):
        left, tries = each, 0
        while left:
            assert (tries := tries + 1) < 1000
            left -= storage.commit(ALICE, change(storage.load(ALICE).revision))

    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(write, range(WRITERS)))
    assert len(events_of(database)) == 1 + each * WRITERS


def test_a_lost_commit_changes_nothing(storage, database):
    """S6: neither the document nor the events of a loser are there."""
    first = stored(storage)
    before = events_of(database)
    assert storage.commit(ALICE, change("0" * 32, document="{}")) is False
    assert storage.commit(ALICE, change(None, document="{}")) is False
    assert storage.load(ALICE).document == first.document
    assert events_of(database) == before


def test_events_land_with_the_document_or_not_at_all(storage, database):
    """S7: an event that cannot be stored takes the document with it."""
    first = stored(storage)
    twice = event()
    with pytest.raises(StorageError, match=r"^the commit failed and changed nothing: "):
        storage.commit(ALICE, change(first.revision, events=[event(), twice, twice]))
    with pytest.raises(StorageError):
        storage.commit(Subject("bob"), change(None, subject=Subject("bob"), events=first.events))
    assert storage.load(ALICE).revision == first.revision
    assert storage.load(Subject("bob")) is None
    assert events_of(database) == {first.events[0].id}


def test_a_change_may_carry_no_event_or_many(storage, database):
    """S7: all of them land."""
    first = stored(storage, events=[])
    assert events_of(database) == set()
    many = [event(context={"actor": "ops"}) for _ in range(5)]
    assert storage.commit(ALICE, change(first.revision, events=many))
    assert events_of(database) == {e.id for e in many}


def test_erasing_takes_the_document_and_the_earlier_events(storage, database):
    """S8: what is left is the event of the erasure; others' events stay."""
    other = stored(storage, Subject("bob"))
    first = stored(storage)
    gone = erasure(first.revision)
    assert storage.commit(ALICE, gone) is True
    assert storage.load(ALICE) is None
    assert events_of(database) == {gone.events[0].id}
    assert events_of(database, Subject("bob")) == {other.events[0].id}


def test_erasing_nothing_wins_and_takes_left_events(storage, database):
    """S3, S8: where nothing is stored, an erasure with expected=None wins."""
    gone = [erasure(None), erasure(None)]
    assert [storage.commit(ALICE, change) for change in gone] == [True, True]
    assert storage.load(ALICE) is None
    assert events_of(database) == {gone[1].events[0].id}
    first = stored(storage)
    assert storage.commit(ALICE, erasure(None)) is False
    assert storage.load(ALICE).revision == first.revision


def test_a_stale_writer_does_not_win_after_erase_and_recreate(storage):
    """S4, S8: a revision never comes back."""
    first = stored(storage)
    assert storage.commit(ALICE, erasure(first.revision))
    again = stored(storage)
    assert storage.commit(ALICE, change(first.revision)) is False
    assert storage.load(ALICE).revision == again.revision


def test_subjects_are_isolated_and_compared_exactly(storage):
    """S9: each of many look-alikes has a record of its own."""
    written = {subject: stored(storage, subject, document=f"{n}") for n, subject in named()}
    assert [storage.load(subject).document for subject in HOSTILE] == [str(n) for n, _ in named()]
    for subject in HOSTILE[::2]:
        assert storage.commit(subject, erasure(written[subject].revision, subject=subject))
    assert [storage.load(subject) is None for subject in HOSTILE] == [
        n % 2 == 0 for n, _ in named()
    ]


def named():
    return list(enumerate(HOSTILE))


def test_what_was_loaded_stays_as_it_was(storage):
    """S11: a later commit does not reach into an earlier record."""
    first = stored(storage)
    loaded = storage.load(ALICE)
    assert storage.commit(ALICE, change(first.revision, document="{}"))
    assert (loaded.revision, loaded.document) == (first.revision, first.document)


def test_what_one_handle_wrote_another_reads(storage, adapter):
    """S12: at once, and after the first one has closed."""
    first = stored(storage)
    with SQLStorage(sa.make_url(adapter[0])) as other:
        assert other.load(ALICE).revision == first.revision
        second = change(first.revision)
        assert other.commit(ALICE, second)
        assert storage.load(ALICE).revision == second.revision
    storage.close()
    assert storage.load(ALICE).revision == second.revision


def test_a_failed_commit_leaves_the_handle_usable(storage):
    """S13: the next calls work as if nothing had been."""
    first = stored(storage)
    for _ in range(20):  # more often than the pool has connections
        with pytest.raises(StorageError):
            storage.commit(ALICE, change(first.revision, events=first.events))
    assert storage.commit(ALICE, change(first.revision)) is True


@pytest.mark.parametrize("size", [MAX_DOCUMENT_BYTES - 1, MAX_DOCUMENT_BYTES])
def test_documents_of_64_kib_are_stored_whole(storage, size):
    """S14: to the last byte."""
    document = "x" * (size - 1) + "y"
    first = stored(storage, document=document)
    assert storage.load(ALICE).document == document
    assert storage.commit(ALICE, change(first.revision, document=document[::-1]))
    assert storage.load(ALICE).document == document[::-1]
