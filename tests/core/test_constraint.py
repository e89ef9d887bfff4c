"""Constraints of stored fields: pydantic keeps to them."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from recoverykit.core.constraint import Bounded, InUtc

FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2001, 1, 1, tzinfo=UTC)
INSTANTS = TypeAdapter(Annotated[datetime, InUtc(FIRST, LAST)])


@pytest.mark.parametrize(
    ("kind", "bounds", "kept", "broken"),
    [
        (str, {"pattern": "^[ab]+$", "max_length": 2}, ["a", "ab"], ["", "c", "aba", 7]),
        (int, {"ge": 1, "lt": 3}, [1, 2], [0, 3, "text"]),
        (tuple[int, ...], {"min_length": 1, "max_length": 2}, [(1,), (1, 2)], [(), (1, 2, 3)]),
    ],
)
def test_bounds_are_kept_to(kind, bounds, kept, broken):
    """Beside what the annotated type itself asks for."""
    values = TypeAdapter(Annotated[kind, Bounded(**bounds)])
    assert [values.validate_python(value) for value in kept] == kept
    for value in broken:
        with pytest.raises(ValidationError):
            values.validate_python(value)


def test_an_instant_is_turned_into_utc():
    """From whatever zone; the first and the last one are accepted."""
    elsewhere = timezone(timedelta(hours=-5))
    for instant in (FIRST, LAST):
        found = INSTANTS.validate_python(instant.astimezone(elsewhere).isoformat())
        assert found == instant
        assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ((FIRST - timedelta.resolution).isoformat(), "out of range"),
        ((LAST + timedelta.resolution).isoformat(), "out of range"),
        (FIRST.replace(tzinfo=None).isoformat(), "no instant"),
        ("yesterday", "no instant"),
        (FIRST, "no instant"),
        (FIRST.timestamp(), "no instant"),
    ],
)
def test_what_is_no_such_instant_is_refused(written, said):
    """Out of range, of no zone, or no text that says one."""
    with pytest.raises(ValidationError, match=said):
        INSTANTS.validate_python(written)
