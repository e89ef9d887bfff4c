"""The asynchronous shell: carries out what a flow needs, without ever holding up the event loop."""

from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import partial
from inspect import isawaitable, iscoroutinefunction
from typing import Any, Final, TypeVar, assert_never, cast

from anyio import CapacityLimiter, sleep

from recoverykit.aio.limiter import AsyncLimiter
from recoverykit.completion import in_threads
from recoverykit.core.effects import Commit, Flow, Load
from recoverykit.driver import (
    Around,
    Driver,
    Hash,
    Host,
    Need,
    Pause,
    Raised,
    Surrender,
    failure_of,
)
from recoverykit.errors import InvalidArgument
from recoverykit.per_loop import PerLoop
from recoverykit.shell import HostFunction, SyncHost
from recoverykit.storage import AnyStorage, TransactionalStorage, is_async

_Result = TypeVar("_Result")

_CALLS_AT_A_TURN: Final = 4  # each works for half a millisecond before it first has to wait
_STORAGE_THREADS: Final = 15  # as many as a pool of ours, or SQLAlchemy's own, has connections


class AsyncHost(Host):
    """A host's function that is awaited inside the commit."""

    def __init__(self, function: HostFunction) -> None:
        self._function = function

    async def __call__(self, connection: object) -> None:
        """Await the function, and remember what it raises while it passes through.

        Raises:
            InvalidArgument: the function is not one to be awaited.
        """
        self.raised = None
        try:
            await _awaitable(self._function(connection))
        except BaseException as error:
            self.raised = error
            raise


class AsyncShell:
    """Everything outside the pure core that a flow needs.

    Args:
        storage: where records are loaded and changes committed; one whose methods are not awaited
            runs in worker threads, and a caller that is cancelled waits for its answer.
        limiter: runs the hashes.
        driver: judges what both answer.
    """

    def __init__(self, storage: AnyStorage, *, limiter: AsyncLimiter, driver: Driver) -> None:
        self.storage: AnyStorage = storage
        self._limiter = limiter
        self._driver = driver
        self._threads = PerLoop(lambda: CapacityLimiter(_STORAGE_THREADS))
        self._turnstile = PerLoop(lambda: CapacityLimiter(_CALLS_AT_A_TURN))

    async def run(
        self,
        flow: Flow[_Result],
        *,
        within: HostFunction | None = None,
        around: Around | None = None,
    ) -> _Result:
        """Run a flow to its end and return its result.

        Args:
            flow: the flow.
            within: runs in the transaction of the commits that are hosted; None for nothing.
            around: watches each step; None for nobody.

        Raises:
            InvalidArgument: the storage has no transaction for ``within``, or the clock returns
                what is no time.
            RecoveryKitError: the flow ended in it.
            BaseException: whatever ``within`` raised.
        """
        with closing(flow):
            async with self._turnstile.get():
                # Who gets in lets the loop turn once, or it would stand still while hundreds of
                # calls that come together work one after the other.
                pass
            host = self._host(within)
            with closing(self._driver.drive(flow, host=host, around=around)) as driven:
                step: Callable[[], Need] = partial(next, driven)
                while True:
                    try:
                        need = step()
                    except StopIteration as end:
                        result: _Result = end.value
                        return result
                    if isinstance(need, Surrender):
                        raise need.error
                    step = partial(driven.send, await self._carry_out(need, host))

    async def ask(self, method: Callable[..., Any], *arguments: object, **named: object) -> Any:  # noqa: ANN401  # as the method says
        """Return what a method of the storage answers.

        Raises:
            StorageError: the storage failed, in whatever words.
        """
        try:
            return await self._call(method, *arguments, **named)
        except Exception as error:  # noqa: BLE001  # a storage of the host's may raise anything
            failure = failure_of(error)
        raise failure

    async def _call(self, method: Callable[..., Any], *arguments: object, **named: object) -> Any:  # noqa: ANN401  # as the method says
        """Return what a method of the storage answers, awaited or from a worker thread."""
        if is_async(self.storage):
            return await method(*arguments, **named)
        call = partial(method, *arguments, **named)
        return (await in_threads([call], limiter=self._threads.get()))[0]

    def _host(self, within: HostFunction | None) -> Host | None:
        if within is None:
            return None
        if not callable(within):
            raise InvalidArgument("within must be a function that takes a connection")
        if not isinstance(self.storage, TransactionalStorage):
            raise InvalidArgument("this storage cannot run a function in its transaction")
        if is_async(self.storage):
            return AsyncHost(within)
        if iscoroutinefunction(within):
            raise InvalidArgument("this storage runs in a thread, where nothing can be awaited")
        return SyncHost(within)

    async def _carry_out(self, need: Load | Commit | Hash | Pause, host: Host | None) -> object:
        try:
            match need:
                case Load(subject=subject):
                    return await self._call(self.storage.load, subject)
                case Commit(subject=subject, change=change, hosted=hosted):
                    if hosted and host and isinstance(self.storage, TransactionalStorage):
                        return await self._call(self.storage.commit_within, subject, change, host)
                    return await self._call(self.storage.commit, subject, change)
                case Hash(jobs=jobs):
                    return await self._limiter.run_async(jobs)
                case Pause(seconds=seconds):
                    await sleep(seconds)
                    return None
                case _:
                    assert_never(need)
        except Exception as error:  # noqa: BLE001  # a storage of the host's may raise anything
            return Raised(error)


def _awaitable(result: object) -> Awaitable[object]:
    if not isawaitable(result):
        raise InvalidArgument("within must be a function that is awaited")
    return cast("Awaitable[object]", result)
