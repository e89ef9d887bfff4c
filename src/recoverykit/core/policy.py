"""What a host decides about its recovery codes: an immutable value with safe defaults."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import UnionType
from typing import Final, Literal, Self

from recoverykit.core.bounds import Bound, require
from recoverykit.core.format import CodeFormat
from recoverykit.core.generator import check_count
from recoverykit.core.hasher import Argon2idHasher, Hasher, KeyedHasher, Pbkdf2Hasher
from recoverykit.core.standards import RULE_IDS, Audited, Profile, audit
from recoverykit.core.state import MAX_COUNT
from recoverykit.core.throttle import Throttle
from recoverykit.errors import Finding, InvalidArgument, PolicyError, Severity

_ZERO: Final = timedelta(0)
_CENTURY: Final = timedelta(days=36_525)


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
            Under ``rotate`` a set remembers the last 16 codes that were replaced, and no more.
        expires_after: how long a set counts after it was issued; None for ever.
        confirm: whether a new set is pending, and counts only once a code of it was typed back.
        pending_for: how long a pending set waits to be confirmed.
        rotate: whether each redemption issues a code in the place of the one it spends.
        elevation: how long a redemption may count as a second factor; None where the host decides.
        management: ``"open"`` where the host alone decides who may issue and revoke; ``"unlock"``
            where a session must have unlocked the subject first.
        unlock_for: how long an unlock lasts.
        accept: the ids of audit rules that are knowingly broken: a kit does not refuse them.

    Raises:
        PolicyError: a value is of another type or out of its bounds, or the set's codes cannot
            all be told apart in this format, or no rule has an id that is accepted.
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

    @classmethod
    def pci(cls) -> Self:
        """Return the default, locked for 30 minutes and more from failure 10 on (PCI DSS v4.0.1).

        8.3.4 asks for the lock. 8.5.1 forbids replay, so that a lost answer costs a code.
        """
        half_an_hour = timedelta(minutes=30)
        return cls(throttle=Throttle(free=10, first_delay=half_an_hour), replay_for=_ZERO)

    @classmethod
    def psd2(cls) -> Self:
        """Return the default, disabled by failure 5 (Regulation (EU) 2018/389, article 4).

        4(3)(b) would allow a delay in its place; this is its strictest reading, and five guesses
        of somebody else's disable the set. 4(1) forbids replay, so that a lost answer costs a code.
        """
        return cls(throttle=Throttle(free=5, disable_after=5), replay_for=_ZERO)

    @classmethod
    def fips(cls) -> Self:
        """Return the default, hashed by PBKDF2 with 600,000 iterations (NIST SP 800-132)."""
        return cls(hasher=Pbkdf2Hasher())

    @classmethod
    def single(cls) -> Self:
        """Return one code of 24 letters and digits, replaced whenever it is used."""
        return cls(count=1, format=CodeFormat.alphanumeric(24), low_at=0, rotate=True)

    def audit(
        self, *, peppered: bool, profile: Profile = Profile.DEFAULT, on: date | None = None
    ) -> tuple[Finding, ...]:
        """Return what the standards say about this policy, the gravest first.

        Rules that it breaks are errors, warnings or information. Then come its risks, computed,
        with what was assumed, and the duties of the host, which no policy can say. Of a policy
        that is switched off there is nothing to say.

        Args:
            peppered: whether the codes are bound to a secret key before they are hashed.
            profile: which standards are asked.
            on: the day whose figures count, to look ahead; None for those of today.

        Raises:
            InvalidArgument: ``profile`` is none, or ``on`` is not a day.
        """
        if not isinstance(profile, Profile) or not (on is None or type(on) is date):
            raise InvalidArgument("profile must be a Profile, and on a date without a time")
        if self.is_off:
            return ()
        return audit(Audited(policy=self, peppered=peppered, on=on), profile=profile)

    def require_sound(self, *, peppered: bool) -> None:
        """Refuse a policy that breaks a rule of the default profile which it does not accept.

        Args:
            peppered: as for `audit`.

        Raises:
            PolicyError: at least one error was found and is not accepted; with all of these.
        """
        findings = self.audit(peppered=peppered)
        errors = [each for each in findings if each.severity is Severity.ERROR]
        if refused := [each for each in errors if not each.accepted]:
            raise PolicyError(*refused)

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
        if self.management not in ("open", "unlock"):
            yield Finding(
                rule="type", figure="management is neither open nor unlock", mend="see Policy"
            )
        if isinstance(self.accept, frozenset) and not self.accept <= RULE_IDS:
            yield Finding(
                rule="accept",
                figure="accept has an id that no rule has",
                mend=f"choose among {', '.join(sorted(RULE_IDS))}",
            )
