"""Hypothesis profiles and the databases the tests run on."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, settings

from recoverykit import AsyncRecoveryKit
from tests.awaited import Awaited
from tests.servers import MariaDBServer, PostgreSQLServer, ProgramMissing, Server

IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}

settings.register_profile("dev", deadline=None, derandomize=False)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile(
    "deep",
    deadline=None,
    derandomize=False,
    max_examples=10_000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if IN_CI else "dev"))

_ON_SERVERS = [
    pytest.param("postgresql", marks=pytest.mark.server),
    pytest.param("mariadb", marks=pytest.mark.server),
]


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    """A private PostgreSQL, started when first asked for."""
    with running_server(PostgreSQLServer()) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[Server]:
    """A private MariaDB, started when first asked for."""
    with running_server(MariaDBServer()) as server:
        yield server


@pytest.fixture(params=["sqlite", *_ON_SERVERS])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """SQLAlchemy's address of an empty database, on each kind of database in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'recoverykit.db'}"
    else:
        with _server(request).database() as url:
            yield url


@pytest.fixture(params=_ON_SERVERS)
def server_database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """SQLAlchemy's address of an empty database, on each database server in turn."""
    with _server(request).database() as url:
        yield url


def _server(request: pytest.FixtureRequest) -> Server:
    # By name, so that a run without this kind of database does not start its server.
    return request.getfixturevalue(f"{request.param}_server")


@contextlib.contextmanager
def running_server(server: Server) -> Iterator[Server]:
    """Run a server; at the end, fail if a test left a database behind.

    Where the server is not installed, skip; in CI, where that would hide a gap, fail.
    """
    try:
        server.start()
    except ProgramMissing as missing:
        if IN_CI:
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))
    try:
        yield server
        if left := server.databases():
            pytest.fail(f"tests left databases behind: {', '.join(left)}", pytrace=False)
    finally:
        server.stop()


@pytest.fixture(
    scope="module",
    params=[
        "memory",
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.server),
        pytest.param("mariadb", marks=pytest.mark.server),
    ],
)
def url(request, tmp_path_factory):
    """The address of a database of each kind in turn; None for memory."""
    if request.param == "memory":
        yield None
    elif request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('storage') / 'recoverykit.db'}"
    else:
        with request.getfixturevalue(f"{request.param}_server").database() as address:
            yield address


# These suites are run by every shell: the kit is called in the test's thread, or awaited on an
# event loop, where their storages run in threads.
_EVERY_SHELL = (None, "asyncio", "trio")
_SHELLS = {
    "test_confirm": _EVERY_SHELL,
    "test_importing": _EVERY_SHELL,
    "test_kit": _EVERY_SHELL,
    "test_lost_commits": _EVERY_SHELL,
    "test_purge": _EVERY_SHELL,
    "test_reseal": _EVERY_SHELL,
    "test_rotate": _EVERY_SHELL,
    "test_secrets": (None, "asyncio"),  # they take long
    "test_shell": _EVERY_SHELL,
    "test_switched_off": _EVERY_SHELL,
    "test_unlock": _EVERY_SHELL,
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the suites of the kit by every shell."""
    if shells := _SHELLS.get(metafunc.module.__name__.rpartition(".")[2]):
        metafunc.parametrize("shell", shells, indirect=True, ids=str)


@pytest.fixture(autouse=True)
def shell(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the module's `RecoveryKit` be an awaited one, where the test asks for it."""
    backend = getattr(request, "param", None)
    if backend is None:
        return
    portal = request.getfixturevalue(f"{backend}_portal")

    def awaited(*arguments: object, **named: object) -> Awaited:
        return Awaited(AsyncRecoveryKit(*arguments, **named), portal)

    monkeypatch.setattr(request.module, "RecoveryKit", awaited)


@pytest.fixture(scope="session")
def asyncio_portal() -> Iterator[BlockingPortal]:
    """An event loop of asyncio's in another thread."""
    with start_blocking_portal("asyncio") as portal:
        yield portal


@pytest.fixture(scope="session")
def trio_portal() -> Iterator[BlockingPortal]:
    """An event loop of Trio's in another thread."""
    with start_blocking_portal("trio") as portal:
        yield portal
