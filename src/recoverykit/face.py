"""Every public name, and where it is defined."""

from recoverykit.aio.kit import AsyncRecoveryKit
from recoverykit.core.alphabet import Alphabet
from recoverykit.core.custom_alphabet import CustomAlphabet
from recoverykit.core.events import Event, EventKind
from recoverykit.core.foreign_scheme import ForeignScheme
from recoverykit.core.format import CodeFormat
from recoverykit.core.hasher import Argon2idHasher, KeyedHasher, Pbkdf2Hasher
from recoverykit.core.keyring import Keyring
from recoverykit.core.policy import Policy
from recoverykit.core.record import SetState
from recoverykit.core.results import CodeStatus, Issued, Purged, Redemption, Resealed, Status
from recoverykit.core.standards import Profile
from recoverykit.core.subject import Subject
from recoverykit.core.throttle import Throttle
from recoverykit.core.wordlist import WordList
from recoverykit.errors import (
    CodeAlreadyUsed,
    CodesAlreadyIssued,
    ConcurrentUpdate,
    CorruptRecord,
    Finding,
    InvalidArgument,
    InvalidCode,
    MalformedCode,
    ManagementLocked,
    MissingExtra,
    NoActiveCodes,
    OutcomeUnknown,
    OutsideTests,
    Overloaded,
    PolicyError,
    RecoveryKitError,
    RedemptionRefused,
    RefusalReason,
    SetDisabled,
    Severity,
    StorageError,
    SwitchedOff,
    TooManyAttempts,
    UnknownKey,
)
from recoverykit.kit import RecoveryKit
from recoverykit.limiter import HashLimits

__all__ = [
    "Alphabet",
    "Argon2idHasher",
    "AsyncRecoveryKit",
    "CodeAlreadyUsed",
    "CodeFormat",
    "CodeStatus",
    "CodesAlreadyIssued",
    "ConcurrentUpdate",
    "CorruptRecord",
    "CustomAlphabet",
    "Event",
    "EventKind",
    "Finding",
    "ForeignScheme",
    "HashLimits",
    "InvalidArgument",
    "InvalidCode",
    "Issued",
    "KeyedHasher",
    "Keyring",
    "MalformedCode",
    "ManagementLocked",
    "MissingExtra",
    "NoActiveCodes",
    "OutcomeUnknown",
    "OutsideTests",
    "Overloaded",
    "Pbkdf2Hasher",
    "Policy",
    "PolicyError",
    "Profile",
    "Purged",
    "RecoveryKit",
    "RecoveryKitError",
    "Redemption",
    "RedemptionRefused",
    "RefusalReason",
    "Resealed",
    "SetDisabled",
    "SetState",
    "Severity",
    "Status",
    "StorageError",
    "Subject",
    "SwitchedOff",
    "Throttle",
    "TooManyAttempts",
    "UnknownKey",
    "WordList",
]
