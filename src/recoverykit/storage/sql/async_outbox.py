"""The outbox of a SQL storage, for callers that await."""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from recoverykit.storage.outbox import Delivery, checked_limit
from recoverykit.storage.sql.outbox import checked_position, checked_reader
from recoverykit.storage.sql.outcomes import Verdict
from recoverykit.storage.sql.trail import Trail
from recoverykit.storage.sql.transaction import Transaction

_Result = TypeVar("_Result")


class Run(Protocol):
    """Lends a connection to a step that may run twice, and returns its result or raises."""

    async def __call__(self, step: Callable[[Transaction], _Result | Verdict]) -> _Result:
        """Run the step."""
        ...


class AsyncSQLOutbox:
    """Implements `recoverykit.storage.AsyncOutbox`, as `SQLOutbox` does for callers that wait.

    Args:
        run: runs a step on a connection.
        trail: returns the steps on a connection.
    """

    def __init__(self, run: Run, trail: Callable[[Transaction], Trail]) -> None:
        self._run = run
        self._trail = trail

    async def read(self, reader: str, *, limit: int = 100) -> tuple[Delivery, ...]:
        """Return the next events that the reader has not acknowledged.

        Args, Raises: as for `recoverykit.storage.Outbox.read`.
        """
        name, most = checked_reader(reader), checked_limit(limit)
        return await self._run(lambda loan: self._trail(loan).read(name, most))

    async def acknowledge(self, reader: str, position: int) -> None:
        """Note that the reader is done with everything up to and including a position.

        Args, Raises: as for `recoverykit.storage.Outbox.acknowledge`.
        """
        name, reached = checked_reader(reader), checked_position(position)
        return await self._run(lambda loan: self._trail(loan).acknowledge(name, reached))

    async def forget(self, reader: str) -> bool:
        """Forget a reader that reads no more; return whether there was one.

        Raises: as for `recoverykit.storage.Outbox.forget`.
        """
        name = checked_reader(reader)
        return await self._run(lambda loan: self._trail(loan).forget(name))

    async def readers(self) -> Mapping[str, int]:
        """Return the position that each reader has acknowledged, by its name; 0 for none.

        Raises:
            StorageError: the storage cannot be read.
        """
        return await self._run(lambda loan: self._trail(loan).readers())
