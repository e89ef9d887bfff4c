"""One transaction on a connection of any engine, whatever the engine thinks of autocommit."""

import contextlib
from collections.abc import Generator
from typing import Any, cast

from sqlalchemy import Connection, RootTransaction
from sqlalchemy.engine.interfaces import DBAPIConnection

from recoverykit.storage.sql.database import Database


class Transaction:
    """A transaction that is one, even where the driver commits each statement by itself.

    There it is started and ended by statements of its own, so that the settings of the host's
    connection stay as they are.

    Args:
        connection: a fresh connection, which `release` gives back.
    """

    __slots__ = ("_detached", "_is_explicit", "_root", "connection")

    def __init__(self, connection: Connection) -> None:
        self.connection: Connection = connection
        self._is_explicit = False
        self._detached: DBAPIConnection | None = None
        self._root: RootTransaction | None = None

    def begin(self) -> None:
        """Start the transaction."""
        self._root = self.connection.begin()
        if not _has_begun(self.connection):
            self.connection.exec_driver_sql(Database.of(self.connection.dialect).begin)
            self._is_explicit = True

    def lent(self) -> Connection:
        """Return the connection for the host's function, which must not close it, but may.

        A pool that does not roll back what commits by itself (``skip_autocommit_rollback``) would
        hand our open transaction to whoever comes next, who would take it for landed. So the
        connection leaves such a pool for good.
        """
        if self._is_explicit and self.connection.dialect.skip_autocommit_rollback:
            self._detached = _driver(self.connection)
            self.connection.detach()
        return self.connection

    @property
    def is_open(self) -> bool:
        """Whether nobody has ended the transaction through the connection."""
        return self.connection.in_transaction() and (
            self.connection.get_transaction() is self._root
        )

    def commit(self) -> None:
        """Send COMMIT."""
        if self._is_explicit:
            self.connection.exec_driver_sql("COMMIT")
            self._is_explicit = False
        self.connection.commit()

    def rollback(self) -> None:
        """Roll back what is open, so that the next transaction can begin."""
        if self._is_explicit:
            self._is_explicit = False
            self.connection.exec_driver_sql("ROLLBACK")
        self.connection.rollback()

    def release(self) -> None:
        """Roll back what is open, and give the connection back; throw it away if that fails."""
        try:
            if not self.connection.closed:  # by the host's function: the pool has rolled back
                self._give_back()
        finally:
            if self._detached is not None:
                # Nobody else does where the driver is awaited; elsewhere it is closed by now.
                with contextlib.suppress(Exception):
                    self._detached.close()

    def _give_back(self) -> None:
        try:
            self.rollback()
        except Exception:  # noqa: BLE001 - must not hide what the host's function raised
            self.connection.invalidate()
        finally:
            with contextlib.suppress(Exception):
                self.connection.close()


@contextlib.contextmanager
def fresh_read(connection: Connection, *, is_ours: bool) -> Generator[None]:
    """Let one SELECT see all that is committed and nothing else, at every isolation level.

    Without it a host's READ UNCOMMITTED would show what may be rolled back, and SERIALIZABLE
    would let a reader wait for writers, or refuse it.
    """
    database = Database.of(connection.dialect)
    if database is Database.POSTGRESQL:
        with autocommit(connection):
            yield
    else:
        if database is Database.MYSQL and not is_ours:
            # Without SESSION it holds for the next transaction only.
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        yield


@contextlib.contextmanager
def autocommit(connection: Connection) -> Generator[None]:
    """Let one statement be its own transaction, on PostgreSQL, whose drivers see to it themselves.

    The statement runs at the session's own isolation level, which is no more than a guarded write
    or a single read needs.

    SQLAlchemy's own switch would afterwards reset an isolation level that the host had set by
    hand.
    """
    driver = _driver(connection)
    before: object = driver.autocommit
    try:
        driver.autocommit = True
        yield
        driver.autocommit = before
    except BaseException:
        connection.invalidate()  # nobody may get it back in a mode that they did not choose
        raise


def _has_begun(connection: Connection) -> bool:
    if Database.of(connection.dialect) is Database.SQLITE:
        return bool(cast("Any", connection.connection.driver_connection).in_transaction)
    return not connection.dialect.detect_autocommit_setting(_driver(connection))


def _driver(connection: Connection) -> DBAPIConnection:
    # None only after an invalidation, and we have just taken the connection from the pool.
    return cast("DBAPIConnection", connection.connection.dbapi_connection)
