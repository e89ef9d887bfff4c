"""The quickstart tells the story that the README tells."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from recoverykit import CodeFormat

ROOT = Path(__file__).parents[1]
QUICKSTART = ROOT / "examples" / "quickstart.py"
README = ROOT / "README.md"

SHEET_LINE = re.compile(r"^ +\d+\. (\S+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the quickstart runs, and leaves its database."""
    return tmp_path_factory.mktemp("quickstart")


@pytest.fixture(scope="module")
def story(folder: Path) -> str:
    """Run the quickstart as its reader would, and return what it prints."""
    return run(folder)


def run(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, QUICKSTART],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    return done.stdout


def masked(story: str) -> str:
    """Hide what differs from run to run: the codes and the time of day."""
    return re.sub(r"\d\d:\d\d:\d\d", "00:00:00", SHEET_LINE.sub("CODE", story))


def test_the_sheet_shows_ten_codes(story):
    """The user gets ten numbered codes, each in the default format."""
    codes = SHEET_LINE.findall(story)

    assert len(set(codes)) == 10
    assert all(CodeFormat.default().matches(code) for code in codes)


def test_only_the_sheet_shows_codes(story):
    """Behind the sheet no line holds a code, nor a part of its secret."""
    sheet, _, rest = story.partition("\nAda lost her phone")
    secrets = [code.replace("-", "")[1:-1] for code in SHEET_LINE.findall(sheet)]
    squeezed = re.sub(r"[\s-]", "", rest).upper()

    assert not any(secret[at : at + 6] in squeezed for secret in secrets for at in range(8))


def test_the_story_is_told_in_order(story):
    """A code works once, a typing error costs nothing, wrong codes run into the throttle."""
    outcomes = re.findall(r"^  (Welcome back|\w+(?=: ))", story, re.MULTILINE)
    failures = re.findall(r"Failures so far: (\d+)", story)

    assert outcomes == [
        "Welcome back",
        "CodeAlreadyUsed",
        "MalformedCode",
        *["InvalidCode"] * 4,
        "TooManyAttempts",
    ]
    assert failures == ["1", "1"]


def test_the_status_ends_the_story(story):
    """The last lines tell the state, what is left, the failures and when to try again."""
    *_, state, left, failures, next_try = story.splitlines()

    assert state.split() == ["state", "active"]
    assert left.split(maxsplit=1) == ["left", "9 of 10"]
    assert failures.split(maxsplit=1) == ["failures", "5 in a row"]
    assert re.fullmatch(r"  next try  \d\d:\d\d:\d\d UTC", next_try)


def test_it_can_be_run_again(story, folder):
    """A second run in the same folder tells the same story, with other codes."""
    again = run(folder)

    assert masked(again) == masked(story)
    assert not set(SHEET_LINE.findall(again)) & set(SHEET_LINE.findall(story))


def test_its_database_holds_no_code(story, folder):
    """What stays in the file is no code, with or without its hyphens."""
    stored = b"".join(path.read_bytes() for path in folder.glob("quickstart.db*"))
    codes = SHEET_LINE.findall(story)

    assert b"ada" in stored
    assert not any(code.encode() in stored for code in codes)
    assert not any(code.replace("-", "").encode() in stored for code in codes)


def test_it_is_short():
    """The quickstart stays under 60 lines."""
    assert len(QUICKSTART.read_text("utf-8").splitlines()) < 60


def test_the_readme_shows_it(story):
    """The README shows exactly the program, and what it prints."""
    readme = README.read_text("utf-8")
    shown = re.findall(r"^```(python|text)\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)

    assert [kind for kind, _ in shown] == ["python", "text"]
    assert shown[0][1] == QUICKSTART.read_text("utf-8")
    assert masked(shown[1][1]) == masked(story)
