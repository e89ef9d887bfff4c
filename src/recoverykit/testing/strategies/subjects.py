"""Subjects: a few that are easily taken for each other, and any at all."""

from typing import Final

from hypothesis import strategies as st

from recoverykit.core.subject import Subject

_MAX_BYTES: Final = 255

HOSTILE_IDS: Final = (
    "alice",
    "Alice",
    "alice ",
    " alice",
    "alice\u200b",
    "ali%e",
    "b\u00f6b",
    "bo\u0308b",
    "o'hara\"; --",
    "a:b",
    "a",
    "0",
    "00",
    "null",
    "\U0001f511",
    "\\",
    "x" * _MAX_BYTES,
    "x" * (_MAX_BYTES - 1),
    "\u00e9" * (_MAX_BYTES // 2),
)
"""Ids that a storage may confuse: by case, blanks, accents, quotes, patterns or length."""

_HOSTILE_REALMS: Final = ("", "a", "A", "b:", " ", "x" * _MAX_BYTES)


def hostile_subjects() -> st.SearchStrategy[Subject]:
    """Draw one of some hundred subjects, so that two draws are often alike, or nearly so."""
    realms = st.sampled_from(_HOSTILE_REALMS)
    return st.builds(Subject, st.sampled_from(HOSTILE_IDS), tenant=realms, scope=realms)


def subjects() -> st.SearchStrategy[Subject]:
    """Draw any subject: a hostile one, or one of free text up to the bounds."""
    free = st.builds(Subject, _parts(min_size=1), tenant=_parts(), scope=_parts())
    return st.one_of(hostile_subjects(), free)


def _parts(*, min_size: int = 0) -> st.SearchStrategy[str]:
    """Draw text that a part of a subject can be: no NUL, no lone surrogate, 255 UTF-8 bytes."""
    characters = st.characters(codec="utf-8", exclude_characters="\x00")
    texts = st.text(characters, min_size=min_size, max_size=_MAX_BYTES)
    return texts.map(lambda text: text.encode()[:_MAX_BYTES].decode(errors="ignore"))
