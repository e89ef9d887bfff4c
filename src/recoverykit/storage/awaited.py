"""The protocols of storages whose methods are awaited, by several tasks at a time."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Protocol, runtime_checkable

from recoverykit.core.record import Change, Record
from recoverykit.core.subject import Subject
from recoverykit.storage.health import Health
from recoverykit.storage.key_use import KeyUse
from recoverykit.storage.outbox import Delivery
from recoverykit.storage.purgeable import Outdated


@runtime_checkable
class AsyncStorage(Protocol):
    """Where the documents are kept, for callers that await.

    The clauses S1 to S14 of `Storage` hold for it. Its methods are made by ``async def``: by that a
    kit tells it from a storage whose methods are called. A caller that is cancelled leaves either
    the old document or the new one, and the storage as usable as before (S13).
    """

    async def load(self, subject: Subject) -> Record | None:
        """Return what is stored for the subject; see `Storage.load`."""
        ...

    async def commit(self, subject: Subject, change: Change) -> bool:
        """Compare and swap; see `Storage.commit`."""
        ...


@runtime_checkable
class AsyncTransactionalStorage(AsyncStorage, Protocol):
    """A storage that can await a function of the host in the transaction of its commit."""

    async def commit_within(
        self, subject: Subject, change: Change, within: Callable[..., Awaitable[object]]
    ) -> bool:
        """Commit, awaiting ``within(connection)`` once the swap has won.

        See `TransactionalStorage.commit_within`. A cancellation that reaches the function rolls
        the change back.
        """
        ...


@runtime_checkable
class AsyncEnumerableStorage(AsyncStorage, Protocol):
    """A storage that can say what it holds, for callers that await: see `EnumerableStorage`."""

    async def scopes(self, subject: Subject) -> tuple[Subject, ...]:
        """Return the scopes of a subject; see `EnumerableStorage.scopes`."""
        ...

    async def key_use(self) -> Mapping[str, KeyUse]:
        """Return the use of each key; see `EnumerableStorage.key_use`."""
        ...

    async def sealed_otherwise(
        self, seal_key_id: str | None, *, after: Subject | None, limit: int
    ) -> tuple[Subject, ...]:
        """Return what another key seals; see `EnumerableStorage.sealed_otherwise`."""
        ...


@runtime_checkable
class AsyncPurgeableStorage(Protocol):
    """A storage that can be purged, for callers that await: see `PurgeableStorage`."""

    async def outdated(
        self, *, before: datetime, after: Subject | None, limit: int
    ) -> tuple[Outdated, ...]:
        """Return what may be purged; see `PurgeableStorage.outdated`."""
        ...

    async def purge_events(self, *, before: datetime, limit: int) -> int:
        """Delete old events; see `PurgeableStorage.purge_events`."""
        ...


@runtime_checkable
class AsyncOutbox(Protocol):
    """The events of a storage, for readers that await: see `Outbox`."""

    async def read(self, reader: str, *, limit: int = 100) -> tuple[Delivery, ...]:
        """Return the next events of a reader; see `Outbox.read`."""
        ...

    async def acknowledge(self, reader: str, position: int) -> None:
        """Note how far a reader is; see `Outbox.acknowledge`."""
        ...

    async def forget(self, reader: str) -> bool:
        """Forget a reader; see `Outbox.forget`."""
        ...

    async def readers(self) -> Mapping[str, int]:
        """Return how far each reader is; see `Outbox.readers`."""
        ...


@runtime_checkable
class AsyncOutboxStorage(Protocol):
    """A storage whose events can be read by readers that await: see `OutboxStorage`."""

    @property
    def outbox(self) -> AsyncOutbox:
        """The outbox over what the commits have written (S7)."""
        ...


@runtime_checkable
class AsyncExaminableStorage(Protocol):
    """A storage that can tell how it is, to callers that await: see `ExaminableStorage`."""

    async def health(self) -> Health:
        """Look for what is wrong; see `ExaminableStorage.health`."""
        ...
