"""Moments of a call: each time that it, or a task that it began, is suspended or about to go on."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from enum import Enum

import anyio
import trio

Function = Callable[[], Awaitable[object]]


class Way(Enum):
    """How a call is cancelled."""

    NATIVE = "Task.cancel()"
    LATE = "cancelled when what is awaited has come, and before the task goes on"
    TIMEOUT = "asyncio.timeout()"
    SCOPE = "a scope of AnyIO's"
    ALL = "Task.cancel() of every task, as by a runner that is interrupted"


class Cancelled:
    """The outcome of a call that was cancelled."""


class Moments:
    """Counts moments, and cancels at some of them.

    Args:
        at: the numbers of the moments to cancel at; the first one is 1.
    """

    def __init__(self, at: tuple[int, ...]) -> None:
        self.count = 0
        self.fired = 0
        self.cancel: Callable[[], object] = lambda: None
        self._at = at

    def pass_one(self) -> Callable[[], object] | None:
        """Count a moment; return what cancels the call if that is due."""
        self.count += 1
        return self._fire if self.count in self._at else None

    def _fire(self) -> None:
        self.fired += 1
        self.cancel()


async def run(function: Function, way: Way, at: tuple[int, ...]) -> tuple[object, Moments]:
    """Await the function, cancel it at some moments, and return what came of it.

    Fail if a task that it began outlives it.
    """
    moments = Moments(at)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return await _on_trio(function, way, moments), moments
    return await _on_asyncio(function, way, moments), moments


async def _on_asyncio(function: Function, way: Way, moments: Moments) -> object:
    loop, others = asyncio.get_running_loop(), asyncio.all_tasks()

    def make(loop, coroutine, **options):
        stepped = _Stepped(coroutine, moments, is_late=way is Way.LATE)
        return asyncio.Task(stepped, loop=loop, **options)

    loop.set_task_factory(make)
    try:
        task = loop.create_task(_called(function, way, moments, others))
        await asyncio.wait([task])
        left = asyncio.all_tasks() - others
    finally:
        loop.set_task_factory(None)
    assert not left, f"tasks are left: {left}"
    if task.cancelled():
        return Cancelled()
    return task.exception() or task.result()


async def _called(function: Function, way: Way, moments: Moments, others: set) -> object:
    task = asyncio.current_task()
    moments.cancel = task.cancel
    if way is Way.ALL:
        moments.cancel = lambda: [each.cancel() for each in asyncio.all_tasks() - others]
    elif way is Way.TIMEOUT:
        try:
            async with asyncio.timeout(None) as timeout:
                now = asyncio.get_running_loop().time()
                moments.cancel = lambda: None if timeout.expired() else timeout.reschedule(now)
                return await function()
        except TimeoutError:
            await _assert_usable(task)
            return Cancelled()
    elif way is Way.SCOPE:
        with anyio.CancelScope() as scope:
            moments.cancel = scope.cancel
            return await function()
        await _assert_usable(task)
        return Cancelled()
    return await function()


async def _assert_usable(task: asyncio.Task) -> None:
    """A cancellation that was caught does not come again."""
    await asyncio.sleep(0)
    assert task.cancelling() == 0


class _Stepped(Coroutine):
    """A coroutine whose suspensions are moments."""

    def __init__(self, coroutine: Coroutine, moments: Moments, *, is_late: bool) -> None:
        self._coroutine = coroutine
        self._moments = moments
        self._is_late = is_late

    def send(self, value):
        return self._suspended(self._coroutine.send(value))

    def throw(self, *error):
        return self._suspended(self._coroutine.throw(*error))

    def close(self):
        self._coroutine.close()

    def __await__(self):
        raise NotImplementedError

    def __getattr__(self, name):
        return getattr(self._coroutine, name)  # AnyIO looks whether it has begun

    def _suspended(self, awaited):
        fire = self._moments.pass_one()
        if fire is not None and self._is_late and isinstance(awaited, asyncio.Future):
            # First in the row: what is awaited is done, and the task is not woken yet.
            awaited.add_done_callback(lambda _: fire())
        elif fire is not None:
            fire()
        return awaited


async def _on_trio(function: Function, way: Way, moments: Moments) -> object:
    """No task of Trio's outlives the call that began it."""
    instrument = (_BeforeSteps if way is Way.LATE else _AfterSteps)(moments)
    outcome: object = Cancelled()
    with trio.CancelScope() as scope:
        moments.cancel = scope.cancel
        trio.lowlevel.add_instrument(instrument)
        try:
            outcome = await function()
        except Exception as error:  # noqa: BLE001 - it is the outcome
            outcome = error
        finally:
            trio.lowlevel.remove_instrument(instrument)
    return outcome


class _AfterSteps(trio.abc.Instrument):
    """Takes the end of each step of a task for a moment."""

    def __init__(self, moments: Moments) -> None:
        self._moments = moments

    def after_task_step(self, task):
        if fire := self._moments.pass_one():
            fire()


class _BeforeSteps(trio.abc.Instrument):
    """Takes the beginning of each step of a task for a moment."""

    def __init__(self, moments: Moments) -> None:
        self._moments = moments

    def before_task_step(self, task):
        if fire := self._moments.pass_one():
            fire()
