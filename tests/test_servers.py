"""The servers and databases that the other tests stand on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.conftest import running_server
from tests.servers import (
    SERVER_PATH,
    MariaDBServer,
    PostgreSQLServer,
    ServerFailed,
    remove_abandoned,
)

ROOT = Path(__file__).parent.parent
SECONDS = 120
KINDS = [
    pytest.param(PostgreSQLServer, id="postgresql", marks=pytest.mark.server),
    pytest.param(MariaDBServer, id="mariadb", marks=pytest.mark.server),
]

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/cwd").exists(), reason="finds processes through Linux's /proc"
)


@pytest.fixture(params=KINDS)
def server(request):
    """The session's servers in turn."""
    names = {PostgreSQLServer: "postgresql_server", MariaDBServer: "mariadb_server"}
    return request.getfixturevalue(names[request.param])


@pytest.fixture(scope="module", params=KINDS)
def own_server(request):
    """A durable server that these tests may kill."""
    with running_server(request.param(durable=True)) as server:
        yield server


def scalar(url, statement):
    """Ask one database for one value over a connection of its own."""
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        result = connection.execute(sa.text(statement))
        return result.scalar() if result.returns_rows else None


def setting(server, name):
    """One setting of a server, as a number where it is one."""
    if isinstance(server, PostgreSQLServer):
        return scalar(server.url, f"SHOW {name}")
    return scalar(server.url, f"SELECT @@{name}")


def processes_in(folder):
    """Ids of the processes that work in a folder, as both servers do in their data folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if entry.readlink().is_relative_to(folder):
                found.append(int(entry.parent.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


def wait_until_empty(folder):
    """Wait until no process works in a folder any more."""
    deadline = time.monotonic() + SECONDS
    while processes_in(folder):
        assert time.monotonic() < deadline, "orphans"
        time.sleep(0.02)


def run_python(*arguments, **environment):
    """Run Python at the root of the project, in a process of its own; return what it did."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_a_test_begins_with_an_empty_database(database_url):
    """The database is there and holds no table."""
    engine = sa.create_engine(database_url)
    tables = sa.inspect(engine).get_table_names()
    engine.dispose()
    assert tables == []


def test_databases_of_one_server_are_strangers(server):
    """A table made in one database is not seen in the next."""
    with server.database() as one, server.database() as other:
        scalar(one, "CREATE TABLE made_here (id INTEGER)")
        assert sa.make_url(one).database != sa.make_url(other).database
        with pytest.raises(sa.exc.DBAPIError, match="made_here"):
            scalar(other, "SELECT count(*) FROM made_here")


def test_an_open_transaction_does_not_keep_a_database(server):
    """The database goes although a test left a connection inside a transaction."""
    with server.database() as url:
        engine = sa.create_engine(url)
        connection = engine.connect()
        connection.execute(sa.text("CREATE TABLE held (id INTEGER)"))
        connection.commit()
        connection.execute(sa.text("SELECT * FROM held"))
    assert sa.make_url(url).database not in server.databases()
    connection.invalidate()
    connection.close()
    engine.dispose()


def test_a_server_takes_enough_connections_for_a_heavy_race(server):
    """Sixty-four threads at four times the pool's size fit."""
    assert int(setting(server, "max_connections")) >= 300


def test_a_server_of_the_session_does_not_wait_for_the_disk(server):
    """Tests of logic do not pay for durability."""
    name, off = {
        PostgreSQLServer: ("fsync", "off"),
        MariaDBServer: ("innodb_flush_log_at_trx_commit", 0),
    }[type(server)]
    assert setting(server, name) == off


def test_a_durable_server_waits_for_the_disk(own_server):
    """A commit of a durable server is on the disk when it returns."""
    name, on = {
        PostgreSQLServer: ("fsync", "on"),
        MariaDBServer: ("innodb_flush_log_at_trx_commit", 1),
    }[type(own_server)]
    assert setting(own_server, name) == on


def test_a_killed_server_comes_back_with_its_commits(own_server):
    """After a crash, start recovers the same database at the same address."""
    with own_server.database() as url:
        scalar(url, "CREATE TABLE kept (id INTEGER)")
        scalar(url, "INSERT INTO kept VALUES (7)")
        own_server.kill()
        assert not own_server.is_running
        own_server.start()
        assert scalar(url, "SELECT id FROM kept") == 7


@needs_proc
@pytest.mark.parametrize("kind", KINDS)
def test_a_stopped_server_leaves_nothing(kind):
    """Neither a process nor a file stays."""
    with running_server(kind()) as server:
        folder = server.folder
        assert processes_in(folder) != []
    assert not folder.exists()
    assert processes_in(folder) == []
    with pytest.raises(ServerFailed, match="was not started"):
        server.folder  # noqa: B018 - the access is what raises


OWNER = """
import os, signal, sys
from tests.servers import MariaDBServer, PostgreSQLServer
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
server = {}().start()
print(server.folder, flush=True)
if os.fork() == 0:
    sys.exit()
os.wait()
print(server.is_running, flush=True)
sys.stdin.read()
"""


@needs_proc
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_a_server_ends_with_its_owner(kind, end):
    """However the owner ends, the server ends; the end of a forked child means nothing.

    What a killed owner could not remove, the next server's start removes.
    """
    with subprocess.Popen(
        [sys.executable, "-c", OWNER.format(kind.__name__)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as owner:
        folder = Path(owner.stdout.readline().strip())
        assert owner.stdout.readline().strip() == "True"
        assert processes_in(folder) != []
        owner.send_signal(end)
        owner.wait(SECONDS)
    wait_until_empty(folder)
    remove_abandoned()
    assert not folder.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_left_behind_fails_the_session(kind):
    """What a test does not drop is told at the end, and the server still stops."""
    with (
        pytest.raises(pytest.fail.Exception, match="left databases behind: rk_left"),
        running_server(kind()) as server,
    ):
        server._ask("CREATE DATABASE rk_left")
    assert not server.is_running


@pytest.mark.parametrize(("ci", "outcome"), [("", "SKIPPED"), ("true", "ERROR")])
def test_a_missing_server_is_a_skip_and_in_ci_a_failure(tmp_path, ci, outcome):
    """The line says what to install; SQLite's tests run in any case."""
    done = run_python(
        *("-m", "pytest", "-q", "-p", "no:cacheprovider"),
        "tests/test_servers.py::test_a_test_begins_with_an_empty_database",
        **{"CI": ci, SERVER_PATH: str(tmp_path)},
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith(outcome)]
    assert "1 passed" in done.stdout
    assert [line.partition(" is not installed: ")[2] for line in lines] == [
        "apt-get install postgresql",
        "apt-get install mariadb-server",
    ]
    assert (done.returncode == 0) == (outcome == "SKIPPED")


@pytest.mark.parametrize(
    ("ci", "profile", "expected"),
    [
        ("", "", "100 False"),
        ("true", "", "100 True"),
        ("", "deep", "10000 False"),
        ("true", "deep", "10000 False"),
    ],
)
def test_the_environment_chooses_the_profile(ci, profile, expected):
    """HYPOTHESIS_PROFILE decides; without it CI has its own, which repeats its examples."""
    done = run_python(
        "-c",
        "from tests.conftest import settings; s = settings(); print(s.max_examples, s.derandomize)",
        CI=ci,
        HYPOTHESIS_PROFILE=profile,
    )
    assert done.stdout.strip() == expected
