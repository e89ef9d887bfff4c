"""The outbox: the trail of events, for readers that must miss none of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from recoverykit.core.events import Event
from recoverykit.errors import CorruptRecord, InvalidArgument

_MAX_BATCH: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event, and its place in the outbox.

    Attributes:
        position: its place, above 0: what came later to the readers has a higher one. Acknowledge
            it once the event is dealt with.
        event: the event; the error where its row cannot be read, which then is in nobody's way:
            acknowledge it like any other once somebody has looked. A newer release may have
            written what an older one cannot read.
    """

    position: int
    event: Event | CorruptRecord


@runtime_checkable
class Outbox(Protocol):
    """The events of a storage, for readers that are each known by a name.

    * Each reader gets every event at least once: until it has acknowledged it, and whether its
      process lives or not. An event whose change is committed late is never skipped: it comes
      later.
    * Readers know nothing of each other. Several processes may read under one name, and may then
      get the same events.
    * An event that goes by an erasure is gone for the readers too: nothing that names the subject
      outlives it. A purge takes only what every reader has acknowledged.
    * The order is that of their times, among those that were committed when somebody first read
      that far. Those of one change have one time, and come in no particular order.
    """

    def read(self, reader: str, *, limit: int = 100) -> tuple[Delivery, ...]:
        """Return the next events that the reader has not acknowledged; none where there is none.

        A name is a reader from its first call on, and begins with the oldest event that there is.

        Args:
            reader: its name, 1 to 64 printable ASCII characters.
            limit: how many events at most; 1 to 10,000.

        Raises:
            InvalidArgument: the name or the limit cannot be used.
            ConcurrentUpdate: other readers were first at every try; read again.
            StorageError: the storage cannot be read, or not be written.
        """
        ...

    def acknowledge(self, reader: str, position: int) -> None:
        """Note that the reader is done with everything up to and including a position.

        An acknowledgement never goes back: one of a lower position than before changes nothing.

        Args:
            reader: its name.
            position: that of the last `Delivery` that was dealt with.

        Raises:
            InvalidArgument: there is no such reader, or no such position yet.
            ConcurrentUpdate, OutcomeUnknown, StorageError: it is perhaps not noted; acknowledge
                again, or get the same events again.
        """
        ...

    def forget(self, reader: str) -> bool:
        """Forget a reader that reads no more, so that a purge waits for it no longer.

        Under the same name another one begins with the oldest event that there is.

        Returns:
            Whether there was such a reader.

        Raises:
            InvalidArgument: the name cannot be used.
            ConcurrentUpdate, OutcomeUnknown, StorageError: it is perhaps still there; forget again.
        """
        ...

    def readers(self) -> Mapping[str, int]:
        """Return the position that each reader has acknowledged, by its name; 0 for none.

        Raises:
            StorageError: the storage cannot be read.
        """
        ...


@runtime_checkable
class OutboxStorage(Protocol):
    """A storage whose events can be read. Optional: no verb of a kit needs it."""

    @property
    def outbox(self) -> Outbox:
        """The outbox over what the commits have written (S7)."""
        ...


def checked_limit(limit: object) -> int:
    """Return the size of a batch.

    Raises:
        InvalidArgument: it is out of its bounds.
    """
    if type(limit) is not int or not 1 <= limit <= _MAX_BATCH:
        raise InvalidArgument(f"limit must be 1 to {_MAX_BATCH}")
    return limit
