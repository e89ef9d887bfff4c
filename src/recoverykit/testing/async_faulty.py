"""The awaited twin of the storage that goes wrong as it is told."""

from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from functools import partial
from typing import TypeVar, cast

from recoverykit.core.record import Change, Record
from recoverykit.core.subject import Subject
from recoverykit.errors import InvalidArgument
from recoverykit.storage import AsyncStorage, AsyncTransactionalStorage, is_async, is_storage
from recoverykit.testing.course import READS, WRITES, Course, Job, Steps
from recoverykit.testing.fault import FaultPlan
from recoverykit.testing.faulty import Interrupted

_Result = TypeVar("_Result")


async def _nothing() -> None:
    pass


class AsyncFaultyStorage:
    """A `FaultyStorage` for callers that await, over a storage whose methods are awaited.

    Args:
        storage: as for `FaultyStorage`.
        plan: as for `FaultyStorage`.
        meanwhile: as for `FaultyStorage`, and awaited.

    Raises:
        InvalidArgument: the storage is none, or is one whose methods are not awaited; or the plan
            is none.
    """

    def __init__(
        self,
        storage: AsyncStorage,
        plan: FaultPlan,
        *,
        meanwhile: Callable[[], Awaitable[object]] = _nothing,
    ) -> None:
        if not is_storage(storage) or not is_async(storage):
            raise InvalidArgument("a storage must have the methods load and commit, awaited")
        self._storage = storage
        self._course = Course(storage, plan, meanwhile)
        if isinstance(storage, AsyncTransactionalStorage):
            self._lend("commit_within", partial(self._commit_within, storage))
        for name in filter(partial(hasattr, storage), READS):
            self._lend(name, partial(self._read, getattr(storage, name)))
        for name in filter(partial(hasattr, storage), WRITES):
            self._lend(name, partial(self._write, getattr(storage, name)))

    async def load(self, subject: Subject) -> Record | None:
        """Load, or go wrong; see `LoadFault`."""
        return await _run(self._course.load(subject))

    async def commit(self, subject: Subject, change: Change) -> bool:
        """Compare and swap, or go wrong; see `CommitFault`."""
        do = partial(self._storage.commit, subject, change)
        return await _run(self._course.commit(subject, change, do))

    async def land(self) -> int:
        """Land what is on its way, where it still can, and return how many changes did."""
        return await _run(self._course.land())

    def _lend(self, name: str, method: Callable[..., Awaitable[object]]) -> None:
        setattr(self, name, method)

    async def _commit_within(
        self,
        storage: AsyncTransactionalStorage,
        subject: Subject,
        change: Change,
        within: Callable[..., Awaitable[object]],
    ) -> bool:
        do = partial(storage.commit_within, subject, change, within)
        undo = partial(_roll_back, storage, subject, change, within)
        return await _run(self._course.commit(subject, change, do, undo))

    async def _read(self, method: Callable[..., object], *given: object, **named: object) -> object:
        return await _run(self._course.read(partial(method, *given, **named)))

    async def _write(
        self, method: Callable[..., object], *given: object, **named: object
    ) -> object:
        return await _run(self._course.write(partial(method, *given, **named)))


async def _roll_back(
    storage: AsyncTransactionalStorage,
    subject: Subject,
    change: Change,
    within: Callable[..., Awaitable[object]],
) -> None:
    async def interrupted(connection: object) -> None:
        await within(connection)
        raise Interrupted

    with suppress(Interrupted):
        await storage.commit_within(subject, change, interrupted)


async def _run(steps: Steps[_Result]) -> _Result:
    step: Callable[[], Job] = partial(next, steps)
    with closing(steps):
        while True:
            try:
                job = step()
            except StopIteration as end:
                result: _Result = end.value
                return result
            # All that is called here is awaited: the storage's methods, and ``meanwhile``.
            step = partial(steps.send, await cast("Awaitable[object]", job()))
