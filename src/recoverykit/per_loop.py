"""A value of which every event loop has its own: a lock or a limit belongs to the loop it is in."""

from collections.abc import Callable
from typing import Generic, TypeVar

from anyio.lowlevel import RunVar

_Value = TypeVar("_Value")


class PerLoop(Generic[_Value]):
    """A value that is made when first asked for, once in each run of an event loop.

    Args:
        make: makes the value.
    """

    def __init__(self, make: Callable[[], _Value]) -> None:
        self._make = make
        self._made: RunVar[_Value] = RunVar("recoverykit")

    def get(self) -> _Value:
        """Return the value of the loop that runs; make it if there is none yet."""
        try:
            return self._made.get()
        except LookupError:
            value = self._make()
            self._made.set(value)
            return value
