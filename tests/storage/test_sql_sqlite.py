"""SQLite's own ways to refuse: locks that are waited for in vain, constraints checked late."""

import os
import sqlite3
import subprocess
import sys

import pytest
import sqlalchemy as sa

from recoverykit.errors import OutcomeUnknown, StorageError
from recoverykit.storage import HostRefused
from recoverykit.storage.sql import SQLStorage, define_tables
from tests.storage.changes import ALICE, change

TABLES = define_tables(sa.MetaData())

WRITER = """
import sys
from recoverykit.storage.sql import SQLStorage
from tests.storage.changes import ALICE, change

print("ready", flush=True)
sys.stdin.readline()
with SQLStorage(sys.argv[1]) as storage:
    left = 50
    while left:
        left -= storage.commit(ALICE, change(storage.load(ALICE).revision))
"""


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'recoverykit.db'}"


@pytest.fixture
def storage(url):
    with SQLStorage(url) as storage:
        storage.create_tables()
        yield storage


@pytest.fixture
def first(storage):
    first = change()
    assert storage.commit(ALICE, first)
    return first


def test_two_processes_write_in_turn(storage, first, url, monkeypatch, pytestconfig):
    """Neither loses an update, and neither fails because the other one writes."""
    monkeypatch.setenv("PYTHONPATH", str(pytestconfig.rootpath), prepend=os.pathsep)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    answers = [(*writer.communicate("go\n", timeout=60), writer.returncode) for writer in writers]
    assert answers == [("", "", 0)] * 2
    with storage._engine().connect() as connection:
        statement = "SELECT count(*) FROM recoverykit_events"
        assert connection.exec_driver_sql(statement).scalar() == 101


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_lock_that_is_waited_for_in_vain_is_a_failure(storage, first, url, is_ours):
    """Nothing was changed, and the next try works."""
    engine = sa.create_engine(url, connect_args={"timeout": 0.05})
    with SQLStorage(url + "?timeout=0.05" if is_ours else engine) as hasty:

        def within(_):
            with pytest.raises(StorageError, match="SQLITE_BUSY") as caught:
                hasty.commit(ALICE, change(first.revision))
            assert not isinstance(caught.value, OutcomeUnknown)
            assert hasty.load(ALICE).revision == first.revision

        second = change(first.revision)
        assert storage.commit_within(ALICE, second, within) is True
        assert hasty.commit(ALICE, change(second.revision)) is True
    engine.dispose()


@pytest.fixture(params=["as it comes", "BEGIN"])
def hosts_engine(request, url):
    """A host's engine with constraints, whose database keeps no write-ahead log."""
    engine = sa.create_engine(url, connect_args={"timeout": 0.05})

    @sa.event.listens_for(engine, "connect")
    def connect(driver, _):
        driver.execute("PRAGMA foreign_keys = ON")
        if request.param == "BEGIN":
            driver.isolation_level = None

    if request.param == "BEGIN":
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    yield engine
    assert engine.pool.checkedout() == 0
    engine.dispose()


def test_a_reader_that_blocks_the_commit_makes_it_fail(hosts_engine, url):
    """Without a write-ahead log COMMIT waits for readers, and may give up: nothing was changed."""
    storage = SQLStorage(hosts_engine)
    storage.create_tables()
    first = change()
    assert storage.commit(ALICE, first)
    reader = sqlite3.connect(sa.make_url(url).database)
    rows = reader.execute("SELECT name FROM sqlite_master")
    rows.fetchone()
    with pytest.raises(StorageError, match="SQLITE_BUSY") as caught:
        storage.commit(ALICE, change(first.revision))
    assert not isinstance(caught.value, OutcomeUnknown)
    rows.close()
    reader.close()
    assert storage.load(ALICE).revision == first.revision
    assert storage.commit(ALICE, change(first.revision)) is True


@pytest.fixture
def constrained(hosts_engine):
    """A storage beside a table of the host's that 7 must not be in, as COMMIT finds out."""
    storage = SQLStorage(hosts_engine)
    storage.create_tables()
    with hosts_engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE u (id int PRIMARY KEY)")
        connection.exec_driver_sql(
            "CREATE TABLE s (u int REFERENCES u (id) DEFERRABLE INITIALLY DEFERRED)"
        )
    return storage


LATE_FAULT = "INSERT INTO s VALUES (7)"  # which COMMIT refuses


def on_insert(engine, table, deed):
    """Let a trigger of the host's, on a table of ours, do something."""
    trigger = sa.DDL(
        "CREATE TRIGGER t AFTER INSERT ON %(table)s BEGIN %(deed)s; END", context={"deed": deed}
    )
    with engine.begin() as connection:
        connection.execute(trigger.against(table))


def test_a_deferred_constraint_of_the_hosts_is_the_hosts_error(constrained):
    """It is checked at COMMIT only, and handed over for the host; the change goes with it."""

    def within(connection):
        connection.exec_driver_sql(LATE_FAULT)

    with pytest.raises(HostRefused) as caught:
        constrained.commit_within(ALICE, change(), within)
    assert isinstance(caught.value.error, sa.exc.IntegrityError)
    assert "FOREIGN KEY" in str(caught.value.error)
    assert constrained.load(ALICE) is None
    assert constrained.commit(ALICE, change()) is True


def test_a_constraint_at_commit_where_the_host_wrote_nothing_is_a_failed_commit(
    constrained, hosts_engine
):
    """There is no function of the host's whose error it could be; nothing was changed."""
    on_insert(hosts_engine, TABLES.records, LATE_FAULT)
    with pytest.raises(StorageError, match="SQLITE_CONSTRAINT_FOREIGNKEY") as caught:
        constrained.commit(ALICE, change())
    assert not isinstance(caught.value, OutcomeUnknown)
    assert constrained.load(ALICE) is None


def test_a_constraint_at_commit_is_a_failure_of_the_outbox(constrained, hosts_engine):
    """A trigger on its positions may cause one; the reader is not begun."""
    on_insert(hosts_engine, TABLES.positions, LATE_FAULT)
    with pytest.raises(StorageError, match="SQLITE_CONSTRAINT_FOREIGNKEY") as caught:
        constrained.outbox.read("mails", limit=1)
    assert not isinstance(caught.value, OutcomeUnknown)
    assert constrained.outbox.readers() == {}


def test_a_refusal_of_the_hosts_is_no_lost_race_of_the_outbox(hosts_engine):
    """Another try would end the same; nobody else was first."""
    storage = SQLStorage(hosts_engine)
    storage.create_tables()
    on_insert(hosts_engine, TABLES.positions, "SELECT RAISE(ABORT, 'no')")
    with pytest.raises(StorageError, match="SQLITE_CONSTRAINT_TRIGGER"):
        storage.outbox.read("mails", limit=1)


def test_a_snapshot_that_another_writer_made_old_is_a_lost_commit(storage, first, url):
    """A host that reads before each transaction lets us write on what is no longer there."""
    engine = sa.create_engine(url)
    overtaking = []

    @sa.event.listens_for(engine, "connect")
    def connect(driver, _):
        driver.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def begin(connection):
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("SELECT count(*) FROM recoverykit_records").scalar()
        for overtake in overtaking:
            assert storage.commit(ALICE, overtake) is True
        overtaking.clear()

    late = SQLStorage(engine)
    assert late.load(ALICE).revision == first.revision
    overtaking.append(change(first.revision))
    assert late.commit(ALICE, change(first.revision)) is False
    assert late.commit(ALICE, change(late.load(ALICE).revision)) is True
    engine.dispose()


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("statement", ["UPDATE", "INSERT", "COMMIT", "SELECT"])
def test_an_interrupted_call_leaves_no_lock(storage, first, url, raised, statement):
    """The interruption passes through; another writer has its turn at once."""
    engine = sa.create_engine(url)
    interrupted = SQLStorage(engine)

    @sa.event.listens_for(engine, "before_cursor_execute")
    def interrupt(connection, cursor, text, *_):
        if text.startswith(statement):
            raise raised

    with pytest.raises(raised):
        interrupted.commit(ALICE, change(interrupted.load(ALICE).revision))
    assert engine.pool.checkedout() == 0
    with SQLStorage(url + "?timeout=0") as other:
        assert other.commit(ALICE, change(first.revision)) is True
    engine.dispose()
