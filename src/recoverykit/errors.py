"""One tree of errors: everything that recoverykit raises on purpose.

    RecoveryKitError
    ├── PolicyError                      the configuration breaks a rule (``findings``)
    ├── InvalidArgument (ValueError)     a subject, attempt, session, context or clock not usable
    ├── RedemptionRefused                ``reason``, ``retry_at``, ``public_message``
    │   ├── MalformedCode                a typing error: nothing was hashed, counted or written
    │   ├── InvalidCode                  a wrong code: the guess was counted
    │   ├── CodeAlreadyUsed              a right code, spent before: counted like a wrong one
    │   ├── NoActiveCodes                no set that counts: none, or one that waits or has ended
    │   ├── TooManyAttempts              a delay is running (``retry_at``): nothing was judged
    │   └── SetDisabled                  too many failures in a row: only a new set helps
    ├── CodesAlreadyIssued               issuing would destroy a set that still counts
    ├── ManagementLocked                 this session has not unlocked issuing and revoking
    ├── SwitchedOff                      the policy issues no codes (``count=0``)
    ├── UnknownKey                       the keyring lacks a key that a stored record names
    ├── Overloaded                       more calls are waiting to hash than the limit allows
    ├── StorageError                     the storage failed
    │   ├── ConcurrentUpdate             other writers won every try, or replaced the set first
    │   ├── CorruptRecord                a stored document that cannot be trusted
    │   └── OutcomeUnknown               it is not known whether the change landed (``attempt``)
    ├── OutsideTests                     what is made for tests was used where none are running
    └── MissingExtra                     an optional dependency is not installed (``extra``)

No message here ever contains a code, a digest or a key, nor the value that was refused.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class RecoveryKitError(Exception):
    """The base of every error that recoverykit raises on purpose."""


class Severity(Enum):
    """How much a finding weighs."""

    ERROR = "error"
    """A SHALL, a requirement of ASVS level 1 or 2, or one of the profile that was asked for."""

    WARNING = "warning"
    """A SHOULD, a requirement of ASVS level 3, or a choice that costs security."""

    INFO = "info"
    """A choice where the standards leave one, or a computed risk; nothing has to change."""

    DUTY = "duty"
    """What only the host can do; it is not judged, and never an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What an audit says about one rule, or what is wrong with a configuration.

    Attributes:
        rule: the rule's id, such as ``"N4-LS-112"``.
        figure: the demanded figure, in words with units; of a risk, what was computed.
        mend: what to change; of a duty, what to do.
        source: the document and its section; empty where the rule is one of the library's own.
        severity: how much it weighs.
        found: the computed value, in words with units; empty where nothing was computed.
        assumed: what the computed value rests on; empty where it rests on the policy alone.
        accepted: whether the policy accepts it by its id.
    """

    rule: str
    figure: str
    mend: str
    source: str = ""
    severity: Severity = Severity.ERROR
    found: str = ""
    assumed: str = ""
    accepted: bool = False

    def __str__(self) -> str:
        source = f" ({self.source})" if self.source else ""
        found = f"; found: {self.found}" if self.found else ""
        assumed = f" [{self.assumed}]" if self.assumed else ""
        accepted = " - accepted" if self.accepted else ""
        return f"{self.rule}{source}: {self.figure}{found}{assumed}; {self.mend}{accepted}"


class PolicyError(RecoveryKitError):
    """The configuration breaks one or more rules.

    Attributes:
        findings: each broken rule with its figure and the mend.
    """

    def __init__(self, *findings: Finding) -> None:
        self.findings = findings
        super().__init__(*findings)

    def __str__(self) -> str:
        return "; ".join(str(finding) for finding in self.findings)


class InvalidArgument(RecoveryKitError, ValueError):
    """An argument that cannot be used; the message says why and never shows it."""


class RefusalReason(Enum):
    """Why a redemption was refused: for the host's log, not for the person at the keyboard."""

    MALFORMED = "malformed"
    INVALID = "invalid"
    USED = "used"
    NO_ACTIVE_CODES = "no_active_codes"
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    DISABLED = "disabled"


class RedemptionRefused(RecoveryKitError):
    """A redemption that was refused; no success was or will be stored for this call.

    Attributes:
        reason: the cause, for logs and metrics.
        retry_at: when the next attempt will be judged; None where no delay runs.
        public_message: what the person may be told. It is one and the same sentence for
            every cause but typing errors and delays, so that it tells a guesser nothing.
    """

    reason: RefusalReason
    public_message = "This recovery code cannot be used."

    def __init__(self, retry_at: datetime | None = None) -> None:
        self.retry_at = retry_at
        super().__init__(retry_at)

    def __str__(self) -> str:
        return f"redemption refused: {self.reason.value}"


class MalformedCode(RedemptionRefused):
    """The text has not the shape of a code, or its check symbol does not fit: a typing error.

    Nothing was hashed, counted or written.
    """

    reason = RefusalReason.MALFORMED
    public_message = "This does not look like a recovery code: please check it for typing errors."


class InvalidCode(RedemptionRefused):
    """The code is wrong. The guess was judged and counted."""

    reason = RefusalReason.INVALID


class CodeAlreadyUsed(RedemptionRefused):
    """The code is right but was spent before. Counted like a wrong one."""

    reason = RefusalReason.USED


class NoActiveCodes(RedemptionRefused):
    """No set counts: none is there, or it is pending or has ended, or codes are switched off."""

    reason = RefusalReason.NO_ACTIVE_CODES


class TooManyAttempts(RedemptionRefused):
    """A delay is running: the code was not judged, right or wrong. ``retry_at`` says until when."""

    reason = RefusalReason.TOO_MANY_ATTEMPTS
    public_message = "There were too many attempts: please wait before you try again."


class SetDisabled(RedemptionRefused):
    """Too many failures in a row disabled the set for good: only a newly issued set helps."""

    reason = RefusalReason.DISABLED


class CodesAlreadyIssued(RecoveryKitError):
    """The subject has an active or a disabled set: say ``replace=True`` to give it up."""


class ManagementLocked(RecoveryKitError):
    """The session has not unlocked the subject's codes, or its unlock has lapsed."""


class SwitchedOff(RecoveryKitError):
    """The policy switches recovery codes off: nothing is issued."""


class UnknownKey(RecoveryKitError):
    """A stored record names a key that the keyring does not hold. Never means "wrong code".

    Attributes:
        key_id: the id of the missing key.
    """

    def __init__(self, key_id: str) -> None:
        self.key_id = key_id
        super().__init__(key_id)

    def __str__(self) -> str:
        return f"the keyring holds no key with the id {self.key_id!r}"


class Overloaded(RecoveryKitError):
    """More calls are waiting to hash than ``HashLimits`` allows. Nothing was judged; try later."""


class StorageError(RecoveryKitError):
    """The storage failed. Nothing was changed, unless it is `OutcomeUnknown`."""


class ConcurrentUpdate(StorageError):
    """Other writers won every try, or another call replaced the set first; nothing was changed."""


class CorruptRecord(StorageError):
    """A stored document cannot be read or trusted. Only ``erase`` leads out of it."""


class OutcomeUnknown(StorageError):
    """The storage could not say whether the change landed. Call again with the same attempt id.

    Attributes:
        attempt: the id of the attempt to repeat; None where the call has none.
    """

    def __init__(self, attempt: str | None = None) -> None:
        self.attempt = attempt
        super().__init__(attempt)

    def __str__(self) -> str:
        return "it is not known whether the change landed: repeat the same attempt"


class OutsideTests(RecoveryKitError):
    """What is made for tests was used where none are running: it protects nothing.

    Attributes:
        what: what was used.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(what)

    def __str__(self) -> str:
        return f"{self.what} may only be used in tests: see recoverykit.testing.for_tests"


class MissingExtra(RecoveryKitError):
    """An optional dependency is not installed.

    Attributes:
        extra: the extra to install, as in ``recoverykit[extra]``.
    """

    def __init__(self, extra: str) -> None:
        self.extra = extra
        super().__init__(extra)

    def __str__(self) -> str:
        return f"this needs an optional dependency: install recoverykit[{self.extra}]"
