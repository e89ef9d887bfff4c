"""The ids of a subject's events: read through the outbox, or by a function of the author's."""

from collections.abc import Callable, Iterable
from typing import Any

from recoverykit.core.events import Event
from recoverykit.core.subject import Subject
from recoverykit.storage import AsyncOutboxStorage, Delivery, OutboxStorage, Storage
from recoverykit.testing.conformance.handle import Trail

_READER = "conformance"
_MOST = 10_000  # as many as an outbox gives at once: more than any check writes


def trail_of(storage: object) -> Trail | None:
    """Return what reads the events of a storage with an outbox; None where there is none."""
    if not isinstance(storage, OutboxStorage | AsyncOutboxStorage):
        return None

    def read(storage: Any, subject: Subject) -> Iterable[str]:  # noqa: ANN401 - of either kind
        return _told(_call(storage, _outbox_of), subject)

    return read


def trail_by(events: Callable[[Any, Subject], Any]) -> Trail:
    """Return what reads the events of a storage by a function of its author's."""

    def read(storage: Any, subject: Subject) -> Iterable[str]:  # noqa: ANN401 - of either kind
        ids: Iterable[str] = _call(storage, events, subject)
        return ids

    return read


def _outbox_of(storage: Any) -> Any:  # noqa: ANN401 - of either kind
    # Nothing is acknowledged: everything comes again.
    return storage.outbox.read(_READER, limit=_MOST)


def _told(deliveries: Iterable[Delivery], subject: Subject) -> list[str]:
    events = (each.event for each in deliveries if isinstance(each.event, Event))
    return [each.id for each in events if each.subject == subject]


def _call(storage: Storage, function: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
    """Call a function of a storage, on its event loop where it has one."""
    call = getattr(storage, "call_with", None)
    return function(storage, *arguments) if call is None else call(function, *arguments)
