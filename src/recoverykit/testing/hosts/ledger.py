"""The oracle: who was given which codes, and what has become of each. It knows no host."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic

from recoverykit.testing.hosts.forms import symbols_of
from recoverykit.testing.hosts.host import UserT


class Fate(Enum):
    """What has become of a code."""

    UNUSED = "unused"
    USED = "used"
    REPLACED = "replaced"
    REVOKED = "revoked"
    DOUBTFUL = "doubtful"  # the host broke a promise, and nobody knows what it thinks of the code


@dataclass(slots=True, kw_only=True)
class Code:
    """One code that was issued; its text stays out of everything that is shown.

    Attributes:
        text: as it was shown.
        name: how failures call it.
        fate: what has become of it.
    """

    text: str = field(repr=False)
    name: str
    fate: Fate = Fate.UNUSED


@dataclass(slots=True, kw_only=True)
class Person(Generic[UserT]):
    """A user and all codes that were ever issued to them.

    Attributes:
        user: what the host's functions take.
        name: how failures call them.
        sets: their code sets, the newest last.
        failures: wrong guesses in a row, at most.
        is_certain: whether the number of codes that are left is known.
        is_enrolled: whether they have a set, be it used up, that was not revoked.
    """

    user: UserT = field(repr=False)
    name: str
    sets: list[tuple[Code, ...]] = field(default_factory=list[tuple[Code, ...]])
    failures: int = 0
    is_certain: bool = True
    is_enrolled: bool = False

    @property
    def codes(self) -> tuple[Code, ...]:
        """The codes of the newest set, used ones included."""
        return self.sets[-1] if self.sets else ()

    def left(self) -> tuple[Code, ...]:
        """Return the codes that count."""
        return tuple(each for each in self.codes if each.fate is Fate.UNUSED)

    def every(self) -> Iterator[Code]:
        """Return all codes there ever were, the oldest first."""
        for each in self.sets:
            yield from each

    def may_know(self, text: str) -> bool:
        """Whether a text may be read as a code of theirs that counts, or of which nobody knows."""
        known = {Fate.UNUSED, Fate.DOUBTFUL}
        return canonical(text) in {canonical(c.text) for c in self.every() if c.fate in known}

    def end(self, fate: Fate) -> None:
        """Let no code count any more; what is used stays used."""
        self.is_enrolled = False
        for each in self.codes:
            if each.fate is Fate.UNUSED:
                each.fate = fate

    def give(self, texts: tuple[str, ...]) -> None:
        """Give them a set, in the place of the one before; what stands in it twice is one code."""
        self.end(Fate.REPLACED)
        self.is_enrolled = True
        number = len(self.sets) + 1
        codes = {
            canonical(text): Code(text=text, name=f"code {place} of set {number} of {self.name}")
            for place, text in enumerate(texts, 1)
        }
        self.sets.append(tuple(codes.values()))


def canonical(text: str) -> str:
    """Return what is left of a text in the most forgiving reading."""
    return symbols_of(unicodedata.normalize("NFKC", text)).casefold()
