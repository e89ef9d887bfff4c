"""Runs that have to show something: it depends on who comes when, so they are tried again."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

TRIES = 8

_Found = TypeVar("_Found")


def tried(
    run: Callable[[Path], _Found], *, until: Callable[[_Found], object], folder: Path
) -> _Found:
    """Run something until it shows what it has to show, and return what the last run came to.

    What must never be is for the run itself to assert, so that no try hides another.

    Args:
        run: takes an empty folder, and returns what came of it.
        until: whether it shows it.
        folder: where the runs get a folder each.
    """
    for number in range(TRIES):
        own = folder / str(number)
        own.mkdir()
        found = run(own)
        if until(found):
            break
    return found
