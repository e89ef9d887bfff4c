"""The import of the library, against that of the two packages that it stands on."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from benchmarks.race import Race

_LIMIT = 1.25
_ROUNDS = 20
_OURS = "import recoverykit"
_USED = "from recoverykit import RecoveryKit"  # loads all of it but pydantic
# `import pydantic` alone loads next to nothing of it before a name is asked for.
_BARE = "import argon2; from pydantic import TypeAdapter"
_BAREST = "import argon2, pydantic"
_TIMED = """
from time import process_time
started = process_time()
{imports}
print(process_time() - started)
"""


@pytest.fixture
def run(tmp_path: Path) -> Callable[[str], str]:
    """Run a program in a new process that keeps bytecode, as that of installed packages is."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return partial(_output_of, environment={**plain, "PYTHONPYCACHEPREFIX": str(tmp_path)})


@pytest.mark.parametrize(("imports", "limit"), [(_OURS, _LIMIT), (_USED, None)])
def test_import(race: Race, run: Callable[[str], str], imports: str, limit: float | None) -> None:
    """Importing the library costs little more CPU time than importing pydantic and argon2."""

    def seconds(imports: str) -> float:
        return float(run(_TIMED.format(imports=imports)))

    race.run_timed(
        partial(seconds, imports),
        bare={bare: partial(seconds, bare) for bare in (_BARE, _BAREST)},
        rounds=_ROUNDS,
    )
    race.report(f"`{imports}`, over `{_BAREST}`", over=_BAREST, limit=limit)
    race.report(f"`{imports}`, over `{_BARE}`", over=_BARE, limit=_LIMIT)


def test_import_is_lean(run: Callable[[str], str]) -> None:
    """SQLAlchemy is not imported until it is asked for."""
    modules = run(f"{_USED}; import sys; print(*sys.modules)").split()
    assert "recoverykit.kit" in modules
    assert "sqlalchemy" not in modules


def _output_of(program: str, *, environment: dict[str, str]) -> str:
    done = subprocess.run(  # noqa: S603 - our own interpreter, and a program from above
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout
