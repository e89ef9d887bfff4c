"""The kit accepts every storage that is shipped, on every database and driver."""

import os
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from itertools import count

import pytest

from recoverykit.storage.memory import AsyncMemoryStorage, MemoryStorage
from recoverykit.storage.sql import AsyncSQLStorage, SQLStorage
from recoverykit.testing.conformance import CLAUSES, check_async_storage, check_storage
from tests.storage.awaited import address_for
from tests.testing.conformance.broken import IN_MEMORY

EVERY = tuple(each.id for each in CLAUSES)
# On a database, in a plain run: the longer search is one of `make deep`.
EXAMPLES = 100 if os.environ.get("HYPOTHESIS_PROFILE") == "deep" else 4


def told(storage, subject):
    return [event.id for event in storage.events(subject)]


@contextmanager
def memory():
    yield MemoryStorage()


@asynccontextmanager
async def awaited_memory():
    yield AsyncMemoryStorage()


def test_memory_is_accepted():
    """Memory keeps every clause but those on what outlasts it."""
    report = check_storage(memory, events=told, without=IN_MEMORY)

    assert set(report.checked) == set(EVERY) - set(IN_MEMORY)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_awaited_memory_is_accepted(backend):
    """So does memory that is awaited, on both event loops."""
    report = check_async_storage(awaited_memory, events=told, without=IN_MEMORY, backend=backend)

    assert set(report.checked) == set(EVERY) - set(IN_MEMORY)


def test_a_database_is_accepted(database_url):
    """The SQL storage keeps every clause, on each kind of database."""
    numbers = count()
    prefixes = {}

    @contextmanager
    def make():
        prefix = f"kit{next(numbers)}_"
        with SQLStorage(database_url, prefix=prefix) as storage:
            storage.create_tables()
            prefixes[storage] = prefix
            yield storage

    def reopen(storage):
        return partial(SQLStorage, database_url, prefix=prefixes[storage])

    assert check_storage(make, reopen=reopen, examples=EXAMPLES).checked == EVERY


@pytest.mark.parametrize(
    ("database", "driver"),
    [
        ("sqlite", "aiosqlite"),
        pytest.param("postgresql", "psycopg", marks=pytest.mark.server),
        pytest.param("postgresql", "asyncpg", marks=pytest.mark.server),
        pytest.param("mariadb", "asyncmy", marks=pytest.mark.server),
    ],
)
def test_an_awaited_database_is_accepted(database, driver, request, tmp_path):
    """So does the SQL storage that is awaited, on each driver."""
    numbers = count()
    prefixes = {}

    def check(url):
        address = address_for(url, driver)

        @asynccontextmanager
        async def make():
            prefix = f"kit{next(numbers)}_"
            async with AsyncSQLStorage(address, prefix=prefix) as storage:
                await storage.create_tables()
                prefixes[storage] = prefix
                yield storage

        def reopen(storage):
            return partial(AsyncSQLStorage, address, prefix=prefixes[storage])

        return check_async_storage(make, reopen=reopen, examples=EXAMPLES)

    if database == "sqlite":
        report = check(f"sqlite:///{tmp_path / 'recoverykit.db'}")
    else:
        with request.getfixturevalue(f"{database}_server").database() as url:
            report = check(url)
    assert report.checked == EVERY
