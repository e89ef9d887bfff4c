"""Amounts in words: numbers with their units, short enough for one line of a report."""

from datetime import timedelta
from typing import Final

_LONG_YEARS: Final = 10_000  # from here on the power of ten says more than the digits
_MANY_DOLLARS: Final = 1_000_000  # likewise
_FEW_DOLLARS: Final = 99.5  # below, two digits say enough
_WHOLE: Final = 1_000  # from here on a fraction says nothing
_SURE: Final = 0.995  # from here on two digits would say 1 anyway
_SECONDS_IN: Final = {"min": 60.0, "h": 3_600.0, "d": 86_400.0, "years": 31_557_600.0}
# Up to how many of a unit are told in it, so that it is not 3,600 min but 60 h.
_MOST_OF: Final = {"s": 120, "min": 120, "h": 48, "d": 730}


def entropy(bits: float) -> str:
    """Return an entropy with two decimals: ``"19.93 bits"``."""
    return f"{bits:.2f} bits"


def chance(probability: float) -> str:
    """Return a probability in two digits: ``"2.7e-18"``, ``"0.084"``, ``"certain"``."""
    if probability >= _SURE:
        return "certain"
    return f"{probability:.2g}"


def money(dollars: float) -> str:
    """Return US dollars: ``"$0.0069"``, ``"$7,546"``, ``"$1.3e+11"``."""
    if dollars < _FEW_DOLLARS:
        return f"${dollars:.2g}"
    return f"${dollars:,.0f}" if dollars < _MANY_DOLLARS else f"${dollars:.1e}"


def span(length: timedelta | float) -> str:
    """Return a span, given as such or in seconds: ``"30 s"``, ``"84.4 d"``, ``"5.8e+04 years"``."""
    seconds = length.total_seconds() if isinstance(length, timedelta) else length
    if seconds < 1:
        return f"{_short(1_000 * seconds)} ms" if seconds else "no time"
    unit, value = "s", seconds
    for longer, size in _SECONDS_IN.items():
        if value <= _MOST_OF[unit]:
            break
        unit, value = longer, seconds / size
    if value >= _LONG_YEARS:
        return f"{value:.1e} years"
    return f"{_short(value)} {unit}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) or value >= _WHOLE else f"{value:.3g}"
