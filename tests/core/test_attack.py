"""What an attack costs and yields: computed independently for each row, and by simulation."""

import math
from datetime import timedelta
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoverykit import Argon2idHasher, KeyedHasher, Pbkdf2Hasher, Throttle
from recoverykit.core import attack
from recoverykit.core.attack import chance_of_success, denial, guesses_within, offline_cost

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FOR_EVER = 1_000_000  # the most that `disable_after` can be; no schedule below gets there

# Codes as they are in use: how many there are of each.
SPACES = {
    "6 digits": 10**6,
    "20 bits": 2**20,
    "8 digits": 10**8,
    "40 bits": 2**40,
    "48 bits": 2**48,
    "50 bits": 2**50,
    "12 of 34": 34**12,
    "64 bits": 2**64,
    "65 bits": 2**65,
    "80 bits": 2**80,
    "112 bits": 2**112,
    "128 bits": 2**128,
}

# From delays of microseconds, which rounding keeps from growing, to such of minutes.
THROTTLES = st.builds(
    lambda free, more, first, longer, factor: Throttle(
        free=free,
        first_delay=first,
        factor=factor,
        max_delay=first + longer,
        disable_after=free + more,
    ),
    free=st.integers(1, 12),
    more=st.integers(0, 60),
    first=st.timedeltas(timedelta.resolution, 60 * SECOND),
    longer=st.timedeltas(timedelta(0), HOUR),
    factor=st.floats(1, 50),
)


class TestOnline:
    @pytest.mark.parametrize(
        ("throttle", "expected"),
        [
            (Throttle(free=5, disable_after=5), 5),
            (Throttle(free=10, disable_after=10), 10),
            (Throttle(free=100, disable_after=100), 100),
            (Throttle(disable_after=FOR_EVER), 380),
            (Throttle(), 100),
            (
                Throttle(free=1, first_delay=SECOND, max_delay=HOUR, disable_after=FOR_EVER),
                8_777,
            ),
            (Throttle(free=1, max_delay=HOUR, disable_after=FOR_EVER), 8_772),
            (Throttle(free=1, first_delay=SECOND, disable_after=FOR_EVER), 381),
            (None, 31_557_600_000),
        ],
    )
    def test_the_guesses_of_a_year(self, throttle, expected):
        """Day and night for 365.25 days, each guess as soon as it is judged."""
        assert guesses_within(throttle, attack.YEAR) == expected

    def test_a_year_starts_with_one_guess(self):
        """A guess at the very end counts, and so does the first one where no time passes."""
        throttle = Throttle(free=1, first_delay=HOUR, factor=1)
        assert guesses_within(throttle, timedelta(0)) == 1
        assert guesses_within(throttle, HOUR - timedelta.resolution) == 1
        assert guesses_within(throttle, HOUR) == 2

    @given(throttle=THROTTLES, length=st.timedeltas(timedelta(0), 3 * HOUR))
    def test_a_simulation_agrees(self, throttle, length):
        """Guess by guess, with the delays that the kit really imposes."""
        last = throttle.disable_after
        delays = [throttle.delay_after(failure) for failure in range(1, last)]
        moments = [sum(delays[:guess], timedelta(0)) for guess in range(last)]
        judged = sum(moment <= length for moment in moments)
        assert guesses_within(throttle, length) == judged
        kept_out = denial(throttle)
        assert kept_out.until_disabled == moments[-1]
        assert kept_out.longest_delay == max(delays, default=timedelta(0))
        assert kept_out.guesses == last

    @pytest.mark.parametrize(
        ("name", "chances"),
        [
            (
                "6 digits",
                "1.00e-05 5.00e-05 1.00e-04 2.00e-04 1.00e-03 9.96e-03 9.56e-02 6.51e-01 1.00e+00",
            ),
            (
                "20 bits",
                "9.54e-06 4.77e-05 9.54e-05 1.91e-04 9.53e-04 9.50e-03 9.14e-02 6.33e-01 1.00e+00",
            ),
            (
                "8 digits",
                "1.00e-07 5.00e-07 1.00e-06 2.00e-06 1.00e-05 1.00e-04 1.00e-03 9.96e-03 8.43e-02",
            ),
            (
                "40 bits",
                "9.09e-12 4.55e-11 9.09e-11 1.82e-10 9.09e-10 9.09e-09 9.09e-08 9.09e-07 7.97e-06",
            ),
            (
                "50 bits",
                "8.88e-15 4.44e-14 8.88e-14 1.78e-13 8.88e-13 8.88e-12 8.88e-11 8.88e-10 7.79e-09",
            ),
            (
                "64 bits",
                "5.42e-19 2.71e-18 5.42e-18 1.08e-17 5.42e-17 5.42e-16 5.42e-15 5.42e-14 4.75e-13",
            ),
        ],
    )
    def test_the_chance_against_ten_codes(self, name, chances):
        """Without a selector each guess is against all ten."""
        guesses = (1, 5, 10, 20, 100, 1_000, 10_000, 100_000, 876_600)
        for count, expected in zip(guesses, chances.split(), strict=True):
            chance = chance_of_success(SPACES[name], guesses=count, targets=10)
            assert chance == pytest.approx(float(expected), rel=0.006)

    @given(
        space=st.integers(1, 10**40),
        guesses=st.integers(0, 10**6),
        targets=st.integers(1, 20),
    )
    def test_the_chance_is_exact(self, space, guesses, targets):
        """The same as with fractions, however small; certain once no room is left to miss."""
        missed = Fraction(1)
        for hit in range(targets):
            missed *= max(Fraction(0), 1 - Fraction(guesses, max(space - hit, 1)))
        exact = float(1 - missed) if guesses + targets <= space else 1.0
        chance = chance_of_success(space, guesses=guesses, targets=targets)
        assert chance == pytest.approx(exact, rel=1e-9)

    def test_a_selector_leaves_one_target(self):
        """A guess names its code: the chance is that of guesses over codes."""
        assert chance_of_success(2**65, guesses=100, targets=1) == pytest.approx(100 / 2**65)
        assert chance_of_success(10**6, guesses=10**6, targets=1) == 1

    def test_the_default_keeps_a_user_out_for_84_days(self):
        """Twelve doubling delays and 83 of a day; then the set is disabled."""
        kept_out = denial(Throttle())
        doubling = sum(30 * 2**step for step in range(12))
        assert kept_out.until_disabled == doubling * SECOND + 83 * DAY
        assert kept_out.longest_delay == DAY


class TestOffline:
    # On 1,000 cards: seconds, and dollars, for SHA-256, PBKDF2 (600,000), Argon2id (19 MiB, 2
    # passes) and Argon2id (64 MiB, 3 passes), at these rates a card.
    RATES = (2e10, 1.6e4, 1e4, 1.8e3)
    MINUTE, HOUR, DAY, YEAR = 60, 3_600, 86_400, 31_557_600

    @pytest.mark.parametrize(
        ("name", "dollars"),
        [
            ("6 digits", (3.5e-9, 0.00434, 0.00694, 0.0386)),
            ("8 digits", (3.5e-7, 0.434, 0.694, 3.86)),
            ("40 bits", (0.00382, 4.77e3, 7.64e3, 4.24e4)),
            ("48 bits", (0.977, 1.22e6, 1.95e6, 1.09e7)),
            ("50 bits", (3.91, 4.89e6, 7.82e6, 4.34e7)),
            ("12 of 34", (8.29e3, 1.04e10, 1.66e10, 9.21e10)),
            ("64 bits", (6.41e4, 8.01e10, 1.28e11, 7.12e11)),
            ("65 bits", (1.28e5, 1.60e11, 2.56e11, 1.42e12)),
            ("80 bits", (4.20e9, 5.25e15, 8.40e15, 4.66e16)),
            ("112 bits", (1.80e19, 2.25e25, 3.61e25, 2.00e26)),
            ("128 bits", (1.18e24, 1.48e30, 2.36e30, 1.31e31)),
        ],
    )
    def test_the_cost_with_a_salt_for_each_code(self, name, dollars):
        """Half of all codes, at so many a dollar."""
        for rate, expected in zip(self.RATES, dollars, strict=True):
            cost = offline_cost(SPACES[name], rate=rate, targets=1)
            assert cost.dollars == pytest.approx(expected, rel=0.015)

    @pytest.mark.parametrize(
        ("name", "dollars"),
        [
            ("6 digits", (6.3e-10, 7.9e-4, 0.00126, 0.00701)),
            ("8 digits", (6.3e-8, 0.0789, 0.126, 0.701)),
            ("40 bits", (6.9e-4, 868, 1.39e3, 7.71e3)),
            ("48 bits", (0.178, 2.22e5, 3.55e5, 1.97e6)),
            ("64 bits", (1.16e4, 1.46e10, 2.33e10, 1.29e11)),
            ("65 bits", (2.33e4, 2.91e10, 4.66e10, 2.59e11)),
            ("112 bits", (3.28e18, 4.10e24, 6.56e24, 3.64e25)),
        ],
    )
    def test_the_cost_with_one_salt_for_ten_codes(self, name, dollars):
        """An eleventh of all codes, and not a half."""
        for rate, expected in zip(self.RATES, dollars, strict=True):
            cost = offline_cost(SPACES[name], rate=rate, targets=10)
            assert cost.dollars == pytest.approx(expected, rel=0.015)

    @pytest.mark.parametrize(
        ("name", "rate", "targets", "seconds"),
        [
            ("6 digits", 1e4, 1, 0.050),
            ("8 digits", 1.6e4, 1, 3.13),
            ("40 bits", 1.6e4, 1, 9.54 * HOUR),
            ("48 bits", 1e4, 1, 163 * DAY),
            ("65 bits", 1e4, 1, 5.85e4 * YEAR),
            ("40 bits", 1.6e4, 10, 104 * MINUTE),
            ("12 of 34", 2e10, 10, 3.01 * HOUR),
            ("128 bits", 1.8e3, 10, 5.45e23 * YEAR),
        ],
    )
    def test_the_time_on_a_thousand_cards(self, name, rate, targets, seconds):
        """Hashes over what a thousand cards make a second."""
        cost = offline_cost(SPACES[name], rate=rate, targets=targets)
        assert cost.seconds == pytest.approx(seconds, rel=0.01)

    @pytest.mark.parametrize(
        ("hasher", "alone", "shared"),
        [
            (KeyedHasher(), 68.0, 70.4),
            (Pbkdf2Hasher(), 47.7, 50.2),
            (Argon2idHasher.owasp(), 47.0, 49.5),
            (Argon2idHasher.rfc9106_low_memory(), 44.6, 47.0),
        ],
    )
    def test_a_million_dollars_begin_at_so_many_bits(self, hasher, alone, shared):
        """With a salt for each code, and with one for ten."""
        rate = attack.hash_rate(hasher)
        for bits, targets in ((alone, 1), (shared, 10)):
            cost = offline_cost(int(2**bits), rate=rate, targets=targets)
            assert math.log2(cost.dollars / 1e6) == pytest.approx(0, abs=0.1)

    @pytest.mark.parametrize(
        ("hasher", "rate"),
        [
            (Argon2idHasher.owasp(), 1.0e4),
            (Argon2idHasher.rfc9106_low_memory(), 1.8e3),
            (Pbkdf2Hasher(), 1.6e4),
            (KeyedHasher(), 2.0e10),
        ],
    )
    def test_the_rates_are_those_that_were_measured(self, hasher, rate):
        """The models are within 5 % of the rounded figures that they stand for."""
        assert attack.hash_rate(hasher) == pytest.approx(rate, rel=0.05)

    def test_the_models_are_exact(self):
        """Of 1 KiB written once and read twice, of an hour at its price."""
        hasher = Argon2idHasher(memory_kib=1_000, time_cost=2, parallelism=1)
        assert attack.hash_rate(hasher) == pytest.approx(1.008e12 / (1_024 * 1_000 * 5))
        cost = offline_cost(2 * 3_600 - 1, rate=1, targets=1)
        assert (cost.guesses, cost.dollars) == (3_600, pytest.approx(0.50))

    @given(
        memory=st.integers(64, 10**6),
        passes=st.integers(1, 10),
        iterations=st.integers(10**3, 10**7),
    )
    def test_twice_the_work_is_half_the_rate(self, memory, passes, iterations):
        """Memory, passes and iterations each cost the attacker in proportion."""
        hashers = [
            Argon2idHasher(memory_kib=times * memory, time_cost=passes, parallelism=1)
            for times in (1, 2)
        ]
        once, twice = map(attack.hash_rate, hashers)
        assert once == pytest.approx(2 * twice)
        one, two = (Pbkdf2Hasher(iterations=times * iterations) for times in (1, 2))
        assert attack.hash_rate(one) == pytest.approx(2 * attack.hash_rate(two))

    @pytest.mark.parametrize(("space", "targets"), [(5, 1), (5, 3), (8, 2), (12, 3)])
    def test_the_average_is_that_of_all_places(self, space, targets):
        """Counted over every way in which the codes can lie."""
        places = [
            min(place)
            for place in product(range(1, space + 1), repeat=targets)
            if len({*place}) == targets
        ]
        cost = offline_cost(space, rate=1, targets=targets)
        assert cost.guesses == pytest.approx(sum(places) / len(places))
