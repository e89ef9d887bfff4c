"""A figure: how much longer ours takes than a bare way to do the same, and what was promised."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """How ours compares with a bare way, round by round.

    Args:
        name: what was measured.
        ours: seconds that ours took, of each round.
        bare: seconds that the bare way took in the same rounds.
        is_rate: whether the ratios are those of rates (bare / ours), not of times (ours / bare).
        limit: what was promised: the highest ratio of times, or the lowest of rates; None where
            nothing was.
    """

    name: str
    ours: Sequence[float] = field(repr=False)
    bare: Sequence[float] = field(repr=False)
    is_rate: bool = False
    limit: float | None = None

    @property
    def ratios(self) -> list[float]:
        """The ratio of each round."""
        return [self._ratio(*pair) for pair in zip(self.ours, self.bare, strict=True)]

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios: a slow spell of the machine weighs on both sides."""
        return median(self.ratios)

    @property
    def ratio_of_medians(self) -> float:
        """The ratio of the medians; far from `ratio`, it says that the machine was too busy."""
        return self._ratio(median(self.ours), median(self.bare))

    @property
    def interval(self) -> tuple[float, float]:
        """Between what the median lies with 95 % confidence: two of the sorted ratios."""
        ratios = sorted(self.ratios)
        middle, half = len(ratios) / 2, 0.98 * sqrt(len(ratios))  # the binomial's, as a normal
        low, high = int(middle - half), int(middle + half)
        return ratios[max(low, 0)], ratios[min(high, len(ratios) - 1)]

    @property
    def is_open(self) -> bool:
        """Whether more rounds may still show the promise to be kept, or broken."""
        low, high = self.interval
        return self.limit is not None and low <= self.limit <= high

    @property
    def is_kept(self) -> bool:
        """Whether the promise, if there is one, was kept."""
        if self.limit is None:
            return True
        return self.ratio >= self.limit if self.is_rate else self.ratio <= self.limit

    @property
    def promise(self) -> str:
        """What was promised; empty where nothing was."""
        if self.limit is None:
            return ""
        return f"{'>=' if self.is_rate else '<='} {self.limit:.2f}"

    def to_dict(self) -> dict[str, object]:
        """Return the figure as plain data."""
        return {
            "name": self.name,
            "of": "rates" if self.is_rate else "times",
            "ratio": self.ratio,
            "interval": self.interval,
            "ratio_of_medians": self.ratio_of_medians,
            "ours_median_s": median(self.ours),
            "bare_median_s": median(self.bare),
            "rounds": len(self.ours),
            "limit": self.limit,
        }

    def to_line(self) -> str:
        """Return the figure as a line of `HEAD`'s table."""
        low, high = self.interval
        return (
            f"{self.name:<64} {self.ratio:>6.3f} {self.promise:>8} {low:>6.3f} {high:>6.3f} "
            f"{self.ratio_of_medians:>10.3f} {len(self.ours):>6} {1e3 * median(self.ours):>9.3f} "
            f"{1e3 * median(self.bare):>9.3f}"
        )

    def _ratio(self, ours: float, bare: float) -> float:
        return bare / ours if self.is_rate else ours / bare


HEAD = (
    f"{'':<64} {'ratio':>6} {'promise':>8} {'95 % between':>13} "
    f"{'of medians':>10} {'rounds':>6} {'ours ms':>9} {'bare ms':>9}"
)
