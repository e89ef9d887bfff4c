"""Spelling: which characters stand for which symbols of an alphabet.

A symbol always stands for itself, and what a character stands for depends on nothing around it:
so a text spells one row of symbols at most, and no two rows share a spelling.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from recoverykit.core.folding import fold
from recoverykit.core.masked import Masked

LOOK_ALIKES = ("0Oo", "1IiLl")
"""What people mistake for each other when they copy by hand."""

_SEPARATORS = " -"


def read_symbols(text: Masked[str], symbols: str) -> tuple[int, ...] | None:
    """Return the values of the symbols in a text; None where anything else stands in it.

    Separators are skipped, but for a hyphen that is itself a symbol. A character that is no symbol
    is read as the only one that it can be: in an alphabet of one case the same letter in that
    case, or else the only symbol that looks like it; in an alphabet that has some letter in both
    cases the only symbol that is the same letter or looks like it.

    Args:
        text: as it was typed.
        symbols: all symbols, different ASCII characters, in the order of their values from 0.
    """
    plain = fold(text.reveal(), symbols=symbols)
    for separator in _SEPARATORS:
        if separator not in symbols:
            plain = plain.replace(separator, "")
    try:
        return tuple(map(_values(symbols).__getitem__, plain))
    except KeyError:
        return None


# Bounded, since the alphabets of imported sets come from stored documents.
@lru_cache(maxsize=64)
def _values(symbols: str) -> Mapping[str, int]:
    """Return the value of every ASCII character that spells a symbol."""
    values = {symbol: value for value, symbol in enumerate(symbols)}
    one_case = not any(symbol.isupper() and symbol.lower() in symbols for symbol in symbols)
    others = [char for char in map(chr, range(128)) if char not in values]
    meant = {char: _meant(char, symbols, one_case=one_case) for char in others}
    return MappingProxyType(
        values | {char: values[symbol] for char, symbol in meant.items() if symbol}
    )


def _meant(char: str, symbols: str, *, one_case: bool) -> str | None:
    """Return the only symbol that a character which is none can be; None where there is no one."""
    other = char.swapcase()
    if one_case and other in symbols:
        return other
    kin = next((group for group in LOOK_ALIKES if char in group), other)
    found = [symbol for symbol in symbols if symbol in kin]
    return found[0] if len(found) == 1 else None
