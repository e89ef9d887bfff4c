"""How failures slow down further attempts: a pure schedule, from the count and the times."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from recoverykit.core.bounds import Bound, require

_NO_DELAY = timedelta(0)
_LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """The delays after judged failures in a row, and their end.

    After failure n: none while ``n < free``; then ``first_delay * factor ** (n - free)``, never
    more than ``max_delay``; failure ``disable_after`` disables the set.

    Args:
        free: how many guesses are judged before the first delay; 1 to 1,000.
        first_delay: the delay after failure number ``free``; positive, at most 366 days.
            NIST SP 800-63B-4, 3.2.2 names 30 seconds.
        factor: by how much each further failure multiplies the delay; 1, or 1.1 to 1,000.
        max_delay: the longest delay; at least ``first_delay``, at most 366 days.
        disable_after: the failure in a row that disables the set; at least ``free``, at most
            1,000,000. NIST SP 800-63B-4, 3.2.2 allows no more than 100.

    Raises:
        PolicyError: a figure is outside its bounds.
    """

    free: int = 5
    first_delay: timedelta = timedelta(seconds=30)
    factor: float = 2
    max_delay: timedelta = timedelta(hours=24)
    disable_after: int = 100

    def __post_init__(self) -> None:
        require(
            Bound("free", self.free, 1, 1_000),
            Bound("first_delay", self.first_delay, timedelta.resolution, _LONGEST),
            Bound("factor", self.factor, 1.0, 1_000.0),
            Bound("max_delay", self.max_delay, timedelta.resolution, _LONGEST),
            Bound("disable_after", self.disable_after, 1, 1_000_000),
        )
        # Only now are the types known to compare.
        if self.factor > 1:
            # So that the longest delay there can be is reached within some 330 failures.
            require(Bound("factor", self.factor, 1.1, 1_000.0))
        require(
            Bound("max_delay", self.max_delay, self.first_delay, _LONGEST),
            Bound("disable_after", self.disable_after, self.free, 1_000_000),
        )

    def delay_after(self, failures: int) -> timedelta:
        """Return how long to wait after that many failures in a row; zero for none."""
        if failures < self.free:
            return _NO_DELAY
        delay = self.first_delay
        # A power would overflow long before the count does; this loop ends at the longest delay.
        for _ in range(failures - self.free if self.factor > 1 else 0):
            delay *= self.factor
            if delay >= self.max_delay:
                return self.max_delay
        return delay

    def retry_at(
        self, *, failures: int, failed_at: datetime | None, now: datetime
    ) -> datetime | None:
        """Return until when attempts are refused; None where no delay is running at ``now``.

        A failure recorded by a host whose clock runs ahead counts as having happened now: what is
        told is never further away than the delay is long, but it is told again and again until
        that time has come.
        """
        if failed_at is None:
            return None
        until = min(failed_at, now) + self.delay_after(failures)
        return until if now < until else None

    def disables_at(self, failures: int) -> bool:
        """Say whether that many failures in a row disable the set."""
        return failures >= self.disable_after
