"""Transactions that wait for each other: the victim of a deadlock is never taken for a winner.

SQLite has one writer at a time, hence no deadlock.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from recoverykit.errors import StorageError
from recoverykit.storage.sql import SQLStorage
from tests.storage.changes import ALICE, change, erasure

ROWS = sa.Table(
    "host_rows",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("note", sa.String(40)),
)


@pytest.fixture(params=["REPEATABLE READ", "AUTOCOMMIT"])
def engine(request, server_database_url):
    """A host's engine, with the host's table made."""
    engine = sa.create_engine(server_database_url, isolation_level=request.param)
    ROWS.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def storage(engine):
    storage = SQLStorage(engine)
    storage.create_tables()
    return storage


@pytest.fixture
def first(storage):
    first = change()
    assert storage.commit(ALICE, first)
    return first


@pytest.mark.parametrize("is_swallowed", [True, False])
def test_a_deadlock_of_the_function_wins_nothing(storage, engine, first, is_swallowed):
    """It passes through unchanged; swallowed, it is a lost or a failed commit, never a won one."""
    rows = [
        "UPDATE host_rows SET note = 'x' WHERE id = 1",
        "UPDATE host_rows SET note = 'x' WHERE id = 2",
    ]
    with engine.begin() as connection:
        connection.execute(sa.insert(ROWS), [{"id": 1}, {"id": 2}])

    def within(connection):
        connection.exec_driver_sql(rows[0])
        rival.go_for(rows[0])
        try:
            connection.exec_driver_sql(rows[1])
        except sa.exc.DBAPIError:
            if not is_swallowed:
                raise
        else:
            pytest.fail("the rival was the victim")

    with Rival(engine, holds=rows[1]) as rival:
        try:
            outcome = storage.commit_within(ALICE, change(first.revision), within)
        except (sa.exc.DBAPIError, StorageError) as error:
            outcome = error
    if not is_swallowed:
        assert isinstance(outcome, sa.exc.OperationalError)
    elif engine.name == "postgresql":
        assert isinstance(outcome, StorageError)
    else:
        assert outcome is False
    assert storage.commit(ALICE, change(first.revision))


def test_a_deadlock_of_our_own_statement_is_a_lost_commit(storage, engine, first):
    """An erasure that waits for the events, whose holder waits for the record."""

    def close_the_circle(connection, cursor, statement, *_):
        if "DELETE FROM recoverykit_events" in statement:  # so we hold the record
            rival.go_for("UPDATE recoverykit_records SET state = 'x'")

    with Rival(engine, holds="UPDATE recoverykit_events SET kind = 'x'") as rival:
        sa.event.listen(engine, "before_cursor_execute", close_the_circle)
        try:
            assert storage.commit(ALICE, erasure(first.revision)) is False
        finally:
            sa.event.remove(engine, "before_cursor_execute", close_the_circle)
    assert storage.commit(ALICE, change(first.revision))


class Rival:
    """Another transaction: it holds a lock, then waits for a second, and is not the victim."""

    def __init__(self, engine, *, holds):
        self.holds = holds
        self.connection = engine.connect().execution_options(isolation_level="READ COMMITTED")
        self.threads = ThreadPoolExecutor(1)

    def __enter__(self):
        # MySQL gives up the transaction that has written less, PostgreSQL the one that looks
        # first for a circle.
        if self.connection.engine.name == "postgresql":
            self.connection.exec_driver_sql("SET LOCAL deadlock_timeout = '20s'")
        rows = [{"id": number, "note": "rival"} for number in range(1000, 1200)]
        self.connection.execute(sa.insert(ROWS), rows)
        self.connection.exec_driver_sql(self.holds)
        return self

    def go_for(self, statement):
        self.waiting = self.threads.submit(self.connection.exec_driver_sql, statement)

    def __exit__(self, *_):
        self.threads.shutdown()
        assert self.waiting.exception(30) is None
        self.connection.close()
