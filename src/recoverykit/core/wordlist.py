"""Word lists: the sets of words from which codes are made.

The lists are package data of ``xkcdpass``, read when first needed. Each is pinned by its size and
its SHA-256, so that a list is either the one that every code was made from or refused: reading one
gives the same words at all times, and the core stays pure.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pkgutil import get_data

from recoverykit.core.folding import fold
from recoverykit.core.masked import Masked
from recoverykit.errors import Finding, MissingExtra, PolicyError

MAX_WORD_LENGTH = 10  # of any word in any of the lists, in letters


class WordList(Enum):
    """The word lists of the EFF (2016).

    The long list needs the fewest words. Short list 1 has the shortest words. In short list 2 the
    first three letters of a word are unique, and any two words differ by at least three letters.
    """

    EFF_LONG = "eff-long"
    EFF_SHORT_1 = "eff-short-1"
    EFF_SHORT_2 = "eff-short-2"

    @property
    def order(self) -> int:
        """How many words there are; known without reading the list."""
        return _SOURCES[self].size

    @property
    def words(self) -> tuple[str, ...]:
        """All words, in the order of their values from 0.

        Raises:
            MissingExtra: the extra ``words`` is not installed.
            PolicyError: the installed list is not the one that codes are made from.
        """
        return _load(_SOURCES[self])

    def read(self, text: Masked[str]) -> tuple[int, ...] | None:
        """Return the values of the words in a text; None where anything else stands in it.

        Words may be parted by spaces or hyphens, and case does not matter.

        Raises:
            MissingExtra: the extra ``words`` is not installed.
            PolicyError: the installed list is not the one that codes are made from.
        """
        values = _values(self)  # before the text is revealed: this may raise
        return _read(fold(text.reveal()), values)

    def write(self, values: Sequence[int]) -> str:
        """Return the words with these values, parted by one space each.

        Raises:
            MissingExtra: the extra ``words`` is not installed.
            PolicyError: the installed list is not the one that codes are made from.
        """
        words = self.words
        return " ".join([words[value] for value in values])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    resource: str
    size: int
    sha256: str


_SOURCES: Mapping[WordList, _Source] = {
    WordList.EFF_LONG: _Source(
        resource="static/eff-long",
        size=7776,
        sha256="6d557f0693958fb5e650b68b5bee585eb82cf4da32965505c789e924743bc522",
    ),
    WordList.EFF_SHORT_1: _Source(
        resource="static/eff-short",
        size=1296,
        sha256="36ecca49e4fa20ca84b176c32f2e9c82f98f446585190e75f9879a95c08247bf",
    ),
    WordList.EFF_SHORT_2: _Source(
        resource="static/eff-special",
        size=1296,
        sha256="7aa57a4d3ecf6581729992bad9575bacdebf7c28378af2aec6a50f11aec326f5",
    ),
}


@cache
def _load(source: _Source) -> tuple[str, ...]:
    content = _resource(source.resource)
    words = tuple(content.decode("ascii", "replace").split())
    found = hashlib.sha256(content).hexdigest()
    if len(words) != source.size or found != source.sha256:
        raise PolicyError(_wrong_list(source, f"{len(words)} words with SHA-256 {found}"))
    return words


def _resource(name: str) -> bytes:
    try:
        content = get_data("xkcdpass", name)
    except OSError:
        content = b""  # a release without this list: refused as one that differs
    if content is None:
        raise MissingExtra("words")
    return content


def _wrong_list(source: _Source, found: str) -> Finding:
    return Finding(
        rule="WORDS-PINNED",
        figure=f"{source.size} words with SHA-256 {source.sha256} wanted, {found} found",
        mend="install a release of xkcdpass that ships this list unchanged",
    )


@cache
def _values(wordlist: WordList) -> Mapping[str, int]:
    return {word: value for value, word in enumerate(wordlist.words)}


def _read(text: str, values: Mapping[str, int]) -> tuple[int, ...] | None:
    if not text.isascii():
        return None
    return _join(filter(None, text.lower().replace("-", " ").split(" ")), values)


def _join(parts: Iterable[str], values: Mapping[str, int]) -> tuple[int, ...] | None:
    # A few words hold a hyphen: drop-down, felt-tip, t-shirt, yo-yo. The first half of none of
    # them is a word, so a part that is no word can only be such a half: there is one reading.
    found: list[int] = []
    half = ""
    for part in parts:
        value = values.get(half + part)
        if value is not None:
            found.append(value)
            half = ""
        elif half:
            return None
        else:
            half = part + "-"
    return None if half else tuple(found)
