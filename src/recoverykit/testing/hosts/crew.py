"""A crew of threads that do something at the same moment, and get in each other's way.

Threads of one interpreter take turns of milliseconds: between a check and the act upon it nearly
never another one comes. So while they race, the turns are as short as can be, and each thread lets
the others go first at many of its calls.
"""

import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from types import FrameType, TracebackType
from typing import Final, Self, TypeVar

ResultT = TypeVar("ResultT")
Deed = Callable[[], Callable[[], ResultT]]
"""Does what comes before, and returns what is done at the same moment."""

_SECONDS: Final = 120.0  # for all to arrive
_TURN: Final = 1e-6  # seconds
_NAP: Final = 1e-6  # seconds: enough for another thread to go on
_NAPS: Final = 200  # of one deed: a tenth of a second at most


class Crew:
    """Threads that stay the same for all races, so that a host may keep things by thread.

    Args:
        size: how many there are.

    Attributes:
        size: how many there are.
        lasted: how many seconds each deed took in the last race.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.lasted: Sequence[float] = ()
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="crew")
        self._races = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._threads.shutdown()

    @property
    def is_restless(self) -> bool:
        """Whether in the next race threads nap at all of their calls, or at some."""
        return self._races % 2 == 0

    def together(
        self, deeds: Sequence[Deed[ResultT]], *, after: tuple[float, float] = (0.0, 0.0)
    ) -> list[ResultT]:
        """Do all at the same moment, each in a thread of its own; return what came of each.

        Args:
            deeds: no more than there are threads.
            after: from how many seconds after the first deed to how many the others begin, each
                at a time of its own; less than none is before it.
        """
        barrier = threading.Barrier(len(deeds))
        early = max(0.0, -min(after))
        haste = 1.0 if self.is_restless else 1 / 16
        self._races += 1
        failed: list[BaseException] = []

        def run(numbered: tuple[int, Deed[ResultT]]) -> tuple[ResultT, float]:
            number, deed = numbered
            random = Random(f"{self._races} {number}")  # noqa: S311  # no secret
            try:
                act = deed()
                barrier.wait(_SECONDS)
            except BaseException as error:
                failed.append(error)
                barrier.abort()  # nobody waits for who does not come
                raise
            time.sleep(early + (random.uniform(*after) if number else 0.0))
            begin = time.perf_counter()
            with _restless(random, haste):
                result = act()
            return result, time.perf_counter() - begin

        try:
            with _short_turns():
                done = list(self._threads.map(run, enumerate(deeds)))
        except threading.BrokenBarrierError:
            raise failed[0] from None
        self.lasted = tuple(lasted for _, lasted in done)
        return [result for result, _ in done]


@contextmanager
def _short_turns() -> Generator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(_TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def _restless(random: Random, haste: float) -> Generator[None]:
    """Let this thread nap at so many of its calls; who profiles it profiles on afterwards."""
    left = _NAPS

    # Nobody sees it run: what measures coverage is off while a profiler is called.
    def nap(_: FrameType, __: str, ___: object) -> None:  # pragma: no cover
        nonlocal left
        if left and random.random() < haste:
            left -= 1
            time.sleep(_NAP)

    before = sys.getprofile()
    sys.setprofile(nap)
    try:
        yield
    finally:
        sys.setprofile(before)
