"""A camp: what the contenders of one process share, a storage, a kit, and maybe an event loop."""

from contextlib import ExitStack
from datetime import UTC, datetime
from multiprocessing.synchronize import Barrier
from typing import Any, Self

import sqlalchemy as sa
from anyio.from_thread import BlockingPortal, start_blocking_portal
from sqlalchemy.ext.asyncio import create_async_engine

from recoverykit import AsyncRecoveryKit, HashLimits, Policy, RecoveryKit
from recoverykit.storage.memory import AsyncMemoryStorage, MemoryStorage
from recoverykit.storage.sql import AsyncSQLStorage, SQLStorage
from tests.races.adapters import Adapter
from tests.races.awaited import Awaited
from tests.races.meeting import hold_loads

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def still() -> datetime:
    """Tell a time that stands still, so that a delay once begun is never over."""
    return NOW


class Camp:
    """A storage and a kit. Usable as a context manager.

    Args:
        adapter: which.
        url: the address of the database; None for memory.
        policy: the policy of the kit.
        meeting: where armed contenders meet.
        pool: how many connections the contenders share, from an engine of the host's, where who
            waits ten seconds for one fails; None for an engine of our own. Several loops cannot
            share one of a host's: there they are our own.

    Attributes:
        storage: the storage.
        kit: the kit.
    """

    kit: Any
    storage: Any

    def __init__(
        self,
        adapter: Adapter,
        url: str | None,
        *,
        policy: Policy,
        meeting: Barrier,
        pool: int | None = None,
    ) -> None:
        self._adapter = adapter
        self._url = url
        self._policy = policy
        self._meeting = meeting
        self._pool = pool
        self._exits = ExitStack()
        self._portals: list[BlockingPortal] = []

    def kit_with(self, policy: Policy) -> Any:
        """Return a kit on the same storage with another policy."""
        limits = HashLimits(queue=2 * self._meeting.parties)
        if not self._portals:
            return RecoveryKit(self.storage, policy=policy, clock=still, hashing=limits)
        kit = AsyncRecoveryKit(self.storage, policy=policy, clock=still, hashing=limits)
        return Awaited(kit, *self._portals)

    def __enter__(self) -> Self:
        with ExitStack() as exits:
            if self._adapter.backend is not None:
                for _ in range(self._adapter.loops):
                    portal = start_blocking_portal(self._adapter.backend)
                    self._portals.append(exits.enter_context(portal))
            self.storage = self._opened(exits)
            hold_loads(self.storage, self._meeting)
            self.kit = self.kit_with(self._policy)
            self._exits = exits.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    def _opened(self, exits: ExitStack) -> Any:
        if self._url is None:
            return AsyncMemoryStorage() if self._adapter.driver else MemoryStorage()
        if self._adapter.driver is None:
            return self._called(sa.make_url(self._url), exits)
        url = sa.make_url(self._url)
        name = f"{url.get_backend_name()}+{self._adapter.driver}"
        return self._awaited(url.set(drivername=name), exits)

    def _called(self, url: sa.URL, exits: ExitStack) -> SQLStorage:
        if self._pool is None:
            return exits.enter_context(SQLStorage(url))
        engine = sa.create_engine(patient(url), **_options(self._pool))
        exits.callback(engine.dispose)
        return SQLStorage(engine)

    def _awaited(self, url: sa.URL, exits: ExitStack) -> AsyncSQLStorage:
        if self._pool is None or self._adapter.loops > 1:
            storage = AsyncSQLStorage(url)
            for portal in self._portals:
                exits.callback(portal.call, storage.close)
            return storage
        engine = create_async_engine(patient(url), **_options(self._pool))
        exits.callback(self._portals[0].call, engine.dispose)
        return AsyncSQLStorage(engine)


def patient(url: sa.URL) -> sa.URL:
    """Let a writer of SQLite wait as long as it does in an engine of our own."""
    return url.set(query={"timeout": "10"}) if url.get_backend_name() == "sqlite" else url


def _options(pool: int) -> dict[str, Any]:
    return {"pool_size": pool, "max_overflow": 0, "pool_timeout": 10, "hide_parameters": True}
