"""Cancellation at every moment of every call: nothing half done, nothing held, no lie later."""

import contextlib
from functools import partial

import anyio
import pytest

from recoverykit import Argon2idHasher
from tests.aio.benches import LosingBench, MemoryBench, SQLBench, opened
from tests.aio.deeds import DEEDS, Erase, Issue, Redeem, RedeemWithin, RedeemWrong, Reseal
from tests.aio.moments import Way
from tests.aio.sweeps import Gauge, Sweep

# AnyIO does not close what its task was to run where the task is cancelled before it begins.
pytestmark = pytest.mark.filterwarnings(
    "ignore:coroutine '(in_threads|to_the_end).* was never awaited"
)

DRIVERS = [
    pytest.param("aiosqlite", "sqlite", id="aiosqlite"),
    pytest.param("psycopg", "postgresql", id="psycopg", marks=pytest.mark.server),
    pytest.param("asyncpg", "postgresql", id="asyncpg", marks=pytest.mark.server),
    pytest.param("asyncmy", "mariadb", id="asyncmy", marks=pytest.mark.server),
]
DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.server)]
WAYS = {"asyncio": tuple(Way), "trio": (Way.SCOPE, Way.LATE)}
FORKED = (Way.NATIVE, Way.LATE, Way.TIMEOUT, Way.SCOPE)  # whoever cancels knows the call alone

every_deed = pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
on_both = pytest.mark.parametrize("backend", WAYS)
on_every_driver = pytest.mark.parametrize(("driver", "kind"), DRIVERS)


@pytest.fixture
def sweep(monkeypatch, request):
    """Cancel a deed everywhere, in each of some ways, and record at how many moments."""
    gauge = Gauge(Argon2idHasher.derive)

    def derive(hasher, secret, salt):
        return gauge.derive(hasher, secret, salt)

    monkeypatch.setattr(Argon2idHasher, "derive", derive)

    def run(make_bench, deed, ways, *, backend="asyncio", again=(), is_cold=False):
        async def main():
            async with opened(make_bench()) as bench:
                sweep = Sweep(deed, bench, gauge, is_cold=is_cold)
                for way in ways:
                    moments = await sweep.cancel_everywhere(way, again=again)
                    request.node.user_properties.append((way.name, moments))

        anyio.run(main, backend=backend)

    return run


@pytest.fixture
def address_of(request, tmp_path):
    """Return the address of an empty database of a kind."""
    with contextlib.ExitStack() as databases:

        def address_of(kind):
            if kind == "sqlite":
                return f"sqlite:///{tmp_path / 'codes.db'}"
            server = request.getfixturevalue(f"{kind}_server")
            return databases.enter_context(server.database())

        yield address_of


@every_deed
@on_both
def test_in_memory(sweep, backend, deed):
    """Whoever cancels, and whichever loop it is."""
    sweep(MemoryBench, deed, WAYS[backend], backend=backend)


@pytest.mark.parametrize("deed", [Redeem, Issue])
@on_both
def test_after_a_lost_commit(sweep, backend, deed):
    """The pause before the next try is a moment as well."""
    sweep(LosingBench, deed, WAYS[backend], backend=backend)


@every_deed
@on_every_driver
def test_on_an_engine_of_the_hosts(sweep, address_of, driver, kind, deed):
    """Every driver, on a connection that has been used before."""
    ways = FORKED if kind == "sqlite" or deed is RedeemWithin else (Way.NATIVE, Way.SCOPE)
    sweep(partial(SQLBench, address_of(kind), driver=driver), deed, ways)


@pytest.mark.parametrize("deed", [RedeemWithin, Issue])
@on_every_driver
def test_while_connecting(sweep, address_of, driver, kind, deed):
    """Every driver, on an engine of the storage's own that has no connection yet."""
    make_bench = partial(SQLBench, address_of(kind), driver=driver, is_ours=True)
    sweep(make_bench, deed, (Way.NATIVE, Way.LATE, Way.SCOPE), is_cold=True)


@pytest.mark.parametrize("deed", [RedeemWithin, RedeemWrong, Issue, Erase, Reseal])
@pytest.mark.parametrize("kind", DATABASES)
@on_both
def test_a_storage_in_threads(sweep, address_of, backend, kind, deed):
    """A caller waits for the thread that works for it."""
    ways = (Way.NATIVE, Way.TIMEOUT, Way.SCOPE) if backend == "asyncio" else WAYS["trio"]
    sweep(partial(SQLBench, address_of(kind)), deed, ways, backend=backend)


@pytest.mark.parametrize("deed", [RedeemWithin, Issue])
@pytest.mark.parametrize("way", [Way.NATIVE, Way.TIMEOUT, Way.SCOPE])
def test_twice(sweep, address_of, way, deed):
    """A second cancellation does not interrupt what cleans up after the first one."""
    sweep(MemoryBench, deed, (way,), again=(1, 2, 3))
    sweep(
        partial(SQLBench, address_of("sqlite"), driver="aiosqlite"), deed, (way,), again=(1, 2, 4)
    )


@on_every_driver
def test_twice_within(sweep, address_of, driver, kind):
    """Nor on any driver."""
    make_bench = partial(SQLBench, address_of(kind), driver=driver)
    sweep(make_bench, RedeemWithin, (Way.NATIVE,), again=(1, 2, 3))
