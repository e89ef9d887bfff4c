"""Texts that storages confuse: each differs from a neighbour by what some database ignores."""

from typing import Final

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
    "alice\u200b",
    "ali%e",  # a pattern that the first one matches
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
    "\\",
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
    "x" * 254,
    "x" * 254 + "y",  # cut behind the last but one
    "x" * 255,
    "\u00e9" * 127,
    "\U0001f511" * 63 + "abc",  # as many bytes as there may be
)
