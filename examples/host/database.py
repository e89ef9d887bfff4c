"""The engine of the host, which the recovery codes use too: so they can share a transaction."""

import contextlib
import sqlite3
from typing import Final, TypedDict, cast

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from examples.host import users
from examples.host.settings import Settings
from examples.host.tables import metadata

_AWAITED: Final = {
    "sqlite": "aiosqlite",
    "postgresql": "psycopg",
    "mysql": "asyncmy",
    "mariadb": "asyncmy",
}


class _Options(TypedDict):
    hide_parameters: bool
    pool_pre_ping: bool


# An error must not show what was about to be written, nor a pool hand out a dead connection.
_OPTIONS = _Options(hide_parameters=True, pool_pre_ping=True)


def open_engine(url: str) -> Engine:
    """Return an engine on any database of SQLAlchemy's, set up safely for SQLite."""
    engine = create_engine(url, **_OPTIONS)
    _set_up(engine)
    return engine


def open_async_engine(url: str) -> AsyncEngine:
    """Return an engine whose connections are awaited; a driver that is not gives way to one."""
    engine = create_async_engine(_awaited(make_url(url)), **_OPTIONS)
    _set_up(engine.sync_engine)
    return engine


def prepare(connection: Connection, settings: Settings) -> None:
    """Make the host's tables where they are missing, and those who may sign in."""
    metadata.create_all(connection)
    password_hash = users.hash_of(settings.password)
    for name in settings.users:
        users.put(connection, name, password_hash)


def prepare_sqlite(connection: DBAPIConnection, _: object) -> None:
    """Let readers not wait for writers, a commit survive a crash, and foreign keys count."""
    with contextlib.closing(cast("sqlite3.Connection", connection).cursor()) as cursor:
        cursor.execute("PRAGMA busy_timeout = 10000")  # milliseconds
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")


def _set_up(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", prepare_sqlite)


def _awaited(url: URL) -> URL:
    backend = url.get_backend_name()
    if url.get_dialect().is_async or backend not in _AWAITED:
        return url
    return url.set(drivername=f"{backend}+{_AWAITED[backend]}")
