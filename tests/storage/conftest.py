"""The SQL storages, called and awaited, on every driver that is served."""

from functools import partial

import pytest

from recoverykit.storage.sql import SQLStorage
from tests.storage.awaited import AwaitedSQLStorage, address_for

# Each database comes under the name by which its fixture knows it.
ADAPTERS = [
    pytest.param((database, driver), id=f"{database}, {driver or 'called'}", marks=marks)
    for database, drivers, marks in (
        ("sqlite", (None, "aiosqlite"), ()),
        ("postgresql", (None, "psycopg", "asyncpg"), pytest.mark.server),
        ("mariadb", (None, "asyncmy"), pytest.mark.server),
    )
    for driver in drivers
]


@pytest.fixture(params=ADAPTERS)
def adapter(request, tmp_path):
    """The address of an empty database, and what makes a storage on it: each adapter in turn."""
    database, driver = request.param
    make = SQLStorage if driver is None else AwaitedSQLStorage

    def of(url):
        return url, partial(make, url if driver is None else address_for(url, driver))

    if database == "sqlite":
        yield of(f"sqlite:///{tmp_path / 'recoverykit.db'}")
    else:
        with request.getfixturevalue(f"{database}_server").database() as url:
            yield of(url)
