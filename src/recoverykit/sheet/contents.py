"""The contents of a sheet: what each of its forms writes, in the order in which it is written."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Never

from recoverykit.errors import InvalidArgument
from recoverykit.sheet.line import unusable
from recoverykit.sheet.wording import SheetWording

_LONGEST_NAME: Final = 255  # as long as an address of mail can be


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedCode:
    """One code, and what stands before it.

    Attributes:
        number: its place in the set, from 1.
        mark: how a line with it begins, such as ``1.``; the line is read as the code.
        text: the code as its user is to see it.
    """

    number: int
    mark: str
    text: str = field(repr=False)

    @property
    def has_plain_number(self) -> bool:
        """Whether the mark is the number with a full stop, as lists are numbered by themselves."""
        return self.mark == f"{self.number}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What stands on a sheet.

    Attributes:
        issuer: the name of the service that takes the codes.
        account: whose codes they are, as that person knows the account.
        codes: the codes.
        set_id: the id of their set.
        issued_at: when the set was issued, in UTC.
        expires_at: from when on it no longer counts; None for never.
        is_pending: whether it must be confirmed before it counts.
        is_replacement: whether the only code takes the place of a spent one.
        wording: all else.

    Raises:
        InvalidArgument: a name or the wording cannot be used; see `recoverykit.Issued.sheet`.
    """

    issuer: str
    account: str
    codes: tuple[NumberedCode, ...]
    set_id: str
    issued_at: datetime
    expires_at: datetime | None
    is_pending: bool
    is_replacement: bool
    wording: SheetWording

    def __post_init__(self) -> None:
        for name, text in (("issuer", self.issuer), ("account", self.account)):
            if reason := unusable(text, longest=_LONGEST_NAME):
                raise InvalidArgument(f"{name} {reason}")
        if not isinstance(self.wording, SheetWording):
            raise InvalidArgument("translations must be a SheetWording")

    def __reduce__(self) -> Never:
        raise TypeError("the contents of a sheet cannot be pickled or copied")

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What the codes are for, each with its label before it.

        Raises:
            InvalidArgument: the wording cannot write a date.
        """
        words = self.wording
        end = self.expires_at
        return (
            (words.issuer, self.issuer),
            (words.account, self.account),
            (words.issued, words.date(self.issued_at)),
            *([] if end is None else [(words.expires, words.date(end))]),
            (words.set_id, self.set_id),
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What has to be known of these codes before they are used."""
        words = self.wording
        return (
            *([words.pending] if self.is_pending else []),
            *([words.replacing] if self.is_replacement else []),
        )

    @property
    def advice(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """What to do with the codes: headings, and the sentences below each."""
        words = self.wording
        return ((words.use, words.use_sentences), (words.lost, words.lost_sentences))
