"""Folding: every spelling of a typed or pasted text is brought to one.

Codes are made by us, not chosen by people, so the profile for passwords (RFC 8265, OpaqueString)
does not bind; folding goes further than that. What it leaves is plain: characters of the code,
ordinary spaces and hyphens, and whatever else stood there, which no alphabet will accept.
"""

import re
import unicodedata

# What browsers, chats and PDFs slip in unseen: soft hyphen, zero-width spaces and joiners, marks
# of direction, byte order mark. Nobody could find and mend such a "typing error", so they go.
_INVISIBLE = (
    "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2066\u2067\u2068\u2069\ufeff"
)

# Those that NFKC does not already turn into a space.
_SPACES = "\t\n\v\f\r\x85\u1680\u2028\u2029"

# Unicode's dashes (category Pd), then the hyphen bullet, the minus sign and the long vowel mark
# that a Japanese keyboard gives in place of a hyphen.
_DASHES = (
    "\u058a\u05be\u1400\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u2e17\u2e1a\u2e3a\u2e3b\u2e40"
    "\u2e5d\u301c\u3030\u30a0\U00010ead\u2043\u2212\u30fc"
)

_TABLE = str.maketrans(
    {
        **dict.fromkeys(_INVISIBLE, ""),
        **dict.fromkeys(_SPACES, " "),
        **dict.fromkeys(_DASHES, "-"),
    }
)

# Each mark holds a character that is no symbol and no separator: a text that begins with one is no
# code as it stands, so leaving the mark out never competes with another reading. The separator
# behind it says where its number ends, and that "2.345" is no second line.
_MOST_NUMBERED = 999
_LIST_MARK = re.compile(
    r" *(?:[*\u2022\u2023\u25aa\u25e6]|\([0-9]{1,3}\)|[0-9]{1,3}[.)]|#[0-9]{1,3})(?=[ -])"
)

# How a line of a numbered list may begin; the last one has no number, and is in no alphabet.
_NUMBERED = ("{}.", "{})", "#{}")
_BULLET = "\u2022"

# What a mark and the separator behind it are told by, as far as an alphabet may have it.
_TELLING = frozenset(".()#*-")


def fold(text: str, *, symbols: str = "") -> str:
    """Return the text in NFKC, its separators as spaces and hyphens, without invisible characters.

    One list mark at the beginning, as on a numbered sheet, is left out where a separator follows
    it: ``1.``, ``1)``, ``(1)``, ``#1`` or a bullet. Case is kept: that is the alphabet's matter.
    A mark that the alphabet could spell stays.

    Args:
        text: at most about a thousand characters; NFKC may make 18 out of one.
        symbols: what the alphabet has; of interest are only marks and hyphens among it.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    plain = text.translate(_TABLE)
    mark = _LIST_MARK.match(plain)
    if mark is None or not _TELLING.intersection(symbols).isdisjoint(plain[: mark.end() + 1]):
        return plain
    return plain[mark.end() :]


def list_mark(number: int, *, symbols: str = "") -> str:
    """Return how a line of a numbered list begins, so that `fold` leaves it out with the space.

    It is ``1.`` wherever the alphabet lets it be, ``1)`` or ``#1`` where that could spell a code,
    and a bullet where all of them could, or the number is above 999.

    Args:
        number: the place of the line in its list, from 1.
        symbols: what the alphabet has.
    """
    if number <= _MOST_NUMBERED:
        for form in _NUMBERED:
            if _TELLING.intersection(symbols).isdisjoint(form):
                return form.format(number)
    return _BULLET
