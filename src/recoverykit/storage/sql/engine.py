"""An engine made from a URL, set up safely."""

import contextlib
import sqlite3
from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError

from recoverykit.errors import InvalidArgument, MissingExtra
from recoverykit.storage.sql.database import Database

_BUSY_SECONDS = 10.0  # how long a writer of SQLite waits for the others

# SQLAlchemy's own choice of a driver differs from release to release, and from our extras.
_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
_ASYNC_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+asyncmy",
    "mariadb": "mariadb+asyncmy",
}
_EXTRAS = {
    "aiosqlite": "aiosqlite",
    "asyncmy": "asyncmy",
    "asyncpg": "asyncpg",
    "psycopg": "postgresql",
    "psycopg_async": "postgresql",
    "pymysql": "mysql",
}
# The level at which a fresh SELECT sees all that is committed and nothing else. MySQL writes no
# binary log of statements below REPEATABLE READ. SQLite's transactions are started by us.
_LEVELS = {
    Database.SQLITE: "AUTOCOMMIT",
    Database.POSTGRESQL: "READ COMMITTED",
    Database.MYSQL: "REPEATABLE READ",
}


def checked_url(url: URL | str, *, is_async: bool = False) -> URL:
    """Return the URL with the driver that is going to be used.

    Args:
        url: the URL of a database, with or without a driver.
        is_async: whether the driver is to be an asynchronous one.

    Raises:
        InvalidArgument: it is no URL of a database that is served, or its driver is of the other
            kind, or its data would live in the memory of one process. The message shows nothing of
            it: it may hold a password.
    """
    checked = _parsed(url, _ASYNC_DRIVERS if is_async else _DRIVERS)
    if checked is None:
        raise InvalidArgument("this is no engine, and no URL of a database that SQLAlchemy knows")
    require_kind(_dialect(checked, is_async=is_async), is_async=is_async)
    if Database.of(checked.get_dialect()) is Database.SQLITE and _is_in_memory(checked):
        raise InvalidArgument("SQLite in memory lasts no longer than a process: MemoryStorage does")
    return checked


def require_kind(dialect: type[Dialect] | Dialect, *, is_async: bool) -> None:
    """Refuse a dialect that the storage cannot use.

    Raises:
        InvalidArgument: the database is not served, or the driver is of the other kind.
    """
    Database.of(dialect)
    if dialect.is_async and not is_async:
        raise InvalidArgument("an asynchronous driver needs an asynchronous storage")
    if is_async and not dialect.is_async:
        raise InvalidArgument("an asynchronous storage needs an asynchronous driver")


def opened(url: URL) -> Engine:
    """Return a new engine for a checked URL.

    Raises:
        MissingExtra: the driver is not installed.
    """
    try:
        engine = create_engine(url, **options(url))
    except ModuleNotFoundError:
        raise MissingExtra(extra_of(url)) from None
    set_up(engine)
    return engine


def options(url: URL) -> dict[str, Any]:
    """Return what an engine of ours is made with."""
    database = Database.of(url.get_dialect())
    return {
        "isolation_level": _LEVELS[database],
        "hide_parameters": True,
        # The connection that has just loaded is the one that commits: it is alive.
        "pool_use_lifo": True,
        # SQLAlchemy's default is 5 and 10 more that are closed after each use: with more than
        # five callers at a time most calls would connect anew.
        "pool_size": 15,
        "max_overflow": 0,
        "connect_args": _arguments(url, database),
    }


def set_up(engine: Engine) -> None:
    """Set up every connection that the engine is going to make."""
    database = Database.of(engine.dialect)
    if database is Database.SQLITE:
        event.listen(engine, "connect", _make_durable)
    elif database is Database.MYSQL:
        event.listen(engine, "connect", _make_causal)


def extra_of(url: URL) -> str:
    """Return the extra that brings the driver of the URL."""
    return _EXTRAS.get(url.get_driver_name(), "sql")


def _dialect(url: URL, *, is_async: bool) -> type[Dialect]:
    """Return the dialect that an engine of the kind would use: psycopg's name stands for two."""
    dialect = url.get_dialect()
    return dialect.get_async_dialect_cls(url) if is_async else dialect


def _parsed(url: URL | str, drivers: Mapping[str, str]) -> URL | None:
    try:
        parsed = make_url(url)
        parsed = parsed.set(drivername=drivers.get(parsed.drivername, parsed.drivername))
        parsed.get_dialect()
    except (SQLAlchemyError, ValueError):
        return None  # not raised from here: the exception may quote a password
    return parsed


def carries_locks(url: URL) -> bool:
    """Whether a forked child must inherit no open connection, idle or in use.

    SQLite keeps its locks in the memory of the process. A child that inherits a connection believes
    that it holds them: https://sqlite.org/howtocorrupt.html
    """
    return Database.of(url.get_dialect()) is Database.SQLITE


def _is_in_memory(url: URL) -> bool:
    name = url.database or ""
    return (
        name.removeprefix("file:") in {"", ":memory:"}
        or url.query.get("mode") == "memory"
        or url.query.get("vfs") == "memdb"
    )


def _arguments(url: URL, database: Database) -> Mapping[str, object]:
    if database is Database.SQLITE and "timeout" not in url.query:
        return {"timeout": _BUSY_SECONDS}
    return {}


def _make_durable(driver: DBAPIConnection, _: object) -> None:
    """Let SQLite's readers and writers not wait for each other, and a commit survive a crash.

    SQLite stores any bytes as text. What is no UTF-8 is read with its damage, so that a record can
    be found corrupt, and erased.
    """
    connection: Any = getattr(driver, "driver_connection", driver)  # asynchronous ones are adapted
    connection.text_factory = partial(str, encoding="utf-8", errors="replace")
    with contextlib.closing(driver.cursor()) as cursor:
        cursor.execute("PRAGMA synchronous = FULL")
        # Refused at once, whatever the timeout, while another process turns the file around or
        # writes to it: then that one, or the next to connect, does it for all.
        with contextlib.suppress(sqlite3.OperationalError):
            cursor.execute("PRAGMA journal_mode = WAL")


def _make_causal(driver: DBAPIConnection, _: object) -> None:
    """Let a load on one node of a Galera cluster see what another node has acknowledged."""
    with contextlib.closing(driver.cursor()) as cursor, contextlib.suppress(Exception):
        cursor.execute("SET SESSION wsrep_sync_wait = 1")  # where there is such a thing
