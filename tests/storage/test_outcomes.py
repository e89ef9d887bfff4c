"""What a driver's exception means: a table over the codes, whichever driver names them."""

import sqlite3
from types import SimpleNamespace

import psycopg
import pymysql
import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from recoverykit.errors import ConcurrentUpdate, CorruptRecord, OutcomeUnknown, StorageError
from recoverykit.storage.sql import outcomes
from recoverykit.storage.sql.outcomes import LOST, WON, Outcome, Verdict
from recoverykit.storage.sql.storage import subjects_of

CANARY = "canary-51ce"


def wrapped(original, *, severed=False):
    """The exception as SQLAlchemy hands it on."""
    return DBAPIError("UPDATE", {"document": CANARY}, original, connection_invalidated=severed)


def postgresql(sqlstate):
    """As psycopg raises it."""
    return psycopg.errors.lookup(sqlstate)(CANARY)


def mysql(number):
    """As PyMySQL raises it."""
    return pymysql.err.OperationalError(number, CANARY)


def sqlite(name):
    """As the standard library raises it."""
    error = sqlite3.OperationalError(CANARY)
    error.sqlite_errorname = name
    return error


class Coded(Exception):
    """An error of a driver that names its code in its own way."""

    def __init__(self, **codes):
        super().__init__(CANARY)
        vars(self).update(codes)


@pytest.mark.parametrize(
    ("error", "before", "at"),
    [
        (postgresql("40001"), Outcome.LOST, Outcome.LOST),
        (postgresql("40P01"), Outcome.LOST, Outcome.LOST),
        (postgresql("40003"), Outcome.FAILED, Outcome.UNKNOWN),
        (postgresql("23505"), Outcome.FAILED, Outcome.FAILED),
        (postgresql("23503"), Outcome.FAILED, Outcome.FAILED),
        (postgresql("P0001"), Outcome.FAILED, Outcome.FAILED),
        (postgresql("44000"), Outcome.FAILED, Outcome.FAILED),
        (postgresql("55P03"), Outcome.FAILED, Outcome.UNKNOWN),
        (postgresql("57P01"), Outcome.FAILED, Outcome.UNKNOWN),
        (postgresql("53100"), Outcome.FAILED, Outcome.UNKNOWN),
        (mysql(1213), Outcome.LOST, Outcome.LOST),
        (mysql(1020), Outcome.LOST, Outcome.LOST),
        (mysql(3101), Outcome.LOST, Outcome.LOST),
        (mysql(1062), Outcome.FAILED, Outcome.UNKNOWN),
        (mysql(1205), Outcome.FAILED, Outcome.UNKNOWN),
        (mysql(1180), Outcome.FAILED, Outcome.UNKNOWN),
        (mysql(1047), Outcome.FAILED, Outcome.UNKNOWN),
        (mysql(2013), Outcome.FAILED, Outcome.UNKNOWN),
        (sqlite("SQLITE_BUSY"), Outcome.FAILED, Outcome.FAILED),
        (sqlite("SQLITE_BUSY_SNAPSHOT"), Outcome.LOST, Outcome.LOST),
        (sqlite("SQLITE_LOCKED"), Outcome.FAILED, Outcome.FAILED),
        (sqlite("SQLITE_FULL"), Outcome.FAILED, Outcome.FAILED),
        (sqlite("SQLITE_CONSTRAINT_FOREIGNKEY"), Outcome.FAILED, Outcome.FAILED),
        (sqlite("SQLITE_IOERR_FSYNC"), Outcome.FAILED, Outcome.UNKNOWN),
        (Coded(errno=1213), Outcome.LOST, Outcome.LOST),
        (Coded(errno=-1, sqlstate="40001"), Outcome.FAILED, Outcome.UNKNOWN),
        (Coded(pgcode="40P01"), Outcome.LOST, Outcome.LOST),
        (Coded(), Outcome.FAILED, Outcome.UNKNOWN),
    ],
    ids=lambda value: value.value if isinstance(value, Outcome) else type(value).__name__,
)
def test_a_drivers_error_is_judged_by_its_code(error, before, at):
    """Before COMMIT nothing was changed; at COMMIT only some codes say so."""
    assert outcomes.before_commit(wrapped(error)).outcome is before
    assert outcomes.at_commit(wrapped(error)).outcome is at


@pytest.mark.parametrize(
    "error", [PoolTimeout(CANARY), OSError(111, CANARY), RuntimeError(), UnicodeError(CANARY)]
)
def test_any_other_exception_fails_before_commit_and_is_unknown_at_commit(error):
    """Whatever it is."""
    assert outcomes.before_commit(error).outcome is Outcome.FAILED
    assert outcomes.at_commit(error).outcome is Outcome.UNKNOWN


def test_a_dead_connection_is_severed_until_commit_is_sent():
    """Before COMMIT it is worth another connection; at COMMIT nobody knows."""
    error = wrapped(mysql(2013), severed=True)
    assert outcomes.before_commit(error) == Verdict(
        outcome=Outcome.SEVERED, report="OperationalError (2013)"
    )
    assert outcomes.before_commit(error).settled() == Verdict(
        outcome=Outcome.FAILED, report="OperationalError (2013)"
    )
    assert outcomes.at_commit(error).outcome is Outcome.UNKNOWN
    assert LOST.settled() is LOST


@pytest.mark.parametrize(
    ("count", "outcome"),
    [(1, Outcome.WON), (0, Outcome.LOST), (-1, Outcome.FAILED), (2, Outcome.FAILED)],
)
def test_one_changed_row_wins(count, outcome):
    """None loses, and any other count proves nothing."""
    assert outcomes.of_rowcount(count).outcome is outcome


def test_a_verdict_is_answered_or_raised():
    """True and False for what was decided, an error for the rest."""
    assert outcomes.is_won(WON) is True
    assert outcomes.is_won(LOST) is False
    failed = Verdict(outcome=Outcome.FAILED, report="X (1)")
    with pytest.raises(StorageError, match=r"^the commit failed and changed nothing: X \(1\)$"):
        outcomes.is_won(failed)
    with pytest.raises(OutcomeUnknown) as caught:
        outcomes.is_won(Verdict(outcome=Outcome.UNKNOWN, report="X (1)"))
    assert caught.value.__notes__ == ["COMMIT was answered by X (1)"]


def test_a_step_has_a_result_or_an_error():
    """Where others win, that is said, and where a driver counts wrong, what it counted."""
    assert outcomes.done("result") == "result"
    with pytest.raises(ConcurrentUpdate) as lost:
        outcomes.done(LOST)
    assert str(lost.value) == "other writers won every try"
    with pytest.raises(StorageError) as failed:
        outcomes.done(outcomes.of_rowcount(2))
    assert str(failed.value) == "the database failed: the driver reported 2 changed rows"


def test_a_row_that_names_no_subject_is_corrupt():
    """Nothing of it is shown."""
    row = SimpleNamespace(subject="", tenant="", scope="")
    with pytest.raises(CorruptRecord) as caught:
        list(subjects_of([row]))
    assert str(caught.value) == "a stored row names a subject that cannot be"


@pytest.mark.parametrize("error", [mysql(1213), postgresql("40001"), sqlite(""), Coded()])
def test_no_report_quotes_the_exception(error):
    """Class and code, and nothing that a statement or a row could be part of."""
    for verdict in (outcomes.before_commit(wrapped(error)), outcomes.at_commit(wrapped(error))):
        assert CANARY not in verdict.report
        assert type(error).__name__ in verdict.report


@pytest.mark.parametrize("code", ["08007", "08006", "40003", "57P01", "58000", "XX000"])
def test_a_commit_in_one_statement_is_uncertain_where_the_server_may_be_gone(code):
    """A proxy may have answered in its place: nobody knows whether the change has landed."""

    class Error(Exception):
        sqlstate = code

    wrapped = DBAPIError("statement", None, Error())
    assert outcomes.at_once(wrapped).outcome is Outcome.UNKNOWN
