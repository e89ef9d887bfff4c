"""Where all who have loaded wait for one another, before any of them commits."""

import threading
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from multiprocessing.synchronize import Barrier
from typing import Any

from anyio import CapacityLimiter, to_thread

from recoverykit.core.subject import Subject
from recoverykit.storage import Record, is_async

SECONDS = 60.0  # a round takes a fraction of a second, on a busy machine a few

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

_MANY = 1_000  # more than ever wait


class _Ticket:
    """For one load. Whoever copies the context has the same ticket."""

    def __init__(self) -> None:
        self._is_used = False

    def used(self) -> bool:
        """Use the ticket; say whether it was good."""
        was_used, self._is_used = self._is_used, True
        return not was_used


_TICKET: ContextVar[_Ticket | None] = ContextVar("ticket", default=None)


def arm() -> None:
    """Let the next load of this thread, or of the task that it starts, end at the meeting."""
    _TICKET.set(_Ticket())


def hold_loads(storage: Any, barrier: Barrier) -> None:
    """Let the loads of a storage end only when every contender has loaded, where one is armed."""
    load = storage.load
    storage.load = _awaited(load, barrier) if is_async(storage) else _called(load, barrier)


def _called(load: Callable[[Subject], Record | None], barrier: Barrier) -> object:
    def held(subject: Subject) -> Record | None:
        record = load(subject)
        if _is_held():
            barrier.wait(SECONDS)
        return record

    return held


def _awaited(load: Callable[[Subject], Awaitable[Record | None]], barrier: Barrier) -> object:
    async def held(subject: Subject) -> Record | None:
        record = await load(subject)
        if _is_held():
            await to_thread.run_sync(barrier.wait, SECONDS, limiter=CapacityLimiter(_MANY))
        return record

    return held


def _is_held() -> bool:
    ticket = _TICKET.get()
    return ticket is not None and ticket.used()


class MeetingClock:
    """A clock that stands still, so that a delay once begun is never over.

    A kit reads its clock just after a load. Armed, the clock holds the thread that reads it until
    every contender has read it: they all have loaded then, and none has committed.
    """

    def __init__(self, barrier: Barrier) -> None:
        self._barrier = barrier
        self._thread = threading.local()

    def arm(self) -> None:
        """Hold this thread at its next reading."""
        self._thread.is_armed = True

    def __call__(self) -> datetime:
        if getattr(self._thread, "is_armed", False):
            self._thread.is_armed = False
            self._barrier.wait(SECONDS)
        return NOW
