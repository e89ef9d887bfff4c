"""Subjects: a few that are easily taken for each other, and any at all."""

from typing import Final

from hypothesis import strategies as st

from recoverykit.core.subject import Subject
from recoverykit.testing.hostile import HOSTILE_TEXTS

_MAX_BYTES: Final = 255

_HOSTILE_REALMS: Final = ("", "a", "A", "b:", " ", "x" * _MAX_BYTES)


def hostile_subjects() -> st.SearchStrategy[Subject]:
    """Draw one of some thousand subjects, so that two draws are often alike, or nearly so."""
    realms = st.sampled_from(_HOSTILE_REALMS)
    return st.builds(Subject, st.sampled_from(HOSTILE_TEXTS), tenant=realms, scope=realms)


def subjects() -> st.SearchStrategy[Subject]:
    """Draw any subject: a hostile one, or one of free text up to the bounds."""
    free = st.builds(Subject, _parts(min_size=1), tenant=_parts(), scope=_parts())
    return st.one_of(hostile_subjects(), free)


def _parts(*, min_size: int = 0) -> st.SearchStrategy[str]:
    """Draw text that a part of a subject can be: no NUL, no lone surrogate, 255 UTF-8 bytes."""
    characters = st.characters(codec="utf-8", exclude_characters="\x00")
    texts = st.text(characters, min_size=min_size, max_size=_MAX_BYTES)
    return texts.map(lambda text: text.encode()[:_MAX_BYTES].decode(errors="ignore"))
