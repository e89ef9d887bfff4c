"""Subjects that storages confuse: each differs from a neighbour by what some database ignores."""

from itertools import chain
from typing import Final

from recoverykit.core.subject import Subject

HOSTILE_TEXTS: Final = (
    "alice",
    "Alice",  # compared without case
    "alice ",  # padded, as MySQL and CHAR columns do
    " alice",
    "alice\t",
    "alice\n",
    "al\u00edce",  # accents folded
    "ali\u0301ce",  # the same letter is not meant here: a combining mark, dropped by some
    "ali\u200bce",  # a character that collations ignore
    "b\u00f6b",  # composed
    "bo\u0308b",  # decomposed, equal once normalised
    "stra\u00dfe",
    "strasse",
    "\u0131",  # Turkish: its upper case is I
    "i",
    "I",
    "\uff21",  # full width
    "A",
    "\U0001f511",  # four bytes of UTF-8, all alike to old collations
    "\U0001f512",
    "o'hara\"; --",
    "%",
    "_",
    "*",
    "a\\",
    "a\\\\",
    "a/b",
    "a_b",  # what is no name of a file, replaced
    "../a",
    ".",
    "a:b",
    "a|b",
    "0",
    "00",
    "0e1",  # equal to 0 where texts are compared as numbers
    "1",
    "None",
    "null",
    "{}",
    "x" * 254 + "y",  # cut behind the last but one
    "x" * 255,
    "\U0001f511" * 63 + "abc",  # as many bytes as there may be
)

_JOINED: Final = (
    Subject("b", tenant="a", scope="c"),
    Subject("c", tenant="a", scope="b"),
    Subject("a", tenant="b", scope="c"),
    Subject("bc", tenant="a"),
    Subject("b", tenant="a"),
    Subject("ab", scope="c"),
    Subject("ab"),
    Subject("b", scope="a"),
    Subject("c", tenant="a:b"),
    Subject("b:c", tenant="a"),
    Subject("c", tenant="a/b"),
    Subject("b/c", tenant="a"),
    Subject("c", tenant="a\x1fb"),
    Subject("b\x1fc", tenant="a"),
    Subject("a", scope="b:c"),
    Subject("a:b", scope="c"),
    Subject("a/b", scope="c"),
    Subject("a", scope="b/c"),
)

HOSTILE: Final = tuple(
    dict.fromkeys(
        chain(
            (Subject(text) for text in HOSTILE_TEXTS),
            (Subject("alice", tenant=text) for text in HOSTILE_TEXTS),
            (Subject("alice", scope=text) for text in HOSTILE_TEXTS),
            _JOINED,
        )
    )
)
"""Subjects that must not be confused with one another; none comes twice."""
