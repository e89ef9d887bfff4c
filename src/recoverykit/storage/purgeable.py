"""What a storage offers to a purge."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from recoverykit.core.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Outdated:
    """A record that may hold something to purge, as it stood at one moment.

    Attributes:
        subject: whose record.
        revision: its revision then.
        has_events: whether the trail of the subject had any event then. Events land with a
            commit (S7): as long as the revision stands, there are no more.
    """

    subject: Subject
    revision: str
    has_events: bool


@runtime_checkable
class PurgeableStorage(Protocol):
    """A storage that can be purged. Optional: only ``purge`` needs it.

    A purge takes old events first. It erases a record, as any commit does (S8), only where no event
    of the subject is left, so that no event goes before its time, or before the outbox has
    delivered it; and so that there are no events without a record, which no erasure would find.
    """

    def outdated(
        self, *, before: datetime, after: Subject | None, limit: int
    ) -> tuple[Outdated, ...]:
        """Return records whose `Summary.outdated_at` is before that time, in a lasting order.

        Args:
            before: aware; what is outdated since then, or later, is left out.
            after: return only what comes behind this subject; None begins at the beginning.
            limit: how many at most.

        Raises:
            StorageError: the storage cannot be read.
        """
        ...

    def purge_events(self, *, before: datetime, limit: int) -> int:
        """Delete the oldest events before that time; return how many were found.

        Whatever a reader of the outbox has not acknowledged stays. Fewer than ``limit`` means
        that nothing is left to delete.

        Args:
            before: aware; events of that time and later stay.
            limit: how many at most, in one transaction.

        Raises:
            ConcurrentUpdate, OutcomeUnknown, StorageError: perhaps nothing was deleted; call again.
        """
        ...
