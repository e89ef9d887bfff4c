"""Whoever contends in a race, and can be held up in the middle of what it does."""

import sys
from collections.abc import Callable
from threading import Event, Thread
from types import FrameType
from typing import Any, Final, Protocol, Self, TypeAlias

Answer: TypeAlias = bool | BaseException
"""What a contender was told, or what was raised."""

DEADLINE: Final = 30.0  # seconds: whoever has not answered by then is not going to


class NoAnswer(Exception):
    """Raised where nothing can be learnt of what became of a call; it says why."""


class Contender(Protocol):
    """A commit that has begun."""

    @property
    def places(self) -> int:
        """At how many places it could have been held up, so far."""
        ...

    def wait_until_held(self) -> None:
        """Return when it is held up, or has ended before it came that far."""
        ...

    def wait(self, seconds: float) -> None:
        """Return when it has ended, or after so many seconds."""
        ...

    def release(self) -> None:
        """Let it go on."""
        ...

    def join(self) -> Answer:
        """Return its answer."""
        ...


class ThreadContender:
    """A call in a thread of its own, held up before a line of what it runs.

    Args:
        call: what it does.
        hold_at: before which of the lines, counted from 1, it waits; 0 for none. None lets it
            run at its full speed, without counting lines.
    """

    def __init__(self, call: Callable[[], bool], *, hold_at: int | None) -> None:
        self.places: int = 0
        self._answer: Answer = NoAnswer(f"no answer within {DEADLINE:.0f} s")
        self._held = Event()
        self._done = Event()
        self._go = Event()
        self._call = call
        self._hold_at = hold_at
        self._thread = Thread(target=self._run, daemon=True)

    def start(self) -> Self:
        """Begin, and come back."""
        self._thread.start()
        return self

    def wait_until_held(self) -> None:
        """Return when it is held up, or has ended before it came that far."""
        self._held.wait(DEADLINE)

    def wait(self, seconds: float) -> None:
        """Return when it has ended, or after so many seconds."""
        self._done.wait(seconds)

    def release(self) -> None:
        """Let it go on."""
        self._go.set()

    def join(self) -> Answer:
        """Return its answer."""
        self._done.wait(DEADLINE)
        return self._answer

    def trace(self, _frame: FrameType, event: str, _argument: object) -> Any:  # noqa: ANN401 - what sys.settrace wants
        """Count a line, and wait where it is the one."""
        if event == "line":
            self.places += 1
            if self.places == self._hold_at:
                self._held.set()
                self._go.wait(DEADLINE)
        return self.trace

    def _run(self) -> None:
        before = sys.gettrace()
        if self._hold_at is not None:
            sys.settrace(self.trace)
        try:
            answer: Answer = self._call()
        except BaseException as error:  # noqa: BLE001 - it is told
            answer = error
        sys.settrace(before)
        self._answer = answer
        self._held.set()
        self._done.set()
