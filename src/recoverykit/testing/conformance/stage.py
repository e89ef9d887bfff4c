"""An open storage as the checks use it: its methods are called, and commits of it contend."""

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Barrier
from typing import Any, Protocol, TypeAlias

from recoverykit.core.record import Change, Record
from recoverykit.core.subject import Subject
from recoverykit.errors import InvalidArgument
from recoverykit.extras import module_of
from recoverykit.storage import Storage
from recoverykit.testing.conformance.contender import (
    DEADLINE,
    Answer,
    Contender,
    Place,
    ThreadContender,
)

Move: TypeAlias = tuple[Subject, Change]
"""What a contender is to commit."""


class Stage(Protocol):
    """A storage that is open."""

    @property
    def storage(self) -> Storage:
        """The storage, or what calls it where it has to be awaited."""
        ...

    @property
    def given(self) -> Any:  # noqa: ANN401 - the author's
        """What its author has made."""
        ...

    def begin(self, move: Move, *, hold_at: Place | None = None) -> Contender[bool]:
        """Begin a commit, which is held up at a place; None for nowhere."""
        ...

    def look(self, subject: Subject, *, hold_at: Place | None = None) -> Contender[Record | None]:
        """Begin a load, which is held up as a commit is."""
        ...

    def at_once(self, moves: Sequence[Move]) -> tuple[Answer, ...]:
        """Make all moves at the same moment."""
        ...


class ThreadStage:
    """A storage whose methods are called, by several threads at a time."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.given: Any = storage

    def begin(self, move: Move, *, hold_at: Place | None = None) -> Contender[bool]:
        """Begin a commit in a thread of its own."""
        return ThreadContender(partial(self.storage.commit, *move), hold_at=hold_at).start()

    def look(self, subject: Subject, *, hold_at: Place | None = None) -> Contender[Record | None]:
        """Begin a load in a thread of its own."""
        return ThreadContender(partial(self.storage.load, subject), hold_at=hold_at).start()

    def at_once(self, moves: Sequence[Move]) -> tuple[Answer, ...]:
        """Make all moves at the same moment, each in a thread of its own."""
        barrier = Barrier(len(moves))

        def make(move: Move) -> bool:
            barrier.wait(DEADLINE)
            return self.storage.commit(*move)

        contenders = [
            ThreadContender(partial(make, move), is_traced=False).start() for move in moves
        ]
        return tuple(each.join() for each in contenders)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doorway:
    """The way to a storage, in any process if what opens it can be pickled.

    Attributes:
        opener: gives the storage, by a context manager.
        backend: AnyIO's name of the event loop on which it is awaited; None where it is called.
    """

    opener: Callable[[], Any]
    backend: str | None

    @contextmanager
    def open(self) -> Generator[Stage]:
        """Open the storage; where it is awaited, on an event loop of its own."""
        with self._stage() as stage:
            yield stage

    def _stage(self) -> AbstractContextManager[Stage]:
        if self.backend is None:
            return _called(self.opener)
        tasks = module_of("recoverykit.testing.conformance.tasks", needs="anyio", extra="async")
        stage: AbstractContextManager[Stage] = tasks.open_awaited(self.opener, self.backend)
        return stage


@contextmanager
def _called(opener: Callable[[], AbstractContextManager[Storage]]) -> Generator[Stage]:
    way: object = opener()
    if not isinstance(way, AbstractContextManager):
        raise InvalidArgument("make and reopen must give context managers")
    with way as storage:
        yield ThreadStage(storage)
