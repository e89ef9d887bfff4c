"""How a database is: its tables, and the settings on which the contract of a storage rests."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Column, Connection, Inspector, MetaData, String, Table, inspect, text
from sqlalchemy.dialects.mysql import LONGTEXT, MEDIUMTEXT
from sqlalchemy.dialects.postgresql import CITEXT
from sqlalchemy.types import CHAR, VARBINARY, TypeEngine

from recoverykit.storage.health import Health, Problem
from recoverykit.storage.sql import outcomes
from recoverykit.storage.sql.columns import ExactText, MaskedText
from recoverykit.storage.sql.database import Database
from recoverykit.storage.sql.outcomes import Verdict
from recoverykit.storage.sql.settings import mysql_problems, postgresql_problems, sqlite_problems
from recoverykit.storage.sql.transaction import Transaction

_MIGRATE: Final = "Call create_tables(), or run the migration that makes it."
_REMAKE: Final = "Compare the table with define_tables(), and alter it."

# What the columns of the subject would be compared by, past the types that SQLAlchemy knows.
_LOOSE_POSTGRESQL: Final = text(
    "SELECT a.attname FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation"
    " WHERE a.attrelid = to_regclass(:name) AND NOT c.collisdeterministic"
)
_LOOSE_SQLITE: Final = text(
    "SELECT x.name FROM pragma_index_list(:name) i, pragma_index_xinfo(i.name) x"
    " WHERE x.key AND upper(x.coll) <> 'BINARY'"
)
_PERSISTENCE_POSTGRESQL: Final = text(
    "SELECT relpersistence::text FROM pg_class WHERE oid = to_regclass(:name)"
)
_ENGINE_MYSQL: Final = text(
    "SELECT engine FROM information_schema.tables"
    " WHERE table_schema = coalesce(:schema, database()) AND table_name = :name"
)


def examine(loan: Transaction, metadata: MetaData) -> Health | Verdict:
    """Return what is wrong with the database on this connection."""
    try:
        return Health(problems=(*_in_tables(loan.connection, metadata), *_in_settings(loan)))
    except Exception as error:  # noqa: BLE001 - a driver may raise anything
        return outcomes.before_commit(error)


def unreachable(verdict: Verdict) -> Health:
    """Return the health of a database that did not answer."""
    problem = Problem(
        id="no-answer",
        sentence=f"The database does not answer what it is asked: {verdict.report}.",
        mend="See whether it runs, and whether its address, account and rights are right.",
    )
    return Health(problems=(problem,))


def _in_settings(loan: Transaction) -> Iterator[Problem]:
    connection = loan.connection
    ask: Mapping[Database, Callable[[Connection], Iterator[Problem]]] = {
        Database.SQLITE: sqlite_problems,
        Database.POSTGRESQL: postgresql_problems,
        Database.MYSQL: mysql_problems,
    }
    return ask[Database.of(connection.dialect)](connection)


def _in_tables(connection: Connection, metadata: MetaData) -> Iterator[Problem]:
    inspector = inspect(connection)
    for table in metadata.sorted_tables:
        if inspector.has_table(table.name, table.schema):
            yield from _in_table(connection, inspector, table)
        else:
            yield Problem(id="no-table", sentence=f"There is no table {table.name}.", mend=_MIGRATE)


def _in_table(connection: Connection, inspector: Inspector, table: Table) -> Iterator[Problem]:
    types = {each["name"]: each["type"] for each in inspector.get_columns(table.name, table.schema)}
    loose = _compared_loosely(connection, table)
    for column in table.columns:
        if column.name not in types:
            yield _problem("no-column", table, column, "is missing", _MIGRATE)
        elif not _is_exact(connection, column, types[column.name]) or column.name in loose:
            yield _problem(
                "not-exact", table, column, "does not tell texts apart byte for byte", _REMAKE
            )
        elif not _is_long(connection, column, types[column.name]):
            yield _problem("too-short", table, column, "does not hold 64 KiB", _REMAKE)
    key = [column.name for column in table.primary_key.columns]
    if inspector.get_pk_constraint(table.name, table.schema)["constrained_columns"] != key:
        yield Problem(
            id="no-key",
            sentence=f"The primary key of {table.name} is not ({', '.join(key)}):"
            " a code might be spent twice.",
            mend=_REMAKE,
        )
    if _is_lost_in_a_crash(connection, table):
        yield Problem(
            id="not-logged",
            sentence=f"The table {table.name} is not logged: a crash empties it.",
            mend=f"ALTER TABLE {table.name} SET LOGGED",
        )
    if (engine := _engine(connection, table)) not in {None, "InnoDB"}:
        yield Problem(
            id="no-transactions",
            sentence=f"The table {table.name} is kept by {engine}: a change may land by half.",
            mend=f"ALTER TABLE {table.name} ENGINE = InnoDB",
        )


def _is_exact(connection: Connection, column: "Column[Any]", found: TypeEngine[Any]) -> bool:
    """Whether texts of the column are equal only where all their bytes are."""
    if not isinstance(column.type, ExactText):
        return True
    if Database.of(connection.dialect) is Database.MYSQL:
        # BINARY pads with zeros, which then are part of what is compared.
        return isinstance(found, VARBINARY) and (found.length or 0) >= column.type.max_bytes
    return isinstance(found, String) and not isinstance(found, (CHAR, CITEXT))


def _is_long(connection: Connection, column: "Column[Any]", found: TypeEngine[Any]) -> bool:
    """Whether the column holds any document."""
    if not isinstance(column.type, MaskedText):
        return True
    if Database.of(connection.dialect) is Database.MYSQL:
        return isinstance(found, (MEDIUMTEXT, LONGTEXT))
    return isinstance(found, String) and found.length is None


def _compared_loosely(connection: Connection, table: Table) -> frozenset[str]:
    """Return the columns whose collation takes different texts for equal."""
    database = Database.of(connection.dialect)
    if database is Database.MYSQL:
        return frozenset()  # there the type says it
    if database is Database.SQLITE:
        return frozenset(connection.scalars(_LOOSE_SQLITE, {"name": table.name}))
    name = connection.dialect.identifier_preparer.format_table(table)
    return frozenset(connection.scalars(_LOOSE_POSTGRESQL, {"name": name}))


def _is_lost_in_a_crash(connection: Connection, table: Table) -> bool:
    """Whether PostgreSQL keeps the table out of its write-ahead log."""
    if Database.of(connection.dialect) is not Database.POSTGRESQL:
        return False
    name = connection.dialect.identifier_preparer.format_table(table)
    return bool(connection.scalar(_PERSISTENCE_POSTGRESQL, {"name": name}) != "p")


def _engine(connection: Connection, table: Table) -> str | None:
    """Return which of MySQL's engines keeps the table; None elsewhere."""
    if Database.of(connection.dialect) is not Database.MYSQL:
        return None
    found: str | None = connection.scalar(
        _ENGINE_MYSQL, {"schema": table.schema, "name": table.name}
    )
    return found


def _problem(id: str, table: Table, column: "Column[Any]", what: str, mend: str) -> Problem:
    return Problem(id=id, sentence=f"The column {table.name}.{column.name} {what}.", mend=mend)
