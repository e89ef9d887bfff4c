"""A rule of a standard, and the policy that it is asked about."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from recoverykit.core import attack
from recoverykit.core.hasher import FAST_HASH_BITS, SALT_BYTES
from recoverykit.errors import Finding, Severity

if TYPE_CHECKING:
    from recoverykit.core.policy import Policy

NIST: Final = "NIST SP 800-63B-4"
ASVS: Final = "OWASP ASVS 5.0"
OWASP: Final = "OWASP Cheat Sheet"


class Profile(Enum):
    """Which standards an audit asks about. Each of them asks for `DEFAULT` as well."""

    DEFAULT = "default"
    """NIST SP 800-63B-4, OWASP ASVS 5.0 and the OWASP cheat sheets."""

    PCI = "pci"
    """PCI DSS v4.0.1, requirement 8."""

    PSD2 = "psd2"
    """Delegated Regulation (EU) 2018/389, article 4."""

    FIPS = "fips"
    """FIPS 140-3 with NIST SP 800-132, for US federal agencies."""


EVERY_PROFILE: Final = frozenset(Profile)

# When a fast hash begins to do. The draft of SP 800-131A Rev. 3 (October 2024) takes 128 after 2030
# for whatever has 112 today.
_FAST_HASH_BITS: Final = ((date(2031, 1, 1), 128), (date.min, FAST_HASH_BITS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What is audited: a policy, and what else the rules ask about.

    Attributes:
        policy: the policy; recovery codes are not switched off in it.
        peppered: whether the codes are bound to a secret key before they are hashed.
        on: the day whose figures count; None for today's, which hold until they are replaced.
        salt_bytes: how long a salt is.
    """

    policy: "Policy"
    peppered: bool
    on: date | None = None
    salt_bytes: int = SALT_BYTES

    @property
    def bits(self) -> float:
        """The entropy of one code."""
        return self.policy.format.entropy_bits

    @property
    def fast_hash_bits(self) -> int:
        """From how many bits on a code needs no slow hash."""
        on = self.on or date.min
        return next(bits for since, bits in _FAST_HASH_BITS if on >= since)

    @property
    def needs_slow_hash(self) -> bool:
        """Whether the codes are short enough to need a salted password hash."""
        return self.bits < self.fast_hash_bits

    @property
    def targets(self) -> int:
        """How many codes one guess, or one hash under one salt, may hit."""
        return 1 if self.policy.format.selector else self.policy.count

    @property
    def yearly_guesses(self) -> int:
        """How many guesses the throttle allows in a year."""
        return attack.guesses_within(self.policy.throttle, attack.YEAR)

    @property
    def yearly_chance(self) -> float:
        """The chance that one of them is right."""
        return attack.chance_of_success(
            self.policy.format.space, guesses=self.yearly_guesses, targets=self.targets
        )

    @property
    def offline_cost(self) -> attack.OfflineCost:
        """What the first code of a subject costs somebody who has its digests and any keys."""
        rate = attack.hash_rate(self.policy.hasher)
        return attack.offline_cost(self.policy.format.space, rate=rate, targets=self.targets)


Check: TypeAlias = Callable[[Audited], str | None]
"""Returns what was found, in words with units; None where the rule is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One requirement that a policy keeps or breaks, or one risk that it always has.

    Two rules may share an id where the severity depends on the policy; at most one of them is
    then found.

    Attributes:
        id: what a policy accepts it by.
        source: the document and its section; empty for a rule of the library's own.
        severity: how much it weighs.
        figure: the demanded figure, in words with units.
        mend: what to change.
        check: says what was found.
        assumed: what the computed value rests on.
        profiles: the profiles that ask for it.
    """

    id: str
    severity: Severity
    figure: str
    mend: str
    check: Check
    source: str = ""
    assumed: str = ""
    profiles: frozenset[Profile] = EVERY_PROFILE

    def finding(self, audited: Audited) -> Finding | None:
        """Return what is to be said about a policy; None where the rule is kept."""
        found = self.check(audited)
        if found is None:
            return None
        return Finding(
            rule=self.id,
            source=self.source,
            severity=self.severity,
            figure=self.figure,
            found=found,
            assumed=self.assumed,
            mend=self.mend,
            accepted=self.id in audited.policy.accept,
        )
