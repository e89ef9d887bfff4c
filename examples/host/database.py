"""The engine of the host, which the recovery codes use too: so they can share a transaction."""

import contextlib
import sqlite3
from typing import cast

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection

from examples.host.tables import metadata


def open_engine(url: str) -> Engine:
    """Return an engine on any database of SQLAlchemy's, set up safely for SQLite."""
    # An error must not show what was about to be written, nor a pool hand out a dead connection.
    engine = create_engine(url, hide_parameters=True, pool_pre_ping=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", prepare_sqlite)
    return engine


def create_tables(engine: Engine) -> None:
    """Make the host's tables where they are missing."""
    metadata.create_all(engine)


def prepare_sqlite(connection: DBAPIConnection, _: object) -> None:
    """Let readers not wait for writers, a commit survive a crash, and foreign keys count."""
    with contextlib.closing(cast("sqlite3.Connection", connection).cursor()) as cursor:
        cursor.execute("PRAGMA busy_timeout = 10000")  # milliseconds
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
