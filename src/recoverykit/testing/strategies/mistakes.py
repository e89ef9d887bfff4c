"""Typing errors of a code: each with what it is, and whether the format must catch it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeAlias

from hypothesis import strategies as st

from recoverykit.core.format import CodeFormat
from recoverykit.core.wordlist import WordList
from recoverykit.testing.strategies.formats import codes
from recoverykit.testing.strategies.units import all_units, kin_of, shown, units_of

_FOREIGN: Final = "ßéЖ漢€"
_MARKS: Final = ("1. ", "1) ", "(1) ", "#1 ", "* ")


class MistakeKind(Enum):
    """What went wrong on the way from the sheet to the form."""

    WRONG = "one symbol is another one"
    LOOK_ALIKE = "one symbol is another one that looks like it, or is its other case"
    SWAPPED = "two neighbours have changed places"
    MISSING = "one symbol is left out"
    EXTRA = "one symbol too many"
    FOREIGN = "a character that no code has"
    LIST_MARK = "a list mark that is made of symbols"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A code that was typed wrongly. What is a word in some formats is called a symbol here.

    Attributes:
        kind: what went wrong.
        code: the code, as it was shown.
        typed: what was typed in its place.
        is_caught: whether the format must refuse it as malformed, so that it costs no attempt.
            What it cannot catch is another code of the same format.
    """

    kind: MistakeKind
    code: str = field(repr=False)
    typed: str
    is_caught: bool


_Slip: TypeAlias = Callable[[st.DrawFn, CodeFormat, list[str]], str]


@st.composite
def mistakes(draw: st.DrawFn, format: CodeFormat) -> Mistake:
    """Draw a code of a format and a typing error in it.

    Every kind is drawn that can happen to the code: a swap of two equal symbols is none, and look
    alikes are mistaken only where both are symbols (see `spellings` for the others).
    """
    code = draw(codes(format))
    units = units_of(format, code)
    kind = draw(st.sampled_from([*_possible(format, units)]))
    slip, is_always_caught = _SLIPS[kind]
    return Mistake(
        kind=kind,
        code=code,
        typed=slip(draw, format, units),
        is_caught=is_always_caught or format.check,
    )


def _possible(format: CodeFormat, units: list[str]) -> Iterator[MistakeKind]:
    yield from (MistakeKind.WRONG, MistakeKind.MISSING, MistakeKind.EXTRA, MistakeKind.FOREIGN)
    if _uneven(units):
        yield MistakeKind.SWAPPED
    if _mistakable(format, units):
        yield MistakeKind.LOOK_ALIKE
    if _marks(format):
        yield MistakeKind.LIST_MARK


def _wrong(draw: st.DrawFn, format: CodeFormat, units: list[str]) -> str:
    at = draw(_places(units))
    every = all_units(format)
    # The next but so many, so that it is never itself.
    further = draw(st.integers(1, len(every) - 1))
    units[at] = every[(every.index(units[at]) + further) % len(every)]
    return shown(format, units)


def _look_alike(draw: st.DrawFn, format: CodeFormat, units: list[str]) -> str:
    at = draw(st.sampled_from(_mistakable(format, units)))
    units[at] = draw(st.sampled_from(_taken_for(units[at], format)))
    return shown(format, units)


def _swapped(draw: st.DrawFn, format: CodeFormat, units: list[str]) -> str:
    at = draw(st.sampled_from(_uneven(units)))
    units[at : at + 2] = units[at + 1], units[at]
    return shown(format, units)


def _missing(draw: st.DrawFn, format: CodeFormat, units: list[str]) -> str:
    del units[draw(_places(units))]
    return shown(format, units)


def _extra(draw: st.DrawFn, format: CodeFormat, units: list[str]) -> str:
    units.insert(draw(st.integers(0, len(units))), draw(st.sampled_from(all_units(format))))
    return shown(format, units)


def _foreign(draw: st.DrawFn, format: CodeFormat, units: list[str]) -> str:
    units[draw(_places(units))] = draw(st.sampled_from(_FOREIGN))
    return shown(format, units)


def _list_mark(draw: st.DrawFn, format: CodeFormat, units: list[str]) -> str:
    return draw(st.sampled_from(_marks(format))) + shown(format, units)


_SLIPS: Final[dict[MistakeKind, tuple[_Slip, bool]]] = {
    MistakeKind.WRONG: (_wrong, False),
    MistakeKind.LOOK_ALIKE: (_look_alike, False),
    MistakeKind.SWAPPED: (_swapped, False),
    MistakeKind.MISSING: (_missing, True),
    MistakeKind.EXTRA: (_extra, True),
    MistakeKind.FOREIGN: (_foreign, True),
    MistakeKind.LIST_MARK: (_list_mark, True),
}
"""Each kind, and whether its length or its characters give it away without a check symbol."""


def _places(units: list[str]) -> st.SearchStrategy[int]:
    return st.integers(0, len(units) - 1)


def _uneven(units: list[str]) -> list[int]:
    """Return the places whose unit differs from the next one."""
    return [at for at in range(len(units) - 1) if units[at] != units[at + 1]]


def _mistakable(format: CodeFormat, units: list[str]) -> list[int]:
    """Return the places whose unit can be taken for another one that looks like it."""
    return [at for at, unit in enumerate(units) if _taken_for(unit, format)]


def _taken_for(unit: str, format: CodeFormat) -> list[str]:
    if isinstance(format.alphabet, WordList):
        return []
    return [char for char in kin_of(unit) if char != unit and char in format.alphabet.symbols]


def _marks(format: CodeFormat) -> list[str]:
    """Return the list marks that the alphabet can spell in part, so that they are read as code."""
    if isinstance(format.alphabet, WordList):
        return []
    symbols = format.alphabet.symbols
    return [mark for mark in _MARKS if not set(mark).isdisjoint(set(".)(#*") & set(symbols))]
