"""What the redeemer can decide about a guess."""

from dataclasses import dataclass
from typing import TypeAlias

from recoverykit.core.events import EventKind
from recoverykit.core.state import CodeSet, Use
from recoverykit.errors import RedemptionRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """The code is right: ``codes`` is the set with it spent, and must be committed.

    ``is_replaced`` says whether another code has taken its place.
    """

    codes: CodeSet
    ordinal: int
    use: Use
    is_replaced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """The code was spent by an earlier call of the same attempt: nothing is to be written.

    ``is_replaced`` says whether another code has taken its place since.
    """

    codes: CodeSet
    ordinal: int
    use: Use
    is_replaced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """The code is of the set that waits: ``codes`` is that set, now active.

    It must be committed, unless ``is_new`` says that it was confirmed before.
    """

    codes: CodeSet
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The guess failed: ``codes`` is the set with one more failure, and must be committed.

    ``ordinal`` tells which code was used before; None where the guess is simply wrong.
    """

    codes: CodeSet
    ordinal: int | None
    error: RedemptionRefused
    happened: tuple[EventKind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Nothing was judged: nothing is to be written."""

    error: RedemptionRefused


Redeemed: TypeAlias = Spent | Recognised | Counted | Refused
