"""Every code on every form is read as that code, also pasted with its number or over lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoverykit import CodeFormat, WordList
from recoverykit.sheet.pdf import wrapped
from recoverykit.testing import strategies
from tests.sheet.sheets import (
    ENGLISH,
    HOSTILE,
    NAMES,
    Items,
    block,
    issued,
    of_codes,
    pdf_text,
    read,
)

SHAPES = [
    CodeFormat.default(),
    CodeFormat.digits(8),
    CodeFormat.digits(128),
    CodeFormat.hex(64, group=4),
    CodeFormat.base32(16, group=4),
    CodeFormat.alphanumeric(20, selector=False, check=True),
    CodeFormat.words(6),
    CodeFormat.words(32, wordlist=WordList.EFF_SHORT_1),
    CodeFormat.symbols(HOSTILE, 20),
    CodeFormat.symbols(HOSTILE, 128),
    CodeFormat.symbols(".()", 40, group=3),
    CodeFormat.symbols(".-0123456789", 60),
    CodeFormat.symbols("-#*", 128),
    CodeFormat.symbols("<&>\"'", 60),
    CodeFormat.symbols("\\()[]{nb}", 60),
]
SHAPE_IDS = [f"{shape.alphabet}-{shape.length}"[:40] for shape in SHAPES]


@st.composite
def issues(draw):
    """A set of one to three codes of any format, or one that takes another one's place."""
    shape = draw(strategies.formats())
    codes = draw(st.lists(strategies.codes(shape), min_size=1, max_size=3))
    replaces = draw(st.none() | st.integers(0, 1100)) if len(codes) == 1 else None
    return of_codes(shape, *codes, replaces=replaces)


@given(issues())
def test_each_line_of_the_text_is_its_code(given_codes):
    """A line with its number, as it is copied from the file."""
    lines = block(given_codes.sheet(**NAMES).text())
    _assert_read(given_codes, lines)


@given(issues())
def test_each_line_of_a_text_from_right_to_left_is_its_code(drawn, given_codes):
    """The marks of direction around a line are not part of the code."""
    hebrew = drawn["HEBREW"]
    lines = block(given_codes.sheet(**NAMES, translations=hebrew).text(), hebrew)
    _assert_read(given_codes, lines)


@given(issues())
def test_each_item_of_the_html_is_its_code(given_codes):
    """With the number that a browser writes before a copied item, and without one."""
    items = Items(given_codes.sheet(**NAMES).html())
    _assert_read(given_codes, items.items)
    if items.lists == ["ol"]:
        _assert_read(given_codes, [item.split(". ", 1)[1] for item in items.items])


@given(issues(), st.integers(1, 60))
def test_a_code_in_lines_is_the_code(given_codes, longest):
    """Wherever it breaks, and with the number before it."""
    shape = given_codes.format
    if isinstance(shape.alphabet, WordList):
        longest = max(longest, 10)
    for number, code in enumerate(given_codes.codes, start=1):
        lines = [part.text for part in wrapped(code, longest)]
        assert all(len(line) <= longest for line in lines)
        text = f"{shape.list_mark(number)} " + "\n".join(lines)
        assert read(shape, text) == read(shape, code)


@pytest.mark.parametrize("shape", SHAPES, ids=SHAPE_IDS)
@pytest.mark.parametrize("replaces", [None, 8], ids=["whole", "one"])
def test_each_code_in_the_text_of_a_pdf_is_read(shape, replaces):
    """One after the other, each of them over as many lines as it takes."""
    count = 3 if replaces is None else 1
    codes = issued(shape, count, replaces=replaces)

    lines = block(pdf_text(codes.sheet(**NAMES).pdf()), ENGLISH)

    taken = 0
    for code in codes.codes:
        upto = next(
            at
            for at in range(taken + 1, len(lines) + 1)
            if shape.matches("\n".join(lines[taken:at]))
        )
        assert read(shape, "\n".join(lines[taken:upto])) == read(shape, code)
        taken = upto
    assert taken == len(lines)


def _assert_read(codes, lines):
    assert len(lines) == len(codes.codes)
    for line, code in zip(lines, codes.codes, strict=True):
        assert read(codes.format, line) == read(codes.format, code)
