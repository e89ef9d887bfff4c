"""The tables: what a host sees in its database, and how they come to be."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from recoverykit.errors import InvalidArgument, StorageError
from recoverykit.storage import SetState, Summary
from recoverykit.storage.sql import SQLStorage, define_tables
from tests.storage.changes import ALICE, NOW, SUMMARY, change, event

CREATE = """
import os, sys, traceback
from recoverykit.storage.sql import SQLStorage

storage = SQLStorage(sys.argv[1])
wait, go = os.pipe()
children = []
for _ in range(8):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(go)
            os.read(wait, 1)  # ends for all of them when the parent closes
            storage.create_tables()
            storage.close()
            code = 0
        except BaseException:
            traceback.print_exc()
        os._exit(code)
    children.append(child)
os.close(go)
sys.exit(any([os.waitpid(child, 0)[1] for child in children]))
"""
PLAIN = ("state", "remaining", "issued_at", "last_used_at", "expires_at", "retry_at")


@pytest.fixture
def engine(database_url):
    engine = sa.create_engine(database_url)
    yield engine
    engine.dispose()


def read(engine, table):
    with engine.connect() as connection:
        return connection.execute(sa.select(table)).one()


def test_the_plain_columns_say_what_the_summary_says(engine):
    """Times are in UTC, aware and to the microsecond; the subject is text."""
    storage = SQLStorage(engine)
    storage.create_tables()
    tables = define_tables(sa.MetaData())
    first = change()
    assert storage.commit(ALICE, first)
    row = read(engine, tables.records)
    assert [getattr(row, name) for name in PLAIN] == [
        "active",
        *(getattr(SUMMARY, name) for name in PLAIN[1:]),
    ]
    assert row.issued_at.utcoffset() == timedelta(0)
    assert (row.tenant, row.subject, row.scope) == ("", "alice", "")
    assert (row.revision, row.document.reveal()) == (first.revision, first.document)
    assert first.document not in repr(row)


def test_a_commit_replaces_every_plain_column(engine):
    """Nothing of the former summary is left; a time of another zone is the same instant."""
    storage = SQLStorage(engine)
    storage.create_tables()
    tables = define_tables(sa.MetaData())
    first = change()
    assert storage.commit(ALICE, first)
    elsewhere = datetime(2027, 1, 1, 5, tzinfo=timezone(timedelta(hours=13, minutes=45)))
    later = Summary(
        state=SetState.DISABLED,
        remaining=0,
        issued_at=None,
        last_used_at=None,
        expires_at=elsewhere,
        retry_at=None,
        key_ids=(),
        seal_key_id=None,
    )
    assert storage.commit(ALICE, change(first.revision, summary=later))
    row = read(engine, tables.records)
    assert [getattr(row, name) for name in PLAIN] == ["disabled", 0, None, None, elsewhere, None]
    assert row.expires_at.tzinfo is UTC
    assert row.key_ids == "  "


def test_rows_that_need_a_key_can_be_counted(engine):
    """As the documentation of the tables says."""
    storage = SQLStorage(engine)
    storage.create_tables()
    assert storage.commit(ALICE, change())
    with engine.connect() as connection:
        counts = [
            connection.scalar(
                sa.text("SELECT count(*) FROM recoverykit_records WHERE key_ids LIKE :like"),
                {"like": f"% {key} %"},
            )
            for key in ("2025-01", "2026_11", "2025", "01", "2026")
        ]
    assert counts == [1, 1, 0, 0, 0]


def test_an_event_has_its_columns_and_its_details(engine):
    """Kind and time are plain, the rest is one JSON text."""
    storage = SQLStorage(engine)
    storage.create_tables()
    tables = define_tables(sa.MetaData())
    told = event(ordinal=3, context={"actor": "ops 😀" * 20})
    assert storage.commit(ALICE, change(events=[told]))
    row = read(engine, tables.events)
    assert (row.id, row.at, row.kind) == (told.id, NOW, "redeemed")
    assert (row.tenant, row.subject, row.scope) == ("", "alice", "")
    assert row.details == told.details()
    assert row.position is None


def test_a_host_makes_the_tables_by_its_own_metadata(engine):
    """A naming convention of the host's does not touch our names."""
    metadata = sa.MetaData(naming_convention={"pk": "pk_%(table_name)s", "ix": "ix_%(table_name)s"})
    tables = define_tables(metadata, prefix="mfa_")
    assert set(metadata.tables) == {"mfa_records", "mfa_events", "mfa_positions"}
    assert {index.name for index in tables.events.indexes} == {
        "mfa_events_by_subject",
        "mfa_events_by_time",
        "mfa_events_by_position",
    }
    assert tables.records.primary_key.name == "mfa_records_pkey"
    metadata.create_all(engine)
    storage = SQLStorage(engine, prefix="mfa_")
    storage.create_tables()
    assert storage.commit(ALICE, change()) is True


def test_a_constraint_of_the_hosts_on_our_table_is_a_failure(engine):
    """Not a lost commit: to try again would not help."""
    metadata = sa.MetaData()
    tables = define_tables(metadata)
    few = sa.CheckConstraint("remaining < 8", name="few")
    tables.records.append_constraint(few)
    metadata.create_all(engine)
    storage = SQLStorage(engine)
    many = replace(SUMMARY, remaining=8)
    with pytest.raises(StorageError, match=r"^the commit failed and changed nothing: "):
        storage.commit(ALICE, change(summary=many))
    first = change()
    assert storage.commit(ALICE, first) is True
    with pytest.raises(StorageError):
        storage.commit(ALICE, change(first.revision, summary=many))


def test_two_prefixes_live_in_one_database(engine):
    """Neither tables nor indexes collide, and no record is seen by the other."""
    storages = [SQLStorage(engine, prefix=prefix) for prefix in ("a_", "b_", "a_events_by_", "")]
    for storage in storages:
        storage.create_tables()
    for storage in storages:
        assert storage.commit(ALICE, change()) is True
    assert len({storage.load(ALICE).revision for storage in storages}) == len(storages)


def test_the_longest_prefix_fits(engine):
    """Into the names of every database."""
    longest = [SQLStorage(engine, prefix="x" * 39 + end) for end in "yz"]
    for storage in longest:
        storage.create_tables()
        storage.create_tables()
        assert storage.commit(ALICE, change()) is True


@pytest.mark.parametrize("prefix", ["x" * 41, "a-", "a.", "ü", 'a"', " "])
def test_a_prefix_that_cannot_be_used_is_refused(prefix):
    """Before anything is asked of a database."""
    with pytest.raises(InvalidArgument, match=r"^prefix "):
        define_tables(sa.MetaData(), prefix=prefix)


def test_a_schema_can_be_named(server_database_url):
    """On PostgreSQL a schema, on MariaDB another database."""
    engine = sa.create_engine(server_database_url)
    schema = f"{engine.url.database}_mfa"
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(schema))
    storage, default = SQLStorage(engine, schema=schema), SQLStorage(engine)
    try:
        for each in (storage, default):
            each.create_tables()
            first = change()
            assert each.commit(ALICE, first) is True
            assert each.commit(ALICE, change(first.revision)) is True
        assert set(sa.inspect(engine).get_table_names(schema)) == {
            "recoverykit_records",
            "recoverykit_events",
            "recoverykit_positions",
        }
    finally:
        with engine.begin() as connection:
            storage._metadata.drop_all(connection)
            connection.execute(sa.schema.DropSchema(schema))
        engine.dispose()


def test_a_schema_that_is_not_there_is_a_storage_error(server_database_url):
    """Tables are ours to make, schemas are not."""
    with SQLStorage(server_database_url, schema="no_such_schema") as storage:
        with pytest.raises(StorageError, match=r"^the tables could not be made: \w+ \(") as caught:
            storage.create_tables()
        assert caught.value.__context__ is None


def test_without_tables_everything_is_a_storage_error(engine):
    """For loads and for commits; it says what to do about it."""
    storage = SQLStorage(engine)
    with pytest.raises(StorageError, match=r"^the load failed: \w+ \(.*create_tables"):
        storage.load(ALICE)
    with pytest.raises(StorageError, match=r"^the commit failed and .*: \w+ \(.*create_tables"):
        storage.commit(ALICE, change())


def test_threads_may_make_the_tables_at_once(database_url):
    """With one storage among them."""
    with SQLStorage(database_url) as storage, ThreadPoolExecutor(8) as threads:
        for made in [threads.submit(storage.create_tables) for _ in range(8)]:
            made.result(60)
        assert storage.load(ALICE) is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
def test_processes_may_make_the_tables_at_once(database_url):
    """Eight of them, each with an engine of its own; the indexes are there as well."""
    done = subprocess.run(
        [sys.executable, "-c", CREATE, database_url],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stderr, done.returncode) == ("", 0)
    with SQLStorage(database_url) as storage:
        assert storage.commit(ALICE, change()) is True
        indexes = sa.inspect(storage._engine()).get_indexes("recoverykit_events")
    assert {index["name"] for index in indexes} == {
        "recoverykit_events_by_subject",
        "recoverykit_events_by_time",
        "recoverykit_events_by_position",
    }
