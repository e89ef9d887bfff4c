"""A storage that is awaited, for tests that call: it runs on an event loop in another thread."""

from contextlib import ExitStack
from functools import partial
from inspect import iscoroutinefunction
from typing import Self

import sqlalchemy as sa
from anyio.from_thread import start_blocking_portal

from recoverykit.storage.sql import AsyncSQLStorage

DRIVERS = {
    "sqlite": ["aiosqlite"],
    "postgresql": ["psycopg", "asyncpg"],
    "mysql": ["asyncmy"],
    "mariadb": ["asyncmy"],
}


def address_for(url: sa.URL | str, driver: str) -> str:
    """Return the address of the same database for another driver."""
    url = sa.make_url(url)
    moved = url.set(drivername=f"{url.get_backend_name()}+{driver}")
    return moved.render_as_string(hide_password=False)


class Awaited:
    """The methods of an asynchronous storage, to be called from any thread."""

    def __init__(self, storage, *, backend="asyncio"):
        self._exits = ExitStack()
        self._portal = self._exits.enter_context(start_blocking_portal(backend))
        self.awaited = storage

    def __getattr__(self, name):
        return _called(self._portal, getattr(self.awaited, name))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_):
        self._exits.close()


class AwaitedSQLStorage(Awaited):
    """An `AsyncSQLStorage`, to be called.

    A function of the host's is called with the sync side of the connection, inside SQLAlchemy's
    greenlet, so that tests can hand over the one that they have.
    """

    def __init__(self, engine_or_url, **options):
        super().__init__(AsyncSQLStorage(engine_or_url, **options))

    @property
    def outbox(self):
        return _AwaitedOutbox(self._portal, self.awaited.outbox)

    def commit_within(self, subject, change, within):
        async def awaited(connection):
            return await connection.run_sync(within)

        return self._portal.call(self.awaited.commit_within, subject, change, awaited)

    def __exit__(self, *_):
        self.close()
        super().__exit__()


class _AwaitedOutbox:
    """An `AsyncOutbox`, to be called."""

    def __init__(self, portal, outbox):
        self._portal = portal
        self._outbox = outbox

    def __getattr__(self, name):
        return _called(self._portal, getattr(self._outbox, name))


def _called(portal, method):
    if not iscoroutinefunction(method):
        return method
    return lambda *args, **named: portal.call(partial(method, *args, **named))
