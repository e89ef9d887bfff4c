"""Mutants that live, tried once more: one by one, by more tests, those of servers among them.

`make mutants` tries thousands, so it is in haste and starts no server. One that nothing notices
takes minutes here. Names of mutants on the command line restrict it to those.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tests.mutation import mirrors
from tests.tally import MUTANTS, TRIED, tried, verdicts

_LIVE: Final = frozenset({"survived", "no tests", "broken try"})
# The tests of each package. Those come first that end early where a sentence, a statement or a
# setting is wrong.
_FIRST: Final = {
    "core": ("core/test_events.py", "core/test_sentences.py"),
    "storage": ("storage/test_sql_text.py", "storage/test_sentences.py", "storage/test_health.py"),
}
_FILES: Final = {
    "core": (
        "sheet/test_sheet.py",
        "test_lost_commits.py",
        "test_rotate.py",
        "test_confirm.py",
        "core/test_*.py",
        "test_bad_input.py",
        "test_gate.py",
        "test_importing.py",
        "test_kit.py",
        "test_purge.py",
        "test_reseal.py",
        "test_reviewed.py",
        "test_secrets.py",
        "test_shell.py",
        "test_switched_off.py",
        "test_unlock.py",
    ),
    "storage": ("storage/test_*.py", "aio/test_loan.py", "aio/test_within.py"),
}
_OPTIONS: Final = ("-x", "-q", "-p", "tests.mutation", "-p", "no:cacheprovider", "--timeout=60")
# A test fails, or a module of tests, or all of them cannot even be imported.
_NOTICED: Final = frozenset({1, 2, 4})
_SECONDS: Final = 900
_AT_ONCE: Final = 2


def _files(package: str, mutant: str) -> Iterator[str]:
    """Yield the tests of a package: the first, those that mirror the mutant's module, the others.

    All are named one by one: of files and their folder pytest keeps the folder alone, in its own
    order.
    """
    yield from _matching(_FIRST[package])
    yield from mirrors(mutant)
    yield from _matching(_FILES[package])


def _matching(patterns: Iterable[str]) -> Iterator[str]:
    for pattern in patterns:
        yield from map(str, sorted(Path("tests").glob(pattern)))


def _is_noticed(package: str, mutant: str) -> bool:
    environment = os.environ | {
        "HYPOTHESIS_PROFILE": "mutants",
        "MUTANT_TRIED_AGAIN": "yes",  # no test is left out for its time
        "MUTANT_UNDER_TEST": mutant,
        "PYTHONPATH": str((MUTANTS / "src").absolute()),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *_OPTIONS, *dict.fromkeys(_files(package, mutant))],
        cwd=MUTANTS,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        code = process.wait(_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False
    return code in _NOTICED


def main(names: Collection[str]) -> None:
    """Try each that lives and was not tried yet."""
    found = tried()
    waiting = [
        (package, mutant)
        for package, mutant, verdict in verdicts()
        if verdict in _LIVE and mutant not in found and (not names or mutant in names)
    ]
    if not (docs := MUTANTS / "docs").exists():  # the tests of sheets share wordings with them
        docs.symlink_to(Path("docs").absolute())
    # None is mutated: what fails here would be taken for a mutant that was noticed.
    for package in {package for package, _ in waiting}:
        if _is_noticed(package, "none"):
            raise SystemExit(f"the tests of {package} do not pass on what is not changed")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        verdicts_again = pool.map(lambda each: _is_noticed(*each), waiting)
        for (_, mutant), is_noticed in zip(waiting, verdicts_again, strict=True):
            found[mutant] = is_noticed
            TRIED.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
