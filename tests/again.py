"""Storage's mutants that live, tried once more: on database servers, by all tests of storages.

`make mutants` tries thousands, so it starts no server; what only a server reaches lives there.
"""

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tests.tally import MUTANTS, TRIED, tried, verdicts

_LIVE: Final = frozenset({"survived", "no tests"})
# Those come first that end early where a statement or a setting is wrong. All are named one by
# one: of files and their folder pytest keeps the folder alone, in its own order.
_FIRST: Final = [Path("tests/storage", f"test_{each}.py") for each in ("sql_text", "health")]
_REST: Final = sorted({*Path("tests/storage").glob("test_*.py")} - {*_FIRST})
_SECONDS: Final = 900
_AT_ONCE: Final = 2


def _is_noticed(mutant: str) -> bool:
    environment = os.environ | {
        "MUTANT_UNDER_TEST": mutant,
        "PYTHONPATH": str((MUTANTS / "src").absolute()),
    }
    # The profile of `make mutants` is known to its plug-in alone.
    environment.pop("HYPOTHESIS_PROFILE", None)
    options = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:benchmark", "--timeout=60")
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, *_FIRST, *_REST],
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
    waiting = [
        mutant
        for package, mutant, verdict in verdicts()
        if package == "storage" and verdict in _LIVE and mutant not in found
    ]
    # None is mutated: what fails here would be taken for a mutant that was noticed.
    if waiting and _is_noticed("none"):
        raise SystemExit("the tests do not pass on what is not changed")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for mutant, is_noticed in zip(waiting, pool.map(_is_noticed, waiting), strict=True):
            found[mutant] = is_noticed
            TRIED.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
