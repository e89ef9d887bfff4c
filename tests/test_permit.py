"""What is made for tests refuses to be used where none are running, and says so."""

import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import pytest

from recoverykit import OutsideTests, RecoveryKitError
from recoverykit.permit import require_tests

USES = {
    "a hasher": "testing.cheap_hasher()",
    "a policy": "testing.cheapened(recoverykit.Policy())",
    "codes that repeat": """
        with testing.deterministic(recoverykit.RecoveryKit(MemoryStorage()), seed="a"):
            pass
    """,
    "a hasher from where it is defined": """
        from recoverykit.core.hasher import CheapHasher
        key = recoverykit.Keyring({"a": b"one of 16 bytes."})
        policy = recoverykit.Policy(hasher=CheapHasher(), accept=frozenset({"N4-LS-112"}))
        recoverykit.RecoveryKit(MemoryStorage(), policy=policy, keyring=key)
    """,
    "a set": "testing.strategies.code_sets().example()",
}
IMPORTS = """
import warnings
import recoverykit
from recoverykit import testing
from recoverykit.storage.memory import MemoryStorage
warnings.simplefilter("ignore")  # Hypothesis would not have examples drawn by hand
"""
UNITTEST = """
import unittest
from concurrent.futures import ThreadPoolExecutor
from recoverykit.testing import cheap_hasher

def setUpModule():
    cheap_hasher()

class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cheap_hasher()

    def test(self):
        cheap_hasher()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(cheap_hasher).result()

class AsyncTest(unittest.IsolatedAsyncioTestCase):
    async def test(self):
        cheap_hasher()
"""
REFUSED = "may only be used in tests: see recoverykit.testing.for_tests"


def run(*arguments, cwd=None, **environment):
    """Run a Python of its own."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("use", USES)
def test_a_program_is_refused(use):
    """A program that pytest has started is no test, though it inherits the environment."""
    assert "PYTEST_VERSION" in os.environ
    done = run("-c", IMPORTS + textwrap.dedent(USES[use]))

    assert done.returncode == 1
    assert REFUSED in done.stderr


def test_a_program_that_imports_pytest_is_refused():
    """Importing it is not running it, in an environment of its runs or not."""
    script = "import pytest; from recoverykit.testing import cheap_hasher; cheap_hasher()"

    assert REFUSED in run("-c", script).stderr


def test_a_program_that_calls_through_a_mock_is_refused():
    """Not all of `unittest` runs tests."""
    script = (
        "from unittest.mock import Mock; from recoverykit.testing import cheap_hasher; "
        "Mock(side_effect=cheap_hasher)()"
    )

    assert REFUSED in run("-c", script).stderr


@pytest.mark.parametrize("use", USES)
def test_a_program_that_says_so_is_a_test(use):
    """As long as it says so, and no longer."""
    block = textwrap.indent(textwrap.dedent(USES[use]).strip(), "    ")
    script = f"{IMPORTS}\nwith testing.for_tests():\n{block}\nprint('used')\ntesting.cheap_hasher()"
    done = run("-c", script)

    assert done.stdout == "used\n"
    assert REFUSED in done.stderr


def test_blocks_may_overlap():
    """The last that is left counts."""
    script = """if True:
        from recoverykit.testing import cheap_hasher, for_tests
        with for_tests():
            with for_tests():
                pass
            cheap_hasher()
        try:
            with for_tests():
                raise LookupError
        except LookupError:
            pass
        cheap_hasher()
    """
    done = run("-c", script)

    assert "line 12" in done.stderr
    assert REFUSED in done.stderr


@pytest.mark.parametrize("how", [["-m", "unittest", "case"], ["case.py"]])
def test_unittest_runs_tests(tmp_path, how):
    """Test methods, awaited ones, and what is set up for a class or a module."""
    main = "if __name__ == '__main__':\n    unittest.main()\n"
    (tmp_path / "case.py").write_text(f"{UNITTEST}\n{main}")
    done = run(*how, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "Ran 2 tests" in done.stderr


def test_pytest_runs_tests():
    """This one, and the threads that it starts."""
    require_tests("anything")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(require_tests, "anything").result()


def test_whoever_catches_ours_catches_it():
    """It is an error of our tree, and says what was used."""
    error = OutsideTests("anything")

    assert isinstance(error, RecoveryKitError)
    assert (error.what, str(error)) == ("anything", f"anything {REFUSED}")
