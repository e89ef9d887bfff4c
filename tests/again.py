"""Storage's mutants that live, tried once more: on database servers, by all tests of storages.

`make mutants` tries thousands, so it starts no server; what only a server reaches lives there.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from mutmut.stats import status_by_exit_code

MUTANTS: Final = Path("mutants")
TRIED: Final = MUTANTS / "again.json"
_LIVE: Final = frozenset({"survived", "no tests"})
# Those that end early where a statement or a setting is wrong, and then the rest.
_TESTS: Final = ("tests/storage/test_sql_text.py", "tests/storage/test_health.py", "tests/storage")
_SECONDS: Final = 900
_AT_ONCE: Final = 2


def tried() -> dict[str, bool]:
    """Return whether each mutant that was tried on servers was noticed there, by its name."""
    if not TRIED.exists():
        return {}
    found: dict[str, bool] = json.loads(TRIED.read_text("utf-8"))
    return found


def _living() -> Iterator[str]:
    for meta in sorted((MUTANTS / "src/recoverykit/storage").rglob("*.meta")):
        codes: Mapping[str, int | None] = json.loads(meta.read_text("utf-8"))["exit_code_by_key"]
        yield from (name for name, code in codes.items() if status_by_exit_code[code] in _LIVE)


def _is_noticed(mutant: str) -> bool:
    environment = os.environ | {
        "MUTANT_UNDER_TEST": mutant,
        "PYTHONPATH": str((MUTANTS / "src").absolute()),
    }
    options = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:benchmark", "--timeout=60")
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, *_TESTS],
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
        return True
    if code not in {0, 1}:
        raise RuntimeError(f"pytest ended with {code} on {mutant}")
    return code == 1


def main() -> None:
    """Try each that lives and was not tried yet."""
    found = tried()
    waiting = [mutant for mutant in _living() if mutant not in found]
    # None is mutated: what fails here would be taken for a mutant that was noticed.
    if waiting and _is_noticed("none"):
        raise SystemExit("the tests do not pass on what is not changed")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for mutant, is_noticed in zip(waiting, pool.map(_is_noticed, waiting), strict=True):
            found[mutant] = is_noticed
            TRIED.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
