"""Folding: which spellings become one."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoverykit.core.folding import fold, list_mark

EVERY_CHARACTER = [chr(point) for point in range(sys.maxunicode + 1)]


def test_plain_text_stays_as_it_is():
    """Case and symbols are the alphabet's matter."""
    assert fold("aBc-123 xyz") == "aBc-123 xyz"


def test_every_space_and_line_break_becomes_a_space():
    """The no-break space of a web page, the wide space of an Asian keyboard, a new line."""
    spaces = [char for char in EVERY_CHARACTER if char.isspace() and not "\x1c" <= char <= "\x1f"]
    assert {" ", "\n", "\u00a0", "\u3000"} < set(spaces)
    assert {fold(f"a{char}b") for char in spaces} == {"a b"}


def test_every_dash_becomes_a_hyphen():
    """Word processors lengthen hyphens, and a Japanese keyboard gives a long vowel mark."""
    dashes = [char for char in EVERY_CHARACTER if unicodedata.category(char) == "Pd"]
    assert {"-", "\u2011", "\u2013", "\uff0d"} < set(dashes)
    others = ["\u2043", "\u2212", "\u30fc", "\uff70"]
    assert {fold(f"a{char}b") for char in dashes + others} == {"a-b"}


@pytest.mark.parametrize(
    "char",
    ["\u00ad", "\u200b", "\u200c", "\u200d", "\u200e", "\u202c", "\u2060", "\u2069", "\ufeff"],
)
def test_invisible_characters_vanish(char):
    """What nobody can see, nobody can mend."""
    assert fold(f"{char}a{char}b{char}") == "ab"


def test_full_width_forms_become_plain():
    """As an Asian keyboard gives them."""
    assert fold("\uff21\uff22\uff11\uff12\uff0d\uff43\uff44") == "AB12-cd"


@pytest.mark.parametrize(
    "mark",
    [
        "1.",
        "12)",
        "(3)",
        "(999)",
        "#7",
        "#10",
        "\u2022",
        "*",
        " 1.",
        "\n2)",
        "\uff11\uff0e",
        "\u2488",
        "\ufeff1.",
    ],
)
@pytest.mark.parametrize("space", [" ", "\t", "\n", "-", "\u2013 "])
def test_one_list_mark_is_left_out(mark, space):
    """A line copied from a numbered sheet is the code that stands in it."""
    assert fold(f"{mark}{space}AB").lstrip(" -") == "AB"


@pytest.mark.parametrize(
    "text",
    [
        "1 AB",
        "#1AB",
        "1.AB",
        "*AB",
        "# AB",
        "1000. AB",
        "(1 AB",
        "() AB",
        "A. B",
        "-1. AB",
        "1: AB",
    ],
)
def test_what_is_not_surely_a_list_mark_stays(text):
    """A bare number could be the beginning of a code."""
    assert fold(text) == text


def test_only_one_list_mark_is_left_out():
    """The second belongs to no sheet."""
    assert fold("1. 2. AB") == " 2. AB"


@pytest.mark.parametrize(
    "text",
    [
        "\u0131",
        "\u00df",
        "\u1e9e",
        "\u0130",
        "\u00e9",
        "\u03a9",
        "\u0663",
        "1\u20e3",
        "\x00",
        "\ud800",
        "\x1f",
    ],
)
def test_what_is_foreign_stays_foreign(text):
    """No letter is upper-cased into the alphabet, and a digit of another script stays one."""
    assert not fold(text).isascii() or not fold(text).isprintable()


@given(st.text())
def test_folding_adds_no_letter_or_digit_to_plain_text(text):
    """Whatever is plain in the result was plain, or a compatibility form, in the text."""
    compatible = set(unicodedata.normalize("NFKC", text)) | {" ", "-"}
    assert set(fold(text)) <= compatible


@given(st.text(st.characters(codec="ascii")))
def test_plain_text_without_a_mark_is_folded_once(text):
    """Folding again changes nothing, once the list mark is gone."""
    once = fold("-" + text)
    assert fold(once) == once


PRINTABLE = "".join(chr(code) for code in range(ord("!"), ord("~") + 1))


@given(st.integers(1, 2000), st.sets(st.sampled_from(PRINTABLE)), st.text(PRINTABLE))
def test_a_mark_that_a_list_may_have_is_left_out(number, symbols, text):
    """Whatever the symbols are, and whatever stands behind it."""
    mark = list_mark(number, symbols="".join(symbols))
    assert fold(f"{mark} {text}", symbols="".join(symbols)) == f" {text}"


@pytest.mark.parametrize(
    ("number", "symbols", "mark"),
    [
        (1, "", "1."),
        (999, "abc", "999."),
        (1000, "abc", "\u2022"),
        (3, ".", "3)"),
        (3, ".)", "#3"),
        (3, ".)#", "\u2022"),
        (3, "()#*-", "3."),
    ],
)
def test_a_list_is_numbered_where_its_codes_let_it_be(number, symbols, mark):
    """By a full stop before all others."""
    assert list_mark(number, symbols=symbols) == mark
