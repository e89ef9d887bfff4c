"""An engine made from a URL, set up safely."""

import contextlib
import sqlite3
from collections.abc import Mapping
from functools import partial
from typing import cast

from sqlalchemy import URL, Engine, create_engine, event, make_url
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
_EXTRAS = {
    Database.SQLITE: "sql",
    Database.POSTGRESQL: "postgresql",
    Database.MYSQL: "mysql",
}
# The level at which a fresh SELECT sees all that is committed and nothing else. MySQL writes no
# binary log of statements below REPEATABLE READ. SQLite's transactions are started by us.
_LEVELS = {
    Database.SQLITE: "AUTOCOMMIT",
    Database.POSTGRESQL: "READ COMMITTED",
    Database.MYSQL: "REPEATABLE READ",
}


def checked_url(url: URL | str) -> URL:
    """Return the URL with the driver that is going to be used.

    Raises:
        InvalidArgument: it is no URL of a database that is served, or its data would live in
            the memory of one process. The message shows nothing of it: it may hold a password.
    """
    checked = _parsed(url)
    if checked is None:
        raise InvalidArgument("this is no engine, and no URL of a database that SQLAlchemy knows")
    if Database.of(checked.get_dialect()) is Database.SQLITE and _is_in_memory(checked):
        raise InvalidArgument("SQLite in memory lasts no longer than a process: MemoryStorage does")
    return checked


def opened(url: URL) -> Engine:
    """Return a new engine for a checked URL.

    Raises:
        MissingExtra: the driver is not installed.
    """
    database = Database.of(url.get_dialect())
    try:
        engine = create_engine(
            url,
            isolation_level=_LEVELS[database],
            hide_parameters=True,
            # The connection that has just loaded is the one that commits: it is alive.
            pool_use_lifo=True,
            # SQLAlchemy's default is 5 and 10 more that are closed after each use: with more than
            # five threads most calls would connect anew.
            pool_size=15,
            max_overflow=0,
            connect_args=_arguments(url, database),
        )
    except ModuleNotFoundError:
        raise MissingExtra(_EXTRAS[database]) from None
    if database is Database.SQLITE:
        event.listen(engine, "connect", _make_durable)
    elif database is Database.MYSQL:
        event.listen(engine, "connect", _make_causal)
    return engine


def _parsed(url: URL | str) -> URL | None:
    try:
        parsed = make_url(url)
        parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
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
    cast("sqlite3.Connection", driver).text_factory = partial(
        str, encoding="utf-8", errors="replace"
    )
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
