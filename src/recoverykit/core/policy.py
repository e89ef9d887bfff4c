"""What a host decides about its recovery codes: an immutable value with safe defaults."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from types import UnionType
from typing import Final, Literal

from recoverykit.core.bounds import Bound, require
from recoverykit.core.format import CodeFormat
from recoverykit.core.generator import check_count
from recoverykit.core.hasher import Argon2idHasher, Hasher, KeyedHasher, Pbkdf2Hasher
from recoverykit.core.state import MAX_COUNT
from recoverykit.core.throttle import Throttle
from recoverykit.errors import Finding, PolicyError

_ZERO: Final = timedelta(0)
_CENTURY: Final = timedelta(days=36_525)
_LEAST_BITS: Final = math.log2(10**6)  # SP 800-63B-4, 3.1.2.1: "six decimal digits (or equivalent)"
_PLAIN_HASH_BITS: Final = 112  # SP 800-63B-4, 3.1.2.2; ASVS 5.0, 6.5.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How many codes, their shape, their hashing, their throttle and their lifetimes.

    Format, hasher, count and expiry are fixed when a set is issued; the rest always comes from the
    current policy.

    Args:
        count: how many codes a set has; 0 to 64. Zero switches recovery codes off: nothing is
            issued, and nothing is accepted of what was issued before.
        format: the shape of the codes.
        hasher: how they are hashed.
        throttle: how failures slow down further attempts; None for not at all, which breaks
            every standard there is.
        low_at: `Redemption.low` and `Status.low` are set from this many remaining codes down.
        replay_for: how long the success of an attempt is remembered under its id; zero for not
            at all (a success whose answer was lost is then told apart only within its own call).
        expires_after: how long a set counts after it was issued; None for ever.
        confirm: whether a new set is pending, and counts only once a code of it was typed back.
        pending_for: how long a pending set waits to be confirmed.
        rotate: whether each redemption issues a code in the place of the one it spends.
        elevation: how long a redemption may count as a second factor; None where the host decides.
        management: ``"open"`` where the host alone decides who may issue and revoke; ``"unlock"``
            where a session must have unlocked the subject first.
        unlock_for: how long an unlock lasts.
        accept: the ids of audit rules that are knowingly broken.

    Raises:
        PolicyError: a value is of another type or out of its bounds, or the set's codes cannot
            all be told apart in this format.
    """

    count: int = 10
    format: CodeFormat = field(default_factory=CodeFormat.default)
    hasher: Hasher = field(default_factory=Argon2idHasher.owasp)
    throttle: Throttle | None = field(default_factory=Throttle)
    low_at: int = 3
    replay_for: timedelta = timedelta(minutes=10)
    expires_after: timedelta | None = None
    confirm: bool = False
    pending_for: timedelta = timedelta(hours=1)
    rotate: bool = False
    elevation: timedelta | None = None
    management: Literal["open", "unlock"] = "open"
    unlock_for: timedelta = timedelta(minutes=10)
    accept: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        require(
            Bound("count", self.count, 0, MAX_COUNT),
            Bound("low_at", self.low_at, 0, MAX_COUNT),
            Bound("replay_for", self.replay_for, _ZERO, timedelta(days=1)),
            Bound("pending_for", self.pending_for, timedelta.resolution, _CENTURY),
            Bound("unlock_for", self.unlock_for, timedelta.resolution, timedelta(days=1)),
        )
        for name, span in (("expires_after", self.expires_after), ("elevation", self.elevation)):
            if span is not None:
                require(Bound(name, span, timedelta.resolution, _CENTURY))
        if findings := tuple(self._misfits()):
            raise PolicyError(*findings)
        if not self.is_off:
            check_count(self.format, self.count)

    @property
    def is_off(self) -> bool:
        """Whether recovery codes are switched off."""
        return self.count == 0

    def audit(self, *, peppered: bool) -> tuple[Finding, ...]:
        """Return the rules of the standards that this policy breaks; empty where it breaks none.

        Args:
            peppered: whether the codes are bound to a secret key before they are hashed.
        """
        return tuple(self._breaches(peppered=peppered))

    def _misfits(self) -> Iterator[Finding]:
        parts: tuple[tuple[str, object, type | UnionType], ...] = (
            ("format", self.format, CodeFormat),
            ("hasher", self.hasher, Argon2idHasher | Pbkdf2Hasher | KeyedHasher),
            ("throttle", self.throttle, Throttle | None),
            ("confirm", self.confirm, bool),
            ("rotate", self.rotate, bool),
            ("accept", self.accept, frozenset),
        )
        for name, value, kind in parts:
            if not isinstance(value, kind):
                yield Finding(rule="type", figure=f"{name} is of another type", mend="see Policy")
        if self.management not in {"open", "unlock"}:
            yield Finding(
                rule="type", figure="management is neither open nor unlock", mend="see Policy"
            )

    def _breaches(self, *, peppered: bool) -> Iterator[Finding]:
        bits = self.format.entropy_bits
        if bits < _LEAST_BITS:
            yield Finding(
                rule="N4-LS-MIN",
                figure=f"{bits:.2f} bits, and SP 800-63B-4, 3.1.2.1 asks for six decimal digits",
                mend="make the codes longer",
            )
        if isinstance(self.hasher, KeyedHasher):
            if bits < _PLAIN_HASH_BITS:
                yield Finding(
                    rule="N4-LS-112",
                    figure=f"{bits:.2f} bits under a fast hash, which takes 112",
                    mend="make the codes longer, or choose Argon2idHasher",
                )
            if not peppered:
                yield Finding(
                    rule="N4-PEPPER",
                    figure="a keyed hash without a key",
                    mend="give the kit a keyring, or choose Argon2idHasher",
                )
