"""What crosses the border to a storage: the record that comes in, the change that goes out."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from recoverykit.core.events import Event

MAX_DOCUMENT_BYTES = 64 * 1024  # clause S14: what every storage must hold whole


class SetState(Enum):
    """What a subject's codes are good for."""

    NONE = "none"
    PENDING = "pending"
    ACTIVE = "active"
    EXHAUSTED = "exhausted"
    EXPIRED = "expired"
    REVOKED = "revoked"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is stored for a subject.

    Attributes:
        revision: the random token of the commit that wrote it; opaque, at most 64 ASCII characters.
        document: ASCII JSON text of at most 64 KiB; it holds digests, so no repr shows it.
    """

    revision: str
    document: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The plain columns beside a document: for people and queries, true as of its commit.

    Attributes:
        state: what the codes were good for at the time of the commit.
        remaining: how many codes could still be redeemed.
        issued_at: when the set was issued, in UTC.
        last_used_at: when a code was last redeemed; None if never.
        expires_at: when the set expires; None if never.
        retry_at: until when attempts are refused; None where no delay runs.
        key_ids: the ids of the keys that its codes are bound to, an id once for each set, active
            or pending, that can only be used with it.
        seal_key_id: the id of the key that seals the document; None where none does.
        outdated_at: from when on something in it may be purged, which may be in the past or in
            the future; None for never.
    """

    state: SetState
    remaining: int
    issued_at: datetime | None
    last_used_at: datetime | None
    expires_at: datetime | None
    retry_at: datetime | None
    key_ids: tuple[str, ...]
    seal_key_id: str | None
    outdated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a storage is asked to write, whole or not at all.

    Attributes:
        expected: the revision that must stand now; None where nothing may be stored.
        revision: the new revision, made at random for this very commit.
        document: the new document; None erases the subject and its earlier events.
        events: what to append to the audit trail in the same step.
        summary: the plain columns of the new document; None when it erases.
    """

    expected: str | None
    revision: str
    document: str | None = field(repr=False)
    events: tuple[Event, ...]
    summary: Summary | None
