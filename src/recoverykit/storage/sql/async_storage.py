"""The asynchronous SQL storage: the steps of `SQLStorage`, on drivers that are awaited."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import URL, Executable, MetaData, Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from recoverykit.completion import to_the_end
from recoverykit.core.record import Change, Record
from recoverykit.core.subject import Subject
from recoverykit.errors import StorageError
from recoverykit.storage import AsyncOutbox, Health, KeyUse, Outdated
from recoverykit.storage.key_use import key_use_of
from recoverykit.storage.sql import outcomes, swap
from recoverykit.storage.sql.async_outbox import AsyncSQLOutbox
from recoverykit.storage.sql.engine import checked_url, require_kind
from recoverykit.storage.sql.health import examine, unreachable
from recoverykit.storage.sql.loan import Loan
from recoverykit.storage.sql.loop_engines import LoopEngines, running_loop
from recoverykit.storage.sql.outcomes import WON, Outcome, Verdict
from recoverykit.storage.sql.statements import Statements, key_of
from recoverykit.storage.sql.storage import CREATIONS, outdated_of, subjects_of
from recoverykit.storage.sql.tables import DEFAULT_PREFIX, define_tables
from recoverykit.storage.sql.trail import Trail
from recoverykit.storage.sql.transaction import Transaction

_Result = TypeVar("_Result")


class AsyncSQLStorage:
    """Recovery codes in the tables of `SQLStorage`, on drivers that are awaited, on asyncio.

    Implements, at every isolation level, what `SQLStorage` does, awaited:
    `recoverykit.storage.AsyncTransactionalStorage`, `recoverykit.storage.AsyncEnumerableStorage`,
    `recoverykit.storage.AsyncPurgeableStorage`, `recoverykit.storage.AsyncOutboxStorage` and
    `recoverykit.storage.AsyncExaminableStorage`.

    A statement that has begun is waited for, even by a caller that is cancelled: where a database
    may hang, or keep a statement waiting for a lock, set a limit in the database or the driver.

    Args:
        engine_or_url: the host's asynchronous engine, which is used as it is and never closed; or
            the URL of a database, for which each event loop gets an engine of its own when it
            first needs one, set up safely as by `SQLStorage`. Close it before the loop ends, and
            on SQLite before the process forks.
        prefix: as for `SQLStorage`.
        schema: as for `SQLStorage`.

    Raises:
        InvalidArgument: as for `SQLStorage`; or the driver is not an asynchronous one.
    """

    def __init__(
        self,
        engine_or_url: AsyncEngine | URL | str,
        *,
        prefix: str = DEFAULT_PREFIX,
        schema: str | None = None,
    ) -> None:
        self._metadata = MetaData()
        self._statements = Statements.on(
            define_tables(self._metadata, prefix=prefix, schema=schema)
        )
        self._own: LoopEngines | None = None
        if isinstance(engine_or_url, AsyncEngine):
            require_kind(engine_or_url.dialect, is_async=True)
            self._engine: Callable[[], AsyncEngine] = lambda: engine_or_url
        else:
            self._own = LoopEngines(checked_url(engine_or_url, is_async=True))
            self._engine = self._own.get

    async def load(self, subject: Subject) -> Record | None:
        """Return what is stored for the subject, by one SELECT outside any transaction.

        Raises:
            StorageError: the database cannot be read.
            MissingExtra: the driver of the URL is not installed.
        """
        statements, is_ours = self._statements, self._own is not None
        return await self._read(lambda loan: swap.load(loan, statements, subject, is_ours=is_ours))

    async def commit(self, subject: Subject, change: Change) -> bool:
        """Compare and swap in a transaction of its own, as `Storage.commit` says.

        Raises:
            OutcomeUnknown, StorageError: as for `Storage.commit`.
            MissingExtra: the driver of the URL is not installed.
        """
        statements = self._statements
        return await self._commit(
            lambda loan: loan.use(lambda it: swap.swap(it, statements, subject, change, None))
        )

    async def commit_within(
        self,
        subject: Subject,
        change: Change,
        within: Callable[[AsyncConnection], Awaitable[object]],
    ) -> bool:
        """Commit, awaiting ``within(connection)`` in the transaction once the swap has won.

        An ``AsyncSession`` can be bound to the connection. The function runs in a task of its own,
        with the caller's context variables. See `SQLStorage.commit_within`.

        Raises:
            Exception: whatever the function raises. Nothing was changed.
            HostRefused, OutcomeUnknown, StorageError, MissingExtra: as for
                `SQLStorage.commit_within`.
        """
        statements = self._statements

        async def step(loan: Loan) -> Verdict:
            try:
                verdict = await loan.run(lambda it: swap.write(it, statements, subject, change))
                if verdict is WON:
                    await loan.lend_to(within)
                    verdict = await loan.run(
                        lambda it: swap.commit_checked(it, statements, subject, change)
                    )
                return verdict
            finally:
                await loan.release()

        return await self._commit(step)

    async def scopes(self, subject: Subject) -> tuple[Subject, ...]:
        """Return what is stored of the same tenant and id, in the order of scopes.

        Raises:
            StorageError, MissingExtra: as for ``load``.
        """
        return subjects_of(await self._select(self._statements.scopes, **key_of(subject)))

    async def key_use(self) -> Mapping[str, KeyUse]:
        """Return how much of what is stored needs each key, by the key's id.

        It reads the whole table, if only three of its columns.

        Raises:
            StorageError, MissingExtra: as for ``load``.
        """
        rows = await self._select(self._statements.key_use)
        return key_use_of((row.key_ids.split(), row.seal_key_id, row.documents) for row in rows)

    async def sealed_otherwise(
        self, seal_key_id: str | None, *, after: Subject | None, limit: int
    ) -> tuple[Subject, ...]:
        """Return subjects whose documents another key seals, or none, in the order of the key.

        Raises:
            StorageError, MissingExtra: as for ``load``.
        """
        statement, values = self._statements.sealed_by_another(seal_key_id, after, limit)
        return subjects_of(await self._select(statement, **values))

    async def outdated(
        self, *, before: datetime, after: Subject | None, limit: int
    ) -> tuple[Outdated, ...]:
        """Return records that may hold something to purge, in the order of the key.

        Raises:
            StorageError, MissingExtra: as for ``load``.
        """
        statement, values = self._statements.outdated_before(before, after, limit)
        return outdated_of(await self._select(statement, **values))

    async def purge_events(self, *, before: datetime, limit: int) -> int:
        """Delete the oldest events before that time in one transaction; return how many.

        See `SQLStorage.purge_events`.

        Raises:
            ConcurrentUpdate, OutcomeUnknown, StorageError: perhaps nothing was deleted.
            MissingExtra: the driver of the URL is not installed.
        """
        return await self._run(lambda loan: self._trail(loan).purge(before, limit))

    @property
    def outbox(self) -> AsyncOutbox:
        """The events that the commits have written, for readers that must miss none."""
        return AsyncSQLOutbox(self._run, self._trail)

    async def health(self) -> Health:
        """Look at the tables, and at the settings on which the contract rests.

        See `SQLStorage.health`.

        Raises:
            MissingExtra: the driver of the URL is not installed.
        """
        step = partial(examine, metadata=self._metadata)
        found = await self._loan().use(step)
        if isinstance(found, Verdict) and found.outcome is Outcome.SEVERED:
            found = await self._loan().use(step)  # as for SQLStorage
        return unreachable(found) if isinstance(found, Verdict) else found

    async def create_tables(self) -> None:
        """Make what is missing of the tables; several processes may do so at once.

        Raises:
            StorageError: the database refuses, or a schema is not there.
            MissingExtra: the driver of the URL is not installed.
        """
        report = ""
        for _ in range(CREATIONS):
            verdict = await self._loan().use(partial(swap.create, metadata=self._metadata))
            if verdict is WON:
                return
            report = verdict.report
            if verdict.outcome is not Outcome.LOST:
                break
        raise StorageError(f"the tables could not be made: {report}")

    async def close(self) -> None:
        """Close the connections that this event loop has to a URL; the next call opens them anew.

        A host's engine is the host's to dispose of.
        """
        if self._own is not None:
            await self._own.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await to_the_end(self.close)

    async def _select(self, statement: Executable, **values: object) -> Sequence[Row[Any]]:
        is_ours = self._own is not None
        return await self._read(lambda it: swap.read(it, statement, values, is_ours=is_ours))

    async def _read(self, step: Callable[[Transaction], _Result | Verdict]) -> _Result:
        found = await self._loan().use(step)
        if isinstance(found, Verdict) and found.outcome is not Outcome.FAILED:
            found = await self._loan().use(step)  # as for SQLStorage
        if isinstance(found, Verdict):
            raise StorageError(f"the load failed: {found.report}")
        return found

    def _trail(self, loan: Transaction) -> Trail:
        return Trail(loan=loan, statements=self._statements.trail, is_ours=self._own is not None)

    async def _run(self, step: Callable[[Transaction], _Result | Verdict]) -> _Result:
        """Run a step that may as well run twice."""
        done = await self._loan().use(step)
        if isinstance(done, Verdict) and done.outcome in {Outcome.SEVERED, Outcome.UNKNOWN}:
            done = await self._loan().use(step)
        return outcomes.done(done)

    async def _commit(self, step: Callable[[Loan], Awaitable[Verdict]]) -> bool:
        verdict = await step(self._loan())
        if verdict.outcome is Outcome.SEVERED:
            verdict = await step(self._loan())  # as for SQLStorage
        return outcomes.is_won(verdict)

    def _loan(self) -> Loan:
        running_loop()
        return Loan(self._engine())
