"""The limits on hashing, for callers that await."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from anyio import CapacityLimiter

from recoverykit.completion import in_threads
from recoverykit.limiter import HashLimits, Limiter
from recoverykit.per_loop import PerLoop

_Result = TypeVar("_Result")


class AsyncLimiter(Limiter):
    """Runs hashes in threads, within the limits of one kit, on any number of event loops.

    Neither the event loop nor its default executor ever runs one.
    """

    def __init__(self, limits: HashLimits) -> None:
        super().__init__(limits)
        self._threads = PerLoop(lambda: CapacityLimiter(self.concurrency))

    async def run_async(self, jobs: Sequence[Callable[[], _Result]]) -> tuple[_Result, ...]:
        """Run the jobs and return their results in order.

        A call that is cancelled keeps its place until none of its jobs is running any more; only
        where every task of a loop is cancelled, as at its end, a job goes on without it, in a slot.

        Raises:
            Overloaded: all places are taken.
        """
        with self.place() as desk:
            in_slots = [partial(desk.in_slot, job) for job in jobs]
            return await in_threads(in_slots, limiter=self._threads.get())
