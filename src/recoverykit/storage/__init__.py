"""The storage protocol: two methods, and the fourteen clauses that every storage keeps.

Each protocol comes twice: with methods that are called, from several threads at a time, and with
methods that are awaited, by several tasks at a time.
"""

from collections.abc import Callable, Mapping
from inspect import iscoroutinefunction
from typing import Protocol, TypeAlias, runtime_checkable

from recoverykit.core.record import MAX_DOCUMENT_BYTES, Change, Record, SetState, Summary
from recoverykit.core.subject import Subject
from recoverykit.storage.awaited import (
    AsyncEnumerableStorage,
    AsyncExaminableStorage,
    AsyncOutbox,
    AsyncOutboxStorage,
    AsyncPurgeableStorage,
    AsyncStorage,
    AsyncTransactionalStorage,
)
from recoverykit.storage.health import ExaminableStorage, Health, Problem
from recoverykit.storage.key_use import KeyUse
from recoverykit.storage.outbox import Delivery, Outbox, OutboxStorage
from recoverykit.storage.purgeable import Outdated, PurgeableStorage

__all__ = [
    "MAX_DOCUMENT_BYTES",
    "AnyStorage",
    "AsyncEnumerableStorage",
    "AsyncExaminableStorage",
    "AsyncOutbox",
    "AsyncOutboxStorage",
    "AsyncPurgeableStorage",
    "AsyncStorage",
    "AsyncTransactionalStorage",
    "Change",
    "Delivery",
    "EnumerableStorage",
    "ExaminableStorage",
    "Health",
    "HostRefused",
    "KeyUse",
    "Outbox",
    "OutboxStorage",
    "Outdated",
    "Problem",
    "PurgeableStorage",
    "Record",
    "SetState",
    "Storage",
    "Summary",
    "TransactionalStorage",
    "is_async",
    "is_storage",
]


@runtime_checkable
class Storage(Protocol):
    """Where the documents are kept: one small versioned document for each subject.

    The clauses, numbered as the documentation and the tests cite them:

    * S1: an unknown subject loads as None.
    * S2: what was committed is loaded back exactly, document and revision.
    * S3: a commit with ``expected=None`` wins only where nothing is stored.
    * S4: a commit with ``expected=r`` wins only where the stored revision is ``r``.
    * S5: of any number of simultaneous commits on one revision exactly one returns True.
    * S6: a lost commit changes nothing, events included.
    * S7: events land together with the document or not at all.
    * S8: ``document=None`` erases, together with the subject's earlier events, and the subject
      then loads as None.
    * S9: subjects are isolated and compared exactly: case, accents, trailing spaces, quotes,
      empty parts and any Unicode without NUL.
    * S10: True means as durable as the backend promises it; an outcome that is not known raises
      `OutcomeUnknown`.
    * S11: no aliasing: nothing that was handed in or out changes later.
    * S12: what one handle wrote, another one reads.
    * S13: a failed commit leaves the handle usable.
    * S14: documents of 64 KiB are stored whole.

    Methods are called from several threads at a time. Neither method ever waits for a hash.
    """

    def load(self, subject: Subject) -> Record | None:
        """Return what is stored for the subject; None where nothing is (S1, S2, S9, S12).

        It sees every commit that was acknowledged before the load began.

        Raises:
            StorageError: the storage cannot be read.
        """
        ...

    def commit(self, subject: Subject, change: Change) -> bool:
        """Compare and swap: write the change where its expected revision stands (S3 to S8, S10).

        Returns:
            True for exactly one writer for each revision, once the change is durable; False where
            another revision stands, nothing having been changed. A deadlock or a serialization
            failure is False as well.

        Raises:
            OutcomeUnknown: it is not known whether the change landed, or may yet land. Any
                exception that is not a `StorageError` is taken for this one.
            StorageError: the storage failed, and the change certainly did not and will not land.
        """
        ...


class HostRefused(Exception):
    """Raised by `TransactionalStorage.commit_within` alone, and never seen by a host.

    Args:
        error: what the host is to get instead: its own constraint, for example, which the
            database checks at COMMIT only.
    """

    def __init__(self, error: Exception) -> None:
        self.error = error
        super().__init__("the host's own rows were refused at COMMIT")


@runtime_checkable
class TransactionalStorage(Storage, Protocol):
    """A storage that can run a function of the host in the transaction of its commit."""

    def commit_within(
        self, subject: Subject, change: Change, within: Callable[..., object]
    ) -> bool:
        """Commit like `Storage.commit`, calling ``within(connection)`` after the swap has won.

        The function runs before the transaction commits. What it writes through the connection
        lands together with the change or not at all; it is not called where the swap is lost.

        Raises:
            Exception: whatever the function raises passes through unchanged, and the change is
                rolled back.
            HostRefused: COMMIT refused what the function had written; everything was rolled
                back, for certain.
            OutcomeUnknown, StorageError: as for `Storage.commit`.
        """
        ...


@runtime_checkable
class EnumerableStorage(Storage, Protocol):
    """A storage that can say what it holds. Optional: no flow of one subject needs it.

    What is committed while a method runs may be told or not.
    """

    def scopes(self, subject: Subject) -> tuple[Subject, ...]:
        """Return all subjects of the same tenant and id that are stored, in the order of scopes.

        Raises:
            StorageError: the storage cannot be read.
        """
        ...

    def key_use(self) -> Mapping[str, KeyUse]:
        """Return how much of what is stored needs each key, by the key's id.

        Raises:
            StorageError: the storage cannot be read.
        """
        ...

    def sealed_otherwise(
        self, seal_key_id: str | None, *, after: Subject | None, limit: int
    ) -> tuple[Subject, ...]:
        """Return subjects whose documents another key seals, or none, in a lasting order.

        Args:
            seal_key_id: the key of those that are left out; None leaves out the unsealed ones.
            after: return only what comes behind this subject; None begins at the beginning.
            limit: how many at most.

        Raises:
            StorageError: the storage cannot be read.
        """
        ...


AnyStorage: TypeAlias = AsyncStorage | Storage
"""A storage of either kind."""


def is_async(storage: AnyStorage) -> bool:
    """Whether the methods of a storage have to be awaited."""
    return iscoroutinefunction(storage.load)


def is_storage(storage: object) -> bool:
    """Whether something has the methods of a storage, awaited or not."""
    return isinstance(storage, Storage) and not isinstance(storage, type)
