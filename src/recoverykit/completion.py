"""What has begun is brought to its end before its caller is let go, however it is cancelled.

A scope of AnyIO's does not hold back asyncio's own ``Task.cancel()``, on which ``asyncio.timeout``
is built. A task that nobody else knows is out of its reach, and the group that the task is in waits
for it.
"""

from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

from anyio import CancelScope, CapacityLimiter, create_task_group, to_thread

_Result = TypeVar("_Result")


async def to_the_end(function: Callable[[], Awaitable[_Result]]) -> _Result:
    """Await the function's result in a task of its own, and raise a cancellation afterwards.

    Raises:
        Exception: whatever the function raises.
    """
    end: Future[_Result] = Future()

    async def run() -> None:
        with CancelScope(shield=True):
            try:
                end.set_result(await function())
            except Exception as error:  # noqa: BLE001  # raised again below, and not in a group
                end.set_exception(error)

    async with create_task_group() as group:
        group.start_soon(run)
    return end.result()


async def in_threads(
    jobs: Sequence[Callable[[], _Result]], *, limiter: CapacityLimiter
) -> tuple[_Result, ...]:
    """Run the jobs in worker threads and return their results in order.

    When it ends, none of them is running any more. Where one fails, those that have not begun are
    given up; where the caller is cancelled, too.

    Args:
        jobs: what to run.
        limiter: how many run at a time, for all that share it.

    Raises:
        BaseException: whatever a job raises.
    """
    ends: list[Future[_Result]] = [Future() for _ in jobs]

    async def run(job: Callable[[], _Result], end: Future[_Result]) -> None:
        await to_thread.run_sync(_run, job, end, limiter=limiter)
        if end.exception() is not None:
            group.cancel_scope.cancel()

    async with create_task_group() as group:
        for job, end in zip(jobs, ends, strict=True):
            group.start_soon(run, job, end)
    failed = [end for end in ends if end.done() and end.exception() is not None]
    return tuple(end.result() for end in (failed or ends))


def _run(job: Callable[[], _Result], end: "Future[_Result]") -> None:
    """Keep how the job ends: an exception must not get into a group, nor end an event loop."""
    try:
        end.set_result(job())
    except BaseException as error:  # noqa: BLE001  # raised again where the job is waited for
        end.set_exception(error)
