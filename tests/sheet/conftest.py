"""A browser, fonts and a judge of HTML, for whoever looks at sheets."""

import runpy
import sys
from pathlib import Path

import pytest

from tests.conftest import IN_CI

DOCS = Path(__file__).parents[2] / "docs"
VALIDATOR = Path(sys.prefix) / "html-validate/node_modules/html-validate/bin/html-validate.mjs"


def require(path: Path, what: str) -> Path:
    """Return a file that has to be there: skip where it is not; in CI, fail."""
    if not path.exists():
        reason = f"{path} is not there: install {what}"
        if IN_CI:
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="session")
def drawn():
    """What takes the documentation's pictures, with the wordings of its samples."""
    return runpy.run_path(str(DOCS / "sheet.py"))


@pytest.fixture(scope="session")
def fonts(drawn):
    """Files of fonts for Hebrew, Arabic and Japanese."""
    dejavu, droid = drawn["FONTS"]
    return require(dejavu, "fonts-dejavu-core"), require(droid, "fonts-droid-fallback")


@pytest.fixture(scope="module")
def browser(drawn):
    """Chromium, for one module: as long as it runs, nothing else can start an event loop."""
    require(drawn["CHROMIUM"], "chromium")
    with drawn["chromium"]() as browser:
        yield browser


@pytest.fixture
def page(browser):
    """An empty page, closed at the end, that may use the clipboard."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def validator():
    """The program that judges HTML."""
    return require(VALIDATOR, "it with: make setup")
