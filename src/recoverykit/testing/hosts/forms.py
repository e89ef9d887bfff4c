"""The forms in which people type a code: each is a promise of its own."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

_ASCII = "".join(map(chr, range(0x21, 0x7F)))
_FULL_WIDTH = str.maketrans(_ASCII, "".join(chr(ord(each) + 0xFEE0) for each in _ASCII))


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One way to type a code.

    Attributes:
        id: the id of its promise, such as ``"F1"``.
        name: what it is called in the steps of a failure.
        is_usual: whether a login is expected to take it. One that does not opts out, with its
            reason; the others are checked where the login declares them.
        type: makes it from a code as it was shown.
        is_of_case: whether it says nothing about codes that have both cases.
    """

    id: str
    name: str
    is_usual: bool
    type: Callable[[str], str] = field(repr=False)
    is_of_case: bool = False

    @property
    def sentence(self) -> str:
        """What is promised of it."""
        return f"A code counts {self.name}."

    def is_for(self, codes: Iterable[str]) -> bool:
        """Whether the form says something about these codes."""
        letters = set("".join(codes))
        return not (
            self.is_of_case and any(each.swapcase() in letters - {each} for each in letters)
        )


def symbols_of(code: str) -> str:
    """Return a code without its separators."""
    return "".join(filter(str.isalnum, code))


def _with_blanks(code: str) -> str:
    return "".join(each if each.isalnum() else " " for each in code)


FORMS: Final = (
    Form(id="F1", name="in lower case", is_usual=True, type=str.lower, is_of_case=True),
    Form(id="F2", name="in upper case", is_usual=True, type=str.upper, is_of_case=True),
    Form(id="F3", name="without separators", is_usual=True, type=symbols_of),
    Form(id="F4", name="with blanks for separators", is_usual=True, type=_with_blanks),
    Form(id="F5", name="with blanks around it", is_usual=True, type="  {} ".format),
    Form(id="F6", name="with a list mark before it", is_usual=False, type="1. {}".format),
    Form(
        id="F7",
        name="in full-width characters",
        is_usual=False,
        type=lambda code: code.translate(_FULL_WIDTH),
    ),
)
"""The forms that are known, in the order of their numbers."""
