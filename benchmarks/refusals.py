"""The refusals whose times are compared, each from where it begins alike every time."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from time import perf_counter_ns
from typing import Final

from recoverykit import (
    Argon2idHasher,
    CodeAlreadyUsed,
    InvalidCode,
    NoActiveCodes,
    Policy,
    RecoveryKit,
    RedemptionRefused,
    Subject,
)
from recoverykit.core.call import Setup
from recoverykit.core.document import unchecked_document_in
from recoverykit.core.status import summary_of
from recoverykit.storage import Change, Record, Storage
from recoverykit.testing import ManualClock

# The least work that the audit lets pass: 12 MiB and 3 passes (OWASP ASVS 5.0, appendix C).
CHEAPEST: Final = Argon2idHasher(memory_kib=12_288, time_cost=3, parallelism=1)

_POLICY: Final = Policy(hasher=CHEAPEST)
_SETUP: Final = Setup(policy=_POLICY, keyring=None, entropy=bytes)  # for the plain columns alone
_START: Final = datetime(2026, 11, 26, 12, tzinfo=UTC)


class Kind(Enum):
    """Why a code is refused that has the shape of one."""

    WRONG = "wrong code"
    USED = "used code"
    UNKNOWN = "unknown subject"
    EXHAUSTED = "exhausted set"

    @property
    def is_counted(self) -> bool:
        """Whether the refusal is written down."""
        return self in {Kind.WRONG, Kind.USED}


_ERRORS: Final[dict[Kind, type[RedemptionRefused]]] = {
    Kind.WRONG: InvalidCode,
    Kind.USED: CodeAlreadyUsed,
    Kind.UNKNOWN: NoActiveCodes,
    Kind.EXHAUSTED: NoActiveCodes,
}


class Shelf:
    """A storage of the contract, for one thread: what stands is kept in a mapping, and no trail."""

    def __init__(self) -> None:
        self._records: dict[Subject, Record] = {}

    def load(self, subject: Subject) -> Record | None:
        """Return what stands."""
        return self._records.get(subject)

    def commit(self, subject: Subject, change: Change) -> bool:
        """Put a document in the place of the one that is expected."""
        standing = self._records.get(subject)
        if change.expected != (standing and standing.revision):
            return False
        if change.document is None:
            del self._records[subject]
        else:
            self._records[subject] = Record(revision=change.revision, document=change.document)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """Whose code is tried, and which code.

    What is put back before is the subject's own; for one that is unknown, a bystander's. Without
    that, the processor's caches would not be as warm where nothing is to be put back.
    """

    subject: Subject
    code: str
    owner: Subject
    kept: Record


class Refusals:
    """One refusal of each kind, over a storage.

    All subjects have names of one length, and their codes are of one format. In the sets of the
    wrong and of the used code five of ten are used, in the exhausted one all of them are.

    Args:
        storage: where the codes are kept.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._kit = RecoveryKit(storage, policy=_POLICY, clock=ManualClock(_START))
        wrong = self._issued(Subject("mallory"), used=0)[0]
        self._trials = {kind: self._trial(kind, wrong) for kind in Kind}

    def time(self, kind: Kind) -> int:
        """Return how long a refusal takes, in nanoseconds."""
        trial = self._trials[kind]
        self._put_back(trial)
        error = _ERRORS[kind]
        begin = perf_counter_ns()
        try:
            self._kit.redeem(trial.subject, trial.code)
        except error:
            return perf_counter_ns() - begin
        raise AssertionError("the code was not refused")

    def _trial(self, kind: Kind, wrong: str) -> _Trial:
        subject = Subject(f"{kind.name:_<16}")
        owner = Subject("a bystander     ") if kind is Kind.UNKNOWN else subject
        codes = self._issued(owner, used=10 if kind is Kind.EXHAUSTED else 5)
        code = wrong if kind in {Kind.WRONG, Kind.UNKNOWN} else codes[0]
        return _Trial(subject=subject, code=code, owner=owner, kept=self._standing(owner))

    def _issued(self, subject: Subject, *, used: int) -> tuple[str, ...]:
        codes = self._kit.issue(subject).codes
        for code in codes[:used]:
            self._kit.redeem(subject, code)
        return codes

    def _put_back(self, trial: _Trial) -> None:
        """Store what was kept, under a new revision."""
        standing = self._standing(trial.owner)
        document = unchecked_document_in(trial.kept)
        change = Change(
            expected=standing.revision,
            revision=secrets.token_hex(16),
            document=trial.kept.document,
            events=(),
            summary=summary_of(document, setup=_SETUP, now=_START),
        )
        assert self._storage.commit(trial.owner, change), "another writer was here"

    def _standing(self, subject: Subject) -> Record:
        record = self._storage.load(subject)
        assert record is not None, "nothing stands where something must"
        return record
