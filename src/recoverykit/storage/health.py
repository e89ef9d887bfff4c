"""What is wrong with a storage, as plain data for whoever keeps it running."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong. Nothing in it is secret: no address, no password, no content.

    Attributes:
        id: its name, which lasts from release to release: for rules of an alarm.
        sentence: what is wrong, and what may come of it.
        mend: what to do about it.
    """

    id: str
    sentence: str
    mend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a storage is, as far as it can tell.

    Attributes:
        problems: what is wrong with it; empty where nothing is.
    """

    problems: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


@runtime_checkable
class ExaminableStorage(Protocol):
    """A storage that can tell how it is. Optional: no verb of a kit asks."""

    def health(self) -> Health:
        """Look for what is wrong: it cannot be reached, or does not keep the contract as set up.

        A storage that is not well is no error: that is what it tells.
        """
        ...
