"""The load and the compare-and-swap on one connection, with every exception judged.

The first statement of a transaction is the guarded write: nothing is decided on a snapshot.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Executable, MetaData, Row
from sqlalchemy.exc import IntegrityError

from recoverykit.core.record import Change, Record
from recoverykit.core.subject import Subject
from recoverykit.storage import HostRefused
from recoverykit.storage.sql import outcomes
from recoverykit.storage.sql.database import Database
from recoverykit.storage.sql.outcomes import LOST, WON, Outcome, Verdict
from recoverykit.storage.sql.statements import (
    Statements,
    columns_of,
    event_in_update_of,
    event_row_of,
    guard_of,
    key_of,
    row_of,
)
from recoverykit.storage.sql.transaction import Transaction, autocommit, fresh_read


def load(
    loan: Transaction, statements: Statements, subject: Subject, *, is_ours: bool
) -> Record | Verdict | None:
    """Return what is stored for the subject, by one SELECT that is its own transaction."""
    rows = read(loan, statements.load, key_of(subject), is_ours=is_ours)
    if isinstance(rows, Verdict):
        return rows
    return next(
        (Record(revision=row.revision, document=row.document.reveal()) for row in rows), None
    )


def read(
    loan: Transaction, statement: Executable, values: Mapping[str, object], *, is_ours: bool
) -> Sequence[Row[Any]] | Verdict:
    """Return the rows of one SELECT that is its own transaction."""
    connection = loan.connection
    try:
        with fresh_read(connection, is_ours=is_ours):
            return connection.execute(statement, values).all()
    except Exception as error:  # noqa: BLE001 - a driver may raise anything
        return outcomes.before_commit(error)


def create(loan: Transaction, *, metadata: MetaData) -> Verdict:
    """Make the tables that are missing; lost where another process may have been first.

    Databases do not agree on a code for that, so every error is taken for it.
    """
    try:
        loan.begin()
        metadata.create_all(loan.connection)
        loan.commit()
    except Exception as error:  # noqa: BLE001 - a driver may raise anything
        return Verdict(outcome=Outcome.LOST, report=outcomes.before_commit(error).report)
    return WON


def swap(
    transaction: Transaction,
    statements: Statements,
    subject: Subject,
    change: Change,
    within: Callable[[Connection], object] | None,
) -> Verdict:
    """Write the change if its expected revision stands, and commit.

    Raises:
        HostRefused: a constraint of the host's refuses at COMMIT what ``within`` wrote.
        BaseException: whatever ``within`` raises.
    """
    if within is None and _fits_one_statement(transaction.connection, change):
        return _swap_at_once(transaction.connection, statements, subject, change)
    verdict = write(transaction, statements, subject, change)
    if within is None:
        return commit(transaction, is_shared=False) if verdict is WON else verdict
    if verdict is WON:
        within(transaction.lent())
        verdict = commit_checked(transaction, statements, subject, change)
    return verdict


def write(
    transaction: Transaction, statements: Statements, subject: Subject, change: Change
) -> Verdict:
    """Write the change if its expected revision stands, without committing it."""
    try:
        transaction.begin()
        verdict = _write_record(transaction.connection, statements, subject, change)
        if verdict is WON:
            _write_events(transaction.connection, statements, subject, change)
    except Exception as error:  # noqa: BLE001 - a driver may raise anything
        return outcomes.before_commit(error)
    return verdict


def _fits_one_statement(connection: Connection, change: Change) -> bool:
    """Whether the database updates a record and appends an event by one statement."""
    return (
        Database.of(connection.dialect) is Database.POSTGRESQL
        and change.expected is not None
        and change.document is not None
        and len(change.events) == 1
    )


def _swap_at_once(
    connection: Connection, statements: Statements, subject: Subject, change: Change
) -> Verdict:
    """Swap by one statement that is its own transaction: its answer is that of the COMMIT."""
    try:
        with autocommit(connection):
            # Not by a name: whatever ends this frame, its locals must not show the document.
            count = connection.execute(
                statements.update_and_tell,
                {
                    **guard_of(subject, change.expected or ""),
                    **row_of(change),
                    **event_in_update_of(change.events[0]),
                },
            ).scalar_one()
    except Exception as error:  # noqa: BLE001 - a driver may raise anything
        return outcomes.at_once(error)
    return outcomes.of_rowcount(count)


def _write_record(
    connection: Connection, statements: Statements, subject: Subject, change: Change
) -> Verdict:
    if change.expected is None:
        verdict = _insert(connection, statements, subject, change)
        if verdict is not WON or change.document is not None:
            return verdict
        # To erase where nothing is stored, hold the place: somebody may be about to store.
        return _delete(connection, statements, subject, change.revision)
    if change.document is None:
        return _delete(connection, statements, subject, change.expected)
    return outcomes.of_rowcount(
        connection.execute(
            statements.update, {**guard_of(subject, change.expected), **row_of(change)}
        ).rowcount
    )


def _insert(
    connection: Connection, statements: Statements, subject: Subject, change: Change
) -> Verdict:
    try:
        return outcomes.of_rowcount(
            connection.execute(
                statements.insert, {**columns_of(subject), **row_of(change)}
            ).rowcount
        )
    except IntegrityError as error:
        if outcomes.is_duplicate(error):
            return LOST
        raise


def _delete(
    connection: Connection, statements: Statements, subject: Subject, revision: str
) -> Verdict:
    return outcomes.of_rowcount(
        connection.execute(statements.delete, guard_of(subject, revision)).rowcount
    )


def _write_events(
    connection: Connection, statements: Statements, subject: Subject, change: Change
) -> None:
    if change.document is None:
        connection.execute(statements.delete_events, key_of(subject))
    if change.events:
        connection.execute(statements.insert_events, [event_row_of(e) for e in change.events])


def commit_checked(
    transaction: Transaction, statements: Statements, subject: Subject, change: Change
) -> Verdict:
    """Commit what the host's function leaves, if the swap still stands.

    Raises:
        HostRefused: a constraint of the host's refuses at COMMIT what the function wrote.
    """
    verdict = _check(transaction, statements, subject, change)
    return commit(transaction, is_shared=True) if verdict is WON else verdict


def _check(
    transaction: Transaction, statements: Statements, subject: Subject, change: Change
) -> Verdict:
    """Whether the swap still stands after the host's function.

    It may have swallowed an error that cost the transaction: MySQL rolls a deadlock's victim
    back whole and goes on, PostgreSQL answers COMMIT by a silent ROLLBACK. A COMMIT that
    succeeds then proves nothing.
    """
    if not transaction.is_open:
        return Verdict(outcome=Outcome.UNKNOWN, report="a function that ended the transaction")
    try:
        row = transaction.connection.execute(statements.standing, key_of(subject)).one_or_none()
    except Exception as error:  # noqa: BLE001 - as in write
        # The function has run: it is not for us to run it again.
        return outcomes.before_commit(error).settled()
    written = None if change.document is None else change.revision
    return WON if (row and row.revision) == written else LOST


def commit(transaction: Transaction, *, is_shared: bool) -> Verdict:
    """Send COMMIT.

    Args:
        transaction: what to commit.
        is_shared: whether the host has written in it.

    Raises:
        HostRefused: a constraint of the host's refuses what it has written.
    """
    try:
        transaction.commit()
    except Exception as error:  # noqa: BLE001 - a driver may raise anything
        verdict = outcomes.at_commit(error)
        if verdict.outcome is not Outcome.LOST:
            # SQLAlchemy takes the transaction for ended; on the server it may be open.
            transaction.connection.invalidate()
        if is_shared and outcomes.is_constraint(error):
            raise HostRefused(error) from None
        return verdict
    return WON
