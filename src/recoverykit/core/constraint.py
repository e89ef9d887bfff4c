"""What a stored field must keep to, said to pydantic in its own terms.

Pydantic's names for these (`Field`, `AwareDatetime`, `AfterValidator`) load most of pydantic, which
takes as long as all the rest of an import of this library. A host that has not touched a document
yet need not wait for that.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

_Schema: TypeAlias = dict[str, Any]  # pydantic's own schemas are TypedDicts by the dozen
_Handler: TypeAlias = Callable[[object], _Schema]

_INSTANT: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", re.ASCII
)


class Bounded:
    """Bounds of a text, a number or a tuple, as a core schema of pydantic names them.

    Args:
        bounds: ``pattern``, ``ge``, ``le``, ``lt``, ``min_length`` and so on.
    """

    __slots__ = ("_bounds",)

    def __init__(self, **bounds: str | int) -> None:
        self._bounds = bounds

    def __get_pydantic_core_schema__(self, source: object, handler: _Handler) -> _Schema:
        """Add the bounds to the schema of the annotated type."""
        return {**handler(source), **self._bounds}


class InUtc:
    """An instant, written with its day, its time and its zone, and turned into UTC.

    Args:
        earliest: the first instant that is accepted.
        latest: the last one.
    """

    __slots__ = ("_earliest", "_latest")

    def __init__(self, earliest: datetime, latest: datetime) -> None:
        self._earliest = earliest
        self._latest = latest

    def __get_pydantic_core_schema__(self, source: object, handler: _Handler) -> _Schema:
        """Return the schema of what `_in_utc` reads."""
        return {"type": "function-plain", "function": {"type": "no-info", "function": self._in_utc}}

    def _in_utc(self, written: object) -> datetime:
        # Pydantic would take a number for the seconds since 1970, or the milliseconds, even as a
        # text; and it takes longer, where what it has read is looked at again.
        if not isinstance(written, str) or not _INSTANT.fullmatch(written):
            raise ValueError("no instant")
        instant = datetime.fromisoformat(written)
        if not self._earliest <= instant <= self._latest:
            raise ValueError("out of range")
        return instant.astimezone(UTC)
