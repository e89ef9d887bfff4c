"""Policies: sound ones, and ones that break rules and say so."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from hypothesis import strategies as st

from recoverykit.core.alphabet import Alphabet
from recoverykit.core.format import CodeFormat
from recoverykit.core.hasher import Argon2idHasher, Hasher, KeyedHasher, Pbkdf2Hasher
from recoverykit.core.policy import Policy
from recoverykit.core.throttle import Throttle
from recoverykit.errors import Severity

_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)
_MOST_FAILURES: Final = 100  # NIST SP 800-63B-4, 3.2.2
_MOST_CODES: Final = 16  # what every alphabet below can name by a selector

# As long as all that is drawn may ask for: 66 bits.
_STRONG: Final = (
    CodeFormat.default(),
    CodeFormat.base32(14, group=7),
    CodeFormat.hex(17, selector=True, check=True),
    CodeFormat.alphanumeric(24),
    CodeFormat(alphabet=Alphabet.CROCKFORD32, length=26, selector=True, check=True, group=4),
)
_WEAK: Final = (CodeFormat.digits(6, group=3), CodeFormat.hex(8), CodeFormat.base32(8, check=True))
_SLOW: Final[tuple[Hasher, ...]] = (
    Argon2idHasher.owasp(),
    Argon2idHasher.rfc9106_low_memory(),
    Pbkdf2Hasher(),
)
_FAST: Final[tuple[Hasher, ...]] = (
    Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1),
    Pbkdf2Hasher(iterations=1_000),
    KeyedHasher(),
)


def policies(*, weakened: bool = False) -> st.SearchStrategy[Policy]:
    """Draw a policy that a kit takes, with a keyring or without one.

    Args:
        weakened: draw policies that may break rules of the standards, too: short codes, cheap
            hashes, no throttle. Each accepts, by id, what it breaks.
    """
    sound = _drawn(
        formats=st.sampled_from(_STRONG),
        hashers=st.sampled_from(_SLOW),
        throttles=throttles(most=_MOST_FAILURES),
    )
    if not weakened:
        return sound
    weak = _drawn(
        formats=st.sampled_from(_STRONG + _WEAK),
        hashers=st.sampled_from(_SLOW + _FAST),
        throttles=st.one_of(st.none(), throttles(most=10 * _MOST_FAILURES)),
    )
    return st.one_of(sound, weak.map(_accepting))


@st.composite
def throttles(  # noqa: D417  # Hypothesis hands `draw` in
    draw: st.DrawFn, *, most: int = 1_000_000
) -> Throttle:
    """Draw how failures slow down further attempts.

    Args:
        most: the failure that disables the set, at the latest; 1 to 1,000,000.
    """
    disable_after = draw(st.integers(1, most))
    first_delay = draw(st.timedeltas(timedelta(seconds=30), timedelta(hours=1)))
    return Throttle(
        free=draw(st.integers(1, min(disable_after, 10))),
        first_delay=first_delay,
        factor=draw(st.sampled_from([1, 1.5, 2, 10])),
        max_delay=draw(st.timedeltas(first_delay, _DAY)),
        disable_after=disable_after,
    )


def _drawn(
    *,
    formats: st.SearchStrategy[CodeFormat],
    hashers: st.SearchStrategy[Hasher],
    throttles: st.SearchStrategy[Throttle] | st.SearchStrategy[Throttle | None],
) -> st.SearchStrategy[Policy]:
    return st.builds(
        Policy,
        count=st.integers(1, _MOST_CODES),
        format=formats,
        hasher=hashers,
        throttle=throttles,
        low_at=st.integers(0, _MOST_CODES),
        replay_for=st.timedeltas(timedelta(0), _DAY),
        expires_after=st.none() | st.timedeltas(_DAY, 400 * _DAY),
        confirm=st.booleans(),
        pending_for=st.timedeltas(_MINUTE, _DAY),
        rotate=st.booleans(),
        elevation=st.none() | st.timedeltas(_MINUTE, _DAY),
        management=st.sampled_from(["open", "unlock"]),
        unlock_for=st.timedeltas(_MINUTE, _DAY),
    )


def _accepting(policy: Policy) -> Policy:
    """Return the policy with the ids of all that it breaks, whether there is a keyring or not."""
    broken = {
        finding.rule
        for peppered in (True, False)
        for finding in policy.audit(peppered=peppered)
        if finding.severity is Severity.ERROR
    }
    return replace(policy, accept=frozenset(broken))
