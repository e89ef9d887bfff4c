"""A connection that is lent on an event loop, and comes back however its borrower is cancelled."""

from asyncio import CancelledError, Task, current_task
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar, cast

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from recoverykit.completion import to_the_end
from recoverykit.storage.sql import outcomes
from recoverykit.storage.sql.outcomes import Verdict
from recoverykit.storage.sql.transaction import Transaction

_Result = TypeVar("_Result")


class Loan:
    """A connection on which the steps of `SQLStorage` run: whatever waits in them is awaited.

    No driver bears it well to be cancelled. The connection is lost; the server may go on with the
    statement, and SQLite hold its locks until the exception is forgotten; and a scope of AnyIO's,
    which cancels again and again, interrupts even the closing of the connection. So a step that
    runs is waited for, like one in a thread. Only the wait for a connection is cancelled, and what
    a host's function awaits: once, after which SQLAlchemy cleans up.

    Args:
        engine: lends the connection when the first step needs it.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._lent: tuple[AsyncConnection, Transaction] | None = None
        self._cancellable: Task[object] | None = None
        self._is_cancelled = False

    async def use(self, step: Callable[[Transaction], _Result]) -> _Result | Verdict:
        """Run a single step and give the connection back."""

        async def run() -> _Result | Verdict:
            try:
                return await self._run(step)
            finally:
                await self._release()

        return await self._to_the_end(run)

    async def run(self, step: Callable[[Transaction], _Result]) -> _Result | Verdict:
        """Run a step and keep the connection."""
        return await self._to_the_end(partial(self._run, step))

    async def lend_to(self, function: Callable[[AsyncConnection], Awaitable[object]]) -> None:
        """Await a function of the host's on the connection that a step has used.

        Raises:
            BaseException: whatever the function raises.
        """

        async def run() -> None:
            connection, transaction = await self._connected()
            await connection.run_sync(lambda _: transaction.lent())
            with self._is_cancellable():
                await function(connection)

        await self._to_the_end(run)

    async def release(self) -> None:
        """Give the connection back, if there is one."""
        await to_the_end(self._release)

    async def _to_the_end(self, function: Callable[[], Awaitable[_Result]]) -> _Result:
        return await to_the_end(function, on_cancel=self._cancel)

    async def _run(self, step: Callable[[Transaction], _Result]) -> _Result | Verdict:
        try:
            connection, transaction = await self._connected()
        except Exception as error:  # noqa: BLE001 - a driver may raise anything
            return outcomes.before_commit(error)
        return await connection.run_sync(lambda _: step(transaction))

    async def _connected(self) -> tuple[AsyncConnection, Transaction]:
        if self._lent is None:
            with self._is_cancellable():
                connection = await self._engine.connect()
            transaction = Transaction(cast("Connection", connection.sync_connection))
            self._lent = connection, transaction
        return self._lent

    async def _release(self) -> None:
        if self._lent is not None:
            connection, transaction = self._lent
            await connection.run_sync(lambda _: transaction.release())

    @contextmanager
    def _is_cancellable(self) -> Generator[None]:
        """Let what is awaited meanwhile be cancelled with the borrower."""
        if self._is_cancelled:
            raise CancelledError  # before this task has begun
        self._cancellable = current_task()
        try:
            yield
        finally:
            self._cancellable = None

    def _cancel(self) -> None:
        self._is_cancelled = True
        if self._cancellable is not None:
            self._cancellable.cancel()
