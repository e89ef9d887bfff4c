"""The engine of a SQL storage: given by the host, or made from a URL."""

import contextlib
import os
import sqlite3
import subprocess
import sys

import pytest
import sqlalchemy as sa

from recoverykit.errors import InvalidArgument, MissingExtra, StorageError
from recoverykit.storage.sql import SQLStorage
from tests.storage.changes import ALICE, change

CANARY = "canary-90b1"


def run(program, *arguments):
    """Run a program; return what it wrote to its standard error and its exit code."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stderr, done.returncode


def settings(storage, *statements):
    with storage._engine().connect() as connection:
        return [connection.exec_driver_sql(statement).scalar() for statement in statements]


def test_sqlite_is_set_up_safely(tmp_path):
    """A write-ahead log, every commit synced, and writers that wait for each other."""
    with SQLStorage(f"sqlite:///{tmp_path / 'a.db'}") as storage:
        asked = settings(
            storage, "PRAGMA journal_mode", "PRAGMA synchronous", "PRAGMA busy_timeout"
        )
        assert asked == ["wal", 2, 10_000]
        assert storage._engine().hide_parameters is True


def test_a_file_that_may_only_be_read_is_read(tmp_path):
    """Whatever journal it has: it cannot be turned around, and need not be."""
    path = tmp_path / "recoverykit.db"
    host = sa.create_engine(f"sqlite:///{path}")
    SQLStorage(host).create_tables()
    SQLStorage(host).commit(ALICE, change())
    host.dispose()
    with SQLStorage(f"sqlite:///file:{path}?mode=ro&uri=true") as storage:
        assert storage.load(ALICE) is not None
        with pytest.raises(StorageError):
            storage.commit(ALICE, change(storage.load(ALICE).revision))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_fifteen_connections_are_kept_and_the_last_one_is_used_first(tmp_path):
    """As many as callers at a time are worth, and no more."""
    with SQLStorage(f"sqlite:///{tmp_path / 'recoverykit.db'}") as storage:
        pool = storage._engine().pool
        assert (pool.size(), pool._max_overflow, pool._pool.use_lifo) == (15, 0, True)


def test_a_timeout_in_the_url_is_kept(tmp_path):
    """The host's word on how long SQLite waits goes before ours."""
    with SQLStorage(f"sqlite:///{tmp_path / 'a.db'}?timeout=3") as storage:
        assert settings(storage, "PRAGMA busy_timeout") == [3000]


@pytest.mark.server
def test_postgresql_is_set_up_safely(postgresql_server):
    """A level at which a load neither waits nor is refused."""
    with postgresql_server.database() as url, SQLStorage(url) as storage:
        assert settings(storage, "SHOW transaction_isolation") == ["read committed"]
        assert storage._engine().hide_parameters is True


@pytest.mark.server
def test_mariadb_is_set_up_safely(mariadb_server):
    """A level at which a load neither waits nor sees too much, and causal reads on a cluster."""
    with mariadb_server.database() as url, SQLStorage(url) as storage:
        asked = settings(
            storage, "SELECT @@tx_isolation", "SELECT @@wsrep_sync_wait", "SELECT @@autocommit"
        )
        assert asked == ["REPEATABLE-READ", 1, 0]
        assert storage._engine().hide_parameters is True


@pytest.mark.server
@pytest.mark.parametrize(
    ("name", "driver"), [("mysql", "pymysql"), ("mariadb", "pymysql"), ("mysql+pymysql", "pymysql")]
)
def test_a_url_of_mariadb_needs_no_driver(mariadb_server, name, driver):
    """The one that our extra installs is taken."""
    with mariadb_server.database() as url:
        plain = sa.make_url(url).set(drivername=name)
        with SQLStorage(plain) as storage:
            storage.create_tables()
            assert storage.commit(ALICE, change())
            assert storage._engine().driver == driver


@pytest.mark.server
def test_a_url_of_postgresql_needs_no_driver(postgresql_server):
    """The one that our extra installs is taken."""
    with (
        postgresql_server.database() as url,
        SQLStorage(url.replace("+psycopg", "")) as storage,
    ):
        assert storage._engine().driver == "psycopg"


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite+pysqlite:///:memory:",
        "sqlite:///file::memory:?cache=shared&uri=true",
        "sqlite:///file:shared?mode=memory&cache=shared&uri=true",
        "sqlite:///file:/shared?vfs=memdb&uri=true",
        "sqlite:///file:?uri=true",
    ],
)
def test_sqlite_in_memory_is_refused(url):
    """The message says what to use instead."""
    with pytest.raises(InvalidArgument, match="MemoryStorage"):
        SQLStorage(url)


@pytest.mark.parametrize(
    "wrong",
    [
        f"not a url {CANARY}",
        f"nosuch://user:{CANARY}@host/db",
        f"oracle://user:{CANARY}@host/db",
        f"postgresql+asyncpg://user:{CANARY}@host/db",
        f"postgresql+nosuch://user:{CANARY}@host/db",
        f"postgresql://user:{CANARY}@host:port/db",
        None,
        42,
    ],
)
def test_what_is_no_url_of_a_served_database_is_refused(wrong):
    """The message holds nothing of it: there may be a password in it."""
    with pytest.raises(InvalidArgument) as caught:
        SQLStorage(wrong)
    assert CANARY not in f"{caught.value} {caught.value.__context__!r}"


def test_a_foreign_engine_is_refused():
    """A database that is not served is not tried."""
    engine = sa.create_engine("mssql+pymssql://", module=sqlite3)  # any driver will do
    with pytest.raises(InvalidArgument):
        SQLStorage(engine)


@pytest.mark.parametrize(
    ("module", "url", "extra"),
    [
        ("psycopg", "postgresql://localhost/db", "postgresql"),
        ("pymysql", "mysql://localhost/db", "mysql"),
        ("sqlite3", "sqlite:///a.db", "sql"),
    ],
)
def test_a_missing_driver_names_the_extra(monkeypatch, module, url, extra):
    """When the engine is first needed."""
    monkeypatch.setitem(sys.modules, module, None)
    storage = SQLStorage(url)
    for call in (
        lambda: storage.load(ALICE),
        lambda: storage.commit(ALICE, change()),
        storage.create_tables,
    ):
        with pytest.raises(MissingExtra) as caught:
            call()
        assert caught.value.extra == extra


def test_missing_sqlalchemy_names_the_extra(monkeypatch):
    """On import; and nothing else of the package asks for SQLAlchemy."""
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    monkeypatch.delitem(sys.modules, "recoverykit.storage.sql")
    with pytest.raises(MissingExtra) as caught:
        __import__("recoverykit.storage.sql")
    assert caught.value.extra == "sql"
    program = "import sys, recoverykit, recoverykit.storage; sys.exit('sqlalchemy' in sys.modules)"
    assert run(program) == ("", 0)


def test_no_engine_is_made_before_the_first_call(tmp_path):
    """So that a process that forks later has nothing to share."""
    path = tmp_path / "a.db"
    storage = SQLStorage(f"sqlite:///{path}")
    assert not path.exists()
    storage.close()
    assert not path.exists()


def test_closing_closes_what_we_opened(database_url):
    """And nothing else; after it the storage opens anew."""
    with SQLStorage(database_url) as storage:
        storage.create_tables()
        first = storage._engine()
    assert first.pool.checkedin() == 0
    assert storage.commit(ALICE, change()) is True
    assert storage._engine() is not first
    storage.close()
    storage.close()


def test_closing_leaves_a_hosts_engine_alone(database_url):
    """Whoever opens closes."""
    engine = sa.create_engine(database_url)
    with SQLStorage(engine) as storage:
        storage.create_tables()
    assert engine.pool.checkedin() == 1
    engine.dispose()


@pytest.mark.parametrize("is_ours", [True, False])
def test_no_error_holds_the_document(database_url, is_ours):
    """Neither its text nor its traceback, with all local variables, nor an exception behind it."""
    engine = sa.create_engine(database_url)
    storage = SQLStorage(database_url if is_ours else engine)
    storage.create_tables()
    first = change()
    assert storage.commit(ALICE, first)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE recoverykit_records")
        # So that the driver's error quotes the whole row.
        connection.exec_driver_sql("CREATE TABLE recoverykit_records (tenant int NOT NULL)")
    document = f'"{CANARY}"'
    for expected in (None, first.revision):
        with pytest.raises(StorageError) as caught:
            storage.commit(ALICE, change(expected, document=document))
        assert caught.value.__context__ is None
        assert CANARY not in f"{caught.value!r} {caught.value.args}"
        assert_hidden(caught.value)
    storage.close()
    engine.dispose()


def assert_hidden(error):
    """Look into the local variables of every frame but the test's own."""
    trace = error.__traceback__.tb_next
    while trace:
        assert CANARY not in repr(trace.tb_frame.f_locals)
        trace = trace.tb_next


FORK = """
import os, sys
from recoverykit.storage.sql import SQLStorage
from tests.storage.changes import ALICE, change

storage = SQLStorage(sys.argv[1])
storage.create_tables()
first = change()
assert storage.commit(ALICE, first)
engine = storage._engine()
children = []
for _ in range(3):
    child = os.fork()
    if child == 0:
        try:
            assert storage._engine() is not engine
            for _ in range(10):
                tries = 0
                while not storage.commit(ALICE, change(storage.load(ALICE).revision)):
                    assert (tries := tries + 1) < 1000
            storage.close()
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
        sys.exit(0)  # with every finaliser
    children.append(child)
for _ in range(10):
    assert storage.load(ALICE) is not None
for child in children:
    assert os.waitpid(child, 0)[1] == 0
assert storage._engine() is engine
assert storage.commit(ALICE, change(storage.load(ALICE).revision))
with engine.connect() as connection:
    events = connection.exec_driver_sql("SELECT count(*) FROM recoverykit_events").scalar()
assert events == 32, events
storage.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
def test_a_used_storage_survives_a_fork(database_url, monkeypatch, pytestconfig):
    """Children make engines of their own and leave the parent's connections as they are."""
    monkeypatch.setenv("PYTHONPATH", str(pytestconfig.rootpath), prepend=os.pathsep)
    assert run(FORK, database_url) == ("", 0)
