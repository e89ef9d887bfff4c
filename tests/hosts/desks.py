"""Desks: a host with a kit over an engine of one flavour, whichever shell the kit has.

A case knows `Desk` alone. Another shell joins the matrix by a class of its own in `DESKS`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Protocol

import sqlalchemy as sa

from recoverykit import RecoveryKit, Redemption, Throttle
from recoverykit.storage.sql import SQLStorage
from tests.hosts.claims import Claim, act
from tests.hosts.levels import OURS, Place
from tests.races.arena import NOW, POLICY
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

    def close(self) -> None:
        out = self.engine.pool.checkedout()
        self._storage.close()
        self.engine.dispose()
        assert out == 0

    def _host(self, claim: Claim, connection: sa.Connection) -> None:
        self.calls.append(claim.attempt)
        act(connection, claim)


DESKS: dict[str, Callable[..., Desk]] = {"sync": SyncDesk}


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
