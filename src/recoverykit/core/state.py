"""The document: all that is stored about a subject's codes, and its text form.

Invariants, checked whenever a document is read: at most one set; 1 to 100 codes in it, their
ordinals unique; every text in it ASCII and bounded; every instant between 1970 and the year 9000,
in UTC. A document that breaks one is `CorruptRecord`, and so is one with an unknown format number:
it is left as it is.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from recoverykit.core.constraint import Bounded, InUtc
from recoverykit.core.digest import key_id_in
from recoverykit.core.format import CodeFormat
from recoverykit.core.keyring import NO_KEY
from recoverykit.core.record import MAX_DOCUMENT_BYTES, Record, SetState
from recoverykit.errors import CorruptRecord, RecoveryKitError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FORMAT_NUMBER: Final = 1
MAX_COUNT: Final = 100
MAX_FAILURES: Final = 1_000_000
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)

_STRICT: Final[dict[str, object]] = {
    "extra": "forbid",
    "strict": True,
    "hide_input_in_errors": True,
}

Instant = Annotated[datetime, InUtc(EARLIEST, LATEST)]
Token = Annotated[str, Bounded(pattern=r"^[0-9a-f]{32}$")]
AttemptId = Annotated[str, Bounded(pattern=r"^[ -~]{1,128}$")]
DigestText = Annotated[str, Bounded(pattern=r"^[!-~]{1,200}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How a code was spent.

    Attributes:
        at: when, in UTC.
        attempt: the id of the attempt that spent it.
        revision: the revision of the very commit that spent it, by which a call recognises its own
            success; two calls may share an attempt, never a revision.
    """

    at: Instant
    attempt: AttemptId
    revision: Token


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCode:
    """One code of a set.

    Attributes:
        ordinal: its place in the set, from 0; the selector names it where there is one.
        digest: the stored digest, read only when a guess is held against it, so that one damaged
            line does not take the other codes with it.
        use: how it was spent; None while it is not.
    """

    ordinal: Annotated[int, Bounded(ge=0, lt=MAX_COUNT)]
    digest: DigestText = field(repr=False)
    use: Use | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSet:
    """The codes issued together, and what has become of them.

    Attributes:
        id: 128 random bits in hex.
        format: the shape of its codes, fixed when it was issued.
        issued_at: when it was issued.
        attempt: the id of the attempt that issued it.
        expires_at: from when on it no longer counts; None for never.
        codes: its codes, in the order of their ordinals.
        failures: judged failures in a row.
        failed_at: the last of them; None where there is none.
        revoked_at: when it was revoked; None if it was not.
        disabled_at: when failures disabled it; None if they did not.
    """

    id: Token
    format: CodeFormat
    issued_at: Instant
    attempt: AttemptId
    expires_at: Instant | None
    codes: Annotated[tuple[StoredCode, ...], Bounded(min_length=1, max_length=MAX_COUNT)]
    failures: Annotated[int, Bounded(ge=0, le=MAX_FAILURES)] = 0
    failed_at: Instant | None = None
    revoked_at: Instant | None = None
    disabled_at: Instant | None = None

    def __post_init__(self) -> None:
        if len({code.ordinal for code in self.codes}) != len(self.codes):
            raise ValueError("ordinals are not unique")

    def state_at(self, now: datetime) -> SetState:
        """Return what the set is good for at that time. Disabled outlives every other end."""
        if self.disabled_at is not None:
            return SetState.DISABLED
        if self.revoked_at is not None:
            return SetState.REVOKED
        if all(code.use for code in self.codes):
            return SetState.EXHAUSTED
        if self.expires_at is not None and now >= self.expires_at:
            return SetState.EXPIRED
        return SetState.ACTIVE

    def remaining_at(self, now: datetime) -> int:
        """Return how many codes could be redeemed at that time."""
        if self.state_at(now) is not SetState.ACTIVE:
            return 0
        return sum(code.use is None for code in self.codes)

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of the keys that its codes are bound to, sorted; empty without a keyring."""
        ids = {key_id_in(code.digest) for code in self.codes}
        return tuple(sorted(ids - {NO_KEY}))

    @property
    def last_used_at(self) -> datetime | None:
        """When a code of the set was last redeemed; None if never."""
        return max((code.use.at for code in self.codes if code.use), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """All that is stored about a subject's codes.

    Attributes:
        format_number: the number of this layout.
        active: the set that counts; it stays here after its end until another replaces it.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = _STRICT

    format_number: Annotated[int, Bounded(ge=FORMAT_NUMBER, le=FORMAT_NUMBER)] = FORMAT_NUMBER
    active: CodeSet

    def to_text(self) -> str:
        """Return the document as ASCII JSON."""
        return _adapter().serializer.to_json(self).decode("ascii")

    @classmethod
    def from_text(cls, text: object) -> "Document":
        """Read a stored document.

        Raises:
            CorruptRecord: it is no text of at most 64 KiB, no document, or one of another format.
        """
        document = _read(text)
        del text  # it holds digests, and the frame of an error keeps its locals
        if document is None:
            raise CorruptRecord("a stored document cannot be read")
        return document


def codes_in(record: Record | None) -> CodeSet | None:
    """Return the set that a record holds; None where nothing is stored.

    Raises:
        CorruptRecord: see `Document.from_text`.
    """
    return None if record is None else Document.from_text(record.document).active


def prepare() -> None:
    """Load pydantic and build what reads and writes documents, before the first call needs it."""
    _adapter()


def _read(text: object) -> Document | None:
    if not isinstance(text, str) or len(text) > MAX_DOCUMENT_BYTES:
        return None
    try:
        document: Document = _adapter().validator.validate_json(text)
    except (ValueError, RecoveryKitError, RecursionError):
        return None
    return document


@cache
def _adapter() -> "TypeAdapter[Document]":
    # Here and not above: see `recoverykit.core.constraint`.
    from pydantic import TypeAdapter  # noqa: PLC0415

    return TypeAdapter(Document)
