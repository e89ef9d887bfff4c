"""An event read back from what a storage has kept of it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, cast

from recoverykit.core.events import Event, EventKind, checked_context
from recoverykit.core.subject import Subject
from recoverykit.errors import CorruptRecord, RefusalReason

_FIELDS: Final = 7  # of the details


def event_from(*, id: str, at: datetime, kind: str, subject: Subject, details: str) -> Event:
    """Return the event that these were made of; the inverse of `Event.details`.

    Args:
        id: the event's id.
        at: when it was decided; aware.
        kind: the value of its kind.
        subject: to whose codes it happened.
        details: what `Event.details` returned.

    Raises:
        CorruptRecord: the kind is unknown, or the details are none. So it is for what a newer
            release may have written.
    """
    try:
        return _read(json.loads(details), id=id, at=at, kind=EventKind(kind), subject=subject)
    except (ValueError, OverflowError, RecursionError):
        pass
    # Outside the handler: what is damaged may quote anything, so nothing chains it.
    raise CorruptRecord("a stored event cannot be read")


def _read(
    stored: Mapping[str, object], *, id: str, at: datetime, kind: EventKind, subject: Subject
) -> Event:
    match stored:
        case {
            "set_id": str() | None as set_id,
            "ordinal": int() | None as ordinal,
            "attempt": str() | None as attempt,
            "reason": str() | None as reason,
            "failures": int() | None as failures,
            "retry_at": str() | None as retry_at,
            "context": {},
        } if len(stored) == _FIELDS:
            return Event(
                id=id,
                at=at,
                kind=kind,
                subject=subject,
                set_id=set_id,
                ordinal=ordinal,
                attempt=attempt,
                reason=None if reason is None else RefusalReason(reason),
                failures=failures,
                retry_at=None if retry_at is None else _instant(retry_at),
                context=checked_context(cast("Mapping[str, str]", stored["context"])),
            )
        case _:
            raise ValueError("not the details of an event")


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.utcoffset() is None:
        raise ValueError("a time without a zone")
    return instant.astimezone(UTC)
