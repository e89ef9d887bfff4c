"""The breaks of lines in scripts without spaces: fpdf2 breaks anywhere in them, and must not."""

from collections.abc import Callable, Sequence
from typing import Final

# JLREQ, 3.1.7 and 3.1.8: https://www.w3.org/TR/jlreq/#characters_not_starting_a_line
_NEVER_FIRST: Final = frozenset(
    "\u3001\u3002\uff0c\uff0e\uff1a\uff1b\uff1f\uff01\u30fb"  # stops, commas, the middle dot
    "\uff09\uff3d\uff5d\u300d\u300f\u3011\u3015\u3009\u300b"  # closing brackets
    "\u30fc\u3005\u309d\u309e\u30fd\u30fe"  # marks of length and of iteration
    "\u3041\u3043\u3045\u3047\u3049\u3063\u3083\u3085\u3087\u308e"  # small hiragana
    "\u30a1\u30a3\u30a5\u30a7\u30a9\u30c3\u30e3\u30e5\u30e7\u30ee"  # small katakana
)
_NEVER_LAST: Final = frozenset("\uff08\uff3b\uff5b\u300c\u300e\u3010\u3014\u3008\u300a")


def settled(text: str, lines_of: Callable[[str], Sequence[str]]) -> str:
    """Return a text with line breaks where it would be torn: before what has to stay with it.

    Args:
        text: one line, however long.
        lines_of: returns a text in the lines in which it would be written.
    """
    # Each break stands behind the one before, so that there is an end to it.
    while (at := _break_of(text, lines_of(text))) is not None:
        text = f"{text[:at]}\n{text[at:]}"
    return text


def _break_of(text: str, lines: Sequence[str]) -> int | None:
    """Return where the first line that is torn from the next one should end; None for no line."""
    end = 0
    for line in lines:
        begin = text.find(line, end)
        if begin < 0:
            return None  # not written as it stands: it has a soft hyphen, say
        end = begin + len(line)
        at = end
        while begin < at < len(text) and _is_torn(text, at):
            at -= 1
        if begin < at < end:
            return at
    return None


def _is_torn(text: str, at: int) -> bool:
    return text[at] in _NEVER_FIRST or text[at - 1] in _NEVER_LAST
