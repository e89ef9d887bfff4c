"""Whoever contends in a race, and can be held up in the middle of what it does."""

import sys
from collections.abc import Callable
from threading import Event, Thread
from types import FrameType
from typing import Any, Final, TypeAlias

Answer: TypeAlias = bool | BaseException
"""What a contender was told, or what was raised."""

DEADLINE: Final = 30.0  # seconds: whoever has not answered by then is not going to


class Contender:
    """A call in a thread of its own, held up before a line of what it runs.

    Args:
        call: what it does.
        hold_at: before which of the lines, counted from 1, it waits; 0 for none.
    """

    def __init__(self, call: Callable[[], bool], *, hold_at: int = 0) -> None:
        self.lines = 0
        self.answer: Answer = TimeoutError(f"no answer within {DEADLINE:.0f} s")
        self.held = Event()
        self.done = Event()
        self._go = Event()
        self._call = call
        self._hold_at = hold_at
        self._thread = Thread(target=self._run, daemon=True)

    def start(self) -> "Contender":
        """Begin, and come back."""
        self._thread.start()
        return self

    def release(self) -> None:
        """Let it go on."""
        self._go.set()

    def join(self) -> Answer:
        """Wait for its answer."""
        self._thread.join(DEADLINE)
        return self.answer

    def trace(self, _frame: FrameType, event: str, _argument: object) -> Any:  # noqa: ANN401 - as sys.settrace wants it
        """Count a line, and wait where it is the one."""
        if event == "line":
            self.lines += 1
            if self.lines == self._hold_at:
                self.held.set()
                self._go.wait(DEADLINE)
        return self.trace

    def _run(self) -> None:
        before = sys.gettrace()
        sys.settrace(self.trace)
        try:
            self.answer = self._call()
        except BaseException as error:  # noqa: BLE001 - it is told
            self.answer = error
        finally:
            sys.settrace(before)
            self.held.set()
            self.done.set()
