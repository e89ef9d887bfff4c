"""The outbox: every event at least once to every reader, in a lasting order."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa

from recoverykit import (
    ConcurrentUpdate,
    CorruptRecord,
    EventKind,
    InvalidArgument,
    OutcomeUnknown,
    RefusalReason,
    StorageError,
    Subject,
)
from recoverykit.storage import Outbox, OutboxStorage
from recoverykit.storage.sql import SQLStorage, define_tables
from recoverykit.storage.sql.columns import text_in
from recoverykit.storage.sql.outcomes import Outcome, Verdict
from tests.storage.changes import ALICE, NOW, change, erasure, event
from tests.storage.test_sql_isolation import engine, on_every_flavour, url  # noqa: F401 - fixtures

BOB = Subject("bob")


@pytest.fixture
def storage(database_url):
    with SQLStorage(database_url) as storage:
        storage.create_tables()
        yield storage


@pytest.fixture
def outbox(storage):
    return storage.outbox


def tell(storage, *events, subject=ALICE):
    """Commit a change with these events."""
    record = storage.load(subject)
    made = change(record and record.revision, subject=subject, events=events)
    assert storage.commit(subject, made)


def told(*, seconds, subject=ALICE, **fields):
    return event(subject, at=NOW + timedelta(seconds=seconds), **fields)


def events_in(deliveries):
    return [delivery.event for delivery in deliveries]


def drain(outbox, reader, *, limit=100):
    """Read and acknowledge until nothing is left; return what came."""
    found = []
    while batch := outbox.read(reader, limit=limit):
        assert len(found) < 1_000, "what was acknowledged comes again and again"
        found += batch
        outbox.acknowledge(reader, batch[-1].position)
    return found


def positions_in(storage):
    table = define_tables(sa.MetaData()).positions
    with storage._engine().connect() as connection:
        rows = connection.execute(sa.select(table.c.name, table.c.position)).all()
    return {row.name: row.position for row in rows}


def test_a_hundred_events_come_at_a_time(storage, outbox):
    """Unless another number is asked for."""
    tell(storage, *(told(seconds=number) for number in range(101)))
    assert len(outbox.read("audit")) == 100


def test_a_sql_storage_has_an_outbox(storage):
    """It satisfies both protocols; an empty one has no readers and no events."""
    assert isinstance(storage, OutboxStorage)
    assert isinstance(storage.outbox, Outbox)
    assert storage.outbox.readers() == {}
    assert storage.outbox.read("audit") == ()
    assert storage.outbox.readers() == {"audit": 0}


def test_events_come_as_they_were_committed(storage, outbox):
    """Every field, on every database."""
    full = told(
        seconds=1,
        subject=Subject("O'Hara ", tenant="b\u00f6b", scope="\U0001f600"),
        kind=EventKind.FAILED,
        set_id="1" * 32,
        ordinal=0,
        attempt="an attempt",
        reason=RefusalReason.INVALID,
        failures=7,
        retry_at=NOW,
        context={"actor": "\u00e9\ud800", "": "x" * 500},
    )
    bare = told(seconds=2)
    tell(storage, full, subject=full.subject)
    tell(storage, bare)
    assert events_in(outbox.read("audit")) == [full, bare]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_the_order_is_that_of_the_times(storage, outbox, limit):
    """Batch after batch, whoever committed first; positions rise."""
    made = [told(seconds=each) for each in (5, 1, 4, 2, 3)]
    tell(storage, *made[:2])
    tell(storage, *made[2:])
    found = drain(outbox, "audit", limit=limit)
    assert events_in(found) == sorted(made, key=lambda each: each.at)
    assert all(one.position < other.position for one, other in pairwise(found))


def test_what_is_not_acknowledged_comes_again(storage, outbox, database_url):
    """After a crash, from another handle, and together with what came since."""
    made = [told(seconds=each) for each in range(3)]
    tell(storage, *made[:2])
    first = outbox.read("audit")
    with SQLStorage(database_url) as other:
        assert other.outbox.read("audit") == first
        tell(other, made[2])
        assert events_in(other.outbox.read("audit")) == made
        other.outbox.acknowledge("audit", first[0].position)
    assert events_in(outbox.read("audit")) == made[1:]
    assert events_in(outbox.read("audit", limit=1)) == made[1:2]


def test_readers_know_nothing_of_each_other(storage, outbox):
    """One that comes later begins with the oldest event; names are compared exactly."""
    tell(storage, *(told(seconds=each) for each in range(3)))
    names = ["audit", "Audit", "audit ", "mail", "a" * 64]
    for name in names:
        assert len(drain(outbox, name)) == 3
        assert outbox.read(name) == ()
    tell(storage, last := told(seconds=9))
    assert {name: events_in(outbox.read(name)) for name in names} == {n: [last] for n in names}


def test_an_acknowledgement_never_goes_back(storage, outbox):
    """A late one of another process undoes nothing."""
    tell(storage, *(told(seconds=each) for each in range(3)))
    first, second, third = (each.position for each in outbox.read("audit"))
    for position in (second, first, 0, second):
        outbox.acknowledge("audit", position)
        assert outbox.readers() == {"audit": second}
    outbox.acknowledge("audit", third)
    assert outbox.readers() == {"audit": third}


def test_nothing_can_be_acknowledged_that_has_no_position_yet(storage, outbox):
    """It would be skipped when it comes."""
    tell(storage, told(seconds=1))
    (only,) = outbox.read("audit")
    for position in (only.position + 1, 2**63 - 1, 10**30, -1):
        with pytest.raises(InvalidArgument, match="position"):
            outbox.acknowledge("audit", position)
    assert outbox.readers() == {"audit": 0}
    outbox.acknowledge("audit", only.position)


def test_only_a_reader_can_acknowledge(storage, outbox):
    """A name that is not known, or not known any more, is a mistake that is told."""
    tell(storage, told(seconds=1))
    (only,) = outbox.read("audit")
    with pytest.raises(InvalidArgument, match="no such reader"):
        outbox.acknowledge("adit", only.position)
    assert outbox.forget("audit") is True
    with pytest.raises(InvalidArgument, match="no such reader"):
        outbox.acknowledge("audit", only.position)
    assert outbox.readers() == {}


def test_a_reader_that_was_forgotten_begins_anew(storage, outbox):
    """With the oldest event that there is; forgetting twice is fine."""
    tell(storage, only := told(seconds=1))
    assert events_in(drain(outbox, "audit")) == [only]
    drain(outbox, "mail")
    assert outbox.forget("audit") is True
    assert outbox.forget("audit") is False
    assert events_in(outbox.read("audit")) == [only]
    assert outbox.read("mail") == ()


def test_an_erasure_takes_unread_events(storage, outbox):
    """Nothing that names the subject outlives it; what others did is still to come."""
    tell(storage, told(seconds=1), told(seconds=3))
    tell(storage, bobs := told(seconds=2, subject=BOB), subject=BOB)
    assert len(outbox.read("audit")) == 3
    tell(storage, told(seconds=4))
    assert storage.commit(ALICE, erasure(storage.load(ALICE).revision, events=()))
    assert events_in(outbox.read("audit")) == [bobs]


@pytest.mark.parametrize(
    "damage",
    ["kind = 'teleported'", "details = '{'", "at = 'noon'", "at = 5", "subject = x'ff'"],
)
def test_a_damaged_row_is_told_and_is_in_nobodys_way(tmp_path, damage):
    """It has a position, so it can be acknowledged; what is behind it comes with it."""
    with SQLStorage(f"sqlite:///{tmp_path / 'codes.db'}") as storage:
        storage.create_tables()
        tell(storage, *(made := [told(seconds=each) for each in (1, 2, 3)]))
        with storage._engine().begin() as connection:
            damaging = sa.text(f"UPDATE recoverykit_events SET {damage} WHERE id = :id")  # noqa: S608
            connection.execute(damaging, {"id": made[0].id})
        found = events_in(drain(storage.outbox, "audit"))
    (damaged,) = [each for each in found if isinstance(each, CorruptRecord)]
    assert str(damaged) == "a stored event cannot be read"
    assert (damaged.__context__, damaged.__traceback__) == (None, None)
    assert [each for each in found if each is not damaged] == made[1:]


@pytest.mark.parametrize("value", [None, 7, 1.5])
def test_what_is_no_text_is_none(value):
    """Whatever a driver may return for a damaged column."""
    with pytest.raises(TypeError):
        text_in(value)


def test_damage_on_a_server_is_told_as_well(server_database_url):
    """Bytes that are no text on MariaDB; elsewhere what no subject can be."""
    with SQLStorage(server_database_url) as storage:
        storage.create_tables()
        tell(storage, *(made := [told(seconds=each) for each in (1, 2)]))
        damage = "" if "postgresql" in server_database_url else b"\xff"
        damaging = sa.text("UPDATE recoverykit_events SET subject = :damage WHERE id = :id")
        with storage._engine().begin() as connection:
            connection.execute(damaging, {"damage": damage, "id": made[0].id})
        damaged, whole = events_in(storage.outbox.read("audit"))
        assert isinstance(damaged, CorruptRecord)
        assert whole == made[1]


@on_every_flavour
def test_an_event_that_is_committed_late_is_not_skipped(request, url, engine):  # noqa: F811
    """A transaction that wrote first commits after a later event was read and acknowledged.

    SQLite has one writer at a time: there it cannot be read past an open one.
    """
    storage = SQLStorage(engine)
    storage.create_tables()
    late, early = told(seconds=1), told(seconds=2, subject=BOB)
    seen = []

    def meanwhile(_):
        if engine.name == "sqlite":
            return
        with SQLStorage(url) as other:
            tell(other, early, subject=BOB)
        seen.extend(drain(storage.outbox, "audit"))

    assert storage.commit_within(ALICE, change(events=[late]), meanwhile)
    if engine.name == "sqlite":
        tell(storage, early, subject=BOB)
        assert events_in(drain(storage.outbox, "audit")) == [late, early]
        return
    assert events_in(seen) == [early]
    (last,) = drain(storage.outbox, "audit")
    assert last.event == late
    assert last.position > seen[0].position


@on_every_flavour
def test_the_hosts_connections_stay_as_they_were(engine):  # noqa: F811
    """Nothing is left open, and the outbox works at every isolation level."""
    storage = SQLStorage(engine)
    storage.create_tables()
    for seconds in range(3):
        tell(storage, told(seconds=seconds))
        assert len(drain(storage.outbox, "audit")) == 1
    assert storage.outbox.forget("audit")
    assert engine.pool.checkedout() == 0


def test_readers_and_writers_at_once_lose_nothing(storage, database_url):
    """Four writers and two readers of each of two names, who race for the positions."""
    subjects = [Subject(f"user {number}") for number in range(4)]
    rounds = 8
    made = {
        subject: [told(seconds=n, subject=subject) for n in range(rounds)] for subject in subjects
    }
    total = rounds * len(subjects)
    storage.outbox.read("audit")
    storage.outbox.read("mail")

    def write(subject):
        for each in made[subject]:
            tell(storage, each, subject=subject)

    def read(name):
        found, seen = {}, set()
        with SQLStorage(database_url) as other:
            for _ in range(2_000):
                batch = other.outbox.read(name, limit=5)
                assert all(one.position < two.position for one, two in pairwise(batch))
                found |= {each.position: each.event for each in batch}
                if batch:
                    seen |= {max(found)}
                    other.outbox.acknowledge(name, batch[-1].position)
                elif all(writer.done() for writer in writers) and not other.outbox.read(name):
                    return found
        pytest.fail("the readers do not come to an end")

    with ThreadPoolExecutor(8) as threads:
        writers = [threads.submit(write, subject) for subject in subjects]
        readers = [threads.submit(read, name) for name in ("audit", "mail") * 2]
        for each in writers:
            each.result(120)
        audit, mail, audit_too, mail_too = (each.result(120) for each in readers)
    expected = {each.id for events in made.values() for each in events}
    for both in (audit | audit_too, mail | mail_too):
        assert {each.id for each in both.values()} == expected
        assert len(both) == total
    assert audit | audit_too == mail | mail_too
    assert positions_in(storage)[""] >= total


def test_the_first_readers_may_all_come_at_once(storage, database_url):
    """Before there is a counter: one makes it, and all of them get everything."""
    made = [told(seconds=each) for each in range(3)]
    tell(storage, *made)

    def read(number):
        with SQLStorage(database_url) as other:
            return events_in(other.outbox.read(f"reader {number % 3}"))

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(read, range(6))) == [made] * 6
    assert storage.outbox.readers() == {f"reader {number}": 0 for number in range(3)}


def overtaken(storage, rival, times):
    """Let a rival read to the end whenever the storage has looked for what has no position."""
    left = [times]

    @sa.event.listens_for(storage._engine(), "after_cursor_execute")
    def overtake(connection, cursor, statement, *_):
        if "IS NULL" in statement and left[0]:
            left[0] -= 1
            rival()


@pytest.mark.parametrize("times", [1, 31])
def test_who_is_overtaken_goes_round_again(storage, database_url, times):
    """The positions that another reader gave stand, and what is left gets later ones."""
    made = iter([told(seconds=each, subject=BOB) for each in range(100)])
    with SQLStorage(database_url) as other:

        def rival():
            tell(other, next(made), subject=BOB)
            drain(other.outbox, "rival")

        overtaken(storage, rival, times)
        tell(storage, mine := told(seconds=-1))
        found = storage.outbox.read("audit")
        assert len(found) == times + 1
        assert len(drain(other.outbox, "rival")) == 0
        assert mine in events_in(found)
        assert storage.outbox.read("audit") == found


def test_who_is_always_overtaken_gives_up(storage, database_url):
    """After as many tries as any commit; nothing was changed, and the next call may win."""
    made = iter([told(seconds=each, subject=BOB) for each in range(100)])
    with SQLStorage(database_url) as other:

        def rival():
            tell(other, next(made), subject=BOB)
            drain(other.outbox, "rival")

        overtaken(storage, rival, 32)
        with pytest.raises(ConcurrentUpdate):
            storage.outbox.read("audit")
        assert storage.outbox.readers() == {"rival": 32}
        assert len(storage.outbox.read("audit")) == 32


@pytest.mark.parametrize("name", ["", "x" * 65, "\u00e9", "a\n", "\x7f", None, 7, b"audit"])
def test_a_name_that_cannot_be_used_is_refused(outbox, name):
    """The counter's among them, which is empty."""
    for act in (
        lambda: outbox.read(name),
        lambda: outbox.acknowledge(name, 1),
        lambda: outbox.forget(name),
    ):
        with pytest.raises(InvalidArgument, match="name"):
            act()


@pytest.mark.parametrize("limit", [0, -1, 10_001, 1.5, None, "1", True])
def test_a_batch_out_of_bounds_is_refused(outbox, limit):
    """1 to 10,000, and a whole number."""
    with pytest.raises(InvalidArgument, match="limit"):
        outbox.read("audit", limit=limit)
    assert outbox.readers() == {}


def test_the_bounds_themselves_are_fine(storage, outbox):
    """Many at once, or one."""
    tell(storage, *(told(seconds=each) for each in range(3)))
    assert len(outbox.read("~ ", limit=1)) == 1
    assert len(outbox.read("x" * 64, limit=10_000)) == 3


@pytest.mark.parametrize("position", [None, "1", 1.0, True])
def test_a_position_is_a_whole_number(outbox, position):
    """What is none is refused before anything is asked."""
    with pytest.raises(InvalidArgument, match="position"):
        outbox.acknowledge("audit", position)


@pytest.mark.parametrize(
    "act",
    [
        lambda outbox: outbox.read("audit"),
        lambda outbox: outbox.acknowledge("audit", 1),
        lambda outbox: outbox.forget("audit"),
        lambda outbox: outbox.readers(),
    ],
    ids=["read", "acknowledge", "forget", "readers"],
)
def test_without_tables_everything_is_a_storage_error(database_url, act):
    """It says what to do about it."""
    with SQLStorage(database_url) as storage, pytest.raises(StorageError, match="create_tables"):
        act(storage.outbox)


def test_a_commit_whose_answer_is_lost_is_repeated_once(storage):
    """Repeating is right whatever became of it; then it is told that nobody knows."""
    tell(storage, only := told(seconds=1))
    losses = [2]
    # SQLite has committed by then, by a statement: that is seen when the step is repeated.
    is_lost = storage._engine().name != "sqlite"

    @sa.event.listens_for(storage._engine(), "commit")
    def lose(_):
        if losses[0]:
            losses[0] -= 1
            raise OSError

    with pytest.raises(OutcomeUnknown) if is_lost else nullcontext():
        storage.outbox.read("audit")
    losses[0] = 1
    assert events_in(storage.outbox.read("audit")) == [only]
    losses[0] = 1
    assert storage.outbox.forget("audit") in {True, False}
    assert storage.outbox.readers() == {}


def test_an_act_that_loses_every_try_is_a_concurrent_update(storage):
    """White-box: a deadlock's victim, again and again."""
    storage.outbox.read("audit")

    @sa.event.listens_for(storage._engine(), "before_cursor_execute")
    def refuse(connection, cursor, statement, *_):
        if statement.startswith("DELETE"):
            raise sa.exc.OperationalError(statement, {}, OSError(1213, "deadlock"))

    with pytest.raises(ConcurrentUpdate):
        storage.outbox.forget("audit")
    assert storage.outbox.readers() == {"audit": 0}


def test_a_rollback_that_fails_is_a_storage_error(storage):
    """The connection is not used any further."""
    failures = [1]

    @sa.event.listens_for(storage._engine(), "rollback")
    def fail(_):
        if failures[0]:
            failures[0] -= 1
            raise OSError

    with pytest.raises(StorageError, match=r"^the database failed: OSError$"):
        storage.outbox.readers()
    assert storage.outbox.readers() == {}


@pytest.mark.parametrize(
    ("verdicts", "error"),
    [
        ([Outcome.SEVERED, "done"], None),
        ([Outcome.UNKNOWN, "done"], None),
        ([Outcome.SEVERED, Outcome.SEVERED], StorageError),
        ([Outcome.UNKNOWN, Outcome.UNKNOWN], OutcomeUnknown),
        ([Outcome.FAILED], StorageError),
        ([Outcome.LOST], ConcurrentUpdate),
    ],
)
def test_a_step_is_repeated_where_that_can_help(tmp_path, verdicts, error):
    """On another connection, once; white-box, for each way in which it can end."""
    left = [each if each == "done" else Verdict(outcome=each, report="x") for each in verdicts]
    with SQLStorage(f"sqlite:///{tmp_path / 'codes.db'}") as storage:
        if error is None:
            assert storage._run(lambda _: left.pop(0)) == "done"
        else:
            with pytest.raises(error) as caught:
                storage._run(lambda _: left.pop(0))
            assert type(caught.value) is error
    assert left == []


@pytest.mark.parametrize("count", [1, 2])
def test_positions_are_given_in_batches(storage, outbox, count):
    """A read numbers no more than it may return, so that nobody waits long for it."""
    tell(storage, *(told(seconds=each) for each in range(5)))
    assert len(outbox.read("audit", limit=count)) == count
    table = define_tables(sa.MetaData()).events
    numbered = sa.select(sa.func.count()).where(table.c.position.is_not(None))
    with storage._engine().connect() as connection:
        assert connection.scalar(numbered) == count


def test_a_delivery_can_be_compared_and_is_frozen(storage, outbox):
    """Plain data, like everything that a storage returns."""
    tell(storage, told(seconds=1))
    (delivery,) = outbox.read("audit")
    assert replace(delivery, position=delivery.position) == delivery
    with pytest.raises(AttributeError):
        delivery.position = 7
