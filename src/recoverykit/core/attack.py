"""What an attack costs and what it yields: formulae over figures, with their assumptions.

Online, somebody guesses through ``redeem`` day and night. Offline, somebody has a copy of the
database and guesses on graphics cards. Every assumption is a constant here.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, assert_never

from recoverykit.core.hasher import Argon2idHasher, Hasher, KeyedHasher, Pbkdf2Hasher
from recoverykit.core.throttle import Throttle

YEAR: Final = timedelta(days=365.25)

UNTHROTTLED_PER_SECOND: Final = 1_000
"""How many guesses a second a service answers that does not throttle."""

GPUS: Final = 1_000
"""How many graphics cards an attacker rents at a time; the cost does not depend on it."""

DOLLARS_PER_GPU_HOUR: Final = 0.50
"""The rent of an RTX 4090 in 2026: 0.31 (may be interrupted) to 0.88 (on demand)."""

HMAC_RATE: Final = 2.0e10
"""SHA-256 a second on one RTX 4090 (hashcat, mode 1400); one HMAC under a known key is as fast."""

PBKDF2_ITERATION_RATE: Final = 9.6e9
"""Iterations of PBKDF2-HMAC-SHA-256 a second: two SHA-256 each, 16,000 a second at 600,000."""

MEMORY_BANDWIDTH: Final = 1.008e12
"""Bytes a second between an RTX 4090 and its memory, which is what bounds Argon2id on it."""

ONLINE_ASSUMED: Final = (
    f"guesses day and night for {YEAR.days} days, each at the first moment that is allowed; none "
    "resets the count, but a new set and a success of the user's allow as many again"
)
OFFLINE_ASSUMED: Final = (
    f"{GPUS:,} RTX 4090 at ${DOLLARS_PER_GPU_HOUR:.2f} an hour each, on average half way through "
    "the cheapest way to the first code of one subject"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineCost:
    """What the first code of one subject costs somebody who has its digests.

    Attributes:
        guesses: how many hashes it takes on average.
        seconds: how long that takes on `GPUS` cards.
        dollars: what they cost, in US dollars.
    """

    guesses: float
    seconds: float
    dollars: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """How long somebody who may call ``redeem`` keeps the user from it.

    Attributes:
        longest_delay: the longest time that one wrong guess costs the user.
        until_disabled: how long wrong guesses keep the user out before they disable the set.
        guesses: how many wrong guesses disable the set.
    """

    longest_delay: timedelta
    until_disabled: timedelta
    guesses: int


def guesses_within(throttle: Throttle | None, length: timedelta) -> int:
    """Return how many guesses are judged in a span of time, both of its ends included.

    Each is made at the first moment that the throttle allows, and the hash takes no time.

    Args:
        throttle: None for none: then the service answers `UNTHROTTLED_PER_SECOND`.
        length: not negative.
    """
    if throttle is None:
        return UNTHROTTLED_PER_SECOND * (length // timedelta(seconds=1))
    guesses = 1
    for delay, times in _delays(throttle):
        fit = min(times, length // delay) if delay else times
        guesses += fit
        length -= fit * delay
        if fit < times:
            break
    return guesses


def chance_of_success(space: int, *, guesses: int, targets: int) -> float:
    """Return the chance that one of several different guesses is right.

    Without a selector, P = 1 - (1 - k/S)(1 - k/(S-1)) ... for each of the targets; for one target
    this is k/S.

    Args:
        space: S, how many different codes there are.
        guesses: k, how many different ones are tried.
        targets: how many codes a guess may hit: one with a selector, else all of the set.
    """
    if guesses + targets > space:
        return 1.0
    return -math.expm1(sum(math.log1p(-guesses / (space - hit)) for hit in range(targets)))


def denial(throttle: Throttle) -> Denial:
    """Return how long wrong guesses keep the user out, each made as soon as it is judged."""
    delays = list(_delays(throttle))
    return Denial(
        longest_delay=max((delay for delay, times in delays if times), default=timedelta(0)),
        until_disabled=sum((delay * times for delay, times in delays), timedelta(0)),
        guesses=throttle.disable_after,
    )


def hash_rate(hasher: Hasher) -> float:
    """Return how many hashes a second one graphics card makes.

    Argon2id is bound by the memory: bandwidth / (1024 * KiB * (3 * passes - 1)), after Steve
    Thomas ("Minimum Password Settings", where OWASP's figures come from).
    """
    match hasher:
        case Argon2idHasher(memory_kib=memory, time_cost=passes):
            return MEMORY_BANDWIDTH / (1024 * memory * (3 * passes - 1))
        case Pbkdf2Hasher(iterations=iterations):
            return PBKDF2_ITERATION_RATE / iterations
        case KeyedHasher():
            return HMAC_RATE
        case _:
            assert_never(hasher)


def offline_cost(space: int, *, rate: float, targets: int) -> OfflineCost:
    """Return what the first code of one subject costs: (S + 1) / (N + 1) guesses on average.

    Args:
        space: S, how many different codes there are.
        rate: hashes a second on one card; see `hash_rate`.
        targets: N, how many codes share one salt: one where each has its own.
    """
    guesses = (space + 1) / (targets + 1)
    return OfflineCost(
        guesses=guesses,
        seconds=guesses / (rate * GPUS),
        dollars=guesses / rate * DOLLARS_PER_GPU_HOUR / 3_600,
    )


def _delays(throttle: Throttle) -> Iterator[tuple[timedelta, int]]:
    """Yield each delay before the end, as often as it is waited for; the last failure has none."""
    left = throttle.disable_after - 1
    free = min(throttle.free - 1, left)
    yield timedelta(0), free
    left -= free
    delay = throttle.first_delay
    while left:
        longer = min(delay * throttle.factor, throttle.max_delay)
        times = 1 if longer > delay else left
        yield delay, times
        left -= times
        delay = longer
