"""The units of a code: its symbols or words, taken apart and put together again."""

from collections.abc import Sequence
from typing import Final

from recoverykit.core.format import CodeFormat
from recoverykit.core.wordlist import WordList

KIN: Final = ("0Oo", "1IiLl")
"""What people mistake for each other when they copy by hand."""


def units_of(format: CodeFormat, code: str) -> list[str]:
    """Return the symbols or words of a code, selector and check symbol included.

    Raises:
        MalformedCode: it is no code of the format.
    """
    canonical = format.parse(code).canonical.reveal()
    return canonical.split(" ") if isinstance(format.alphabet, WordList) else list(canonical)


def shown(format: CodeFormat, units: Sequence[str]) -> str:
    """Return units as the format shows a code, however many there are."""
    if isinstance(format.alphabet, WordList):
        return " ".join(units)
    text = "".join(units)
    if not format.group:
        return text
    starts = range(0, len(text), format.group)
    return "-".join(text[start : start + format.group] for start in starts)


def all_units(format: CodeFormat) -> Sequence[str]:
    """Return every symbol or word that codes of the format are made of."""
    alphabet = format.alphabet
    return alphabet.words if isinstance(alphabet, WordList) else alphabet.symbols


def kin_of(char: str) -> str:
    """Return what a character looks like, or the two cases of it; itself included."""
    return next((group for group in KIN if char in group), char + char.swapcase())
