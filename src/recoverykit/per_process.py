"""A value of which every process makes its own: a lock, a thread pool or a socket survives no fork.

Invariant: a value that was made before a fork is never used in the child, and never finalised
there either, since finalising it could say goodbye on the parent's sockets.
"""

import contextlib
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import RLock
from typing import Any, Final, Generic, TypeVar
from weakref import WeakSet

from recoverykit.gate import Gate

__all__ = ["PerProcess", "keep_from_forking"]

_Value = TypeVar("_Value")


class _Generation:
    """One process between two forks, with locks that no thread of its parent can hold."""

    __slots__ = ("gate", "lock", "pid")

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.lock = RLock()  # making one value may ask for another
        self.gate = Gate()  # closed while the process forks


class _Process:
    """Which generation the process is, and what it inherited from its parents."""

    generation = _Generation()
    inherited: Final[list[object]] = []
    forkable: Final[WeakSet["PerProcess[Any]"]] = WeakSet()

    @classmethod
    def before_fork(cls) -> None:
        cls.generation.gate.close()
        for value in tuple(cls.forkable):
            value.leave_behind()

    @classmethod
    def after_fork_in_parent(cls) -> None:
        cls.generation.gate.open()

    @classmethod
    def after_fork_in_child(cls) -> None:
        cls.generation = _Generation()


# Where the system cannot fork, the function does not exist and nothing has to be renewed.
with contextlib.suppress(AttributeError):
    os.register_at_fork(
        before=_Process.before_fork,
        after_in_parent=_Process.after_fork_in_parent,
        after_in_child=_Process.after_fork_in_child,
    )


def keep_from_forking() -> AbstractContextManager[None]:
    """Return a context inside which no other thread can fork: it waits until this one is out."""
    if _Process.generation.pid != os.getpid():
        _Process.after_fork_in_child()  # asked for by a hook of the host's that runs before ours
    return _Process.generation.gate


class PerProcess(Generic[_Value]):
    """A value that is made when first asked for, once in each process.

    Args:
        make: makes the value. It runs under a lock that all values share: it must not wait for
            another thread that asks for one.
        before_fork: is handed the value in the parent right before a fork, to let go of what a
            child must not inherit; None where nothing has to be let go of.
    """

    __slots__ = ("__weakref__", "_before_fork", "_made", "_make")

    def __init__(
        self,
        make: Callable[[], _Value],
        *,
        before_fork: Callable[[_Value], object] | None = None,
    ) -> None:
        self._make = make
        self._made: tuple[_Generation, _Value] | None = None
        self._before_fork = before_fork
        if before_fork is not None:
            _Process.forkable.add(self)

    def get(self) -> _Value:
        """Return this process's value; make it if there is none yet."""
        made = self._made
        if made is not None and made[0] is _Process.generation:
            return made[1]
        with _Process.generation.lock:
            if (standing := self._standing()) is not None:
                return standing[1]
            value = self._make()
            self._made = (_Process.generation, value)
            return value

    def take(self) -> _Value | None:
        """Give the value up and return it for closing; None where this process has made none.

        The next `get` makes a new one.
        """
        with _Process.generation.lock:
            made, self._made = self._standing(), None
        return None if made is None else made[1]

    def leave_behind(self) -> None:
        """Let go of what a child must not inherit; called right before a fork."""
        made = self._made
        if self._before_fork is not None and made is not None:
            self._before_fork(made[1])

    def _standing(self) -> tuple[_Generation, _Value] | None:
        """Return what this process has made; lay aside what its parent had. Under the lock."""
        if self._made is not None and self._made[0] is not _Process.generation:
            _Process.inherited.append(self._made)
            self._made = None
        return self._made
