"""The outbox of a SQL storage, for callers that wait."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol, TypeVar

from recoverykit.errors import InvalidArgument
from recoverykit.storage.outbox import Delivery, checked_limit
from recoverykit.storage.sql.outcomes import Verdict
from recoverykit.storage.sql.trail import Trail
from recoverykit.storage.sql.transaction import Transaction

_MAX_NAME: Final = 64
_Result = TypeVar("_Result")


class Run(Protocol):
    """Lends a connection to a step that may run twice, and returns its result or raises."""

    def __call__(self, step: Callable[[Transaction], _Result | Verdict]) -> _Result:
        """Run the step."""
        ...


class SQLOutbox:
    """Implements `recoverykit.storage.Outbox`, at every isolation level.

    Of several processes that read at the same time one gives out the positions, and the others go
    round again. A commit never waits for a reader. It is no work to make one for each call.

    Args:
        run: runs a step on a connection.
        trail: returns the steps on a connection.
    """

    def __init__(self, run: Run, trail: Callable[[Transaction], Trail]) -> None:
        self._run = run
        self._trail = trail

    def read(self, reader: str, *, limit: int = 100) -> tuple[Delivery, ...]:
        """Return the next events that the reader has not acknowledged.

        Args, Raises: as for `recoverykit.storage.Outbox.read`.
        """
        name, most = checked_reader(reader), checked_limit(limit)
        return self._run(lambda loan: self._trail(loan).read(name, most))

    def acknowledge(self, reader: str, position: int) -> None:
        """Note that the reader is done with everything up to and including a position.

        Args, Raises: as for `recoverykit.storage.Outbox.acknowledge`.
        """
        name, reached = checked_reader(reader), checked_position(position)
        return self._run(lambda loan: self._trail(loan).acknowledge(name, reached))

    def forget(self, reader: str) -> bool:
        """Forget a reader that reads no more; return whether there was one.

        Raises: as for `recoverykit.storage.Outbox.forget`.
        """
        name = checked_reader(reader)
        return self._run(lambda loan: self._trail(loan).forget(name))

    def readers(self) -> Mapping[str, int]:
        """Return the position that each reader has acknowledged, by its name; 0 for none.

        Raises:
            StorageError: the storage cannot be read.
        """
        return self._run(lambda loan: self._trail(loan).readers())


def checked_reader(reader: object) -> str:
    """Return the name of a reader.

    Raises:
        InvalidArgument: it is none.
    """
    if (
        not isinstance(reader, str)
        or not 1 <= len(reader) <= _MAX_NAME
        or not all(" " <= char <= "~" for char in reader)
    ):
        raise InvalidArgument(f"a reader's name is 1 to {_MAX_NAME} printable ASCII characters")
    return reader


def checked_position(position: object) -> int:
    """Return a position; whether any event has it is for the database to tell.

    Raises:
        InvalidArgument: it is no number.
    """
    if type(position) is not int:
        raise InvalidArgument("a position is a whole number")
    return position
