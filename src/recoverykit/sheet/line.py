"""A line: text from outside that takes up one line of a sheet, and cannot reach into another."""

import re
import unicodedata
from typing import Final

# Control characters, the separators of lines and paragraphs, and halves of surrogate pairs.
_UNUSABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_UNSEEN: Final = frozenset({"Cf", "Zs"})  # categories of characters without ink

_OPENING: Final = frozenset("\u2066\u2067\u2068")  # isolates: left to right, right to left, first
_FIRST_STRONG: Final = "\u2068"
_CLOSING: Final = "\u2069"


def unusable(text: object, *, longest: int) -> str | None:
    """Return why a text cannot be a line, as the end of a sentence; None where it can.

    Args:
        text: what was handed in.
        longest: how many characters it may have.
    """
    if not isinstance(text, str):
        return "must be a text"
    if len(text) > longest:  # before anything looks at each character
        return f"must not be longer than {longest} characters"
    if _UNUSABLE.search(text):
        return "must not contain control characters, line separators or lone surrogates"
    if all(unicodedata.category(char) in _UNSEEN for char in text):
        return "must not be empty"
    return None


def isolated(text: str) -> str:
    """Return a line that reorders nothing around it, whatever its direction is.

    Every isolate that begins in it ends in it, and no other one does: so the marks of direction in
    it can neither end the isolate that it is put into, nor go on behind it.
    """
    depth = 0
    kept: list[str] = []
    for char in text:
        if char == _CLOSING and not depth:
            continue
        depth += (char in _OPENING) - (char == _CLOSING)
        kept.append(char)
    return _FIRST_STRONG + "".join(kept) + _CLOSING * (depth + 1)
