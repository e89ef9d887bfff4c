"""What has begun is brought to its end before its caller is let go, however it is cancelled.

A scope of AnyIO's does not hold back asyncio's own ``Task.cancel()``, on which ``asyncio.timeout``
is built. A task that nobody else knows is out of its reach, and the group that the task is in waits
for it.
"""

from asyncio import CancelledError
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

from anyio import (
    CancelScope,
    CapacityLimiter,
    Event,
    create_task_group,
    get_cancelled_exc_class,
    to_thread,
)

_Result = TypeVar("_Result")


async def to_the_end(
    function: Callable[[], Awaitable[_Result]],
    *,
    on_cancel: Callable[[], object] | None = None,
) -> _Result:
    """Await the function's result in a task of its own, and raise a cancellation afterwards.

    Args:
        function: what to await.
        on_cancel: called once when the caller is cancelled; the function is waited for all the
            same. None for nothing.

    Raises:
        BaseException: whatever the function raises.
    """
    return (await _gather([function], is_shielded=True, on_cancel=on_cancel))[0]


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
    runs = [partial(to_thread.run_sync, job, limiter=limiter) for job in jobs]
    return await _gather(runs, is_shielded=False)  # only a job that has begun is


async def _gather(
    functions: Sequence[Callable[[], Awaitable[_Result]]],
    *,
    is_shielded: bool,
    on_cancel: Callable[[], object] | None = None,
) -> tuple[_Result, ...]:
    results: dict[int, _Result] = {}
    failures: list[BaseException] = []
    has_ended = Event()

    async def run(index: int) -> None:
        try:
            with CancelScope(shield=is_shielded):
                results[index] = await functions[index]()
        except get_cancelled_exc_class():
            raise
        except BaseException as error:  # noqa: BLE001  # raised again, and not in a group
            failures.append(error)
            group.cancel_scope.cancel()
        finally:
            has_ended.set()

    async with create_task_group() as group:
        for index in range(len(functions)):
            group.start_soon(run, index)
        if on_cancel is not None:
            try:
                await has_ended.wait()
            except BaseException:
                on_cancel()
                raise
    if failures:
        try:
            raise failures[0]
        finally:
            failures.clear()  # the frame would hold the error, and the error the frame
    if len(results) < len(functions):
        raise CancelledError  # of a task of ours, by itself or by who cancels all that there are
    return tuple(results[index] for index in range(len(functions)))
