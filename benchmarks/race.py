"""A race: ours and the bare ways to do the same, in turns, so that a busy machine slows all."""

from collections.abc import Callable, Mapping
from functools import partial
from time import perf_counter

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.figure import Figure

_OURS = "ours"
_PATIENCE = 5  # times the rounds that were asked for
_WARM_UP = 8  # rounds; psycopg prepares a statement that it sees for the sixth time


class Race:
    """One race, over the `benchmark` fixture, which reports how long ours takes by the wall clock.

    Args:
        benchmark: the fixture. Where it is disabled everything runs once and nothing is judged.
        figures: where the figures of all races are collected.
    """

    def __init__(self, benchmark: BenchmarkFixture, figures: list[Figure]) -> None:
        self._benchmark = benchmark
        self._figures = figures
        self._laps: dict[str, list[float]] = {}
        self._round: Callable[[], object] = lambda: None

    def run(
        self,
        ours: Callable[[], object],
        *,
        bare: Mapping[str, Callable[[], object]],
        prepare: Callable[[], object] = lambda: None,
        rounds: int,
    ) -> None:
        """Let them run in turns.

        Args:
            ours: what the library does.
            bare: the bare ways by their names.
            prepare: what each round needs first; its time does not count.
            rounds: how often each of them runs, after a few rounds to warm up.
        """
        timed = {name: partial(_seconds_of, function) for name, function in bare.items()}
        self.run_timed(partial(_seconds_of, ours), bare=timed, prepare=prepare, rounds=rounds)

    def run_timed(
        self,
        ours: Callable[[], float],
        *,
        bare: Mapping[str, Callable[[], float]],
        prepare: Callable[[], object] = lambda: None,
        rounds: int,
    ) -> None:
        """Let them run in turns, as `run` does; each of them returns the seconds that count."""
        self._laps = {name: [] for name in (_OURS, *bare)}

        def run_bare() -> None:
            prepare()
            for name, function in bare.items():
                self._laps[name].append(function())

        def run_ours() -> None:
            self._laps[_OURS].append(ours())

        self._benchmark.pedantic(run_ours, setup=run_bare, rounds=rounds, warmup_rounds=_WARM_UP)
        for name, laps in self._laps.items():
            self._laps[name] = laps[-rounds:]

        def run_round() -> None:
            run_bare()
            run_ours()

        self._round = run_round

    def report(
        self, name: str, *, over: str, is_rate: bool = False, limit: float | None = None
    ) -> None:
        """Report one figure of the race; fail where what was promised was not kept.

        Where the machine is too busy to tell, the race goes on for a while. So what runs in it
        must still be there.

        Args:
            name: what was measured.
            over: the name of the bare way that ours is compared with.
            is_rate: see `Figure`.
            limit: see `Figure`.
        """
        if not self._benchmark.enabled:
            return
        rounds = len(self._laps[_OURS])
        figure = self._figure(name, over=over, is_rate=is_rate, limit=limit)
        while figure.is_open and len(figure.ours) < _PATIENCE * rounds:
            for _ in range(rounds):
                self._round()
            figure = self._figure(name, over=over, is_rate=is_rate, limit=limit)
        self._figures.append(figure)
        self._benchmark.extra_info.setdefault("figures", []).append(figure.to_dict())
        if not figure.is_kept:
            pytest.fail(f"{name}: {figure.ratio:.3f}, and promised was {figure.promise}")

    def _figure(self, name: str, *, over: str, is_rate: bool, limit: float | None) -> Figure:
        ours, bare = tuple(self._laps[_OURS]), tuple(self._laps[over])
        return Figure(name=name, ours=ours, bare=bare, is_rate=is_rate, limit=limit)


def _seconds_of(function: Callable[[], object]) -> float:
    """Return how long a function takes."""
    started = perf_counter()
    function()
    return perf_counter() - started
