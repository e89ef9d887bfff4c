"""The engines that hosts have: every isolation level, and their own ways to set up connections."""

import sys

import pymysql
import sqlalchemy as sa
from pymysql.constants import CLIENT

SERVER_LEVELS = [
    "READ UNCOMMITTED",
    "READ COMMITTED",
    "REPEATABLE READ",
    "SERIALIZABLE",
    "AUTOCOMMIT",
]
# A pool that takes it for granted that nothing is open on a connection that is given back.
SKIPPING = "AUTOCOMMIT without rollback"
SQLITE_LEVELS = ["READ UNCOMMITTED", "SERIALIZABLE", "AUTOCOMMIT"]
# What the driver does by itself can be chosen from Python 3.12 on.
SQLITE_MODES = ["driver autocommit", "driver transactions"] if sys.version_info >= (3, 12) else []


def engine_of(url, flavour, *, create=sa.create_engine):
    """A host's engine: an isolation level, or a way of its own to set up connections."""
    if flavour == "option":
        return create(url).execution_options(isolation_level="AUTOCOMMIT")
    if flavour == SKIPPING:
        return create(url, isolation_level="AUTOCOMMIT", skip_autocommit_rollback=True)
    if flavour == "BEGIN":
        return begun_by_hand(create(url))
    if flavour.startswith("pymysql"):
        return by_creator(url, flavour)
    if flavour.startswith("driver"):
        return create(url, connect_args={"autocommit": "autocommit" in flavour})
    return create(url, isolation_level=flavour)


def begun_by_hand(engine):
    """SQLAlchemy's recipe for transactions that SQLite's driver does not start by itself."""
    called = getattr(engine, "sync_engine", engine)
    sa.event.listen(called, "connect", lambda driver, _: setattr(driver, "isolation_level", None))
    sa.event.listen(called, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def by_creator(url, flavour):
    """PyMySQL's connections as the host makes them: SQLAlchemy adds no flag of its own."""
    at = sa.make_url(url)

    def connect():
        return pymysql.connect(
            host=at.host,
            port=at.port,
            user=at.username,
            database=at.database,
            client_flag=CLIENT.FOUND_ROWS if "found" in flavour else 0,
            autocommit="autocommit" in flavour,
        )

    return sa.create_engine(url, creator=connect)


FLAVOURS = {
    "sqlite": [*SQLITE_LEVELS, "option", SKIPPING, "BEGIN", *SQLITE_MODES],
    "postgresql": [*SERVER_LEVELS, "option", SKIPPING],
    "mariadb": [
        *SERVER_LEVELS,
        "option",
        SKIPPING,
        "pymysql changed rows",
        "pymysql found rows",
        "pymysql autocommit",
    ],
}
