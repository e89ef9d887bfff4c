"""The shape of the library: which way its arrows point, and what its core must not touch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORE = sorted((ROOT / "src/recoverykit/core").glob("*.py"))
SOURCES = sorted((ROOT / "src/recoverykit").rglob("*.py"))

# What reads a clock, draws randomness, or leaves a trace, whatever module it is reached through.
IMPURE_MODULES = {
    "asyncio",
    "concurrent",
    "io",
    "logging",
    "os",
    "pathlib",
    "random",
    "secrets",
    "socket",
    "sqlite3",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "uuid",
    "warnings",
}
IMPURE_CALLS = {"now", "utcnow", "today", "open", "print", "input", "urandom", "gensalt"}


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def called(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            yield (
                function.attr
                if isinstance(function, ast.Attribute)
                else getattr(function, "id", "")
            )


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.stem)
def test_the_core_is_pure(path):
    """Time, entropy and hashes are arguments: no module of the core imports or calls a source."""
    tree = ast.parse(path.read_text())
    assert not {name.partition(".")[0] for name in imported(tree)} & IMPURE_MODULES
    assert not set(called(tree)) & IMPURE_CALLS


def test_every_import_contract_is_kept():
    """Arrows point downward only; the contracts stand in `pyproject.toml`."""
    # In a process of its own, for it sets up the logging of the process that it runs in.
    script = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_module_is_too_long(path):
    """A module holds one noun, in at most 400 lines."""
    assert len(path.read_text().splitlines()) <= 400
