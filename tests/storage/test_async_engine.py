"""The engines of an asynchronous SQL storage: one for each event loop, or the host's."""

import asyncio
import os
import subprocess
import sys
import threading
from datetime import timedelta

import anyio
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from recoverykit import AsyncRecoveryKit
from recoverykit.errors import InvalidArgument, MissingExtra, StorageError
from recoverykit.storage import Storage, is_async, sql
from recoverykit.storage.memory import AsyncMemoryStorage
from recoverykit.storage.sql import AsyncSQLStorage, SQLStorage
from tests.storage.awaited import address_for
from tests.storage.changes import ALICE, NOW, change


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'codes.db'}"


async def settings(storage, *statements):
    async with storage._engine().connect() as connection:
        return [(await connection.exec_driver_sql(each)).scalar() for each in statements]


def test_it_has_the_methods_of_a_storage_and_is_awaited(url):
    """So a kit that calls refuses it, and one that awaits does not call it in a thread."""
    storage = AsyncSQLStorage(url)
    assert isinstance(storage, Storage)
    assert is_async(storage)
    assert not is_async(SQLStorage(url))


def test_sqlite_is_set_up_safely(url):
    """As by `SQLStorage`."""

    async def main():
        async with AsyncSQLStorage(url) as storage:
            asked = ("PRAGMA journal_mode", "PRAGMA synchronous", "PRAGMA busy_timeout")
            assert await settings(storage, *asked) == ["wal", 2, 10_000]
            assert storage._engine().sync_engine.hide_parameters is True

    asyncio.run(main())


def test_text_that_is_damaged_is_read_all_the_same(url):
    """Or a record could not be found corrupt, and erased."""

    async def main():
        async with AsyncSQLStorage(url) as storage:
            await storage.create_tables()
            first = change()
            assert await storage.commit(ALICE, first)
            async with storage._engine().begin() as connection:
                await connection.exec_driver_sql(
                    "UPDATE recoverykit_records SET document = CAST(x'7bff7d' AS TEXT)"
                )
            assert (await storage.load(ALICE)).document == "{\ufffd}"

    asyncio.run(main())


@pytest.mark.parametrize(
    ("plain", "driver"),
    [
        ("sqlite:///codes.db", "aiosqlite"),
        ("postgresql://u@h/d", "psycopg"),
        ("mysql://u@h/d", "asyncmy"),
        ("mariadb://u@h/d", "asyncmy"),
    ],
)
def test_a_url_needs_no_driver(plain, driver):
    """One that is awaited is chosen."""

    async def main():
        return AsyncSQLStorage(plain)._engine().dialect

    dialect = asyncio.run(main())
    assert dialect.is_async
    assert dialect.driver.startswith(driver)


def test_a_driver_of_the_other_kind_is_refused(url):
    """By both storages, engine or URL, and without a word of it in the message."""
    with pytest.raises(InvalidArgument, match="needs an asynchronous driver"):
        AsyncSQLStorage("mysql+pymysql://u:canary@h/d")
    with pytest.raises(InvalidArgument, match="needs an asynchronous storage"):
        SQLStorage("postgresql+asyncpg://u:canary@h/d")
    awaited = create_async_engine(address_for(url, "aiosqlite"))
    with pytest.raises(InvalidArgument, match="needs an asynchronous storage"):
        SQLStorage(awaited.sync_engine)
    for wrong in (sa.create_engine(url), awaited.sync_engine, None, 7):
        with pytest.raises(InvalidArgument):
            AsyncSQLStorage(wrong)
    with pytest.raises(InvalidArgument, match="MemoryStorage"):
        AsyncSQLStorage("sqlite+aiosqlite://")


@pytest.mark.parametrize(
    ("module", "url", "extra"),
    [
        ("aiosqlite", "sqlite:///codes.db", "aiosqlite"),
        ("asyncpg", "postgresql+asyncpg://u@h/d", "asyncpg"),
        ("psycopg", "postgresql://u@h/d", "postgresql"),
        ("asyncmy", "mysql://u@h/d", "asyncmy"),
    ],
)
def test_a_missing_driver_names_the_extra(monkeypatch, module, url, extra):
    """When it is needed."""
    monkeypatch.setitem(sys.modules, module, None)

    async def main():
        with pytest.raises(MissingExtra) as caught:
            await AsyncSQLStorage(url).load(ALICE)
        assert caught.value.extra == extra

    asyncio.run(main())


@pytest.mark.parametrize(
    ("absent", "name", "extra"),
    [
        ("greenlet", "recoverykit.storage.sql.AsyncSQLStorage", "async-sql"),
        ("anyio", "recoverykit.storage.memory.AsyncMemoryStorage", "async"),
        ("anyio", "recoverykit.AsyncRecoveryKit", "async"),
    ],
)
def test_a_missing_extra_is_named(absent, name, extra):
    """When what needs it is asked for or made: the names of a kit can be imported without."""
    module, _, attribute = name.rpartition(".")
    script = f"""if True:
        import sys
        sys.modules[{absent!r}] = None
        import {module} as module
        from recoverykit import MissingExtra
        from recoverykit.storage.memory import MemoryStorage
        try:
            made = getattr(module, {attribute!r})
            made(MemoryStorage()) if {attribute == "AsyncRecoveryKit"} else made()
        except MissingExtra as missing:
            assert missing.extra == {extra!r}, missing.extra
        else:
            raise AssertionError("not missed")
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (done.stderr, done.returncode) == (b"", 0)


def test_every_loop_has_an_engine_of_its_own(url):
    """Connections belong to a loop; loops may come one after the other, or at the same time."""
    storage = AsyncSQLStorage(url)
    engines = []

    async def write(subject):
        await storage.create_tables()
        assert await storage.load(ALICE) is None or subject is None
        assert storage._engine() is storage._engine()
        engines.append(storage._engine())
        await storage.close()
        assert storage._engine() is not engines[-1]
        await storage.close()

    for _ in range(2):
        asyncio.run(write(ALICE))
    threads = [threading.Thread(target=asyncio.run, args=[write(ALICE)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(engine) for engine in engines}) == len(engines) == 6


def test_outside_of_asyncio_it_says_so(url):
    """The drivers know no other loop."""

    async def main():
        with pytest.raises(InvalidArgument, match="asyncio"):
            await AsyncSQLStorage(url).load(ALICE)

    anyio.run(main, backend="trio")


def test_a_hosts_engine_is_not_closed(url):
    """Whoever made it disposes of it."""

    async def main():
        engine = create_async_engine(address_for(url, "aiosqlite"))
        async with AsyncSQLStorage(engine) as storage:
            await storage.create_tables()
            pool = engine.pool
        await storage.close()
        assert engine.pool is pool
        assert engine.pool.checkedin() == 1
        await engine.dispose()

    asyncio.run(main())


FORK = """
import asyncio, os, sys
from recoverykit import StorageError
from recoverykit.storage.sql import AsyncSQLStorage
from tests.storage.changes import ALICE, NOW, change

is_closed = sys.argv[2] == "closed"
storage = AsyncSQLStorage(sys.argv[1])

async def use():
    return await storage.load(ALICE)

async def close():
    await storage.close()

async def main():
    await storage.create_tables()
    assert await storage.commit(ALICE, change())
    if is_closed:
        await storage.close()
    child = os.fork()
    if child:
        status = os.waitpid(child, 0)[1]
        assert await use() is not None
        await storage.close()
        return status
    try:
        asyncio._set_running_loop(None)  # the parent's
        try:
            found = asyncio.run(use())
            refused = False
            asyncio.run(close())
        except StorageError as error:
            refused = "forked" in str(error)
        os._exit(0 if refused is not is_closed else 1)
    finally:
        os._exit(2)

sys.exit(asyncio.run(main()))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
@pytest.mark.parametrize("how", ["open", "closed"])
def test_sqlite_that_was_open_at_a_fork_is_refused_in_the_child(
    url, monkeypatch, how, pytestconfig
):
    """It would believe to hold the locks of its parent; closed before the fork, it is fine."""
    monkeypatch.setenv("PYTHONPATH", str(pytestconfig.rootpath), prepend=os.pathsep)
    program = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORK, url, how]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.parametrize("call", ["load", "commit", "create_tables"])
def test_a_database_that_cannot_be_opened_is_an_error_of_the_storage(tmp_path, call):
    """Without the address in it."""

    async def main():
        storage = AsyncSQLStorage(f"sqlite:///{tmp_path / 'canary' / 'codes.db'}")
        arguments = {"load": [ALICE], "commit": [ALICE, change()], "create_tables": []}[call]
        with pytest.raises(StorageError) as caught:
            await getattr(storage, call)(*arguments)
        assert "canary" not in str(caught.value)
        await storage.close()
        await threads_of_aiosqlite_are_over()

    asyncio.run(main())


async def threads_of_aiosqlite_are_over():
    """A thread that could not open its file still answers to the loop, which must not be closed."""
    while any("_connection_worker" in each.name for each in threading.enumerate()):  # noqa: ASYNC110
        await asyncio.sleep(0.01)


def test_engines_of_loops_that_have_ended_are_let_go(tmp_path):
    """Where nobody closed them, so that they do not become more and more."""
    storage = AsyncSQLStorage("postgresql://u@localhost/d")

    async def main():
        return storage._engine()

    loops = [asyncio.new_event_loop() for _ in range(3)]  # kept, as by a connection of the engine
    for loop in loops:
        loop.run_until_complete(main())
        loop.close()
    assert list(storage._own._engines.get()) == loops[-1:]


def test_a_hosts_engine_outside_of_asyncio_says_so_too(url):
    """No driver that is awaited knows another loop."""
    engine = create_async_engine(address_for(url, "aiosqlite"))

    async def main():
        with pytest.raises(InvalidArgument, match="asyncio"):
            await AsyncSQLStorage(engine).load(ALICE)
        kit = AsyncRecoveryKit(AsyncSQLStorage(engine))
        with pytest.raises(InvalidArgument, match="asyncio"):
            await kit.status("ada")

    anyio.run(main, backend="trio")


def test_a_parents_loops_are_not_taken_over(url):
    """What the child is told, without a fork."""

    async def main():
        async with AsyncSQLStorage(url) as storage:
            await storage.create_tables()
            with pytest.raises(StorageError, match="forked"):
                storage._own._none_yet()

    asyncio.run(main())


def test_closing_what_was_never_open_is_fine(url):
    """As at the end of an application that had nothing to do."""

    async def main():
        async with AsyncSQLStorage(url) as storage:
            await storage.close()

    asyncio.run(main())


def test_the_module_has_no_other_names():
    """It says so as any module does."""
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        getattr(sql, "nothing")  # noqa: B009  # a checker of types would refuse it


def test_an_installation_that_is_damaged_is_no_missing_extra(monkeypatch):
    """Installing an extra would not mend it."""
    monkeypatch.setitem(sys.modules, "recoverykit.per_loop", None)
    with pytest.raises(ModuleNotFoundError):
        AsyncMemoryStorage()


def test_memory_is_purged_and_examined_alike(url):
    """Awaited, as by a kit that is awaited."""

    async def main():
        storage = AsyncMemoryStorage()
        assert await storage.commit(ALICE, change())
        later = NOW + timedelta(days=1)
        assert await storage.outdated(before=later, after=None, limit=9) == ()
        assert await storage.purge_events(before=later, limit=9) == 1
        assert not (await storage.health()).ok

    asyncio.run(main())
