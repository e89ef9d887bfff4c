"""Storage in a SQL database: SQLite, PostgreSQL, MySQL or MariaDB, through SQLAlchemy."""

from importlib import import_module

from recoverykit.errors import MissingExtra

try:
    import_module("sqlalchemy")
except ModuleNotFoundError:
    raise MissingExtra("sql") from None

from recoverykit.storage.sql.storage import SQLStorage
from recoverykit.storage.sql.tables import Tables, define_tables

__all__ = ["SQLStorage", "Tables", "define_tables"]
