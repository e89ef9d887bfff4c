"""Where a new set comes from: drawn by us, or brought along from another system."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Generic, Protocol, TypeVar

from recoverykit.core.document import Document
from recoverykit.core.effects import Flow, Loaded
from recoverykit.core.events import EventKind
from recoverykit.core.state import CodeSet

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made(Generic[_Result]):
    """A set that is ready to be stored.

    Attributes:
        codes: the set.
        kind: how the event is called that tells of it.
        result: what the verb returns, once the document with it in it has landed.
    """

    codes: CodeSet
    kind: EventKind
    result: Callable[[Document], _Result]


class Source(Protocol[_Result]):
    """Makes a new set.

    Attributes:
        is_drawn: whether the codes are new, and other ones at each making; somebody knows them
            otherwise, and may have spent them here before.
    """

    is_drawn: ClassVar[bool]

    def make(self, loaded: Loaded) -> Flow[Made[_Result]]:
        """Make the set, deriving hashes as it needs."""
        ...
