"""The ids of a subject's events, read through the outbox."""

from collections.abc import Iterable
from typing import cast

from recoverykit.core.events import Event
from recoverykit.core.subject import Subject
from recoverykit.storage import OutboxStorage, Storage

_READER = "conformance"
_MOST = 10_000  # as many as an outbox gives at once: more than any check writes


def outbox_trail(storage: Storage, subject: Subject) -> Iterable[str]:
    """Return the ids of the events of a subject. Nothing is acknowledged: they come again."""
    deliveries = cast("OutboxStorage", storage).outbox.read(_READER, limit=_MOST)
    events = (each.event for each in deliveries if isinstance(each.event, Event))
    return [each.id for each in events if each.subject == subject]
