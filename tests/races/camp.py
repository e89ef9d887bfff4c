"""A camp: what the contenders of one process share, a storage, a kit, and maybe an event loop."""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.synchronize import Barrier
from typing import Any, Self

import sqlalchemy as sa
from anyio.from_thread import BlockingPortal, start_blocking_portal
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from recoverykit import AsyncRecoveryKit, HashLimits, Policy, RecoveryKit
from recoverykit.storage.memory import AsyncMemoryStorage, MemoryStorage
from recoverykit.storage.sql import AsyncSQLStorage, SQLStorage
from tests.awaited import Awaited
from tests.races.adapters import Adapter
from tests.races.meeting import NOW, hold_loads


def still() -> datetime:
    """Tell a time that stands still, so that a delay once begun is never over."""
    return NOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """An engine of a host's.

    Attributes:
        pool: how many connections it has; who waits ten seconds for one fails.
        isolation_level: its level; None for the database's own.
    """

    pool: int
    isolation_level: str | None = None

    def options(self) -> dict[str, Any]:
        """Return what the engine is made with."""
        level = {"isolation_level": self.isolation_level} if self.isolation_level else {}
        limits = {"pool_size": self.pool, "max_overflow": 0, "pool_timeout": 10}
        return {**limits, **level, "hide_parameters": True}


class Camp:
    """A storage and a kit. Usable as a context manager.

    Args:
        adapter: which.
        url: the address of the database; None for memory.
        policy: the policy of the kit.
        meeting: where armed contenders meet.
        hosted: the engine of a host's that the contenders share; None for one of our own. Several
            loops cannot share one: there they are our own.

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
        hosted: Hosted | None = None,
    ) -> None:
        self._adapter = adapter
        self._url = url
        self._policy = policy
        self._meeting = meeting
        self._hosted = hosted
        self._engine: sa.Engine | AsyncEngine | None = None
        self._exits = ExitStack()
        self._portals: list[BlockingPortal] = []

    @property
    def connections_out(self) -> int:
        """How many connections the host's engine has not got back; 0 where there is none."""
        return 0 if self._engine is None else self._engine.pool.checkedout()

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

    def __exit__(self, *details: object) -> None:
        # An exception that goes by lets the event loops give up what still waits in them.
        self._exits.__exit__(*details)

    def _opened(self, exits: ExitStack) -> Any:
        if self._url is None:
            return AsyncMemoryStorage() if self._adapter.driver else MemoryStorage()
        if self._adapter.driver is None:
            return self._called(sa.make_url(self._url), exits)
        url = sa.make_url(self._url)
        name = f"{url.get_backend_name()}+{self._adapter.driver}"
        return self._awaited(url.set(drivername=name), exits)

    def _called(self, url: sa.URL, exits: ExitStack) -> SQLStorage:
        if self._hosted is None:
            return exits.enter_context(SQLStorage(url))
        engine = sa.create_engine(patient(url), **self._hosted.options())
        self._engine = engine
        exits.callback(engine.dispose)
        return SQLStorage(engine)

    def _awaited(self, url: sa.URL, exits: ExitStack) -> AsyncSQLStorage:
        if self._hosted is None or self._adapter.loops > 1:
            storage = AsyncSQLStorage(url)
            for portal in self._portals:
                exits.callback(portal.call, storage.close)
            return storage
        engine = create_async_engine(patient(url), **self._hosted.options())
        self._engine = engine
        exits.callback(self._portals[0].call, engine.dispose)
        return AsyncSQLStorage(engine)


def patient(url: sa.URL) -> sa.URL:
    """Let a writer of SQLite wait as long as it does in an engine of our own."""
    return url.set(query={"timeout": "10"}) if url.get_backend_name() == "sqlite" else url
