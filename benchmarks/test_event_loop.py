"""The event loop under a crowd of redemptions: how late it is, how much memory, who is refused."""

import json
import subprocess
import sys
from collections.abc import Sequence

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.reading import Reading
from recoverykit import HashLimits
from recoverykit.limiter import Limiter

_LAG_MS = 10.0
_OVERLOADED_MS = 5.0
_SPARE_MIB = 64.0
_HASH_MIB = 19.0
_BACKENDS = ["asyncio", "trio"]


def _measured(*arguments: object) -> dict[str, list[float]]:
    """Run the crowd in a process of its own: memory that was once used stays with a process."""
    command = [sys.executable, "-m", "benchmarks.crowd", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    measured: dict[str, list[float]] = json.loads(done.stdout)
    return measured


def _percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


@pytest.fixture
def judge(benchmark: BenchmarkFixture, readings: list[Reading]):
    """Report a reading, and fail where what was promised was not kept."""

    def judge(reading: Reading) -> None:
        if benchmark.enabled:
            readings.append(reading)
            assert reading.is_kept

    return judge


@pytest.mark.parametrize("backend", _BACKENDS)
def test_lag(benchmark: BenchmarkFixture, judge, backend: str) -> None:
    """With 200 redemptions in flight the loop is hardly later than beside 200 bare hashes."""
    size, seconds, rounds = (200, 4, 4) if benchmark.enabled else (8, 0.2, 1)
    arguments = ("--size", size, "--seconds", seconds, "--rounds", rounds, "--backend", backend)
    late = benchmark.pedantic(_measured, args=("lag", *arguments))
    for control in ("idle", "bare"):
        judge(
            Reading(
                name=f"{backend}: 99th percentile of the loop's lateness, over {control}",
                value=1e3 * _percentile(late["ours"], 0.99),
                control=1e3 * _percentile(late[control], 0.99),
                unit="ms",
                limit=_LAG_MS,
            )
        )


@pytest.mark.parametrize("backend", _BACKENDS)
def test_turns(benchmark: BenchmarkFixture, judge, backend: str) -> None:
    """However busy the machine is with other things, the loop turns soon: 200 come together."""
    size = 200 if benchmark.enabled else 8
    turns = benchmark.pedantic(_measured, args=("turns", "--size", size, "--backend", backend))
    judge(
        Reading(
            name=f"{backend}: longest CPU time between two turns of the loop",
            value=1e3 * max(turns["turns"]),
            control=0.0,
            unit="ms",
            limit=_LAG_MS,
        )
    )


@pytest.mark.parametrize("backend", _BACKENDS)
def test_memory(benchmark: BenchmarkFixture, judge, backend: str) -> None:
    """A thousand redemptions at a time need the limiter's hashes, and little else."""
    size = 1_000 if benchmark.enabled else 8
    mib = benchmark.pedantic(_measured, args=("memory", "--size", size, "--backend", backend))
    judge(
        Reading(
            name=f"{backend}: resident memory at 1,000 redemptions, over idle",
            value=mib["peak"][0],
            control=mib["idle"][0],
            unit="MiB",
            limit=Limiter(HashLimits()).concurrency * _HASH_MIB + _SPARE_MIB,
        )
    )


@pytest.mark.parametrize("backend", _BACKENDS)
def test_overloaded(benchmark: BenchmarkFixture, judge, backend: str) -> None:
    """Who finds no place is told at once."""
    arguments = ("--size", 66, "--rounds", 100 if benchmark.enabled else 1, "--backend", backend)
    took = benchmark.pedantic(_measured, args=("overload", *arguments))
    judge(
        Reading(
            name=f"{backend}: median time until a call is refused",
            value=1e3 * _percentile(took["overloaded"], 0.5),
            control=0.0,
            unit="ms",
            limit=_OVERLOADED_MS,
        )
    )
