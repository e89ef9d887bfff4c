"""A redemption under a keyed hash on asyncio, against SQLAlchemy's asyncio alone."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from time import perf_counter

import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from benchmarks.account import Account
from benchmarks.bare_async import AsyncCoreRedemption
from benchmarks.race import Race
from recoverykit import AsyncRecoveryKit, CodeFormat, KeyedHasher, Keyring, Policy, RecoveryKit
from recoverykit.core.alphabet import Alphabet
from recoverykit.storage.sql import AsyncSQLStorage, SQLStorage
from recoverykit.storage.sql.engine import checked_url, options, set_up
from tests.conftest import running_server
from tests.servers import MariaDBServer, PostgreSQLServer

_LIMIT = 0.60
_ROUNDS = 300
_TASKS = 8
_FORMAT = CodeFormat(alphabet=Alphabet.CROCKFORD32, length=23, selector=True, check=True)
_SERVERS = {"postgresql": PostgreSQLServer, "mysql": MariaDBServer}


@pytest.fixture(
    params=[
        "sqlite+aiosqlite",
        pytest.param("postgresql+psycopg", marks=pytest.mark.server),
        pytest.param("postgresql+asyncpg", marks=pytest.mark.server),
        pytest.param("mysql+asyncmy", marks=pytest.mark.server),
    ],
)
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The addresses of one database: for the sync driver and for the asynchronous one."""
    driver = request.param
    name = driver.partition("+")[0]
    if name == "sqlite":
        path = tmp_path / "recoverykit.db"
        yield f"sqlite:///{path}", f"{driver}:///{path}"
        return
    with running_server(_SERVERS[name]()) as server, server.database() as url:
        awaited = make_url(url).set(drivername=driver)
        yield url, awaited.render_as_string(hide_password=False)


@pytest.fixture
def setting(urls: tuple[str, str]) -> Iterator["Setting"]:
    """Accounts in the database, and both ways to redeem of them."""
    with closing(Setting(*urls)) as setting:
        yield setting


class Setting:
    """Eight subjects for each way, in one database.

    Args:
        url: its address for the sync driver, with which the accounts are opened.
        awaited_url: its address for the asynchronous one.
    """

    def __init__(self, url: str, awaited_url: str) -> None:
        self.name = make_url(awaited_url).drivername
        self._loop = asyncio.Runner()
        self._engine = create_engine(url)
        self._awaited = _engine_like_ours(awaited_url)
        self._storage = AsyncSQLStorage(awaited_url)
        self._prepared = SQLStorage(url)
        self._prepared.create_tables()
        options = {
            "policy": Policy(format=_FORMAT, hasher=KeyedHasher()),
            "keyring": Keyring({"new": secrets.token_bytes(32)}),
        }
        self._sync_kit = RecoveryKit(self._prepared, **options)
        self._kit = AsyncRecoveryKit(self._storage, **options)
        self._ours = [self._account(f"ours-{n}") for n in range(_TASKS)]
        self._bare = [self._bare_redemption(f"bare-{n}") for n in range(_TASKS)]

    def ours(self, count: int) -> Callable[[], float]:
        """Redeem the first code of so many subjects at a time."""
        return self._timed([partial(self._redeem, account) for account in self._ours[:count]])

    def bare(self, count: int) -> Callable[[], float]:
        """Do the same without the library."""
        return self._timed([bare.run for bare in self._bare[:count]])

    def put_back(self) -> None:
        """Let every code be there again."""
        for account in self._ours:
            account.put_back()

    def close(self) -> None:
        """Close all connections."""
        self._loop.run(self._storage.close())
        self._loop.run(self._awaited.dispose())
        self._loop.close()
        self._engine.dispose()
        self._prepared.close()

    def _account(self, name: str) -> Account:
        return Account(self._sync_kit, self._prepared, name)

    def _bare_redemption(self, name: str) -> AsyncCoreRedemption:
        account = self._account(name)
        account.redeem(account.codes[0])
        return AsyncCoreRedemption(self._engine, self._awaited, name)

    async def _redeem(self, account: Account) -> None:
        await self._kit.redeem(account.subject, account.codes[0])

    def _timed(self, functions: Sequence[Callable[[], Awaitable[None]]]) -> Callable[[], float]:
        async def run() -> float:
            started = perf_counter()
            if len(functions) == 1:
                await functions[0]()
            else:
                await asyncio.gather(*(function() for function in functions))
            return perf_counter() - started

        return lambda: self._loop.run(run())


def _engine_like_ours(url: str) -> AsyncEngine:
    like_ours = options(checked_url(url, is_async=True))
    if like_ours["isolation_level"] == "AUTOCOMMIT":
        del like_ours["isolation_level"]  # ours starts its transactions itself
    engine = create_async_engine(url, **like_ours)
    set_up(engine.sync_engine)
    return engine


def test_one_at_a_time(race: Race, setting: Setting) -> None:
    """One redemption after the other, on one connection."""
    race.run_timed(
        setting.ours(1), bare={"Core": setting.bare(1)}, prepare=setting.put_back, rounds=_ROUNDS
    )
    name = f"{setting.name}, of SQLAlchemy's asynchronous rate"
    race.report(name, over="Core", is_rate=True, limit=_LIMIT)


def test_eight_at_a_time(race: Race, setting: Setting) -> None:
    """Eight tasks, each with a subject and a connection of its own."""
    race.run_timed(
        setting.ours(_TASKS),
        bare={"Core": setting.bare(_TASKS)},
        prepare=setting.put_back,
        rounds=_ROUNDS // 4,
    )
    name = f"{setting.name}, {_TASKS} tasks, of SQLAlchemy's asynchronous rate"
    race.report(name, over="Core", is_rate=True)
