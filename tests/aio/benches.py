"""Benches: an asynchronous kit's storage of each kind, and a second way to what it stores."""

import contextlib
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from recoverykit.core.subject import Subject
from recoverykit.storage import AnyStorage, Change, Record, SetState, Storage, Summary
from recoverykit.storage.memory import AsyncMemoryStorage, MemoryStorage
from recoverykit.storage.sql import AsyncSQLStorage, SQLStorage, define_tables

_PLAIN = Summary(
    state=SetState.NONE,
    remaining=0,
    issued_at=None,
    last_used_at=None,
    expires_at=None,
    retry_at=None,
    key_ids=(),
    seal_key_id=None,
)
# Elsewhere nobody waits for a lock that the storage under test still holds.
_IMPATIENT = {
    "sqlite": {"timeout": 0},
    "postgresql": {"options": "-c lock_timeout=2s"},
    "mysql": {"init_command": "SET innodb_lock_wait_timeout = 2"},
}


class Bench(ABC):
    """A storage under test, and the same documents seen from elsewhere.

    Attributes:
        storage: the one under test.
        elsewhere: another one over the same documents.
    """

    storage: AnyStorage
    elsewhere: Storage

    async def close(self) -> None:
        """Close all connections."""
        await self.cool()

    @abstractmethod
    async def cool(self) -> None:
        """Let the next call connect anew."""

    @abstractmethod
    def within(self, owner: str) -> Callable[[object], object]:
        """Return a function of a host's that writes a row of the owner's."""

    @abstractmethod
    def rows_of(self, owner: str) -> int:
        """Count the rows of an owner."""

    @abstractmethod
    def events_of(self, subject: Subject) -> int:
        """Count the events of a subject."""

    @abstractmethod
    def assert_idle(self) -> None:
        """Fail if a connection is out, or a lock is held."""

    def settled(self, subject: Subject) -> tuple[Record | None, int]:
        """Return what is stored, and how many events, once nothing older can land any more.

        That is so when another writer has committed: at once, while the event loop stands still.
        """
        while True:
            record, events = self.elsewhere.load(subject), self.events_of(subject)
            if self._can_write(subject, record):
                return record, events

    def _can_write(self, subject: Subject, record: Record | None) -> bool:
        if record is not None:
            return self.elsewhere.commit(subject, _rewriting(record))
        held = replace(_rewriting(Record(revision="", document="{}")), expected=None)
        erased = Change(expected=held.revision, revision="", document=None, events=(), summary=None)
        return self.elsewhere.commit(subject, held) and self.elsewhere.commit(subject, erased)


class MemoryBench(Bench):
    """Documents in memory."""

    def __init__(self) -> None:
        self.storage: AsyncMemoryStorage = AsyncMemoryStorage()
        self.elsewhere: MemoryStorage = self.storage._memory
        self._rows: list[str] = []

    async def cool(self):
        """There is nothing to connect to."""

    def within(self, owner):
        async def write(_):
            self._rows.append(owner)

        return write

    def rows_of(self, owner):
        return self._rows.count(owner)

    def events_of(self, subject):
        return len(self.storage.events(subject))

    def assert_idle(self):
        assert not self.storage._turn.get().statistics().locked


class LosingBench(MemoryBench):
    """Documents in memory, on which the first commit of each subject's is lost."""

    def __init__(self) -> None:
        super().__init__()
        subjects, commit = set(), self.storage.commit

        async def lose_first(subject, change):
            if subject in subjects:
                return await commit(subject, change)
            subjects.add(subject)
            return False

        self.storage.commit = lose_first


class SQLBench(Bench):
    """Documents in a database, under a storage that is awaited or runs in threads.

    Args:
        url: the address of the database, for the driver that is not awaited.
        prefix: what the names of the tables begin with.
        driver: the one that is awaited; None for a storage that runs in threads.
        is_ours: whether the storage makes its engine from the URL.

    Attributes:
        host: the engine of the host's; None where it has none.
    """

    def __init__(
        self, url: str, *, prefix: str = "", driver: str | None = None, is_ours: bool = False
    ) -> None:
        address = sa.make_url(url)
        kind = address.get_backend_name()
        self._engine = sa.create_engine(address, connect_args=_IMPATIENT[kind])
        _make_fast(self._engine)
        self.elsewhere: SQLStorage = SQLStorage(self._engine, prefix=prefix)
        self.elsewhere.create_tables()
        self.host: AsyncEngine | None = None
        if driver is None:
            self.storage: SQLStorage | AsyncSQLStorage = SQLStorage(address, prefix=prefix)
        else:
            address = address.set(drivername=f"{kind}+{driver}")
            if not is_ours:
                self.host = create_async_engine(address, pool_size=1, max_overflow=0)
                _make_fast(self.host.sync_engine)
            self.storage = AsyncSQLStorage(self.host or address, prefix=prefix)
        metadata = sa.MetaData()
        self._events = define_tables(metadata, prefix=prefix).events
        owner = sa.Column("owner", sa.String(40), nullable=False)
        self._logins = sa.Table(f"{prefix}logins", metadata, owner)
        self._logins.create(self._engine)

    async def close(self):
        await self.cool()
        self._engine.dispose()

    async def cool(self):
        if self.host is not None:
            await self.host.dispose()
        elif isinstance(self.storage, AsyncSQLStorage):
            await self.storage.close()
        else:
            self.storage.close()

    def within(self, owner):
        statement = sa.insert(self._logins).values(owner=owner)

        async def write(connection):
            await connection.execute(statement)

        def write_at_once(connection):
            connection.execute(statement)

        return write if isinstance(self.storage, AsyncSQLStorage) else write_at_once

    def rows_of(self, owner):
        return self._count(self._logins, self._logins.c.owner == owner)

    def events_of(self, subject):
        return self._count(self._events, self._events.c.subject == subject.id)

    def assert_idle(self):
        assert self.storage._engine().pool.checkedout() == 0

    def _count(self, table, where):
        with self._engine.connect() as connection:
            statement = sa.select(sa.func.count()).select_from(table).where(where)
            return connection.execute(statement).scalar_one()


@contextlib.asynccontextmanager
async def opened(bench: Bench):
    """Close a bench in the end."""
    try:
        yield bench
    finally:
        await bench.close()


def _make_fast(engine: sa.Engine) -> None:
    """Let SQLite not wait for the disk."""
    if engine.dialect.name == "sqlite":

        @sa.event.listens_for(engine, "connect")
        def relax(connection, _):
            with contextlib.closing(connection.cursor()) as cursor:
                cursor.execute("PRAGMA synchronous = OFF")


def _rewriting(record: Record) -> Change:
    """Return a change that writes the same document."""
    seal = record.document.removeprefix('{"seal":"')
    is_sealed = seal != record.document
    return Change(
        expected=record.revision,
        revision=record.revision if is_sealed else secrets.token_hex(16),  # a seal is bound to it
        document=record.document,
        events=(),
        summary=replace(_PLAIN, seal_key_id=seal.partition("$")[0] if is_sealed else None),
    )
