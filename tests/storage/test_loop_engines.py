"""Engines for each event loop: which of them are open, and what a fork would take along."""

import asyncio

import pytest
from sqlalchemy import make_url

from recoverykit.errors import StorageError
from recoverykit.storage.sql.loop_engines import LoopEngines


async def get(engines):
    return engines.get()


@pytest.fixture
def loops():
    """Two event loops of one process."""
    loops = [asyncio.new_event_loop() for _ in range(2)]
    yield loops
    for loop in loops:
        loop.close()


def test_sqlite_is_in_use_until_the_last_loop_has_closed_it(tmp_path, loops):
    """A child that inherits a connection believes to hold its locks."""
    engines = LoopEngines(make_url(f"sqlite+aiosqlite:///{tmp_path / 'codes.db'}"))
    assert len(engines._none_yet()) == 0
    for loop in loops:
        loop.run_until_complete(get(engines))
    for loop in loops:
        with pytest.raises(StorageError) as caught:
            engines._none_yet()
        assert str(caught.value) == (
            "SQLite was in use when this process was forked: close the storage before, in the event"
            " loop that has used it"
        )
        loop.run_until_complete(engines.close())
    assert len(engines._none_yet()) == 0


def test_a_server_s_connections_are_no_matter_of_locks(loops):
    """They are told apart by the process that uses them."""
    engines = LoopEngines(make_url("postgresql+asyncpg://127.0.0.1/codes"))
    loops[0].run_until_complete(get(engines))
    assert len(engines._none_yet()) == 0


def test_each_loop_has_an_engine_of_its_own(tmp_path, loops):
    """The same one until it is closed, and another one afterwards."""
    engines = LoopEngines(make_url(f"sqlite+aiosqlite:///{tmp_path / 'codes.db'}"))
    first, second = (loop.run_until_complete(get(engines)) for loop in loops)
    assert first is not second
    assert loops[0].run_until_complete(get(engines)) is first
    loops[0].run_until_complete(engines.close())
    assert loops[0].run_until_complete(get(engines)) is not first
    assert loops[1].run_until_complete(get(engines)) is second
    for loop in loops:
        loop.run_until_complete(engines.close())
        loop.run_until_complete(engines.close())
