"""What the application on an event loop does differently: its threads and its drivers."""

import threading

import anyio
import pytest
from argon2 import PasswordHasher

from examples.fastapi_host.hashing import PasswordThreads, TooManyWait
from examples.host import database


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("sqlite:///host.db", "sqlite+aiosqlite"),
        ("postgresql://", "postgresql+psycopg"),
        ("postgresql+psycopg://", "postgresql+psycopg"),
        ("postgresql+asyncpg://", "postgresql+asyncpg"),
        ("mysql+pymysql://", "mysql+asyncmy"),
        ("mariadb+pymysql://", "mariadb+asyncmy"),
    ],
)
def test_a_driver_is_awaited(given, taken):
    """Both applications take the same address of a database."""
    engine = database.open_async_engine(given)
    assert engine.url.drivername == taken
    assert engine.dialect.is_async


class Watched:
    """A user who sees in which thread the hash is looked at."""

    def __init__(self):
        self.threads = set()

    @property
    def password_hash(self):
        self.threads.add(threading.get_ident())
        return PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash("x")


def test_passwords_are_hashed_in_a_bounded_way():
    """Some at a time and some waiting; the next one is turned away before it costs anything."""
    results = []

    async def verify(threads):
        try:
            results.append(await threads.is_password_of(Watched(), "x"))
        except TooManyWait:
            results.append("too many")

    async def verify_all():
        threads = PasswordThreads(at_a_time=2, queue=3)
        async with anyio.create_task_group() as tasks:
            for _ in range(6):
                tasks.start_soon(verify, threads)
        await verify(threads)

    anyio.run(verify_all)
    # Whoever is turned away knows at once; afterwards there is room again.
    assert results == ["too many"] + [True] * 6


def test_passwords_are_not_hashed_on_the_loop():
    """Other requests are answered in the meantime."""
    watched = Watched()
    assert anyio.run(PasswordThreads().is_password_of, watched, "x")
    assert threading.get_ident() not in watched.threads
    assert len(watched.threads) == 1
