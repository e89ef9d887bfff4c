"""The life of a set in the documentation: drawn from the table that decides it."""

import runpy
from pathlib import Path
from xml.etree import ElementTree as ET

from recoverykit import RecoveryKitError, SetState
from recoverykit.core.lifecycle import LIFE, STATES, Act

DOCS = Path(__file__).parents[1] / "docs"
DRAWN = runpy.run_path(str(DOCS / "lifecycle.py"))


def test_the_table_in_the_documentation_is_the_table():
    """What stands on the page is what the script makes; run docs/lifecycle.py if it is not."""
    text = (DOCS / "concepts.md").read_text("utf-8")
    assert DRAWN["table"]() in text
    assert DRAWN["page"](text) == text


def test_the_picture_in_the_documentation_is_drawn_from_the_table():
    """What is stored is what the script draws; run docs/lifecycle.py if it is not."""
    assert (DOCS / "life-of-a-set.svg").read_text("utf-8") == DRAWN["diagram"]()


def test_the_table_tells_of_every_act_in_every_state():
    """A row for each act, a cell for each state, and in it the error, the next state or the end."""
    _, _, *rows = DRAWN["table"]().splitlines()
    assert len(rows) == len(Act)
    for act, row in zip(Act, rows, strict=True):
        name, *cells = [cell.strip(" `*") for cell in row.strip("|").split("|")]
        assert name == act.value
        assert cells == [told(LIFE[state, act], state) for state in STATES]


def told(end, state):
    if isinstance(end, type):
        assert issubclass(end, RecoveryKitError)
        return end.__name__
    return "stays" if end is state else end.value


def test_the_picture_shows_every_way_from_one_state_to_another():
    """A box for each state, and an arrow with its acts for each pair that one of them joins."""
    picture = ET.fromstring(DRAWN["diagram"]())  # noqa: S314  # our own text
    texts = [each.text for each in picture.iter("{http://www.w3.org/2000/svg}text")]
    ways = {}
    for (state, act), end in LIFE.items():
        if isinstance(end, SetState) and end is not state:
            ways.setdefault((state, end), []).append(act.value)
    expected = [", ".join(acts) for acts in ways.values()] + [state.value for state in STATES]
    for text in expected:
        texts.remove(text)
    # What is said besides tells how a set begins, and how any of them ends.
    assert [text.partition(",")[0] for text in texts] == [
        "issue",
        "issue",
        "Each is superseded by another set that is issued or confirmed in its place",
    ]
