"""A clock that stands still until it is told to move."""

from datetime import datetime, timedelta


class ManualClock:
    """A clock for tests: calling it returns the same time until it is moved.

    Args:
        start: the first time, aware of its zone.
    """

    def __init__(self, start: datetime) -> None:
        self._now = start

    def __call__(self) -> datetime:
        """Return the time that it stands at."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move the clock and return the new time; a negative step sets it back."""
        self._now += by
        return self._now
