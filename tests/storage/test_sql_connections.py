"""The SQL storage when connections die: what is certain is said, and what is not is said too."""

import contextlib
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from recoverykit.errors import OutcomeUnknown, StorageError
from recoverykit.storage.sql import SQLStorage
from tests.proxy import COMMIT, Cut, proxied
from tests.storage.changes import ALICE, change, event

UPDATE = rb"UPDATE \S*recoverykit_records"
INSERT_EVENT = rb"INSERT INTO \S*recoverykit_events"
SELECT = rb"SELECT \S*recoverykit_records"
CANARY = "canary-7f3a"


@pytest.fixture
def direct(server_database_url):
    """A storage with an undisturbed way to the server."""
    with SQLStorage(server_database_url) as storage:
        storage.create_tables()
        yield storage


@pytest.fixture
def first(direct):
    """The change that has stored Alice's record."""
    first = change()
    assert direct.commit(ALICE, first)
    return first


@pytest.fixture
def line(direct, server_database_url):
    """A proxy, and the URL through it."""
    with proxied(server_database_url) as line:
        yield line


@pytest.fixture
def proxy(line):
    return line[0]


@pytest.fixture(params=["URL", "autocommit engine"])
def storage(request, line):
    """A storage through the proxy."""
    if request.param == "URL":
        with SQLStorage(line[1]) as storage:
            yield storage
    else:
        engine = sa.create_engine(line[1], isolation_level="AUTOCOMMIT")
        yield SQLStorage(engine)
        engine.dispose()


def long_change(expected, **fields):
    """A change with two events: on every database a transaction of several statements."""
    return change(expected, events=[event(), event()], **fields)


@pytest.fixture(params=[change, long_change])
def ending(request, server_database_url):
    """A kind of change, and what is sent last for it: PostgreSQL needs no COMMIT for one event."""
    is_one = request.param is change and server_database_url.startswith("postgresql")
    return request.param, INSERT_EVENT if is_one else COMMIT


@pytest.mark.parametrize("cut", Cut)
def test_a_connection_cut_during_commit_leaves_the_outcome_unknown(  # noqa: PLR0917  # fixtures
    direct, first, storage, proxy, cut, ending
):
    """The storage says the same whether or not the change has landed, and goes on working."""
    make, last = ending
    second = make(first.revision, document=f'"{CANARY}"')
    storage.load(ALICE)
    proxy.cut_at(last, cut)
    with pytest.raises(OutcomeUnknown) as caught:
        storage.commit(ALICE, second)
    assert proxy.cuts == 1
    assert caught.value.attempt is None
    assert caught.value.__context__ is None
    assert CANARY not in shown(caught.value)
    assert settled(direct, first.revision if cut is Cut.BEFORE_FORWARDING else second.revision)
    expected = storage.load(ALICE).revision
    assert storage.commit(ALICE, change(expected)) is True


def settled(storage, revision):
    """Whether the record comes to this revision, and stays there."""
    wait_until(lambda: storage.load(ALICE).revision == revision)
    return True


def shown(error):
    """Everything that a log with local variables shows of an error."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join([*told.format(), str(error), repr(error), *getattr(error, "__notes__", [])])


@pytest.mark.parametrize("pattern", [UPDATE, INSERT_EVENT])
def test_a_connection_cut_before_commit_is_replaced_once(direct, first, storage, proxy, pattern):
    """COMMIT was not sent, so nothing can land: the swap is tried again, and wins."""
    second = long_change(first.revision)
    storage.load(ALICE)
    proxy.cut_at(pattern, Cut.BEFORE_ANSWERING)
    assert storage.commit(ALICE, second) is True
    assert proxy.cuts == 1
    assert direct.load(ALICE).revision == second.revision


def test_the_hosts_function_is_called_on_the_connection_that_takes_its_place(
    direct, first, storage, proxy
):
    """Once: the first connection died before it was its turn."""
    second, lent = long_change(first.revision), []
    proxy.cut_at(UPDATE, Cut.BEFORE_ANSWERING)
    assert storage.commit_within(ALICE, second, lent.append) is True
    assert (proxy.cuts, len(lent)) == (1, 1)
    assert direct.load(ALICE).revision == second.revision


@pytest.mark.parametrize("pattern", [UPDATE, INSERT_EVENT])
def test_a_connection_cut_before_commit_again_is_a_failure(direct, first, storage, proxy, pattern):
    """Twice is not bad luck any more; nothing was changed, and the error says so."""
    proxy.cut_at(pattern, Cut.BEFORE_ANSWERING, times=2)
    with pytest.raises(StorageError, match=r"^the commit failed and changed nothing: ") as caught:
        storage.commit(ALICE, long_change(first.revision, document=f'"{CANARY}"'))
    assert not isinstance(caught.value, OutcomeUnknown)
    assert proxy.cuts == 2
    assert caught.value.__context__ is None
    assert CANARY not in shown(caught.value)
    assert direct.load(ALICE).revision == first.revision
    assert storage.commit(ALICE, change(first.revision)) is True


def test_a_load_survives_connections_that_died_in_the_pool(first, storage, proxy):
    """The load that meets a dead connection is tried again on a new one."""
    for _ in range(2):
        assert storage.load(ALICE).revision == first.revision
        proxy.sever()
    assert storage.load(ALICE).revision == first.revision


def test_a_commit_survives_connections_that_died_in_the_pool(first, storage, proxy):
    """As for the load."""
    assert storage.load(ALICE).revision == first.revision
    proxy.sever()
    assert storage.commit(ALICE, long_change(first.revision)) is True


def test_a_commit_in_one_statement_is_not_sent_twice(first, storage, proxy, server_database_url):
    """Over a connection that has died nobody knows whether it landed; a load will tell."""
    assert storage.load(ALICE).revision == first.revision
    proxy.sever()
    if server_database_url.startswith("postgresql"):
        with pytest.raises(OutcomeUnknown):
            storage.commit(ALICE, change(first.revision))
        assert storage.load(ALICE).revision == first.revision
    assert storage.commit(ALICE, change(first.revision)) is True


def test_a_load_that_is_cut_twice_fails(first, storage, proxy):
    """An error of the storage, not of the driver."""
    proxy.cut_at(SELECT, Cut.BEFORE_ANSWERING, times=2)
    with pytest.raises(StorageError, match=r"^the load failed: ") as caught:
        storage.load(ALICE)
    assert caught.value.__context__ is None
    assert storage.load(ALICE).revision == first.revision


def test_without_a_server_everything_is_a_storage_error(storage, proxy):
    """No connection: nothing was changed."""
    proxy.close()
    for call in (
        lambda: storage.load(ALICE),
        lambda: storage.commit(ALICE, change()),
        storage.create_tables,
    ):
        with pytest.raises(StorageError) as caught:
            call()
        assert not isinstance(caught.value, OutcomeUnknown)
        assert caught.value.__context__ is None


def test_a_connection_cut_within_the_hosts_function_is_the_hosts(direct, first, storage, proxy):
    """The error passes through unchanged, and the function is not called again."""
    calls = []

    def within(connection):
        calls.append(1)
        proxy.cut_at(b"SELECT 1234", Cut.BEFORE_ANSWERING)
        connection.exec_driver_sql("SELECT 1234")

    with pytest.raises(sa.exc.OperationalError, match="SELECT 1234"):
        storage.commit_within(ALICE, change(first.revision), within)
    assert calls == [1]
    assert direct.load(ALICE).revision == first.revision
    assert storage.commit(ALICE, change(first.revision)) is True


def test_a_connection_cut_after_the_hosts_function_is_a_failure(direct, first, storage, proxy):
    """COMMIT was not sent, but the function has run: it is not for the storage to run it again."""
    calls = []

    def within(_):
        calls.append(1)
        proxy.cut_at(SELECT, Cut.BEFORE_ANSWERING)

    with pytest.raises(StorageError, match=r"^the commit failed and changed nothing: "):
        storage.commit_within(ALICE, change(first.revision), within)
    assert calls == [1]
    assert direct.load(ALICE).revision == first.revision


def test_what_the_hosts_function_raises_is_not_hidden_by_a_failed_rollback(
    direct, first, storage, proxy
):
    """The connection died before the function raised; its own error comes out all the same."""
    refused = ValueError("not today")

    def within(_):
        proxy.sever()
        raise refused

    with pytest.raises(ValueError, match="not today") as caught:
        storage.commit_within(ALICE, change(first.revision), within)
    assert caught.value is refused
    assert direct.load(ALICE).revision == first.revision
    assert storage.commit(ALICE, change(first.revision)) is True


def test_connections_cut_at_random_break_no_promise(direct, first, line):
    """Writers on a bad line: what was won follows on what was seen, and nothing is won twice."""
    proxy, url = line
    landed, seen_by, stop = [], {}, threading.Event()

    def write(storage):
        while not stop.is_set():
            with contextlib.suppress(StorageError):  # an unknown outcome as well
                mine = change(storage.load(ALICE).revision)
                seen_by[mine.revision] = mine.expected
                if storage.commit(ALICE, mine):
                    landed.append(mine)

    with SQLStorage(url) as storage, ThreadPoolExecutor(4) as threads:
        writers = [threads.submit(write, storage) for _ in range(4)]
        for cuts in range(1, 9):
            wait_until(lambda enough=3 * cuts: len(landed) >= enough)
            proxy.sever()
        stop.set()
        for writer in writers:
            writer.result(30)
    followed = [mine.expected for mine in landed]
    assert len(set(followed)) == len(followed)
    at, steps = direct.load(ALICE).revision, set()
    while at != first.revision:
        steps.add(at)
        at = seen_by[at]
    assert {mine.revision for mine in landed} <= steps


def wait_until(is_done):
    deadline = time.monotonic() + 30
    while not is_done():
        assert time.monotonic() < deadline
        time.sleep(0.005)
