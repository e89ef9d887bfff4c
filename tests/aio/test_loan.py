"""A host's function on a connection that is lent: cancelled once, and never half believed."""

import asyncio
from functools import partial

import anyio
import pytest

from recoverykit import AsyncRecoveryKit
from tests.aio.benches import SQLBench, opened
from tests.aio.deeds import quick

_PATIENCE = 30  # seconds, for what takes milliseconds


class Away(BaseException):
    """What a host raises that is no `Exception`."""


@pytest.fixture
def run(tmp_path):
    """Run a test of a bench, a kit and Alice's codes on asyncio."""

    def run(test):
        async def main():
            make_bench = partial(SQLBench, f"sqlite:///{tmp_path / 'codes.db'}", driver="aiosqlite")
            async with opened(make_bench()) as bench:
                kit = AsyncRecoveryKit(bench.storage, policy=quick())
                issued = await kit.issue("alice")
                with anyio.fail_after(_PATIENCE):
                    await test(bench, kit, issued.codes)
                bench.assert_idle()

        anyio.run(main)

    return run


@pytest.mark.parametrize("error", [Away(), LookupError(), asyncio.CancelledError()])
def test_what_the_function_raises_passes_through(run, error):
    """Unchanged, in no group, and the code is unspent."""

    async def test(bench, kit, codes):
        async def within(connection):
            await bench.within("alice")(connection)
            raise error

        with pytest.raises(type(error)):
            await kit.redeem("alice", codes[0], within=within)
        assert bench.rows_of("alice") == 0
        assert (await kit.status("alice")).remaining == 3

    run(test)


@pytest.mark.parametrize("with_scope", [True, False])
def test_a_function_that_swallows_its_cancellation_changes_nothing(run, with_scope):
    """The caller is cancelled all the same, and nothing is committed."""

    async def test(bench, kit, codes):
        async def within(connection):
            await bench.within("alice")(connection)
            reached.set()
            try:
                await asyncio.sleep(_PATIENCE)
            except asyncio.CancelledError:
                swallowed.append(1)

        async def call():
            with scope:
                await kit.redeem("alice", codes[0], within=within)

        reached, swallowed, scope = asyncio.Event(), [], anyio.CancelScope()
        task = asyncio.create_task(call())
        await reached.wait()
        (scope if with_scope else task).cancel()
        await asyncio.wait([task])
        assert task.cancelled() is not with_scope
        assert swallowed == [1]
        assert bench.rows_of("alice") == 0
        assert (await kit.status("alice")).remaining == 3

    run(test)


def test_who_waits_for_a_connection_is_let_go_at_once(run):
    """The pool may be exhausted for long: nothing has begun that would have to be waited for."""

    async def test(bench, kit, codes):
        async with bench.host.connect():
            task = asyncio.create_task(kit.redeem("alice", codes[0]))
            await anyio.wait_all_tasks_blocked()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
        assert (await kit.status("alice")).remaining == 3

    run(test)
