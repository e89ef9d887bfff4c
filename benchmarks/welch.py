"""Welch's t: how far apart the means of two samples are, in standard errors of their difference."""

from collections.abc import Sequence
from math import sqrt
from statistics import fmean, variance

CROPS = (1.0, 0.99, 0.95, 0.9, 0.75, 0.5)
"""The shares of the quickest times that are compared, of both samples together.

The slow ones are those in which the machine did something else. To judge by one share alone would
be to choose the answer, so dudect (O. Reparaz and others, 2017) takes many of them, and so do we.
"""


def t_of(one: Sequence[float], other: Sequence[float]) -> float:
    """Return Welch's t of two samples."""
    error = sqrt(variance(one) / len(one) + variance(other) / len(other))
    return (fmean(one) - fmean(other)) / error if error else 0.0


def cropped(
    one: Sequence[float], other: Sequence[float], *, share: float
) -> tuple[list[float], list[float]]:
    """Return what of two samples is among the quickest of both: so large a share of them."""
    together = sorted((*one, *other))
    most = together[max(int(share * len(together)) - 1, 0)]
    return [each for each in one if each <= most], [each for each in other if each <= most]


def ts_of(one: Sequence[float], other: Sequence[float]) -> dict[float, float]:
    """Return Welch's t by the share of the quickest that are compared."""
    found: dict[float, float] = {}
    for share in CROPS:
        left, right = cropped(one, other, share=share)
        if min(len(left), len(right)) > 1:
            found[share] = t_of(left, right)
    return found
