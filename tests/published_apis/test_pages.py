"""The pages about the four APIs: their sessions run as they stand there."""

import doctest
import json
import os
import re
import shutil
import subprocess

import pytest

from tests.applications.program import ROOT
from tests.conftest import IN_CI
from tests.published_apis.served import APIS, running

PAGES = ROOT / "docs" / "published"
BLOCK = re.compile(r"^```\{code-block\} console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SAME = doctest.OutputChecker()
END = "-- the end of an answer"
_SECONDS = 120


def page_of(api):
    return (PAGES / f"{api.replace('_', '-')}.md").read_text("utf-8")


def session_of(api):
    """Return each command of a page's session, with what it shows."""
    [block] = BLOCK.findall(page_of(api))
    for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, shown = step.partition("\n")
        yield command, shown


@pytest.fixture(scope="module")
def programs():
    """What the sessions need; in CI it must be there."""
    missing = [name for name in ("bash", "curl", "jq") if not shutil.which(name)]
    if missing and IN_CI:
        pytest.fail(f"not installed: {missing}", pytrace=False)
    if missing:
        pytest.skip(f"not installed: {missing}")


@pytest.mark.parametrize("api", APIS)
def test_the_session_runs_as_it_stands_there(api, tmp_path, programs):
    """Each command shows what the page says."""
    steps = list(session_of(api))
    assert len(steps) > 5
    script = "".join(f"{command}\necho '{END}'\n" for command, _ in steps)
    with running(api, database=f"sqlite:///{tmp_path / 'host.db'}", folder=tmp_path) as served:
        (tmp_path / "line.json").write_text(json.dumps(dict(served.line)), "utf-8")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            env=os.environ | {"no_proxy": "*"},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    answers = done.stdout.split(f"{END}\n")[:-1]
    for (command, shown), answer in zip(steps, answers, strict=True):
        got = answer if answer.endswith("\n") or not answer else answer + "\n"
        assert SAME.check_output(shown, got, doctest.ELLIPSIS), (command, answer)


@pytest.mark.parametrize("api", APIS)
def test_the_page_says_how_to_start_it(api):
    """With the command that is there."""
    command = f".venv/bin/python -m examples.published_apis.{api} --port 8000 > line.json"
    assert command in page_of(api)


@pytest.mark.parametrize("api", APIS)
def test_the_page_shows_the_policy(api):
    """From the source, in a dozen lines or so."""
    source = (ROOT / f"examples/published_apis/{api}.py").read_text("utf-8")
    assert f"{{literalinclude}} ../../examples/published_apis/{api}.py" in page_of(api)
    policy = source[source.index("POLICY: Final") : source.index("router =")]
    assert len(policy.splitlines()) <= 18
