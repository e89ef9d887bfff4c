"""The settings of a database on which the contract of a storage rests."""

from collections.abc import Iterator, Mapping
from typing import Final

from sqlalchemy import Connection, TextClause, text

from recoverykit.storage.health import Problem

_FULL: Final = 2  # of PRAGMA synchronous
_READS: Final = 1  # the bit of wsrep_sync_wait that lets a SELECT wait
_LOSS: Final = "a crash may take back what was acknowledged, and a spent code counts again"

_POSTGRESQL: Final = text(
    "SELECT current_setting('fsync') AS fsync,"
    " current_setting('full_page_writes') AS full_page_writes,"
    " current_setting('synchronous_commit') AS synchronous_commit,"
    " current_setting('default_transaction_read_only') AS default_transaction_read_only,"
    " pg_is_in_recovery() AS is_standby"
)
# SESSION: what holds for this connection; for what has no such value, that of the server.
_MYSQL: Final = text(
    "SHOW SESSION VARIABLES WHERE Variable_name IN ("
    "'innodb_flush_log_at_trx_commit', 'log_bin', 'sync_binlog', 'sql_mode', 'read_only',"
    " 'wsrep_on', 'wsrep_sync_wait')"
)
_GALERA: Final = text("SHOW STATUS WHERE Variable_name = 'wsrep_cluster_status'")


def sqlite_problems(connection: Connection) -> Iterator[Problem]:
    """Return what is wrong with the settings of this connection to SQLite."""
    journal, synchronous, timeout = (
        connection.exec_driver_sql(f"PRAGMA {name}").scalar()
        for name in ("journal_mode", "synchronous", "busy_timeout")
    )
    if journal != "wal":
        yield Problem(
            id="sqlite-journal",
            sentence=f"The journal is {journal}, not WAL: readers and writers wait for each other.",
            mend="PRAGMA journal_mode = WAL, once for the file",
        )
    if int(synchronous or 0) < _FULL:
        yield Problem(
            id="sqlite-synchronous",
            sentence=f"Not every commit is synced: {_LOSS}.",
            mend="PRAGMA synchronous = FULL, on each connection",
        )
    if not timeout:
        yield Problem(
            id="sqlite-busy",
            sentence="A writer does not wait for another one: it fails at once.",
            mend="PRAGMA busy_timeout = 10000, on each connection",
        )
    if connection.exec_driver_sql("PRAGMA query_only").scalar() or _is_opened_to_read(connection):
        yield _read_only("Open the file to write, and leave PRAGMA query_only off.")


def _is_opened_to_read(connection: Connection) -> bool:
    """Whether the file was opened for reading alone, by the address of the engine."""
    url = connection.engine.url
    return url.query.get("mode") == "ro" or url.query.get("immutable") == "1"


def _read_only(mend: str) -> Problem:
    return Problem(
        id="read-only", sentence="Nothing can be written: every commit fails.", mend=mend
    )


def postgresql_problems(connection: Connection) -> Iterator[Problem]:
    """Return what is wrong with the settings of this connection to PostgreSQL."""
    settings = connection.execute(_POSTGRESQL).mappings().one()
    yield from in_settings({str(name): value for name, value in settings.items()})


def in_settings(settings: Mapping[str, object]) -> Iterator[Problem]:
    """Return what is wrong with the settings of a server of PostgreSQL."""
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        if settings[name] == "off":
            yield Problem(
                id=f"postgresql-{name.replace('_', '-')}",
                sentence=f"{name} is off: {_LOSS}.",
                mend=f"Set {name} = on, for the server, the database and the role.",
            )
    if settings["is_standby"]:
        yield Problem(
            id="no-primary",
            sentence="This server is a standby: it takes no change, and may be behind.",
            mend="Connect to the primary server.",
        )
    if settings["default_transaction_read_only"] == "on":
        yield _read_only("Set default_transaction_read_only = off, for the database and the role.")


def mysql_problems(connection: Connection) -> Iterator[Problem]:
    """Return what is wrong with the settings of this connection to MySQL or MariaDB."""
    variables = dict(_pairs(connection, _MYSQL))
    yield from in_variables(variables)
    if variables.get("wsrep_on") == "ON":
        yield from in_cluster(variables, dict(_pairs(connection, _GALERA)))


def in_variables(variables: Mapping[str, str]) -> Iterator[Problem]:
    """Return what is wrong with the variables of a server of MySQL or MariaDB."""
    flush = variables.get("innodb_flush_log_at_trx_commit")
    if flush != "1":
        yield Problem(
            id="mysql-flush",
            sentence=f"innodb_flush_log_at_trx_commit is {flush}: {_LOSS}.",
            mend="SET GLOBAL innodb_flush_log_at_trx_commit = 1, and in the server's configuration",
        )
    if variables.get("log_bin") == "ON" and variables.get("sync_binlog") != "1":
        yield Problem(
            id="mysql-binlog",
            sentence=f"The binary log is not synced at each commit: {_LOSS}, here or on a replica.",
            mend="SET GLOBAL sync_binlog = 1, and in the server's configuration",
        )
    if "STRICT_" not in variables.get("sql_mode", ""):
        yield Problem(
            id="mysql-not-strict",
            sentence="sql_mode is not strict: what is too long is cut without an error.",
            mend="Add STRICT_TRANS_TABLES to sql_mode.",
        )
    if variables.get("read_only", "OFF") not in {"OFF", "0"}:
        yield Problem(
            id="no-primary",
            sentence="This server is read-only: it takes no change, and may be behind.",
            mend="Connect to the primary server.",
        )


def in_cluster(variables: Mapping[str, str], status: Mapping[str, str]) -> Iterator[Problem]:
    """Return what is wrong with a node of a Galera cluster."""
    if not int(variables.get("wsrep_sync_wait", "0")) & _READS:
        yield Problem(
            id="galera-stale",
            sentence="A load may miss what another node has acknowledged.",
            mend="SET SESSION wsrep_sync_wait = 1, on each connection",
        )
    if status.get("wsrep_cluster_status") != "Primary":
        yield Problem(
            id="galera-not-primary",
            sentence="This node has lost its cluster: it serves neither loads nor commits.",
            mend="Connect to a node of the primary component, and see to this one.",
        )


def _pairs(connection: Connection, statement: TextClause) -> Iterator[tuple[str, str]]:
    for name, value in connection.execute(statement):
        yield str(name), str(value)
