"""Alphabets: their symbols, and which characters spell them."""

import string
import sys
import unicodedata

import pytest

from recoverykit.core.alphabet import Alphabet
from recoverykit.core.masked import Masked


def read(alphabet, text):
    return alphabet.read(Masked(text))


@pytest.mark.parametrize(
    ("alphabet", "symbols"),
    [
        (Alphabet.DIGITS, string.digits),
        (Alphabet.HEX, string.hexdigits[:16]),
        (Alphabet.CROCKFORD32, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"),  # Crockford: no I L O U
        (Alphabet.BASE32, string.ascii_lowercase + "234567"),  # RFC 4648 section 6
        (Alphabet.ALPHANUMERIC, string.digits + string.ascii_uppercase),
    ],
)
def test_the_symbols_are_those_of_the_standard(alphabet, symbols):
    """Each alphabet in the order of its values, none twice."""
    assert alphabet.symbols == symbols
    assert alphabet.order == len(set(symbols))


@pytest.mark.parametrize("alphabet", Alphabet)
def test_reading_what_was_written_gives_the_values_back(alphabet):
    """All symbols at once, in either case."""
    values = tuple(range(alphabet.order))
    written = alphabet.write(values)
    assert read(alphabet, written) == values
    assert read(alphabet, written.upper()) == values
    assert read(alphabet, written.lower()) == values


@pytest.mark.parametrize(
    ("alphabet", "text", "plain"),
    [
        (Alphabet.CROCKFORD32, "iIlLoO", "111100"),
        (Alphabet.DIGITS, "iIlLoO", "111100"),
        (Alphabet.HEX, "iIlLoO", "111100"),
        (Alphabet.BASE32, "0", "o"),
        (Alphabet.BASE32, "1", None),  # I or L: nobody knows
        (Alphabet.BASE32, "iloILO", "iloilo"),
        (Alphabet.ALPHANUMERIC, "IL1O0", "IL1O0"),
        (Alphabet.CROCKFORD32, "U", None),
        (Alphabet.HEX, "g", None),
        (Alphabet.DIGITS, "A", None),
    ],
)
def test_a_look_alike_is_the_only_symbol_that_it_can_be(alphabet, text, plain):
    """I and L are 1 and O is 0 only where the alphabet has no such letters."""
    found = read(alphabet, text)
    assert (found if found is None else alphabet.write(found)) == plain


@pytest.mark.parametrize("alphabet", Alphabet)
def test_other_punctuation_is_refused(alphabet):
    """RFC 4648 section 3.3: reject what is outside the alphabet; only separators are excepted."""
    for char in "!._/:;,+=@'\"\\|~`$%^&()[]{}<>?\x00\x1c\x7f":
        assert read(alphabet, f"2{char}2") is None


def test_no_character_is_upper_cased_into_the_alphabet():
    """Dotless i, sharp s, digits of other scripts: only NFKC decides what is plain."""
    tempting = [
        char
        for char in map(chr, range(128, sys.maxunicode + 1))
        if char.upper().isascii() or char.lower().isascii() or char.isdigit()
    ]
    assert {"\u0131", "\u0663"} < set(tempting)
    for char in tempting:
        plain = unicodedata.normalize("NFKC", char)
        expected = plain.isascii() and plain.isalnum()
        assert (read(Alphabet.ALPHANUMERIC, char) is not None) == expected
