"""Texts that are no code: what people, and those who attack, type in the place of one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from recoverykit.testing.hosts.forms import symbols_of

_LONG: Final = 5_000  # characters: more than any code has, less than a server refuses to read


def _changed(codes: Sequence[str]) -> str:
    """Change the last symbol of the first code to another one that occurs among the codes."""
    first = codes[0]
    symbols = sorted({*symbols_of("".join(codes))} - {first[-1]})
    return first[:-1] + symbols[0] if symbols else ""


MISTAKES: Final[Mapping[str, Callable[[Sequence[str]], str]]] = {
    "nothing": lambda _: "",
    "blanks": lambda _: "   ",
    "separators alone": lambda _: "-",
    "a wildcard": lambda _: "%",
    "a quotation mark and a condition": lambda _: "' OR '1'='1",
    "a code with another last symbol": _changed,
    "a code without its last symbol": lambda codes: codes[0][:-1],
    "the first half of a code": lambda codes: codes[0][: len(codes[0]) // 2],
    "a code and one symbol more": lambda codes: codes[0] + codes[0][-1],
    "two codes at once": lambda codes: f"{codes[0]} {codes[-1]}",
    "all codes, between commas": ",".join,
    "all codes, between semicolons": ";".join,
    "a letter outside ASCII": lambda _: "\u00e9\u2460\U0001f511",
    "the character zero": lambda _: "\0",
    "5,000 characters": lambda _: "7" * _LONG,
}
"""Makes each of them from the codes that a user has, by its name."""

WITHOUT_SYMBOLS: Final = ("nothing", "blanks", "separators alone")
"""Those that may look like a code to a login which has none to compare with."""
