"""The adapters that contend: which kit, on which event loop, over which storage and driver."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

ROUNDS = int(os.environ.get("RECOVERYKIT_RACE_ROUNDS", "200"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """A kit and a storage on one kind of database.

    Attributes:
        database: the kind of database, or "memory".
        backend: AnyIO's name of the event loop; None for the sync kit, whose callers are threads.
        driver: what is awaited, "memory" or a driver; None where the storage is a sync one.
        loops: on how many event loops, each in a thread, one kit is used.
    """

    database: str
    backend: str | None = None
    driver: str | None = None
    loops: int = 1

    def __str__(self) -> str:
        if self.backend is None:
            return f"{self.database}-called"
        loops = f"-{self.loops}" if self.loops > 1 else ""
        return f"{self.database}-{self.backend}-{self.driver or 'threads'}{loops}"

    @property
    def is_first(self) -> bool:
        """Whether it is the sync kit on a database, which races longest and with the most."""
        return self.backend is None and self.is_shared

    @property
    def is_shared(self) -> bool:
        """Whether processes share what it stores."""
        return self.database != "memory"

    @property
    def threads(self) -> int:
        """How many contend in one process, as threads or as tasks.

        A sync storage has 15 threads of its kit's, and all who meet in its loads must fit in.
        """
        return 16 if self.is_first else 14

    @property
    def processes(self) -> int:
        """How many further processes contend, by one thread or task each."""
        if not self.is_shared:
            return 0
        return 8 if self.is_first else 2

    def rounds(self, of: int) -> int:
        """Return how many rounds a race has that has so many where there are 200 in all.

        The others than the first have 100 at most, and in a short run half of their share: there
        are five of them for each first.
        """
        if self.is_first:
            return max(2, of * ROUNDS // 200)
        return max(2, min(of, 100) * ROUNDS // (200 if ROUNDS >= 200 else 400))


CALLED = tuple(Adapter(database=each) for each in ("sqlite", "postgresql", "mariadb"))
ADAPTERS = (
    *CALLED,
    *(
        Adapter(database=database, backend="asyncio", driver=driver)
        for database, driver in (
            ("sqlite", "aiosqlite"),
            ("postgresql", "psycopg"),
            ("postgresql", "asyncpg"),
            ("mariadb", "asyncmy"),
        )
    ),
    *(
        Adapter(database=each.database, backend=backend)
        for each in CALLED
        for backend in ("asyncio", "trio")
    ),
    Adapter(database="memory"),
    *(
        Adapter(database="memory", backend=backend, driver=driver)
        for backend in ("asyncio", "trio")
        for driver in (None, "memory")
    ),
)
# All that are awaited: a loop has its own connections, locks and threads, and shares the rest.
ON_LOOPS = tuple(replace(each, loops=3) for each in ADAPTERS if each.backend)


def parameters(adapters: Iterable[Adapter]) -> Iterator[Any]:
    """Return pytest's parameters, each named after its adapter."""
    for each in adapters:
        marks = [pytest.mark.server] if each.database in {"postgresql", "mariadb"} else []
        yield pytest.param(each, id=str(each), marks=marks)
