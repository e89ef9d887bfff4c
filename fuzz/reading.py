"""An own reading of codes: what a text spells in a format, told without a line of the core.

It is written the other way round, from the classes of Unicode and from sums over all symbols, and
shares only the tables that are given: the alphabets, the word lists, and Damm's square.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from recoverykit.core.alphabet import Alphabet
from recoverykit.core.custom_alphabet import CustomAlphabet
from recoverykit.core.format import CodeFormat
from recoverykit.core.wordlist import WordList

_BLANKS = frozenset("\t\n\v\f\r\x85")
_LIKE_DASHES = frozenset("\u2043\u2212\u30fc")
_UNSEEN = frozenset(
    map(chr, (0xAD, 0xFEFF, 0x2060, *range(0x200B, 0x2010), *range(0x202A, 0x202F)))
) | frozenset(map(chr, range(0x2066, 0x206A)))
_BULLETS = "*\u2022\u2023\u25aa\u25e6"
_MARKS = (r"\d{1,3}\.", r"\d{1,3}\)", r"\(\d{1,3}\)", r"#\d{1,3}", rf"[{_BULLETS}]")
_MARK = re.compile(rf"(?:{'|'.join(_MARKS)})[ -]", re.ASCII)
_ALIKE = ("0Oo", "1IiLl")
_PRIME = 37
_MODULI = {16: 0b10011, 32: 0b100101}
_DAMM = (
    *("0317598642", "7092154863", "4206871359", "1750983426", "6123045978"),
    *("3674209581", "5869720134", "8945362017", "9438617205", "2581436790"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What a text spells: the place that it names, and the code in its one spelling."""

    ordinal: int | None
    canonical: str


def read(code_format: CodeFormat, text: str) -> Read | None:
    """Return what a text spells in a format; None where that is no code."""
    if len(text) > longest_input(code_format):
        return None
    alphabet, names = code_format.alphabet, names_in(code_format)
    if isinstance(alphabet, WordList):
        values, between = _words_in(text, alphabet), " "
    else:
        values, between = _symbols_in(text, alphabet.symbols), ""
    if values is None or len(values) != code_format.total:
        return None
    if code_format.check and not fits(values, len(names)):
        return None
    return Read(
        ordinal=values[0] if code_format.selector else None,
        canonical=between.join(names[value] for value in values),
    )


def names_in(code_format: CodeFormat) -> str | tuple[str, ...]:
    """Return the symbols of a format, or its words, in the order of their values."""
    alphabet = code_format.alphabet
    return alphabet.words if isinstance(alphabet, WordList) else alphabet.symbols


def symbols_in(code_format: CodeFormat) -> str | None:
    """Return the symbols of a format; None where it has words."""
    names = names_in(code_format)
    return names if isinstance(names, str) else None


def longest_input(code_format: CodeFormat) -> int:
    """Return how long a text may be: four times the code, separators counted; 128 to 1,024."""
    each = 11 if isinstance(code_format.alphabet, WordList) else 2
    return sorted((128, 4 * each * code_format.total, 1024))[1]


def fits(values: Sequence[int], order: int) -> bool:
    """Say whether the last value is the check symbol over all before it."""
    match order:
        case 10:
            state = "0"
            for value in values:
                state = _DAMM[int(state)][value]
            return state == "0"
        case 16 | 32:
            return _weighed(values, order) == 0
        case 36:
            total = sum(place * value for place, value in enumerate(values[:-1], 1))
            return total % _PRIME == values[-1]
        case 1296:
            return _product_fits(values, 16, 81, (1, 2, 0, 0))
        case _:
            return _product_fits(values, 32, 243, (2, 1, 0, 0, 0))


def plain(text: str) -> str:
    """Return a text of the characters that count, every blank a space and every dash a hyphen."""
    return "".join(map(_plain, unicodedata.normalize("NFKC", text)))


@lru_cache(maxsize=4096)
def _plain(char: str) -> str:
    if char in _UNSEEN:
        return ""
    kind = unicodedata.category(char)
    if kind[0] == "Z" or char in _BLANKS:
        return " "
    return "-" if kind == "Pd" or char in _LIKE_DASHES else char


def _without_mark(text: str, symbols: str) -> str:
    """Leave out one list mark, unless the alphabet could spell a part of it."""
    begin = text.lstrip(" ")
    mark = _MARK.match(begin)
    if mark is None:
        return text
    if any(char in symbols for char in mark[0] if char in ".()#*-"):
        return text
    return begin[mark.end() - 1 :]


def _symbols_in(text: str, symbols: str) -> list[int] | None:
    meant = _meanings(symbols)
    values = [meant.get(char) for char in _without_mark(plain(text), symbols)]
    if None in values:
        return None
    return [value for value in values if value is not None and value >= 0]


@lru_cache(maxsize=1024)
def _meanings(symbols: str) -> Mapping[str, int]:
    """Return what every character stands for that stands for anything; -1 for nothing at all."""
    meant = dict.fromkeys(" -", -1)
    letters = {symbol for symbol in symbols if symbol.isalpha()}
    has_both = any(letter.swapcase() in letters for letter in letters)
    for char in map(chr, range(0x21, 0x7F)):
        same, kin = char.swapcase(), {char, char.swapcase()}
        for group in _ALIKE:
            if char in group:
                kin |= set(group)
        found = kin.intersection(symbols)
        if char in symbols:
            found = {char}
        elif not has_both and same in symbols:
            found = {same}
        if len(found) == 1:
            meant[char] = symbols.index(*found)
    return meant


def _words_in(text: str, wordlist: WordList) -> list[int] | None:
    """Try every way to take one part, or two with the hyphen between them, for a word."""
    parts = re.split("[ -]+", _without_mark(plain(text), "").strip(" -"))
    if not all(part.isascii() for part in parts):
        return None
    places = places_in(wordlist)
    ways: list[list[list[int]]] = [[[]]]
    for end in range(1, len(parts) + 1):
        here = []
        for size in (1, 2):
            if size <= end:
                word = places.get("-".join(parts[end - size : end]).lower())
                if word is not None:
                    here += [[*way, word] for way in ways[end - size]]
        ways.append(here)
    assert len(ways[-1]) <= 1, "a text has two readings"
    return ways[-1][0] if ways[-1] else None


@cache
def places_in(alphabet: Alphabet | CustomAlphabet | WordList) -> Mapping[str, int]:
    """Return the value of each symbol or word."""
    names = alphabet.words if isinstance(alphabet, WordList) else alphabet.symbols
    return {name: place for place, name in enumerate(names)}


def _weighed(values: Sequence[int], order: int) -> int:
    """Return the sum of the values, each times x as often as it is far from the end."""
    total = 0
    for value in values:
        total <<= 1
        if total & order:
            total ^= _MODULI[order]
        total ^= value
    return total


def _product_fits(
    values: Sequence[int], binary: int, ternary: int, feedback: tuple[int, ...]
) -> bool:
    """Check the quotients in the binary field, and the remainders in the ternary one."""
    if _weighed([value // ternary for value in values], binary):
        return False
    total = [0] * len(feedback)  # digits in base 3, the lowest first
    for value in values:
        top = total[-1]
        shifted = [0, *total[:-1]]
        digits = [value % ternary // 3**place % 3 for place in range(len(feedback))]
        total = [
            (low + top * back + digit) % 3
            for low, back, digit in zip(shifted, feedback, digits, strict=True)
        ]
    return not any(total)
