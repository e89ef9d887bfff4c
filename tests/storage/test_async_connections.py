"""Connections that die under an asynchronous storage: it comes again once."""

import pytest

from recoverykit.errors import StorageError
from tests.proxy import proxied
from tests.storage.awaited import AwaitedSQLStorage, address_for
from tests.storage.changes import ALICE, change

DRIVERS = [
    pytest.param(("postgresql", "psycopg"), marks=pytest.mark.server, id="psycopg"),
    pytest.param(("postgresql", "asyncpg"), marks=pytest.mark.server, id="asyncpg"),
    pytest.param(("mariadb", "asyncmy"), marks=pytest.mark.server, id="asyncmy"),
]


@pytest.fixture(params=DRIVERS)
def line(request):
    """A proxy, and the URL through it."""
    database, driver = request.param
    with request.getfixturevalue(f"{database}_server").database() as url, proxied(url) as line:
        proxy, through = line
        yield proxy, address_for(through, driver)


@pytest.fixture
def storage(line):
    with AwaitedSQLStorage(line[1]) as storage:
        storage.create_tables()
        yield storage


@pytest.fixture
def proxy(line):
    return line[0]


CALLS = {
    "load": lambda storage, _: storage.load(ALICE) is not None,
    "commit": lambda storage, first: storage.commit(ALICE, change(first.revision, events=())),
    "read": lambda storage, _: len(storage.outbox.read("audit")) == 1,
    "health": lambda storage, _: (
        not {each.id for each in storage.health().problems} & {"no-answer", "no-table"}
    ),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_connections_that_died_in_the_pool_are_replaced(storage, proxy, call):
    """The pool has not noticed that the server was away for a moment."""
    first = change()
    assert storage.commit(ALICE, first)
    storage.load(ALICE)
    proxy.sever()
    assert call(storage, first)


def test_without_a_server_everything_is_a_storage_error(storage, proxy):
    """And the health says that nobody answers."""
    proxy.close()
    for ask in (
        lambda: storage.load(ALICE),
        lambda: storage.commit(ALICE, change()),
        lambda: storage.outbox.read("audit"),
        storage.create_tables,
        lambda: storage.purge_events(before=change().events[0].at, limit=1),
    ):
        with pytest.raises(StorageError):
            ask()
    with pytest.raises(StorageError, match=r"^the load failed: \w+"):
        storage.load(ALICE)
    assert [each.id for each in storage.health().problems] == ["no-answer"]


@pytest.mark.server
def test_a_schema_that_is_not_there_is_told(postgresql_server):
    """After no more tries than make sense."""
    with (
        postgresql_server.database() as url,
        AwaitedSQLStorage(url, schema="nowhere") as storage,
        pytest.raises(StorageError, match=r"^the tables could not be made: \w+ \("),
    ):
        storage.create_tables()
