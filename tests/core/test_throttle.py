"""The schedule of delays: figures of SP 800-63B-4, 3.2.2 and of the documentation."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoverykit import PolicyError, Throttle

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [
        (0, 0),
        (4, 0),
        (5, 30),
        (6, 60),
        (7, 120),
        (16, 61_440),
        (17, 86_400),
        (99, 86_400),
        (10**6, 86_400),
    ],
)
def test_the_default_schedule(failures, seconds):
    """Five guesses are free, then 30 s doubling to 24 h."""
    assert Throttle().delay_after(failures) == seconds * SECOND


def test_a_factor_of_one_keeps_the_first_delay():
    """A constant delay never grows, and costs no loop over the failures."""
    throttle = Throttle(free=1, factor=1)
    assert throttle.delay_after(10**6) == throttle.first_delay


def test_failure_one_hundred_disables():
    """SP 800-63B-4, 3.2.2: no more than 100 failures in a row."""
    assert not Throttle().disables_at(99)
    assert Throttle().disables_at(100)


def test_a_delay_has_passed_at_its_very_end():
    """One microsecond before the end a delay runs; at the end it does not."""
    until = NOW + 30 * SECOND

    def retry_at(now):
        return Throttle().retry_at(failures=5, failed_at=NOW, now=now)

    assert retry_at(until - timedelta.resolution) == until
    assert retry_at(until) is None


def test_without_a_failure_there_is_no_delay():
    """No time of a failure, no delay, whatever the count says."""
    assert Throttle().retry_at(failures=50, failed_at=None, now=NOW) is None
    assert Throttle().retry_at(failures=4, failed_at=NOW, now=NOW) is None


@given(
    failures=st.integers(0, 200),
    ahead=st.timedeltas(timedelta(days=-400), timedelta(days=400)),
)
def test_no_delay_outlasts_now_and_its_own_length(failures, ahead):
    """However far ahead the clock of another host was, the wait is never longer than the delay."""
    throttle = Throttle()
    until = throttle.retry_at(failures=failures, failed_at=NOW + ahead, now=NOW)
    assert until is None or NOW < until <= NOW + throttle.delay_after(failures)


@given(
    free=st.integers(1, 20),
    factor=st.just(1.0) | st.floats(1.1, 1_000),
    failures=st.integers(0, 2_000),
)
def test_delays_never_shrink_and_never_pass_the_longest(free, factor, failures):
    """The schedule grows with every failure up to its cap, for any factor."""
    throttle = Throttle(free=free, factor=factor, disable_after=5_000)
    one, two = throttle.delay_after(failures), throttle.delay_after(failures + 1)
    assert one <= two <= throttle.max_delay


@pytest.mark.parametrize(
    "wrong",
    [
        {"free": 0},
        {"free": 1_001, "disable_after": 2_000},
        {"free": "5"},
        {"first_delay": timedelta(0)},
        {"first_delay": timedelta(days=2)},
        {"factor": 0.9},
        {"factor": 1_001},
        {"max_delay": timedelta(days=367)},
        {"max_delay": timedelta(seconds=29)},
        {"disable_after": 4},
        {"disable_after": 1_000_001},
        {"disable_after": None},
    ],
)
def test_a_throttle_out_of_bounds_is_refused(wrong):
    """A figure that would make the schedule meaningless is a `PolicyError`."""
    with pytest.raises(PolicyError):
        Throttle(**wrong)
