"""Fork after use: a kit that was used before a fork serves the parent and the child."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.races.forking import FORKS

ROOT = Path(__file__).parents[2]
SECONDS = 120
pytestmark = pytest.mark.skipif(
    sys.platform != "linux",
    reason="only Linux has a fork that is meant to be used: elsewhere there is none, or the"
    " system's libraries do not survive it",
)


def run(scenario: str, address: str) -> dict[str, object]:
    """Run the program that forks; return what its parent and its children got."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.races.forking", scenario, address],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_parent_and_child_share_a_database(database_url):
    """Both redeem, a code that both try succeeds once, and the child's end leaves the parent be."""
    got = run("share", database_url)

    contested = (got["child"][0], got["parent"][0])
    assert sorted(contested) == ["CodeAlreadyUsed", "Redemption"]
    assert (got["child"][1], got["parent"][1]) == ("Redemption", "Redemption")
    assert got["remaining"] == 0


def test_child_goes_on_with_a_copy_of_memory():
    """Memory is not shared: each side redeems what stood at the fork, unseen by the other."""
    assert run("share", "memory") == {
        "child": ["Redemption", "Redemption"],
        "parent": ["Redemption", "Redemption"],
        "remaining": 1,
    }


def test_child_outlives_its_parents_connections(database_url):
    """When the parent has closed its storage, it and the child cannot spend one code twice."""
    assert run("outlive", database_url) == {
        "child": ["Redemption", "CodeAlreadyUsed"],
        "parent": ["Redemption"],
    }


def test_fork_while_threads_write(database_url):
    """Whatever the parent's other threads were doing, the child can redeem."""
    assert run("busy", database_url) == {"children": [["Redemption"]] * FORKS}


def test_fork_while_threads_write_to_memory():
    """The same in memory: no lock of the parent's threads is held for ever in the child."""
    assert run("busy", "memory") == {"children": [["Redemption"]] * FORKS}
