"""How many hashes run at a time, and how many calls may wait for them."""

import os
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TypeVar

from recoverykit.core.bounds import Bound, require
from recoverykit.errors import Overloaded
from recoverykit.per_process import PerProcess

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class HashLimits:
    """The bounds on hashing in one process; the memory of a kit is theirs times one hash's.

    Args:
        concurrency: how many hashes run at a time; 1 to 1,024; None for one for each core that
            this process may use.
        queue: how many further calls may wait; 0 to 1,000,000. The next one is `Overloaded` at
            once. An issue takes one place, however many codes it hashes.

    Raises:
        PolicyError: a figure is out of its bounds.
    """

    concurrency: int | None = None
    queue: int = 64

    def __post_init__(self) -> None:
        require(Bound("queue", self.queue, 0, 1_000_000))
        if self.concurrency is not None:
            require(Bound("concurrency", self.concurrency, 1, 1_024))


class Limiter:
    """Runs hashes within the limits of one kit, in any number of threads and after any fork."""

    def __init__(self, limits: HashLimits) -> None:
        self.concurrency: int = limits.concurrency or _usable_cores()
        self._places = self.concurrency + limits.queue
        self._desk = PerProcess(lambda: Desk(self.concurrency))

    def run(self, jobs: Sequence[Callable[[], _Result]]) -> tuple[_Result, ...]:
        """Run the jobs, in parallel where there are several, and return their results in order.

        Returns when none of them is running any more, whatever happens.

        Raises:
            Overloaded: all places are taken.
        """
        with self.place() as desk:
            if len(jobs) == 1:
                # A lone hash stays in its caller's thread: a hand-over would only cost time.
                return (desk.in_slot(jobs[0]),)
            return desk.in_parallel(jobs)

    @contextmanager
    def place(self) -> Generator["Desk"]:
        """Take a place for one call, for as long as the context lasts.

        Raises:
            Overloaded: all places are taken.
        """
        desk = self._desk.get()
        desk.take_place(self._places)
        try:
            yield desk
        finally:
            desk.leave_place()


class Desk:
    """What the limiter of one process holds."""

    def __init__(self, concurrency: int) -> None:
        self._lock = threading.Lock()
        self._calls = 0
        # A queue of tokens: threading's semaphore is Python, and slower than a keyed hash.
        self._slots: SimpleQueue[None] = SimpleQueue()
        for _ in range(concurrency):
            self._slots.put(None)
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="recoverykit-hash")

    def take_place(self, places: int) -> None:
        """Count a call in, unless that many are in already."""
        with self._lock:
            if self._calls >= places:
                raise Overloaded("too many calls are waiting to hash")
            self._calls += 1

    def leave_place(self) -> None:
        """Count a call out."""
        with self._lock:
            self._calls -= 1

    def in_slot(self, job: Callable[[], _Result]) -> _Result:
        """Run a job in the thread that calls, once there is a slot for it."""
        self._slots.get()
        try:
            return job()
        finally:
            self._slots.put(None)

    def in_parallel(self, jobs: Sequence[Callable[[], _Result]]) -> tuple[_Result, ...]:
        """Run jobs in threads of the desk."""
        futures: list[Future[_Result]] = []
        try:
            futures.extend(map(self._submit, jobs))
            return tuple(future.result() for future in futures)
        finally:
            for future in futures:
                future.cancel()
            wait(futures)

    def _submit(self, job: Callable[[], _Result]) -> Future[_Result]:
        try:
            return self._threads.submit(self.in_slot, job)
        except RuntimeError:  # no thread can be started, or the interpreter is shutting down
            pass
        raise Overloaded("no thread can be started to hash")


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
