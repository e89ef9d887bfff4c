"""Storage in a SQL database: SQLite, PostgreSQL, MySQL or MariaDB, through SQLAlchemy."""

from importlib import import_module
from typing import TYPE_CHECKING

from recoverykit.errors import MissingExtra
from recoverykit.extras import module_of

try:
    import_module("sqlalchemy")
except ModuleNotFoundError:
    raise MissingExtra("sql") from None

from recoverykit.storage.sql.storage import SQLStorage
from recoverykit.storage.sql.tables import Tables, define_tables

if TYPE_CHECKING:
    from recoverykit.storage.sql.async_storage import AsyncSQLStorage as AsyncSQLStorage
else:

    def __getattr__(name: str) -> object:
        # Loaded when it is asked for: it needs an extra, and time that SQLStorage does not.
        if name != "AsyncSQLStorage":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module_of("greenlet", needs="greenlet", extra="async-sql")
        module = module_of(
            "recoverykit.storage.sql.async_storage", needs="anyio", extra="async-sql"
        )
        return module.AsyncSQLStorage


__all__ = ["AsyncSQLStorage", "SQLStorage", "Tables", "define_tables"]
