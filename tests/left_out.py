"""Mutants of what mutmut leaves alone: data of modules and classes, and decorated functions.

What runs when a module is imported cannot be exchanged later, so each of these mutants is imported
anew, in a process of its own. The changes are those that mutmut itself would make.
"""

import argparse
import difflib
import fnmatch
import functools
import importlib.abc
import importlib.machinery
import importlib.util
import os
import resource
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import libcst as cst
import pytest
from libcst.metadata import MetadataWrapper
from mutmut.mutation.file_mutation import Mutation, MutationVisitor, deep_replace
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode
from typing_extensions import override

SOURCE = Path("src")
_SECONDS = 120
_OPTIONS = [
    *("-x", "-q", "-p", "tests.mutation", "-p", "no:cacheprovider", "-m", "not server"),
    "--timeout=20",
]


@dataclass(frozen=True, kw_only=True)  # no slots: its text is kept once it was made
class Mutant:
    """One changed module."""

    path: Path
    number: int
    tree: cst.Module
    mutation: Mutation

    @functools.cached_property
    def text(self) -> str:
        """The whole module."""
        old, new = self.mutation.original_node, self.mutation.mutated_node
        mutated = deep_replace(self.tree, old, new)
        assert isinstance(mutated, cst.Module)
        return mutated.code

    @property
    def module(self) -> str:
        """The name that it is imported by."""
        parts = self.path.relative_to(SOURCE).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def change(self) -> str:
        """What was changed, line by line."""
        lines = self.path.read_text(encoding="utf-8").splitlines(), self.text.splitlines()
        told = list(difflib.unified_diff(*lines, lineterm="", n=0))[2:]
        return "\n".join(line.rstrip() for line in told)


class Decorated(MutationVisitor):
    """Finds mutations in decorated functions, too."""

    @override
    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.FunctionDef) and node.decorators:
            return False
        return super()._skip_node_and_children(node)


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Yield the mutants of a module that mutmut does not make."""
    wrapper = MetadataWrapper(cst.parse_module(path.read_text(encoding="utf-8")))
    nothing = IgnoredCode(
        no_mutate_lines=set(), ignore_node_lines=set(), ignore_pattern_lines=set()
    )
    visitor = Decorated(mutation_operators, nothing)
    module = wrapper.visit(visitor)
    left_out = [
        each
        for each in visitor.mutations
        if not isinstance(within := each.contained_by_top_level_function, cst.FunctionDef)
        or _is_decorated(within)
    ]
    for number, mutation in enumerate(left_out):
        yield Mutant(path=path, number=number, tree=module, mutation=mutation)


def _is_decorated(function: cst.FunctionDef) -> bool:
    plain = {"classmethod", "staticmethod"}  # which mutmut mutates
    names = [cst.Module([]).code_for_node(each.decorator) for each in function.decorators]
    return bool(names) and not (len(names) == 1 and names[0] in plain)


class Exchange(importlib.abc.MetaPathFinder, importlib.abc.SourceLoader):
    """Imports the mutant in the place of its module."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        """Claim the one module."""
        if name != self._mutant.module:
            return None
        return importlib.util.spec_from_file_location(
            name,
            self._mutant.path.absolute(),
            loader=self,
            submodule_search_locations=(
                [str(self._mutant.path.parent.absolute())]
                if self._mutant.path.name == "__init__.py"
                else None
            ),
        )

    def get_filename(self, _name: str) -> str:
        """Return where its original stands."""
        return str(self._mutant.path.absolute())

    def get_data(self, path: str | bytes) -> bytes:
        """Return its text; there is no byte code of it."""
        if str(path) != self.get_filename(""):
            raise FileNotFoundError(path)
        return self._mutant.text.encode()


def survives(mutant: Mutant) -> bool:
    """Run first the tests that mirror the mutant's module, then those of its whole package."""
    return all(_passes(mutant, tests) for tests in _tests_of(mutant.path))


def _tests_of(path: Path) -> Iterator[Sequence[str]]:
    package = path.relative_to(SOURCE / "recoverykit").parts[0]
    stems = {path.stem, path.parent.name, path.stem.split("_")[0]}
    mirrors = [str(test) for stem in stems for test in Path("tests").glob(f"*/test_{stem}.py")]
    if mirrors:
        yield sorted(mirrors)
    yield [f"tests/{package}", "tests/test_kit.py", "tests/test_importing.py"]


def _passes(mutant: Mutant | None, tests: Sequence[str]) -> bool:
    process = get_context("fork").Process(target=_run, args=(mutant, tests))
    process.start()
    process.join()
    return process.exitcode == pytest.ExitCode.OK


def _run(mutant: Mutant | None, tests: Sequence[str]) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS + 1))
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    if mutant is not None:
        sys.meta_path.insert(0, Exchange(mutant))
        os.environ["MUTANT_UNDER_TEST"] = f"{mutant.module}.left_out__mutmut_{mutant.number}"
    os._exit(pytest.main([*_OPTIONS, *tests]))


def main() -> None:
    """Try every mutant, or a sample; tell the survivors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="try one mutant in so many")
    parser.add_argument("--count", action="store_true", help="only say how many there are")
    parser.add_argument("modules", nargs="*", default=["recoverykit.core*", "recoverykit.storage*"])
    arguments = parser.parse_args()
    every = [
        mutant
        for path in sorted(SOURCE.rglob("*.py"))
        for mutant in mutants_of(path)
        if any(fnmatch.fnmatch(mutant.module, module) for module in arguments.modules)
    ]
    chosen = every[:: arguments.every]
    print(f"{len(every)} mutants, of which {len(chosen)} are tried", flush=True)
    if arguments.count:
        return
    # None is mutated: what fails here would be taken for a mutant that was noticed.
    ends = (*chosen[:1], *chosen[-1:])  # one of each package
    if not all(_passes(None, tests) for each in ends for tests in _tests_of(each.path)):
        raise SystemExit("the tests do not pass on what is not changed")
    tally: Counter[bool] = Counter()
    with ThreadPoolExecutor(max_workers=2) as pool:
        for mutant, alive in zip(chosen, pool.map(survives, chosen), strict=True):
            tally[alive] += 1
            if alive:
                print(f"survived: {mutant.module} {mutant.number}\n{mutant.change}", flush=True)
    print(f"killed {tally[False]}, survived {tally[True]}")


if __name__ == "__main__":
    main()
