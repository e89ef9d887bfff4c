"""A host that opens a session in the transaction that spends the code, and may then fail."""

import time
from collections import Counter, defaultdict
from dataclasses import dataclass

import sqlalchemy as sa
from anyio.lowlevel import checkpoint
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.races.adapters import Adapter

_METADATA = sa.MetaData()
_SESSIONS = sa.Table(
    "sessions",
    _METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("subject", sa.String(40), nullable=False),
    sa.Column("ordinal", sa.Integer, nullable=False),
    mariadb_engine="InnoDB",
)
# The sessions of a host that keeps them in memory, as its codes are.
_IN_MEMORY: defaultdict[str, Counter[int]] = defaultdict(Counter)
# Whose functions were called in this process: to append is one step in any number of threads.
_CALLED: list[str] = []


class HostFailed(Exception):
    """What a failing host raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The function of a host.

    Attributes:
        subject: who logs in.
        ordinal: the place of the code that lets them in.
        fails: whether the host raises once it has written its row. In memory it writes none, for
            nothing would undo it.
    """

    subject: str
    ordinal: int
    fails: bool = False

    def __call__(self, connection: sa.Connection | None) -> None:
        _CALLED.append(self.subject)
        if connection is not None:
            connection.execute(_SESSIONS.insert(), self._row())
        time.sleep(0)  # whoever may come between does
        self._end(connection)

    def _row(self) -> dict[str, object]:
        return {"subject": self.subject, "ordinal": self.ordinal}

    def _end(self, connection: object) -> None:
        if self.fails:
            raise HostFailed
        if connection is None:
            _IN_MEMORY[self.subject][self.ordinal] += 1


class AwaitedHost(Host):
    """The same function of a host that awaits."""

    __slots__ = ()

    async def __call__(self, connection: AsyncConnection | None) -> None:
        _CALLED.append(self.subject)
        if connection is not None:
            await connection.execute(_SESSIONS.insert(), self._row())
        await checkpoint()  # whoever may come between does
        self._end(connection)


def host_for(adapter: Adapter, *, subject: str, ordinal: int, fails: bool = False) -> Host:
    """Return a function of the kind that the adapter's storage calls."""
    kind = AwaitedHost if adapter.driver else Host
    return kind(subject=subject, ordinal=ordinal, fails=fails)


def create_sessions(engine: sa.Engine | None) -> None:
    """Make the host's table; forget what is in memory."""
    _IN_MEMORY.clear()
    _CALLED.clear()
    if engine is not None:
        _METADATA.create_all(engine)


def sessions_of(engine: sa.Engine | None, subject: str) -> Counter[int]:
    """Return how many sessions were opened with each code."""
    if engine is None:
        return _IN_MEMORY[subject]
    query = sa.select(_SESSIONS.c.ordinal).where(_SESSIONS.c.subject == subject)
    with engine.connect() as connection:
        return Counter(connection.scalars(query).all())


def calls_of(subject: str) -> int:
    """Return how often a function was called in this process."""
    return _CALLED.count(subject)
