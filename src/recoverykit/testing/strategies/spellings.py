"""Spellings: the ways to write a code that must all be read as that code."""

from typing import Final

from hypothesis import strategies as st

from recoverykit.core.format import CodeFormat
from recoverykit.core.wordlist import WordList
from recoverykit.testing.strategies.formats import has_hyphen
from recoverykit.testing.strategies.units import kin_of, units_of

_GAPS: Final = ("", " ", "  ", "\n", "\t", "\u00a0", "\u2009", "\u3000")
_DASHES: Final = ("-", " - ", "\u2010", "\u2011", "\u2013", "\u2014", "\u2212", "\u30fc")
_UNSEEN: Final = ("\u00ad", "\u200b", "\u2060", "\ufeff")
_MARKS: Final = ("", "1. ", "10)\t", "(3) ", "#12 ", "* ", "\u2022 ", "  7. ")
_WIDE: Final = ord("\uff01") - ord("!")


@st.composite
def spellings(  # noqa: D417  # Hypothesis hands `draw` in
    draw: st.DrawFn, format: CodeFormat, code: str
) -> str:
    """Draw a text that must be read as a code: as people type it, and as programs paste it.

    The case changes where the alphabet has one case, look-alikes stand for the only symbol that
    they can be, separators and invisible characters come in, characters are full-width, and a list
    mark stands before it.

    Args:
        format: the format of the code.
        code: the code, as it was shown.

    Raises:
        MalformedCode: it is no code of the format.
    """
    first, *others = units_of(format, code)
    parts = [draw(st.sampled_from(_marks(format))), draw(_unit(format, first))]
    for unit in others:
        parts += [draw(_between(format)), draw(_unit(format, unit))]
    return "".join(parts) + draw(st.sampled_from(["", " ", "\n"]))


def _unit(format: CodeFormat, unit: str) -> st.SearchStrategy[str]:
    if isinstance(format.alphabet, WordList):
        forms = [unit, unit.upper(), unit.title()]
    else:
        forms = [unit, *_alike(unit, format.alphabet.symbols)]
    return st.sampled_from([*forms, *map(_full_width, forms)])


def _between(format: CodeFormat) -> st.SearchStrategy[str]:
    dashes = () if has_hyphen(format.alphabet) else _DASHES
    if isinstance(format.alphabet, WordList):
        return st.sampled_from([*_GAPS[1:], *dashes])
    return st.sampled_from([*_GAPS, *dashes, *_UNSEEN])


def _marks(format: CodeFormat) -> list[str]:
    """Return the list marks that no symbol of the alphabet takes part in."""
    if isinstance(format.alphabet, WordList):
        return [*_MARKS]
    return [mark for mark in _MARKS if set(mark).isdisjoint(_telling(format.alphabet.symbols))]


def _telling(symbols: str) -> set[str]:
    return set(symbols) & set(".)(#*\u2022")


def _alike(symbol: str, symbols: str) -> list[str]:
    """Return the other characters that can only mean the symbol."""
    others = {*kin_of(symbol), symbol.swapcase()} - set(symbols)
    has_both_cases = any(char.isupper() and char.lower() in symbols for char in symbols)
    return sorted(
        char for char in others if _meant(char, symbols, has_both_cases=has_both_cases) == {symbol}
    )


def _meant(char: str, symbols: str, *, has_both_cases: bool) -> set[str]:
    """Return the symbols that a character which is none may stand for."""
    if not has_both_cases and char.swapcase() in symbols:
        return {char.swapcase()}
    return set(kin_of(char)) & set(symbols)


def _full_width(text: str) -> str:
    return "".join(chr(ord(char) + _WIDE) for char in text)
