"""The permit: what is made for tests refuses to be used where none are running.

Tests are running in this process where

* pytest is: it says so in the environment, and is loaded; a program that was merely started from
  pytest is no test of its own;
* this very thread was called by `unittest`;
* somebody says so, with `for_tests`.

Nothing else counts, an interpreter's optimisation or a debugger least of all.
"""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from inspect import currentframe
from threading import Lock

from recoverykit.errors import OutsideTests


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

    For runners that are neither pytest nor `unittest`, and for programs that a test has started.
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
    if not (_SAID.blocks or _is_under_pytest() or _is_under_unittest()):
        raise OutsideTests(what)


def _is_under_pytest() -> bool:
    # Processes inherit the variable, and anybody may import the module: only both together tell.
    return "PYTEST_VERSION" in os.environ and "pytest" in sys.modules


def _is_under_unittest() -> bool:
    frame = currentframe()
    while frame is not None:
        package, _, module = str(frame.f_globals.get("__name__")).partition(".")
        if package == "unittest" and module != "mock":  # mocks are called from anywhere
            return True
        frame = frame.f_back
    return False
