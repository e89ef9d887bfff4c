"""The wording: everything on a sheet that is written in a language."""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final, cast

from recoverykit.errors import InvalidArgument
from recoverykit.sheet.line import unusable

_LONGEST_LABEL: Final = 100
_LONGEST_SENTENCE: Final = 500
_MOST_SENTENCES: Final = 10
_TAG: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


def write_date(at: datetime) -> str:
    """Return a time as ``2026-11-26 14:03 UTC``: in no language, and in the same order in all."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetWording:
    """The words of a sheet, in the language of whoever keeps it. English where nothing is said.

    Nothing in it is replaced or filled in: what stands here stands on the sheet. Labels and
    headings have at most 100 characters, sentences 500; control characters are none of them.

    Args:
        language: its BCP 47 tag, as a screen reader and a browser ask for it.
        right_to_left: whether it is written so.
        title: the heading of the whole.
        issuer: the label of the issuer's name.
        account: the label of the account's name.
        issued: the label of the date of issue.
        expires: the label of the date from when on the codes no longer count.
        set_id: the label of the id of the set.
        codes: the heading of the codes.
        use: the heading of how they are used.
        use_sentences: how they are used; 1 to 10.
        lost: the heading of what to do when they are lost.
        lost_sentences: what to do; 1 to 10. It should say that new codes make old ones worthless.
        pending: said of a set that must be confirmed before it counts.
        replacing: said of a single code that takes the place of a spent one.
        write_date: returns how a date is written; it is handed aware datetimes in UTC.

    Raises:
        InvalidArgument: a field is of another type, empty or too long, has control characters, line
            separators or lone surrogates, or the tag is none.
    """

    language: str = "en"
    right_to_left: bool = False
    title: str = "Recovery codes"
    issuer: str = "Service"
    account: str = "Account"
    issued: str = "Issued"
    expires: str = "Valid until"
    set_id: str = "Set"
    codes: str = "Your codes"
    use: str = "How to use them"
    use_sentences: tuple[str, ...] = (
        "When you cannot sign in the usual way, type or paste one code as it stands here.",
        "Each code works once: cross it out when you have used it.",
        "Keep this sheet where only you can get at it. Nobody who helps you needs to know a code.",
    )
    lost: str = "If you lose them"
    lost_sentences: tuple[str, ...] = (
        "Sign in and get new codes at once. Do the same if somebody else may have seen this sheet.",
        "New codes make this sheet worthless: destroy it then.",
        "If you can no longer sign in, ask the service for help.",
    )
    pending: str = (
        "These codes do not count yet. To show that you have kept them, type one of them where you "
        "were given them. Until then, older codes stay valid."
    )
    replacing: str = (
        "This code takes the place of the one that you have used. "
        "Any other code of the set stays as it is."
    )
    write_date: Callable[[datetime], str] = write_date

    def __post_init__(self) -> None:
        for name in _LABELS:
            _check_line(name, getattr(self, name), longest=_LONGEST_LABEL)
        for name in _SENTENCES:
            _check_line(name, getattr(self, name), longest=_LONGEST_SENTENCE)
        for name in _LISTS:
            _check_list(name, getattr(self, name))
        if not _TAG.fullmatch(self.language):
            raise InvalidArgument("language must be a BCP 47 tag")
        if not isinstance(self.right_to_left, bool):
            raise InvalidArgument("right_to_left must be True or False")
        if not callable(self.write_date):
            raise InvalidArgument("write_date must be a function")

    def date(self, at: datetime) -> str:
        """Return a date as it stands on the sheet.

        Raises:
            InvalidArgument: ``write_date`` gave something that is no line of text.
        """
        written = self.write_date(at)
        _check_line("what write_date returns", written, longest=_LONGEST_LABEL)
        return written


_SENTENCES: Final = ("pending", "replacing")
_LISTS: Final = ("use_sentences", "lost_sentences")
_LABELS: Final = tuple(
    field.name
    for field in fields(SheetWording)
    if field.name not in {*_SENTENCES, *_LISTS, "right_to_left", "write_date"}
)


def _check_line(name: str, text: object, *, longest: int) -> None:
    if reason := unusable(text, longest=longest):
        raise InvalidArgument(f"{name} {reason}")


def _check_list(name: str, sentences: object) -> None:
    is_tuple = isinstance(sentences, tuple)
    if not is_tuple or not 1 <= len(cast("tuple[object, ...]", sentences)) <= _MOST_SENTENCES:
        raise InvalidArgument(f"{name} must be a tuple of 1 to {_MOST_SENTENCES} sentences")
    for sentence in cast("tuple[object, ...]", sentences):
        _check_line(f"a sentence of {name}", sentence, longest=_LONGEST_SENTENCE)
