"""The SQL storage: `Storage` over an engine of the host's, or over one of our own."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import URL, Connection, Engine, Executable, MetaData, Row

from recoverykit.core.record import Change, Record
from recoverykit.core.subject import Subject
from recoverykit.errors import CorruptRecord, InvalidArgument, StorageError
from recoverykit.per_process import PerProcess, keep_from_forking
from recoverykit.storage import Health, KeyUse, Outbox, Outdated
from recoverykit.storage.key_use import key_use_of
from recoverykit.storage.sql import outcomes, swap
from recoverykit.storage.sql.engine import carries_locks, checked_url, opened, require_kind
from recoverykit.storage.sql.health import examine, unreachable
from recoverykit.storage.sql.outbox import SQLOutbox
from recoverykit.storage.sql.outcomes import WON, Outcome, Verdict
from recoverykit.storage.sql.statements import Statements, key_of
from recoverykit.storage.sql.tables import DEFAULT_PREFIX, define_tables
from recoverykit.storage.sql.trail import Trail
from recoverykit.storage.sql.transaction import Transaction

CREATIONS = 8  # each failure means that another process was first with one of seven objects

_Result = TypeVar("_Result")


class SQLStorage:
    """Recovery codes in three tables of SQLite, PostgreSQL, MySQL or MariaDB.

    Implements `recoverykit.storage.TransactionalStorage`, at every isolation level, and
    `recoverykit.storage.EnumerableStorage`, `recoverykit.storage.OutboxStorage`,
    `recoverykit.storage.PurgeableStorage` and `recoverykit.storage.ExaminableStorage`.

    Args:
        engine_or_url: the host's engine, which is used as it is and never closed; or the URL of
            a database, for which each process makes an engine of its own when it first needs
            one. Ours are set up safely: SQLite keeps a write-ahead log and syncs every commit, and
            a fork waits until no other thread uses it. Each keeps up to 15 connections.
        prefix: what the names of the tables begin with: at most 40 ASCII letters, digits and
            underscores.
        schema: the schema that holds them; None for the database's default.

    Raises:
        InvalidArgument: the engine, the URL or the prefix cannot be used. SQLite in memory is
            refused: see `recoverykit.storage.memory.MemoryStorage`.
    """

    def __init__(
        self,
        engine_or_url: Engine | URL | str,
        *,
        prefix: str = DEFAULT_PREFIX,
        schema: str | None = None,
    ) -> None:
        self._metadata = MetaData()
        self._statements = Statements.on(
            define_tables(self._metadata, prefix=prefix, schema=schema)
        )
        self._own: PerProcess[Engine] | None = None
        self._lending: Callable[[], AbstractContextManager[object]] = nullcontext
        if isinstance(engine_or_url, Engine):
            require_kind(engine_or_url.dialect, is_async=False)
            self._engine: Callable[[], Engine] = lambda: engine_or_url
        else:
            url = checked_url(engine_or_url)
            self._own = PerProcess(partial(opened, url))
            if carries_locks(url):
                self._own = PerProcess(partial(opened, url), before_fork=Engine.dispose)
                self._lending = keep_from_forking
            self._engine = self._own.get

    def load(self, subject: Subject) -> Record | None:
        """Return what is stored for the subject, by one SELECT outside any transaction.

        Raises:
            StorageError: the database cannot be read.
            MissingExtra: the driver of the URL is not installed.
        """
        statements, is_ours = self._statements, self._own is not None
        return self._read(lambda loan: swap.load(loan, statements, subject, is_ours=is_ours))

    def commit(self, subject: Subject, change: Change) -> bool:
        """Compare and swap in a transaction of its own, as `Storage.commit` says.

        Raises:
            OutcomeUnknown, StorageError: as for `Storage.commit`.
            MissingExtra: the driver of the URL is not installed.
        """
        return self._commit(subject, change, None)

    def commit_within(
        self, subject: Subject, change: Change, within: Callable[[Connection], object]
    ) -> bool:
        """Commit, calling ``within(connection)`` in the transaction once the swap has won.

        An ORM session can be bound to the connection. The function must not end the transaction or
        close the connection, nor make or alter tables on MySQL, which commits them and everything
        before them at once.
        Where a deadlock or a serialization failure is refused at COMMIT the answer is False, and
        the caller may come again with the same function.

        Raises:
            Exception: whatever the function raises. Nothing was changed.
            HostRefused: a constraint of the host's, which the database checks at COMMIT only,
                refused what the function wrote. Nothing was changed.
            OutcomeUnknown, StorageError: as for `Storage.commit`.
            MissingExtra: the driver of the URL is not installed.
        """
        return self._commit(subject, change, within)

    def scopes(self, subject: Subject) -> tuple[Subject, ...]:
        """Return what is stored of the same tenant and id, in the order of scopes.

        Raises:
            StorageError, MissingExtra: as for ``load``.
        """
        return subjects_of(self._select(self._statements.scopes, **key_of(subject)))

    def key_use(self) -> Mapping[str, KeyUse]:
        """Return how much of what is stored needs each key, by the key's id.

        It reads the whole table, if only three of its columns.

        Raises:
            StorageError, MissingExtra: as for ``load``.
        """
        rows = self._select(self._statements.key_use)
        return key_use_of((row.key_ids.split(), row.seal_key_id, row.documents) for row in rows)

    def sealed_otherwise(
        self, seal_key_id: str | None, *, after: Subject | None, limit: int
    ) -> tuple[Subject, ...]:
        """Return subjects whose documents another key seals, or none, in the order of the key.

        Raises:
            StorageError, MissingExtra: as for ``load``.
        """
        statement, values = self._statements.sealed_by_another(seal_key_id, after, limit)
        return subjects_of(self._select(statement, **values))

    def outdated(
        self, *, before: datetime, after: Subject | None, limit: int
    ) -> tuple[Outdated, ...]:
        """Return records that may hold something to purge, in the order of the key.

        Raises:
            StorageError, MissingExtra: as for ``load``.
        """
        statement, values = self._statements.outdated_before(before, after, limit)
        return outdated_of(self._select(statement, **values))

    def purge_events(self, *, before: datetime, limit: int) -> int:
        """Delete the oldest events before that time in one transaction; return how many.

        Whatever a reader of the outbox has not acknowledged stays, with a position or without.

        Raises:
            ConcurrentUpdate, OutcomeUnknown, StorageError: perhaps nothing was deleted.
            MissingExtra: the driver of the URL is not installed.
        """
        return self._run(lambda loan: self._trail(loan).purge(before, limit))

    @property
    def outbox(self) -> Outbox:
        """The events that the commits have written, for readers that must miss none."""
        return SQLOutbox(self._run, self._trail)

    def health(self) -> Health:
        """Look at the tables, and at the settings on which the contract rests.

        A host's engine is left as it is: here is told what it lacks. A database that cannot be
        reached is a problem like the others. Costs some queries: for a probe or an alarm, not for
        every call.

        Raises:
            MissingExtra: the driver of the URL is not installed.
        """
        step = partial(examine, metadata=self._metadata)
        found = self._lend(step)
        if isinstance(found, Verdict) and found.outcome is Outcome.SEVERED:
            found = self._lend(step)  # see _commit
        return unreachable(found) if isinstance(found, Verdict) else found

    def create_tables(self) -> None:
        """Make what is missing of the tables; several processes may do so at once.

        Raises:
            StorageError: the database refuses, or a schema is not there.
            MissingExtra: the driver of the URL is not installed.
        """
        report = ""
        for _ in range(CREATIONS):
            verdict = self._lend(partial(swap.create, metadata=self._metadata))
            if verdict is WON:
                return
            report = verdict.report
            if verdict.outcome is not Outcome.LOST:
                break
        raise StorageError(f"the tables could not be made: {report}")

    def close(self) -> None:
        """Close the connections of an engine of our own; the next call opens it anew.

        A host's engine is the host's to dispose of.
        """
        if self._own is not None and (engine := self._own.take()) is not None:
            engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _select(self, statement: Executable, **values: object) -> Sequence[Row[Any]]:
        is_ours = self._own is not None
        return self._read(lambda loan: swap.read(loan, statement, values, is_ours=is_ours))

    def _read(self, step: Callable[[Transaction], _Result | Verdict]) -> _Result:
        found = self._lend(step)
        if isinstance(found, Verdict) and found.outcome is not Outcome.FAILED:
            found = self._lend(step)  # see _commit; and reading again is always right
        if isinstance(found, Verdict):
            raise StorageError(f"the load failed: {found.report}")
        return found

    def _trail(self, loan: Transaction) -> Trail:
        return Trail(loan=loan, statements=self._statements.trail, is_ours=self._own is not None)

    def _run(self, step: Callable[[Transaction], _Result | Verdict]) -> _Result:
        """Run a step that may as well run twice."""
        done = self._lend(step)
        if isinstance(done, Verdict) and done.outcome in {Outcome.SEVERED, Outcome.UNKNOWN}:
            done = self._lend(step)
        return outcomes.done(done)

    def _commit(
        self,
        subject: Subject,
        change: Change,
        within: Callable[[Connection], object] | None,
    ) -> bool:
        statements = self._statements
        verdict = self._lend(lambda loan: swap.swap(loan, statements, subject, change, within))
        if verdict.outcome is Outcome.SEVERED:
            # The pool had not noticed that the server was gone; by now it has made room for
            # connections that live.
            verdict = self._lend(lambda loan: swap.swap(loan, statements, subject, change, within))
        return outcomes.is_won(verdict)

    def _lend(self, step: Callable[[Transaction], _Result]) -> _Result | Verdict:
        """Lend the step a connection, and take it back whatever happens."""
        with self._lending():
            engine = self._engine()
            try:
                loan = Transaction(engine.connect())
            except Exception as error:  # noqa: BLE001 - a driver may raise anything
                return outcomes.before_commit(error)
            try:
                return step(loan)
            finally:
                loan.release()


def subjects_of(rows: Sequence[Row[Any]]) -> tuple[Subject, ...]:
    """Return the subjects that rows name.

    Raises:
        CorruptRecord: a row names what cannot be one.
    """
    try:
        return tuple(Subject(row.subject, tenant=row.tenant, scope=row.scope) for row in rows)
    except InvalidArgument:
        pass
    raise CorruptRecord("a stored row names a subject that cannot be")


def outdated_of(rows: Sequence[Row[Any]]) -> tuple[Outdated, ...]:
    """Return the records that rows tell of.

    Raises:
        CorruptRecord: as for `subjects_of`.
    """
    return tuple(
        Outdated(subject=subject, revision=row.revision, has_events=bool(row.has_events))
        for subject, row in zip(subjects_of(rows), rows, strict=True)
    )
