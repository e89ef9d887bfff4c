"""How the tests are run against mutants: thousands of times, so in haste.

A plug-in for `make mutants`, which names it on the command line of pytest.
"""

import functools
import gc
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import Phase, settings

# A mutant that is left alone by this share of all that is tried, by time, is not hunted further.
_SHARE = 0.1

_AGAIN = "MUTANT_TRIED_AGAIN"

# It counts calls by the names of functions, and those that are mutated go by others.
_COUNTS = "test_a_guess_at_nothing_does_what_a_counted_one_does"

# Shrinking tells people what is wrong; here it is enough that something is.
settings.register_profile(
    "mutants",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=50,
    phases=[Phase.explicit, Phase.generate],
)


def pytest_configure(config: pytest.Config) -> None:
    """Choose among the tests that reach the mutant.

    Those come first that are near to it, and then those that are quick. The garbage collector is
    spared what every run has inherited from the one it was forked from.
    """
    gc.freeze()
    if _mutant() and _AGAIN not in os.environ and all("::" in test for test in config.args):
        config.args = _chosen(config.args)


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main(config: pytest.Config) -> Iterator[None]:
    """Try a mutant that lives once more, on modules that are imported anew.

    For what runs at import, or is remembered from the time before the mutant was chosen.
    """
    result = yield
    if result != pytest.ExitCode.OK or not _mutant() or _AGAIN in os.environ:
        return result
    os.environ[_AGAIN] = "yes"
    for name in list(sys.modules):
        if name.split(".")[0] in {"recoverykit", "tests"} and name != __name__:
            del sys.modules[name]
    options = [each for each in config.invocation_params.args if "::" not in str(each)]
    again = pytest.main([*options, *dict.fromkeys([*config.args, *mirrors(_mutant())])])
    # What cannot even be imported is no mistake of the command line, as pytest would have it.
    return again and pytest.ExitCode.TESTS_FAILED


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the suites of the kit to the plain kit alone: an event loop adds nothing here."""
    items[:] = [item for item in items if _shell(item) is None and _COUNTS not in item.name]


def _mutant() -> str:
    """Return the name of the mutated function, behind its module; empty for none."""
    mutant = os.environ.get("MUTANT_UNDER_TEST", "")
    return mutant if "__mutmut_" in mutant else ""


def mirrors(mutant: str) -> list[str]:
    """Return the files of tests that mirror a mutant's module, or the package it is in."""
    stems = mutant.split(".")[2:-1]
    return [str(path) for stem in stems for path in Path("tests").glob(f"*/test_{stem}.py")]


def _chosen(tests: Sequence[str]) -> list[str]:
    seconds, mirroring = _durations(), tuple(f"{each}::" for each in mirrors(_mutant()))
    near = sorted(tests, key=lambda each: (not each.startswith(mirroring), seconds.get(each, 0)))
    spent = accumulate(seconds.get(test, 0) for test in near)
    limit = sum(seconds.values()) * _SHARE
    both = zip(near, spent, strict=True)
    return [test for test, so_far in both if so_far < limit or test.startswith(mirroring)]


def _shell(item: pytest.Item) -> object:
    callspec = getattr(item, "callspec", None)
    return None if callspec is None else callspec.params.get("shell")


@functools.cache
def _durations() -> Mapping[str, float]:
    """Return how many seconds each test took when all were run, where that is known yet."""
    try:
        stats = json.loads(Path("mutmut-stats.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    durations: dict[str, float] = stats["duration_by_test"]
    return durations
