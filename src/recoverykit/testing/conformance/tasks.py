"""A storage that is awaited, behind methods that are called: each call is a task of its own."""

from collections.abc import Callable, Coroutine, Generator, Sequence
from concurrent.futures import Future, wait
from contextlib import AbstractAsyncContextManager, contextmanager
from functools import partial
from inspect import isawaitable
from threading import Event
from types import coroutine
from typing import Any, Generic, TypeVar, cast

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal

from recoverykit.core.record import Change, Record
from recoverykit.core.subject import Subject
from recoverykit.errors import InvalidArgument
from recoverykit.storage import AsyncStorage
from recoverykit.testing.conformance.contender import (
    CANCELLED,
    DEADLINE,
    Answer,
    Contender,
    NoAnswer,
    Place,
)
from recoverykit.testing.conformance.stage import Move, Stage

_Value = TypeVar("_Value")


@contextmanager
def open_awaited(
    opener: Callable[[], AbstractAsyncContextManager[AsyncStorage]], backend: str
) -> Generator[Stage]:
    """Open a storage on an event loop in a thread of its own."""
    way: object = opener()
    if not isinstance(way, AbstractAsyncContextManager):
        raise InvalidArgument("make and reopen must give asynchronous context managers")
    with start_blocking_portal(backend) as portal:
        try:
            with portal.wrap_async_context_manager(way) as storage:
                yield TaskStage(Called(storage, portal))
        finally:
            # A commit that waits for what never comes must not hold up the end of the loop.
            portal.call(partial(portal.stop, cancel_remaining=True))


class Called:
    """The methods of a storage that is awaited, to be called from any thread."""

    def __init__(self, storage: AsyncStorage, portal: BlockingPortal) -> None:
        self.awaited = storage
        self.portal = portal

    def load(self, subject: Subject) -> Record | None:
        """Load, and wait for it."""
        return self._wait(partial(self.awaited.load, subject))

    def commit(self, subject: Subject, change: Change) -> bool:
        """Commit, and wait for it."""
        return self._wait(partial(self.awaited.commit, subject, change))

    def call_with(self, function: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401 - the author's
        """Call a function of the storage on the event loop, and wait for what it awaits."""

        async def called() -> Any:  # noqa: ANN401 - the author's
            result: Any = function(self.awaited, *arguments)
            return await result if isawaitable(result) else result

        return self._wait(called)

    def _wait(self, call: Callable[[], Coroutine[Any, Any, _Value]]) -> _Value:
        future: Future[_Value] = self.portal.start_task_soon(call)
        try:
            return future.result(DEADLINE)
        finally:
            future.cancel()  # where nobody waits for it any more


class TaskStage:
    """A storage whose methods are awaited, by several tasks at a time."""

    def __init__(self, called: Called) -> None:
        self.storage = called
        self.given: Any = called.awaited

    def begin(self, move: Move, *, hold_at: Place | None = None) -> Contender[bool]:
        """Begin a commit as a task of its own."""
        commit = partial(self.storage.awaited.commit, *move)
        return _TaskContender(commit, self.storage.portal, hold_at=hold_at)

    def look(self, subject: Subject, *, hold_at: Place | None = None) -> Contender[Record | None]:
        """Begin a load as a task of its own."""
        load = partial(self.storage.awaited.load, subject)
        return _TaskContender(load, self.storage.portal, hold_at=hold_at)

    def at_once(self, moves: Sequence[Move]) -> tuple[Answer, ...]:
        """Make all moves in the same turn of the event loop."""
        answers: dict[int, Answer] = {}

        async def make(place: int) -> None:
            try:
                answers[place] = await self.storage.awaited.commit(*moves[place])
            except Exception as error:  # noqa: BLE001 - it is told
                answers[place] = error

        async def make_all() -> None:
            async with anyio.create_task_group() as group:
                for place in range(len(moves)):
                    group.start_soon(make, place)

        self.storage.portal.start_task_soon(make_all).result(DEADLINE)
        return tuple(answers[place] for place in range(len(moves)))


class _TaskContender(Generic[_Value]):
    """A commit or a load that is awaited, held up where it waits for something."""

    def __init__(
        self,
        call: Callable[[], Coroutine[Any, Any, _Value]],
        portal: BlockingPortal,
        *,
        hold_at: Place | None,
    ) -> None:
        self._place = 0
        self._call = call
        self._portal = portal
        self._hold_at = hold_at
        self._held = Event()
        self._go: anyio.Event = portal.call(anyio.Event)
        self._scope = portal.call(anyio.CancelScope)
        self._end: Future[_Value] = portal.start_task_soon(self._run)

    @property
    def places(self) -> Sequence[Place]:
        """The awaits that it has come to, counted from 1."""
        return range(1, self._place + 1)

    def wait_until_held(self) -> None:
        """Return when it is held up, or has ended before it came that far."""
        self._held.wait(DEADLINE)

    def wait(self, seconds: float) -> bool:
        """Wait for it so many seconds, and return whether it has ended."""
        return bool(wait([self._end], seconds).done)

    def release(self) -> None:
        """Let it go on."""
        self._portal.call(self._go.set)

    def cancel(self) -> None:
        """Cancel it: where it awaits something next, and wherever it does so from then on."""
        self._portal.call(self._scope.cancel)
        self.release()

    def join(self) -> _Value | BaseException:
        """Return its answer."""
        try:
            return self._end.result(DEADLINE)
        except Exception as error:  # noqa: BLE001 - it is told
            return error

    async def _run(self) -> _Value:
        try:
            with self._scope:
                return await _stepped(self._call(), self._step)
            raise NoAnswer(CANCELLED)
        finally:
            self._held.set()

    async def _step(self) -> None:
        """Come past a place."""
        self._place += 1
        if self._place == self._hold_at:
            self._held.set()
            # Where it is cancelled, its storage is to see that, and not this wait.
            with anyio.move_on_after(DEADLINE, shield=True):
                await self._go.wait()


@coroutine
def _stepped(
    inner: Coroutine[Any, Any, _Value], step: Callable[[], Coroutine[Any, Any, None]]
) -> Generator[Any, Any, _Value]:
    """Await a coroutine, and do something each time when it has waited for something."""
    go_on: Callable[[], Any] = partial(inner.send, None)
    while True:
        yield from step().__await__()
        try:
            waits_for = go_on()
        except StopIteration as end:
            return cast("_Value", end.value)
        try:
            go_on = partial(inner.send, (yield waits_for))
        except BaseException as error:  # noqa: BLE001 - the coroutine's to handle
            go_on = partial(inner.throw, error)
