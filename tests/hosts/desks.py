"""Desks: a host with a kit over an engine of one flavour, whichever shell the kit has.

A case knows `Desk` alone. Another shell joins the matrix by a class of its own in `DESKS`.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Protocol

import sqlalchemy as sa
from anyio.from_thread import start_blocking_portal
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from recoverykit import AsyncRecoveryKit, RecoveryKit, Redemption, Throttle
from recoverykit.storage.sql import AsyncSQLStorage, SQLStorage
from tests.awaited import Awaited
from tests.hosts.claims import Claim, act
from tests.hosts.levels import OURS, Place
from tests.races.arena import POLICY
from tests.races.meeting import NOW
from tests.storage.awaited import DRIVERS, address_for
from tests.storage.flavours import engine_of

Clock = Callable[[], datetime]

HOSTS_POLICY = replace(POLICY, throttle=Throttle(free=5))


def standing() -> datetime:
    """Return the time, which stands still: a delay or a memory, once begun, does not end."""
    return NOW


class Desk(Protocol):
    """A host that claims codes.

    Attributes:
        engine: the engine below the kit, its synchronous side.
        calls: the attempts for which the host's function was called, each time it was.
    """

    engine: sa.Engine
    calls: list[str]

    def claim(self, claim: Claim) -> Redemption:
        """Redeem with a session row."""
        ...

    def work(self, function: Callable[[sa.Connection], object]) -> None:
        """Run a function of the host's own in a transaction of the engine's."""
        ...

    def close(self) -> None:
        """Close the engine, from which nothing is out."""
        ...


class SyncDesk:
    """A desk with the kit for threads."""

    def __init__(self, url: str, flavour: str, *, clock: Clock = standing) -> None:
        if flavour == OURS:
            self._storage = SQLStorage(url)
            self.engine = self._storage._engine()
        else:
            self.engine = engine_of(url, flavour)
            self._storage = SQLStorage(self.engine)
        self.calls: list[str] = []
        self._kit = RecoveryKit(self._storage, policy=HOSTS_POLICY, clock=clock)

    def claim(self, claim: Claim) -> Redemption:
        return self._kit.redeem(
            claim.subject, claim.code, attempt=claim.attempt, within=partial(self._host, claim)
        )

    def work(self, function: Callable[[sa.Connection], object]) -> None:
        with self.engine.begin() as connection:
            function(connection)

    def close(self) -> None:
        out = self.engine.pool.checkedout()
        self._storage.close()
        self.engine.dispose()
        assert out == 0

    def _host(self, claim: Claim, connection: sa.Connection) -> None:
        self.calls.append(claim.attempt)
        act(connection, claim)


class AwaitedDesk:
    """A desk with the kit that is awaited, on an event loop in a thread of its own.

    On PostgreSQL a host's engine has asyncpg for its driver, but where COMMIT is a statement like
    others: asyncpg would prepare it, and the proxy that cuts connections take that for the COMMIT.
    """

    def __init__(self, url: str, flavour: str, *, clock: Clock = standing) -> None:
        self._exits = ExitStack()
        self._portal = self._exits.enter_context(start_blocking_portal())
        # PyMySQL's alone.
        address = sa.make_url(url).difference_update_query(["ssl_disabled"])
        drivers = DRIVERS[address.get_backend_name()]
        self._engine: AsyncEngine | None = None
        if flavour == OURS:
            self._storage = AsyncSQLStorage(address_for(address, drivers[0]))
            self.engine = self._portal.call(self._storage._engine).sync_engine
        else:
            address = address_for(address, drivers[0 if "AUTOCOMMIT" in flavour else -1])
            self._engine = engine_of(address, flavour, create=create_async_engine)
            self._storage = AsyncSQLStorage(self._engine)
            self.engine = self._engine.sync_engine
        self.calls: list[str] = []
        kit = AsyncRecoveryKit(self._storage, policy=HOSTS_POLICY, clock=clock)
        self._kit = Awaited(kit, self._portal)

    def claim(self, claim: Claim) -> Redemption:
        return self._kit.redeem(
            claim.subject, claim.code, attempt=claim.attempt, within=partial(self._host, claim)
        )

    def work(self, function: Callable[[sa.Connection], object]) -> None:
        async def work() -> None:
            async with AsyncEngine(self.engine).begin() as connection:
                await connection.run_sync(function)

        self._portal.call(work)

    def close(self) -> None:
        out = self.engine.pool.checkedout()
        self._portal.call(self._storage.close)
        if self._engine is not None:
            self._portal.call(self._engine.dispose)
        self._exits.close()
        assert out == 0

    async def _host(self, claim: Claim, connection: AsyncConnection) -> None:
        self.calls.append(claim.attempt)
        await connection.run_sync(act, claim)


DESKS: dict[str, Callable[..., Desk]] = {"called": SyncDesk, "awaited": AwaitedDesk}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where desks of one shell can be opened.

    Attributes:
        shell: whose kit it is, by its name in `DESKS`.
        url: the address of the database.
        place: what kind of database it is, and the flavour of the host's engine.
    """

    shell: str
    url: str
    place: Place
    _desks: list[Desk] = field(default_factory=list)

    def opened(self, *, clock: Clock = standing) -> Desk:
        """Open a desk."""
        desk = DESKS[self.shell](self.url, self.place.flavour, clock=clock)
        self._desks.append(desk)
        return desk

    def close(self) -> None:
        """Close every desk."""
        for desk in self._desks:
            desk.close()
