"""Measure what the time of a refusal tells: ``python -m benchmarks.timing --samples 10000``."""

import argparse
import gc
import json
import os
import platform
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import TypeAlias

from benchmarks.refusals import Kind, Refusals, Shelf
from benchmarks.welch import ts_of
from recoverykit.storage import Storage
from recoverykit.storage.sql import SQLStorage
from tests.servers import PostgreSQLServer

Times: TypeAlias = Mapping[Kind, Sequence[int]]

_WARM_UP = 50  # of each kind, not kept
_ROUNDS_TO_COLLECT = 250


def measured(storage: Storage, *, samples: int) -> Times:
    """Return so many times of each kind of refusal, in nanoseconds; fewer, when interrupted.

    They are taken round by round, each round in a random order: whatever slows the machine for a
    while slows all kinds alike.
    """
    refusals = Refusals(storage)
    times: dict[Kind, list[int]] = {kind: [] for kind in Kind}
    for kind in [*Kind] * min(_WARM_UP, samples):
        refusals.time(kind)
    gc.collect()
    gc.disable()  # a collection would fall on whoever comes next
    try:
        for number in range(samples):
            for kind in random.sample([*Kind], len(Kind)):
                times[kind].append(refusals.time(kind))
            if number % _ROUNDS_TO_COLLECT == 0:
                gc.collect()
    except KeyboardInterrupt:
        least = min(map(len, times.values()))
        times = {kind: found[:least] for kind, found in times.items()}
    finally:
        gc.enable()
    return times


def report(name: str, times: Times) -> Iterator[str]:
    """Tell the medians of each kind, Welch's t of each pair, and what counting costs."""
    yield f"\n{name}: {len(times[Kind.WRONG])} of each kind"
    for kind, found in times.items():
        yield f"  {kind.value:<16} median {median(found) / 1e3:>10.1f} us"
    for one, other in combinations(Kind, 2):
        ts = ts_of(times[one], times[other])
        shown = "  ".join(f"{share:.0%} {t:>+8.2f}" for share, t in ts.items())
        yield f"  {one.value:>16} against {other.value:<16} {shown}"
    counted = median([each for kind in Kind if kind.is_counted for each in times[kind]])
    others = median([each for kind in Kind if not kind.is_counted for each in times[kind]])
    difference = (counted - others) / 1e3
    yield f"  what is counted takes {difference:+.1f} us longer, {counted / others - 1:+.2%}"


@contextmanager
def _on_a_shelf() -> Iterator[Storage]:
    yield Shelf()


@contextmanager
def _on_sqlite() -> Iterator[Storage]:
    with (
        tempfile.TemporaryDirectory(prefix="recoverykit-") as folder,
        closing(SQLStorage(f"sqlite:///{Path(folder) / 'codes.db'}")) as storage,
    ):
        storage.create_tables()
        yield storage


@contextmanager
def _on_postgresql() -> Iterator[Storage]:
    server = PostgreSQLServer(durable=True)
    server.start()
    try:
        with server.database() as url, closing(SQLStorage(url)) as storage:
            storage.create_tables()
            yield storage
    finally:
        server.stop()


STORAGES = {"shelf": _on_a_shelf, "sqlite": _on_sqlite, "postgresql": _on_postgresql}


def main(arguments: Sequence[str]) -> None:
    """Measure on each storage that is named, print the figures, and keep the times."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.timing")
    parser.add_argument("storages", nargs="*", default=["shelf"], help=", ".join(STORAGES))
    parser.add_argument("--samples", type=int, default=10_000, help="of each kind")
    parser.add_argument("--keep", type=Path, help="a file for all times, as JSON")
    asked = parser.parse_args(arguments)
    _say(f"{platform.platform()}, Python {platform.python_version()}, load {os.getloadavg()}")
    kept = {}
    for name in asked.storages:
        with STORAGES[name]() as storage:
            times = measured(storage, samples=asked.samples)
        _say(*report(name, times))
        kept[name] = {kind.value: list(found) for kind, found in times.items()}
    _say(f"load {os.getloadavg()}")
    if asked.keep:
        asked.keep.write_text(json.dumps(kept))


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
