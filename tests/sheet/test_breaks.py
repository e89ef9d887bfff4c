"""Breaks of lines in scripts without spaces."""

import pypdfium2
import pytest

from recoverykit.sheet import SheetWording
from recoverykit.sheet.breaks import settled
from tests.sheet.sheets import sheet


def cut(width):
    """Return what writes a text in lines of that many characters, and drops a space between two."""

    def lines_of(text):
        lines = []
        for part in text.split("\n"):
            while len(part) > width:
                lines.append(part[:width])
                part = part[width:].removeprefix(" ")  # noqa: PLW2901 - what is left of it
            lines.append(part)
        return lines

    return lines_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\u6771\u4eac\u7279\u8a31", "\u6771\u4eac\u7279\u8a31"),
        ("\u6771\u4eac\u7279\u3002", "\u6771\u4eac\n\u7279\u3002"),
        (
            "\u6771\u4eac\u7279\u8a31\u4eac\u300d\u3002",
            "\u6771\u4eac\u7279\u8a31\n\u4eac\u300d\u3002",
        ),
        ("\u6771\u4eac\u7279\u300d\u3002", "\u6771\u4eac\n\u7279\u300d\u3002"),
        ("\u6771\u4eac\u300c\u8a31\u3002", "\u6771\u4eac\n\u300c\u8a31\u3002"),
        ("\u6771\u4eac\u7279\u30fc\u8a31\u3001", "\u6771\u4eac\n\u7279\u30fc\n\u8a31\u3001"),
    ],
)
def test_a_line_neither_begins_nor_ends_with_what_must_not(text, expected):
    """A stop goes with the letter before it, and an opening bracket with the one behind it."""
    assert settled(text, cut(3)) == expected


@pytest.mark.parametrize("text", ["\u3002" * 9, "\u300c" * 9, "", "ab\u00adcd", "abc \u3002"])
def test_where_no_break_is_better_the_text_stays(text):
    """Nor is anything done to a text that is not written as it stands."""
    written = cut(3)
    assert settled(text, lambda some: written(some.replace("\u00ad", ""))) == text


def test_no_line_of_a_pdf_begins_with_a_stop(fonts):
    """However wide the letters before it are."""
    letter, stop = "\u6771", "\u3002"
    wording = SheetWording(use_sentences=tuple(letter * times + stop for times in range(41, 51)))
    document = pypdfium2.PdfDocument(sheet(wording=wording).pdf(fonts=fonts))
    text = document[0].get_textpage().get_text_bounded()
    document.close()
    assert text.count(letter + stop) == 10
