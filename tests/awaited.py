"""An asynchronous kit behind the methods of the sync one, for what contends from threads."""

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from inspect import isawaitable
from itertools import cycle
from typing import Any

from anyio.from_thread import BlockingPortal

from recoverykit import AsyncRecoveryKit


class Awaited:
    """Every call is a task of its own on an event loop; its caller's thread waits for it.

    The context variables of the caller's thread go with it.

    Args:
        kit: the kit.
        portals: the ways to the event loops on which it runs; calls take them in turn.
    """

    def __init__(self, kit: AsyncRecoveryKit, *portals: BlockingPortal) -> None:
        self._kit = kit
        self._turns = cycle(portals)

    def __getattr__(self, name: str) -> Any:
        method, portal = getattr(self._kit, name), next(self._turns)

        def call(*arguments: object, **named: object) -> Any:
            job = _Job(partial(method, *arguments, **named))
            del arguments, named  # as the kit does: no frame shows what may be a code
            return portal.call(job).result()

        return call


class _Job:
    """A call whose repr does not show its arguments."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call

    async def __call__(self) -> "Future[Any]":
        """Keep how the call ends: an interrupt must not end the event loop of all other calls."""
        end: Future[Any] = Future()
        try:
            result = self._call()
            end.set_result(await result if isawaitable(result) else result)
        except (Exception, KeyboardInterrupt, SystemExit) as error:  # noqa: BLE001
            end.set_exception(error)
        return end
