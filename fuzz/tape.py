"""The tape: bytes as a row of choices. Past its end every choice is the first one.

Every row of bytes is some row of choices, and a longer one never changes what was chosen before.
"""

from collections.abc import Sequence
from typing import TypeVar

_Item = TypeVar("_Item")


class Tape:
    """Reads choices off some bytes, the first ones first."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def byte(self) -> int:
        """Return the next byte."""
        at = self._at
        self._at = at + 1
        return self._data[at] if at < len(self._data) else 0

    def number(self, below: int) -> int:
        """Return a number from 0; those below 257 take one byte, and others two."""
        high = self.byte() << 8 if below > 256 else 0
        return (high | self.byte()) % below

    def flag(self) -> bool:
        """Return whether the next byte is odd."""
        return self.byte() & 1 == 1

    def pick(self, items: Sequence[_Item]) -> _Item:
        """Return one of some items."""
        return items[self.number(len(items))]

    def is_over(self) -> bool:
        """Say whether nothing is left."""
        return self._at >= len(self._data)

    def rest(self) -> bytes:
        """Return all that is left."""
        at, self._at = self._at, len(self._data)
        return self._data[at:]

    def text(self) -> str:
        """Return all that is left as a text; what is no UTF-8 becomes lone surrogates."""
        return self.rest().decode("utf-8", "surrogateescape")

    def piece(self, most: int) -> bytes:
        """Return some bytes, of which the first tells how many."""
        begin = self._at + 1
        end = begin + self.number(most + 1)
        self._at = end
        return self._data[begin:end]
