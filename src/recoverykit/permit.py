"""The permit: what is made for tests refuses to be used where none are running.

Tests are running in this process where

* pytest or ``unittest`` has called this very thread, or the main one, and has not returned;
* somebody says so, with `for_tests`.

Nothing else counts: neither what the environment says, which other programs inherit, nor what is
imported, which many do.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from threading import Lock, get_ident, main_thread
from types import FrameType
from typing import Final

from recoverykit.errors import OutsideTests

_RUNNERS: Final = frozenset({"_pytest", "unittest"})
_NO_RUNNER: Final = "unittest.mock"  # called from anywhere


class _Said:
    """How many blocks of `for_tests` have been entered and not been left."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.blocks = 0

    def add(self, blocks: int) -> None:
        with self._lock:
            self.blocks += blocks


_SAID = _Said()


@contextmanager
def for_tests() -> Generator[None]:
    """Say that tests are running, in the whole process, until the block is left.

    For runners that are neither pytest nor ``unittest``, and for programs that a test has started.
    The cheap hasher is asked about when it is made and when a kit is made with it, and not again: a
    kit made within the block goes on after it, and issues codes that nothing protects. Let such a
    kit go with the block.
    """
    _SAID.add(1)
    try:
        yield
    finally:
        _SAID.add(-1)


def require_tests(what: str) -> None:
    """Refuse what is made for tests where none are running.

    Raises:
        OutsideTests: none are.
    """
    if not (_SAID.blocks or _is_under_a_runner()):
        raise OutsideTests(what)


def _is_under_a_runner() -> bool:
    # Tests may start threads, in which a server of theirs makes its kit, for example.
    # The function is documented, if not promised for every Python.
    stacks = sys._current_frames()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return any(map(_has_runner, map(stacks.get, {get_ident(), main_thread().ident or 0})))


def _has_runner(frame: FrameType | None) -> bool:
    while frame is not None:
        module = str(frame.f_globals.get("__name__"))
        if module.partition(".")[0] in _RUNNERS and module != _NO_RUNNER:
            return True
        frame = frame.f_back
    return False
