"""What an exception of the database means for a commit: lost, severed, failed or unknown.

A verdict holds no exception: the text and the arguments of a driver's may quote the document.
"""

from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError

from recoverykit.errors import ConcurrentUpdate, OutcomeUnknown, StorageError

_Result = TypeVar("_Result")


class Outcome(Enum):
    """How a step ended."""

    WON = "won"
    LOST = "lost"  # another writer was first; nothing was changed
    SEVERED = "severed"  # the connection died before COMMIT was sent; nothing was changed
    FAILED = "failed"  # nothing was changed
    UNKNOWN = "unknown"  # COMMIT was sent, and its answer does not tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a step ended, and how to tell people.

    Attributes:
        outcome: how it ended.
        report: the class and the code of the exception; empty where there was none.
    """

    outcome: Outcome
    report: str = ""

    def settled(self) -> "Verdict":
        """Return the verdict as one after which nobody tries again on another connection."""
        if self.outcome is not Outcome.SEVERED:
            return self
        return Verdict(outcome=Outcome.FAILED, report=self.report)


WON = Verdict(outcome=Outcome.WON)
LOST = Verdict(outcome=Outcome.LOST)

_LOST = frozenset(
    {
        "40001",  # PostgreSQL: serialization failure
        "40P01",  # PostgreSQL: deadlock
        "1213",  # MySQL: deadlock; Galera: refused by certification, at COMMIT
        "1020",  # MariaDB: changed since the snapshot (innodb_snapshot_isolation)
        "3101",  # MySQL group replication: refused by certification, at COMMIT
        "SQLITE_BUSY_SNAPSHOT",
    }
)
_DUPLICATE = frozenset(
    {"23505", "1062", "1586", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_UNIQUE"}
)
# PostgreSQL: connection, operator intervention, system and internal errors, completion unknown. A
# proxy that still lives may answer by them for a server that does not.
_UNSURE = ("08", "57P", "58", "XX", "40003")
_CONSTRAINTS = ("23", "44", "P0", "SQLITE_CONSTRAINT")  # P0: raised by a trigger's function
_NO_TABLE = frozenset({"42P01", "1146"})  # SQLite has no code for it, but a message
_CODES = ("errno", "sqlstate", "pgcode", "sqlite_errorname")  # each driver's name for it
_NOT_COMMITTED = frozenset({"SQLITE_BUSY", "SQLITE_FULL", "SQLITE_LOCKED"})


def before_commit(error: Exception) -> Verdict:
    """Judge an exception before COMMIT was sent: whatever it is, nothing was changed."""
    if _code(error) in _LOST:
        return Verdict(outcome=Outcome.LOST, report=_report(error))
    severed = isinstance(error, DBAPIError) and error.connection_invalidated
    return Verdict(outcome=Outcome.SEVERED if severed else Outcome.FAILED, report=_report(error))


def at_commit(error: Exception) -> Verdict:
    """Judge an exception of COMMIT: unknown unless the database certainly rolled back."""
    if _code(error) in _LOST:
        return Verdict(outcome=Outcome.LOST, report=_report(error))
    certain = is_constraint(error) or _code(error) in _NOT_COMMITTED
    return Verdict(outcome=Outcome.FAILED if certain else Outcome.UNKNOWN, report=_report(error))


def at_once(error: Exception) -> Verdict:
    """Judge an exception of a statement that is its own transaction, on PostgreSQL.

    An error that the server has sent, and lived to send more, has rolled it back.
    """
    verdict, code = before_commit(error), _code(error)
    is_certain = verdict.outcome is Outcome.FAILED and code and not code.startswith(_UNSURE)
    if verdict.outcome is Outcome.LOST or is_certain:
        return verdict
    return Verdict(outcome=Outcome.UNKNOWN, report=verdict.report)


def of_rowcount(count: int) -> Verdict:
    """Judge how many rows the guarded write has changed, as the driver reports it."""
    if count in {0, 1}:
        return WON if count else LOST
    return Verdict(outcome=Outcome.FAILED, report=f"the driver reported {count} changed rows")


def is_duplicate(error: IntegrityError) -> bool:
    """Whether a row stood in the way, not some other constraint of the host's."""
    return _code(error) in _DUPLICATE


def is_constraint(error: Exception) -> bool:
    """Whether a constraint of the host's, checked at COMMIT, rolled the transaction back."""
    return _code(error).startswith(_CONSTRAINTS)


def is_won(verdict: Verdict) -> bool:
    """Return whether the commit was won, or raise what else became of it.

    Raises:
        OutcomeUnknown, StorageError: as for `Storage.commit`.
    """
    if verdict.outcome is Outcome.UNKNOWN:
        unknown = OutcomeUnknown()
        unknown.add_note(f"COMMIT was answered by {verdict.report}")
        raise unknown
    if verdict.outcome in {Outcome.FAILED, Outcome.SEVERED}:
        raise StorageError(f"the commit failed and changed nothing: {verdict.report}")
    return verdict is WON


def done(result: _Result | Verdict) -> _Result:
    """Return the result of a step, or raise what its verdict says.

    Raises:
        ConcurrentUpdate: other writers won every try.
        OutcomeUnknown, StorageError: as for `Storage.commit`.
    """
    if not isinstance(result, Verdict):
        return result
    if result.outcome is Outcome.LOST:
        raise ConcurrentUpdate("other writers won every try")
    if result.outcome is Outcome.UNKNOWN:
        is_won(result)
    raise StorageError(f"the database failed: {result.report}")


def _report(error: Exception) -> str:
    cause = _driver_error(error)
    code = _code(error)
    report = f"{type(cause).__name__} ({code})" if code else type(cause).__name__
    if code in _NO_TABLE or "no such table" in str(cause):
        return f"{report}: is a table missing? see create_tables()"
    return report


def _code(error: Exception) -> str:
    """Return the error number (MySQL), SQLSTATE (PostgreSQL), or the name of SQLite's code."""
    cause = _driver_error(error)
    # The number first: a driver of MySQL may know a SQLSTATE as well, which says less.
    number = cause.args[0] if cause.args else None
    if isinstance(number, int):
        return str(number)
    named = (getattr(cause, name, None) for name in _CODES)
    return next((str(code) for code in named if code), "")


def _driver_error(error: Exception) -> BaseException:
    return (error.orig or error) if isinstance(error, DBAPIError) else error
