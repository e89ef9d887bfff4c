"""Run a target under Atheris: ``python -m fuzz TARGET [options of libFuzzer] [folders]``."""

import importlib
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import atheris

from fuzz.corpus import TARGETS

_MOST: Final = 5.0  # seconds of processor time for one input: a thousand times the usual

# What -merge=1 starts again and again is a program of one word.
_PROGRAM: Final = """#!{python}
import sys
sys.path[:0] = {path!r}
from fuzz.__main__ import main
main([{name!r}, *sys.argv[1:]])
"""


def _within_budget(judge: Callable[[bytes], None]) -> Callable[[bytes], None]:
    def judged(data: bytes) -> None:
        begin = time.thread_time()
        judge(data)
        assert time.thread_time() - begin < _MOST, "an input takes too long"

    return judged


def _program(name: str, folder: str) -> str:
    program = Path(folder) / name
    text = _PROGRAM.format(python=sys.executable, path=[str(Path.cwd()), *sys.path], name=name)
    program.write_text(text, encoding="utf-8")
    program.chmod(0o700)
    return str(program)


def main(arguments: list[str]) -> None:
    """Fuzz the target that is named, with only the core being watched for what it reaches."""
    name, *options = arguments or [""]
    if name not in TARGETS:
        sys.exit(f"usage: python -m fuzz {'|'.join(TARGETS)} [options of libFuzzer] [folders]")
    with atheris.instrument_imports(include=["recoverykit.core"]):
        judge = importlib.import_module(f"fuzz.{name}").judge
    with tempfile.TemporaryDirectory(prefix="recoverykit-") as folder:
        atheris.Setup([_program(name, folder), *options], _within_budget(judge))
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
