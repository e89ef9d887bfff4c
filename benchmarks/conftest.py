"""What the benchmarks share: the race, the private servers, and the table at the end."""

from collections.abc import Iterator

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.figure import HEAD, Figure
from benchmarks.race import Race
from benchmarks.reading import READINGS_HEAD, Reading
from tests.conftest import running_server
from tests.servers import PostgreSQLServer

_FIGURES = pytest.StashKey[list[Figure]]()
_READINGS = pytest.StashKey[list[Reading]]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin without a figure."""
    config.stash[_FIGURES] = []
    config.stash[_READINGS] = []


@pytest.fixture
def race(benchmark: BenchmarkFixture, pytestconfig: pytest.Config) -> Race:
    """A race whose figures stand in the table at the end."""
    return Race(benchmark, pytestconfig.stash[_FIGURES])


@pytest.fixture
def readings(pytestconfig: pytest.Config) -> list[Reading]:
    """Where the readings of the second table are collected."""
    return pytestconfig.stash[_READINGS]


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(True, id="fsync", marks=pytest.mark.server),
        pytest.param(False, id="no-fsync", marks=pytest.mark.server),
    ],
)
def postgresql_server(request: pytest.FixtureRequest) -> Iterator[PostgreSQLServer]:
    """A private PostgreSQL, with commits that wait for the disk and with commits that do not."""
    with running_server(PostgreSQLServer(durable=request.param)) as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql_server: PostgreSQLServer) -> Iterator[str]:
    """SQLAlchemy's address of an empty database."""
    with postgresql_server.database() as url:
        yield url


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the figures."""
    if figures := config.stash[_FIGURES]:
        terminalreporter.section("ours against bare")
        terminalreporter.write_line(HEAD)
        for figure in figures:
            terminalreporter.write_line(figure.to_line())
    if readings := config.stash[_READINGS]:
        terminalreporter.section("the event loop")
        terminalreporter.write_line(READINGS_HEAD)
        for reading in readings:
            terminalreporter.write_line(reading.to_line())
