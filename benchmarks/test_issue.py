"""Issuing on SQLite, against as many bare hashes in as many threads."""

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from benchmarks.bare import argon2id
from benchmarks.race import Race
from recoverykit import RecoveryKit
from recoverykit.storage.sql import SQLStorage

_LIMIT = 1.10
_ROUNDS = 30
_CODES = 10


def test_issue(race: Race, tmp_path: Path) -> None:
    """Ten codes cost ten hashes spread over all cores: the commit is small beside them."""
    names = map(str, count())
    cores = len(os.sched_getaffinity(0))
    with (
        SQLStorage(f"sqlite:///{tmp_path / 'ours.db'}") as storage,
        ThreadPoolExecutor(cores) as threads,
    ):
        storage.create_tables()
        kit = RecoveryKit(storage)

        def hash_all() -> None:
            for done in [threads.submit(argon2id) for _ in range(_CODES)]:
                done.result()

        race.run(lambda: kit.issue(next(names)), bare={"bare": hash_all}, rounds=_ROUNDS)
        race.report(f"issuing {_CODES} codes, {cores} threads", over="bare", limit=_LIMIT)
