"""A crowd that redeems at once, in a process of its own: how late the loop is, and its memory.

Run as a program it prints what it has measured, as JSON.
"""

import gc
import json
from argparse import ArgumentParser
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import perf_counter, thread_time

import anyio
from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import checkpoint

from benchmarks.bare import argon2id
from recoverykit import (
    Argon2idHasher,
    AsyncRecoveryKit,
    HashLimits,
    Overloaded,
    Policy,
    RecoveryKit,
    RedemptionRefused,
    Subject,
)
from recoverykit.limiter import Limiter
from recoverykit.storage import Change
from recoverykit.storage.memory import AsyncMemoryStorage, MemoryStorage

_TICK = 0.001  # seconds between two looks at the clock
_CODES = 10
_CHEAP = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)
_ACCEPTED = frozenset(
    {"A5-C-KDF", "N4-LS-RATE", "N4-SRC-THROTTLE", "N4-THR-100", "OCS-MFA-OTPHASH"}
)
_Job = Callable[[], Awaitable[object]]


async def lateness(jobs: list[_Job], seconds: float) -> list[float]:
    """Return how late the loop is for each millisecond, while every job is done over and over.

    A loop that stands still is late for all the milliseconds that it missed.
    """
    late: list[float] = []
    end = perf_counter() + seconds

    async def repeat(job: _Job) -> None:
        while perf_counter() < end:
            await job()

    async with anyio.create_task_group() as crowd:
        for job in jobs:
            crowd.start_soon(repeat, job)
        due = perf_counter() + _TICK
        while due < end:
            await anyio.sleep(max(0.0, due - perf_counter()))
            now = perf_counter()
            while due <= now:
                late.append(now - due)
                due += _TICK
        crowd.cancel_scope.cancel()
    return late


class Crowd:
    """Subjects who each try a code of theirs, all at a time.

    Args:
        size: how many they are.
        queue: how many calls may wait to hash.
    """

    def __init__(self, size: int, *, queue: int) -> None:
        storage = AsyncMemoryStorage()
        self.limits = HashLimits(queue=queue)
        self.kit = AsyncRecoveryKit(
            storage, policy=Policy(throttle=None, accept=_ACCEPTED), hashing=self.limits
        )
        memory = storage._memory  # noqa: SLF001
        self._guesses = [_stored(memory, f"user {number}") for number in range(size)]
        # A full pass of the collector over all that is imported takes 45 ms: whose heap it is,
        # theirs is the pause.
        gc.collect()
        gc.freeze()

    @property
    def jobs(self) -> list[_Job]:
        """What each of them does: a whole redemption, which is refused in the end and counted."""
        return [partial(self._guess, name, code) for name, code in self._guesses]

    async def _guess(self, name: str, code: str) -> None:
        try:
            await self.kit.redeem(name, code)
        except RedemptionRefused:
            return
        raise AssertionError("a code that nobody knows was right")

    @property
    def has_room(self) -> bool:
        """Whether a further call would find a place."""
        limiter = self.kit._runner._shell._limiter  # noqa: SLF001
        return limiter._desk.get()._calls < limiter._places  # noqa: SLF001

    async def seconds_until_overloaded(self) -> float:
        """Return how long a call takes that finds all places taken."""
        name, code = self._guesses[0]
        started = perf_counter()
        try:
            await self.kit.redeem(name, code)
        except Overloaded:
            return perf_counter() - started
        except RedemptionRefused:
            return 0.0  # a place came free in between
        raise AssertionError("a code that nobody knows was right")


def _stored(storage: MemoryStorage, name: str) -> tuple[str, str]:
    """Store codes that nobody knows, as if they had been hashed at the full cost."""
    subject = Subject(name)
    policy = Policy(count=_CODES, hasher=_CHEAP, throttle=None, accept=_ACCEPTED)
    code = RecoveryKit(storage, policy=policy).issue(subject).codes[0]
    record = storage.load(subject)
    assert record is not None
    dear = record.document.replace("$m=8,t=1,p=1,", "$m=19456,t=2,p=1,")
    change = Change(
        expected=record.revision, revision="dear", document=dear, events=(), summary=None
    )
    assert storage.commit(subject, change)
    return name, code


async def measure_lag(size: int, seconds: float, rounds: int) -> dict[str, list[float]]:
    """Measure the loop's lateness, in turns: alone, beside as many bare hashes, and beside ours."""
    crowd = Crowd(size, queue=size)
    threads = CapacityLimiter(Limiter(crowd.limits).concurrency)
    bare: list[_Job] = [partial(to_thread.run_sync, argon2id, limiter=threads)] * size
    late: dict[str, list[float]] = {"idle": [], "bare": [], "ours": []}
    for _ in range(rounds):
        for name, jobs in {"idle": [], "bare": bare, "ours": crowd.jobs}.items():
            late[name] += await lateness(jobs, seconds)
    return late


async def measure_turns(size: int) -> dict[str, list[float]]:
    """Measure the CPU time between two turns of the loop, while a crowd comes together and goes.

    It is how late the loop would be on a machine that has nothing else to do.
    """
    crowd, turns = Crowd(size, queue=size), list[float]()
    going = size

    async def leave(job: _Job) -> None:
        nonlocal going
        await job()
        going -= 1

    async with anyio.create_task_group() as group:
        for job in crowd.jobs:
            group.start_soon(leave, job)
        while going:
            started = thread_time()
            await checkpoint()
            turns.append(thread_time() - started)
    return {"turns": turns}


async def measure_overload(size: int, calls: int) -> dict[str, list[float]]:
    """Measure how long it takes to be turned away, while every place is taken."""
    crowd = Crowd(size, queue=size - Limiter(HashLimits()).concurrency)
    took: list[float] = []
    async with anyio.create_task_group() as group:
        for job in crowd.jobs:
            group.start_soon(_for_ever, job)
        while crowd.has_room:  # noqa: ASYNC110 - nobody tells
            await anyio.sleep(_TICK)
        while len(took) < calls:
            if not crowd.has_room:
                took.append(await crowd.seconds_until_overloaded())
            await anyio.sleep(_TICK)
        group.cancel_scope.cancel()
    return {"overloaded": took}


async def _for_ever(job: _Job) -> None:
    while True:
        with suppress(Overloaded):
            await job()


async def measure_memory(size: int) -> dict[str, list[float]]:
    """Measure the highest resident memory of the process before and after a crowd, in MiB."""
    crowd = Crowd(size, queue=size)
    idle = _peak_mib()
    async with anyio.create_task_group() as group:
        for job in crowd.jobs:
            group.start_soon(job)
    return {"idle": [idle], "peak": [_peak_mib()]}


def _peak_mib() -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("what", choices=["lag", "memory", "overload", "turns"])
    parser.add_argument("--backend", default="asyncio")
    parser.add_argument("--size", type=int)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.0)
    asked = parser.parse_args()
    measure = {
        "lag": lambda: measure_lag(asked.size, asked.seconds, asked.rounds),
        "turns": lambda: measure_turns(asked.size),
        "memory": lambda: measure_memory(asked.size),
        "overload": lambda: measure_overload(asked.size, asked.rounds),
    }[asked.what]
    print(json.dumps(anyio.run(measure, backend=asked.backend)))  # noqa: T201 - it is asked to


if __name__ == "__main__":
    main()
