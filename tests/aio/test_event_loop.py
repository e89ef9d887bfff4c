"""The event loop and the hashes: never on the loop, never too many, and nobody waits unheard."""

import asyncio
import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest
from anyio.lowlevel import checkpoint

from recoverykit import Argon2idHasher, AsyncRecoveryKit, HashLimits, NoActiveCodes, Overloaded
from recoverykit.storage.memory import AsyncMemoryStorage
from tests.aio.deeds import quick

_PATIENCE = 30  # seconds, for what takes milliseconds

on_both = pytest.mark.parametrize("backend", ["asyncio", "trio"])


class Hashes:
    """Hashes that wait at a gate, and what is known of them."""

    def __init__(self, derive):
        self._derive = derive
        self._changed = threading.Condition()
        self.gate = threading.Event()
        self.gate.set()
        self.running = self.peak = 0
        self.threads = set()

    def derive(self, hasher, secret, salt):
        with self._changed:
            self.running += 1
            self.peak = max(self.peak, self.running)
            self.threads.add(threading.current_thread())
            self._changed.notify_all()
        assert self.gate.wait(_PATIENCE)
        with self._changed:
            self.running -= 1
        return self._derive(hasher, secret, salt)

    async def wait_for(self, running):
        with anyio.fail_after(_PATIENCE):
            while self.running < running:  # noqa: ASYNC110 - a thread counts
                await anyio.sleep(0.001)


@pytest.fixture
def hashes(monkeypatch):
    hashes = Hashes(Argon2idHasher.derive)

    def derive(hasher, secret, salt):
        return hashes.derive(hasher, secret, salt)

    monkeypatch.setattr(Argon2idHasher, "derive", derive)
    yield hashes
    hashes.gate.set()


def a_kit(storage=None, **limits):
    storage = storage or AsyncMemoryStorage()
    return AsyncRecoveryKit(storage, policy=quick(), hashing=HashLimits(**limits))


async def guess(kit, name="nobody"):
    """One hash, and nothing is written."""
    with pytest.raises(NoActiveCodes):
        await kit.redeem(name, "00000-00000-00000")


@on_both
def test_no_hash_runs_on_the_loop_or_in_its_default_executor(backend, hashes):
    """A host's own work in the executor does not wait for hashes, nor do hashes for it."""

    class Executor(ThreadPoolExecutor):
        def submit(self, *_, **__):
            raise AssertionError("the default executor was asked")

    async def main():
        if backend == "asyncio":
            asyncio.get_running_loop().set_default_executor(Executor())
        kit = a_kit()
        issued = await kit.issue("alice")
        await kit.redeem("alice", issued.codes[0])

    anyio.run(main, backend=backend)
    assert hashes.threads
    assert threading.current_thread() not in hashes.threads


@on_both
def test_who_finds_no_place_is_told_at_once(backend, hashes):
    """While all hashes stand still; and the others are answered when they go on."""

    async def main():
        kit = a_kit(concurrency=2, queue=3)
        hashes.gate.clear()
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(guess, kit)
            await hashes.wait_for(running=2)
            await anyio.wait_all_tasks_blocked()
            with anyio.fail_after(_PATIENCE), pytest.raises(Overloaded):
                await kit.redeem("nobody", "00000-00000-00000")
            hashes.gate.set()
        await guess(kit)
        assert hashes.peak == 2

    anyio.run(main, backend=backend)


@on_both
def test_the_queue_counts_calls_and_not_hashes(backend, hashes):
    """An issue of many codes takes one place."""

    async def main():
        kit = a_kit(concurrency=1, queue=1)
        hashes.gate.clear()
        async with anyio.create_task_group() as group:
            group.start_soon(kit.issue, "alice")
            group.start_soon(kit.issue, "bob")
            await hashes.wait_for(running=1)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(Overloaded):
                await kit.issue("carol")
            hashes.gate.set()
        assert hashes.peak == 1

    anyio.run(main, backend=backend)


def test_the_limits_hold_for_all_loops_of_a_process(hashes):
    """Two loops in two threads share the slots and the places of a kit."""
    kit = a_kit(concurrency=1, queue=1)
    begun = threading.Barrier(2)

    async def crowd():
        begun.wait(_PATIENCE)
        outcomes = []

        async def call():
            try:
                await guess(kit)
            except Overloaded:
                outcomes.append("overloaded")
            else:
                outcomes.append("judged")

        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(call)
            while len(outcomes) < 2:  # noqa: ASYNC110 - threads answer
                await anyio.sleep(0.001)
            everybody.wait(_PATIENCE)
            hashes.gate.set()
        return outcomes

    # Four calls on each loop, and two places: at least two of each four are turned away.
    everybody = threading.Barrier(2)
    hashes.gate.clear()
    with ThreadPoolExecutor(2) as threads:
        loops = [
            threads.submit(anyio.run, crowd, backend=backend) for backend in ("asyncio", "trio")
        ]
        outcomes = [outcome for loop in loops for outcome in loop.result(_PATIENCE)]
    assert hashes.peak == 1
    assert outcomes.count("judged") == 2


@on_both
def test_who_is_cancelled_waits_for_the_hash_and_keeps_the_place(backend, hashes):
    """Or a host that gives up and tries again would hash more at a time than it may."""

    async def main():
        kit = a_kit(concurrency=1, queue=0)
        hashes.gate.clear()
        ended = []

        async def give_up():
            # On Trio what is done when its thread ends needs not be cancelled any more.
            with scope, contextlib.suppress(NoActiveCodes):
                await kit.redeem("nobody", "00000-00000-00000")
            ended.append(hashes.running)

        scope = anyio.CancelScope()
        async with anyio.create_task_group() as group:
            group.start_soon(give_up)
            await hashes.wait_for(running=1)
            scope.cancel()
            for _ in range(20):
                await checkpoint()
            assert not ended
            with pytest.raises(Overloaded):
                await kit.redeem("nobody", "00000-00000-00000")
            hashes.gate.set()
        assert ended == [0]
        await guess(kit)

    anyio.run(main, backend=backend)


@on_both
def test_the_loop_turns_while_many_calls_come_together(backend, hashes):
    """Hundreds of calls at once do not hold up what else the loop has to do."""
    loads = []

    class Storage(AsyncMemoryStorage):
        async def load(self, subject):
            loads.append(turns)
            return await super().load(subject)

    async def main():
        nonlocal turns
        kit = a_kit(Storage(), concurrency=1, queue=100)
        async with anyio.create_task_group() as group:
            for number in range(60):
                group.start_soon(guess, kit, f"nobody {number}")
            while len(loads) < 60:
                turns += 1
                await checkpoint()

    turns = 0
    anyio.run(main, backend=backend)
    assert max(map(loads.count, loads)) <= 8
