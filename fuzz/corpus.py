"""The corpus: the inputs that are kept, a folder for each target."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

TARGETS: Final = ("codes", "documents", "lines", "lives")
"""A module each, which has a function ``judge`` of some bytes."""

_FOLDER: Final = Path(__file__).parent / "inputs"


def inputs_of(target: str) -> Iterator[tuple[str, bytes]]:
    """Return the inputs that are kept for a target, by their names."""
    for file in sorted((_FOLDER / target).iterdir()):
        yield file.name, file.read_bytes()
