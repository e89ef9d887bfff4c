"""Numbers in words."""

from datetime import timedelta

import pytest

from recoverykit.core.amounts import chance, entropy, money, span


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (timedelta(0), "no time"),
        (9.09e-6, "0.00909 ms"),
        (0.05, "50 ms"),
        (1, "1 s"),
        (1.5, "1.5 s"),
        (120, "120 s"),
        (timedelta(seconds=30), "30 s"),
        (119.94, "120 s"),
        (timedelta(seconds=1_799), "30 min"),
        (timedelta(minutes=30), "30 min"),
        (timedelta(hours=24), "24 h"),
        (timedelta(days=84, seconds=36_450), "84.4 d"),
        (100 * 31_557_600, "100 years"),
        (1_234.6 * 31_557_600, "1,235 years"),
        (10_000 * 31_557_600, "1.0e+04 years"),
        (5.8e4 * 31_557_600, "5.8e+04 years"),
    ],
)
def test_a_span_is_told_in_its_unit(length, expected):
    """Seconds up to two minutes, hours up to two days, days up to two years."""
    assert span(length) == expected


@pytest.mark.parametrize(
    ("dollars", "expected"),
    [
        (3.5e-9, "$3.5e-09"),
        (0.00694, "$0.0069"),
        (99.4, "$99"),
        (99.5, "$100"),
        (99.6, "$100"),
        (7_637.4, "$7,637"),
        (999_999, "$999,999"),
        (1e6, "$1.0e+06"),
    ],
)
def test_dollars(dollars, expected):
    """Two digits of little, whole dollars of much, a power of ten of a lot."""
    assert money(dollars) == expected


def test_a_chance_and_an_entropy():
    """Two digits, and no false certainty."""
    assert chance(2.71e-18) == "2.7e-18"
    assert chance(0.0843) == "0.084"
    assert chance(0.9) == "0.9"
    assert (chance(0.994), chance(0.995), chance(1)) == ("0.99", "certain", "certain")
    assert entropy(19.9316) == "19.93 bits"
