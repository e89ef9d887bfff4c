"""A storage that goes wrong as it is told, over one that does not."""

from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from typing import TypeVar

from recoverykit.core.record import Change, Record
from recoverykit.core.subject import Subject
from recoverykit.errors import InvalidArgument
from recoverykit.storage import Storage, TransactionalStorage, is_async, is_storage
from recoverykit.testing.course import READS, WRITES, Course, Job, Steps
from recoverykit.testing.fault import FaultPlan

_Result = TypeVar("_Result")


class FaultyStorage:
    """A storage over another one, which goes wrong by a plan: call by call, and then no more.

    It can do what the storage beneath can do, and goes wrong there as well: ``commit_within``, what
    lists subjects and keys, and what purges. It has no outbox and tells no health: ask the storage
    beneath.

    Args:
        storage: the storage beneath, which keeps the contract.
        plan: what goes wrong. Other reads count as loads, and a purge of events as a commit.
        meanwhile: what happens in a pause; it may use this storage, and so take the next faults of
            the plan. Nothing by default.

    Raises:
        InvalidArgument: the storage is none, or is one whose methods are awaited; or the plan is
            none.
    """

    def __init__(
        self, storage: Storage, plan: FaultPlan, *, meanwhile: Callable[[], object] = lambda: None
    ) -> None:
        if not is_storage(storage) or is_async(storage):
            raise InvalidArgument("a storage must have the methods load and commit, not awaited")
        self._storage = storage
        self._course = Course(storage, plan, meanwhile)
        # Only what is there may be seen: a kit asks a storage what it can do.
        if isinstance(storage, TransactionalStorage):
            self._lend("commit_within", partial(self._commit_within, storage))
        for name in filter(partial(hasattr, storage), READS):
            self._lend(name, partial(self._read, getattr(storage, name)))
        for name in filter(partial(hasattr, storage), WRITES):
            self._lend(name, partial(self._write, getattr(storage, name)))

    def load(self, subject: Subject) -> Record | None:
        """Load, or go wrong; see `LoadFault`."""
        return _run(self._course.load(subject))

    def commit(self, subject: Subject, change: Change) -> bool:
        """Compare and swap, or go wrong; see `CommitFault`."""
        do = partial(self._storage.commit, subject, change)
        return _run(self._course.commit(subject, change, do))

    def land(self) -> int:
        """Land what is on its way, where it still can, and return how many changes did."""
        return _run(self._course.land())

    def _lend(self, name: str, method: Callable[..., object]) -> None:
        setattr(self, name, method)

    def _commit_within(
        self,
        storage: TransactionalStorage,
        subject: Subject,
        change: Change,
        within: Callable[..., object],
    ) -> bool:
        do = partial(storage.commit_within, subject, change, within)
        undo = partial(_roll_back, storage, subject, change, within)
        return _run(self._course.commit(subject, change, do, undo))

    def _read(self, method: Callable[..., object], *given: object, **named: object) -> object:
        return _run(self._course.read(partial(method, *given, **named)))

    def _write(self, method: Callable[..., object], *given: object, **named: object) -> object:
        return _run(self._course.write(partial(method, *given, **named)))


class Interrupted(Exception):
    """Raised behind a host's function, so that all is rolled back."""


def _roll_back(
    storage: TransactionalStorage,
    subject: Subject,
    change: Change,
    within: Callable[..., object],
) -> None:
    def interrupted(connection: object) -> None:
        within(connection)
        raise Interrupted

    with suppress(Interrupted):
        storage.commit_within(subject, change, interrupted)


def _run(steps: Steps[_Result]) -> _Result:
    step: Callable[[], Job] = partial(next, steps)
    with closing(steps):
        while True:
            try:
                job = step()
            except StopIteration as end:
                result: _Result = end.value
                return result
            step = partial(steps.send, job())
