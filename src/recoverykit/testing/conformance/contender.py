"""Whoever contends in a race, and can be held up in the middle of what it does."""

import sys
import sysconfig
from collections.abc import Callable, Sequence
from threading import Event, Thread
from types import FrameType
from typing import Any, Final, Generic, Protocol, Self, TypeAlias, TypeVar, runtime_checkable

_Value = TypeVar("_Value")
_Value_co = TypeVar("_Value_co", covariant=True)

Answer: TypeAlias = bool | BaseException
"""What a contender was told, or what was raised."""

Place: TypeAlias = int | tuple[str, int]
"""Where a contender can be held up: a file and a line of it, or the number of an await."""

DEADLINE: Final = 30.0  # seconds: whoever has not answered by then is not going to

CANCELLED: Final = "it was cancelled"

# The lines of others: of Python itself, and of what is installed.
_OTHERS: Final = tuple(
    sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")
)


def is_own(place: Place) -> bool:
    """Whether a place is in the storage's own code, and not in what is installed beside it."""
    return isinstance(place, int) or not place[0].startswith(("<", *_OTHERS))


class NoAnswer(Exception):
    """Raised where nothing can be learnt of what became of a call; it says why."""


class Contender(Protocol[_Value_co]):
    """A commit or a load that has begun."""

    @property
    def places(self) -> Sequence[Place]:
        """Where it could have been held up so far, each place once."""
        ...

    def wait_until_held(self) -> None:
        """Return when it is held up, or has ended before it came that far."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait for it so many seconds, and return whether it has ended."""
        ...

    def release(self) -> None:
        """Let it go on."""
        ...

    def join(self) -> _Value_co | BaseException:
        """Return its answer."""
        ...


@runtime_checkable
class Cancellable(Protocol):
    """A contender that can be cancelled: a task can, and a thread or a process cannot."""

    def cancel(self) -> None:
        """Let it go on, and cancel it where it awaits something next."""
        ...


class ThreadContender(Generic[_Value]):
    """A call in a thread of its own, held up before a line of what it runs.

    Args:
        call: what it does.
        hold_at: before which line it waits when it first comes there; None for none.
        is_traced: whether its lines are noted. It runs at its full speed where they are not.
    """

    def __init__(
        self, call: Callable[[], _Value], *, hold_at: Place | None = None, is_traced: bool = True
    ) -> None:
        self._lines: dict[Place, None] = {}
        self._answer: _Value | BaseException = NoAnswer(f"no answer within {DEADLINE:.0f} s")
        self._held = Event()
        self._done = Event()
        self._go = Event()
        self._call = call
        self._hold_at = hold_at
        self._is_traced = is_traced
        self._thread = Thread(target=self._run, daemon=True)

    @property
    def places(self) -> Sequence[Place]:
        """The lines that it has come to, in their order."""
        return tuple(self._lines)

    def start(self) -> Self:
        """Begin, and come back."""
        self._thread.start()
        return self

    def wait_until_held(self) -> None:
        """Return when it is held up, or has ended before it came that far."""
        self._held.wait(DEADLINE)

    def wait(self, seconds: float) -> bool:
        """Wait for it so many seconds, and return whether it has ended."""
        return self._done.wait(seconds)

    def release(self) -> None:
        """Let it go on."""
        self._go.set()

    def join(self) -> _Value | BaseException:
        """Return its answer."""
        self._done.wait(DEADLINE)
        return self._answer

    def trace(self, frame: FrameType, event: str, _argument: object) -> Any:  # noqa: ANN401 - what sys.settrace wants
        """Note a line, and wait where it is the one."""
        line = (frame.f_code.co_filename, frame.f_lineno)
        if event == "line" and line not in self._lines:
            self._lines[line] = None
            if line == self._hold_at:
                self._held.set()
                self._go.wait(DEADLINE)
        return self.trace

    def _run(self) -> None:
        before = sys.gettrace()
        if self._is_traced:
            sys.settrace(self.trace)
        try:
            answer: _Value | BaseException = self._call()
        except BaseException as error:  # noqa: BLE001 - it is told
            answer = error
        sys.settrace(before)
        self._answer = answer
        self._held.set()
        self._done.set()
