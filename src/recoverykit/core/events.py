"""What happened, as plain data for an audit trail: never a code, a digest or a key."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import Enum
from functools import partial
from types import MappingProxyType
from typing import cast

from recoverykit.core.subject import Subject
from recoverykit.errors import InvalidArgument, RefusalReason

_MAX_CONTEXT_BYTES = 2048  # of its JSON text: an actor, a source and a request id, not a payload


class EventKind(Enum):
    """What happened."""

    ISSUED = "issued"
    IMPORTED = "imported"
    CONFIRMED = "confirmed"
    SUPERSEDED = "superseded"
    REDEEMED = "redeemed"
    REPLACED = "replaced"
    REPLAYED = "replayed"
    FAILED = "failed"
    DISABLED = "disabled"
    REFUSED = "refused"
    REVOKED = "revoked"
    UNLOCKED = "unlocked"
    LOCKED = "locked"
    ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened to a subject's codes.

    Attributes:
        id: 128 random bits in hex; the same event never has two ids.
        at: when it was decided, in UTC.
        kind: what happened.
        subject: to whose codes.
        set_id: the set it concerns; None where there is none.
        ordinal: the place of the code in its set, from 0; None where no code is named.
        attempt: the id of the attempt that did it; None where the call has none.
        reason: why it was refused; None unless it was.
        failures: failures in a row after it; for a set that has become active, how many of its
            predecessor's were forgiven by that.
        retry_at: until when further attempts are refused; None where no delay runs.
        context: what the host said about the call: an actor, a source.
    """

    id: str
    at: datetime
    kind: EventKind
    subject: Subject
    set_id: str | None = None
    ordinal: int | None = None
    attempt: str | None = None
    reason: RefusalReason | None = None
    failures: int | None = None
    retry_at: datetime | None = None
    context: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        # A copy that nobody can change: the same event goes to the storage and to the listener.
        object.__setattr__(self, "context", MappingProxyType(dict(self.context)))

    def __reduce__(self) -> tuple[Callable[[], "Event"], tuple[()]]:
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return partial(Event, **(values | {"context": dict(self.context)})), ()

    def details(self) -> str:
        """Return everything but id, time, kind and subject as one ASCII JSON object."""
        return json.dumps(
            {
                "set_id": self.set_id,
                "ordinal": self.ordinal,
                "attempt": self.attempt,
                "reason": self.reason and self.reason.value,
                "failures": self.failures,
                "retry_at": self.retry_at and self.retry_at.isoformat(),
                "context": dict(self.context),
            }
        )


def checked_context(context: Mapping[str, str] | None) -> Mapping[str, str]:
    """Return a copy of the host's context; empty for None.

    Raises:
        InvalidArgument: it is no mapping of text to text, or its JSON is past 2,048 bytes.
    """
    if context is None:
        return {}
    if (copy := _copied(context)) is None:
        raise InvalidArgument("context must be a mapping of text to text")
    if len(json.dumps(copy)) > _MAX_CONTEXT_BYTES:
        raise InvalidArgument(f"context must not be longer than {_MAX_CONTEXT_BYTES} bytes of JSON")
    return copy


def _copied(context: object) -> dict[str, str] | None:
    if not isinstance(context, Mapping):
        return None
    items = cast("Mapping[object, object]", context).items()
    copy = {key: value for key, value in items if isinstance(key, str) and isinstance(value, str)}
    return copy if len(copy) == len(items) else None
