"""The document: all that is stored about a subject's codes, and its text form.

Invariants, checked whenever a document is read: at most one set that counts, or counted, and at
most one that waits to be confirmed; at most one unlock. A document that breaks one is
`CorruptRecord`, and so is one whose seal does not fit, or with an unknown format number: it is left
as it is.
"""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from recoverykit.core.constraint import Bounded
from recoverykit.core.keyring import Keyring
from recoverykit.core.masked import Masked
from recoverykit.core.record import MAX_DOCUMENT_BYTES, Record, SetState
from recoverykit.core.seal import opened, sealed, unchecked
from recoverykit.core.state import CodeSet, Instant
from recoverykit.core.subject import Subject
from recoverykit.errors import CorruptRecord, RecoveryKitError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FORMAT_NUMBER: Final = 1

_STRICT: Final[dict[str, object]] = {
    "extra": "forbid",
    "strict": True,
    "hide_input_in_errors": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlock:
    """A session that may issue and revoke, for a while.

    Attributes:
        session: a digest of the session's id; the id itself is not stored.
        at: when it unlocked.
    """

    session: Annotated[str, Bounded(pattern=r"^[0-9a-f]{64}$")] = field(repr=False)
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """All that is stored about a subject's codes.

    Attributes:
        format_number: the number of this layout.
        active: the set that counts; it stays here after its end until another replaces it. None
            where there has been none.
        pending: the set that waits to be confirmed; None where there is none.
        unlock: the session that may issue and revoke; None where there is none.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = _STRICT

    format_number: Annotated[int, Bounded(ge=FORMAT_NUMBER, le=FORMAT_NUMBER)]
    active: CodeSet | None = None
    pending: CodeSet | None = None
    unlock: Unlock | None = None

    def __post_init__(self) -> None:
        if self.active and self.active.is_pending:
            raise ValueError("a pending set stands where the active one does")
        if self.pending and not self.pending.is_pending:
            raise ValueError("an active set stands where the pending one does")

    def state_at(self, now: datetime) -> SetState:
        """Return what the codes are good for at that time."""
        return SetState.NONE if self.first is None else self.first.state_at(now)

    def is_pending_at(self, now: datetime) -> bool:
        """Say whether a set waits to be confirmed at that time."""
        return self.pending is not None and self.pending.state_at(now) is SetState.PENDING

    @property
    def first(self) -> CodeSet | None:
        """The set that counts, or counted; the pending one where there is no other."""
        return self.active or self.pending

    @property
    def sets(self) -> tuple[CodeSet, ...]:
        """Its sets, the active one first."""
        return tuple(each for each in (self.active, self.pending) if each)

    @property
    def ids(self) -> tuple[str | None, str | None]:
        """The ids of the active and of the pending set; None where there is none."""
        active, pending = self.active, self.pending
        return active.id if active else None, pending.id if pending else None

    def to_text(self, *, keyring: Keyring | None, subject: Subject, revision: str) -> str:
        """Return the document as ASCII JSON, sealed where there is a keyring."""
        content = _adapter().serializer.to_json(self).decode("ascii")
        return sealed(content, keyring=keyring, subject=subject, revision=revision)


EMPTY: Final = Document(format_number=FORMAT_NUMBER)


def document_in(record: Record | None, *, keyring: Keyring | None, subject: Subject) -> Document:
    """Return the document that a record holds; an empty one where nothing is stored.

    Raises:
        UnknownKey: it is sealed by a key that the keyring lacks.
        CorruptRecord: it is no text of at most 64 KiB, its seal does not fit, or it is no document
            of this format.
    """
    if record is None:
        return EMPTY
    text = opened(_text_of(record), keyring=keyring, subject=subject, revision=record.revision)
    return _read(text)


def unchecked_document_in(record: Record | None) -> Document:
    """Return what a record holds without a check of its seal: only ever to be shown.

    Raises:
        CorruptRecord: it is no text of at most 64 KiB, or no document of this format.
    """
    return EMPTY if record is None else _read(unchecked(_text_of(record)))


def prepare() -> None:
    """Load pydantic and build what reads and writes documents, before the first call needs it."""
    _adapter()


def _text_of(record: Record) -> Masked[str]:
    if not isinstance(record.document, str) or len(record.document) > MAX_DOCUMENT_BYTES:
        raise CorruptRecord("a stored document is no text of at most 64 KiB")
    return Masked(record.document)


def _read(text: Masked[str]) -> Document:
    try:
        document: Document = _adapter().validator.validate_json(text.reveal())
    except (ValueError, RecoveryKitError, RecursionError):
        pass
    else:
        return document
    # Not in the handler: nothing chains what pydantic raised, nor what its frames hold.
    raise CorruptRecord("a stored document cannot be read")


@cache
def _adapter() -> "TypeAdapter[Document]":
    # Here and not above: see `recoverykit.core.constraint`.
    from pydantic import TypeAdapter  # noqa: PLC0415

    return TypeAdapter(Document)
