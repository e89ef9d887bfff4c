"""The life of a code set, as one table: what each act makes of a set in each state.

What is refused, and what gives way to what, is read off this table. To all the rest of it the
tests hold the kit, act by act; and the table and the diagram of the documentation are made from it.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final, TypeAlias

from recoverykit.core.record import SetState
from recoverykit.errors import CodesAlreadyIssued, NoActiveCodes, RecoveryKitError, SetDisabled


class Act(Enum):
    """What is done to a set, or happens to it."""

    ISSUE = "issue"  # another set is issued in its place, without ``replace``
    REPLACE = "replace"  # another set is issued in its place, with it
    IMPORT = "import"  # codes of another system come to stand in its place, without ``replace``
    CONFIRM = "confirm"  # a code of it is typed back
    YIELD = "yield"  # another set, which was pending beside it, is confirmed
    SPEND = "spend"  # an unused code of it is redeemed, and more are left, or one is put in place
    SPEND_LAST = "spend the last"  # the last one is redeemed
    MISS = "miss"  # a guess at it is wrong
    MISS_LAST = "miss for the last time"  # so is the guess that disables it
    REVOKE = "revoke"
    TIME = "time"  # its expiry passes, or the time in which it may be confirmed
    ERASE = "erase"


class Gone(Enum):
    """How a set ends that is not kept."""

    SUPERSEDED = "superseded"
    ERASED = "erased"


End: TypeAlias = SetState | Gone | type[RecoveryKitError]
"""What an act leads to: the next state, the end, or the error in which it is refused."""

_PENDING, _ACTIVE, _EXHAUSTED = SetState.PENDING, SetState.ACTIVE, SetState.EXHAUSTED
_EXPIRED, _REVOKED, _DISABLED = SetState.EXPIRED, SetState.REVOKED, SetState.DISABLED
_NO, _STANDS, _GONE = NoActiveCodes, CodesAlreadyIssued, Gone.SUPERSEDED

STATES: Final = (_PENDING, _ACTIVE, _EXHAUSTED, _EXPIRED, _REVOKED, _DISABLED)

_ROWS: Final[Mapping[Act, tuple[End, ...]]] = {
    # in the state      pending    active      exhausted   expired     revoked     disabled
    Act.ISSUE:         (_GONE,     _STANDS,    _GONE,      _GONE,      _GONE,      _STANDS),
    Act.REPLACE:       (_GONE,     _GONE,      _GONE,      _GONE,      _GONE,      _GONE),
    Act.IMPORT:        (_STANDS,) * len(STATES),
    Act.CONFIRM:       (_ACTIVE,   _ACTIVE,    _EXHAUSTED, _NO,        _NO,        SetDisabled),
    Act.YIELD:         (_GONE,     _GONE,      _GONE,      _GONE,      _GONE,      _GONE),
    Act.SPEND:         (_NO,       _ACTIVE,    _NO,        _NO,        _NO,        SetDisabled),
    Act.SPEND_LAST:    (_NO,       _EXHAUSTED, _NO,        _NO,        _NO,        SetDisabled),
    Act.MISS:          (_PENDING,  _ACTIVE,    _NO,        _NO,        _NO,        SetDisabled),
    Act.MISS_LAST:     (_DISABLED, _DISABLED,  _NO,        _NO,        _NO,        SetDisabled),
    Act.REVOKE:        (_REVOKED,  _REVOKED,   _REVOKED,   _REVOKED,   _REVOKED,   _DISABLED),
    Act.TIME:          (_EXPIRED,  _EXPIRED,   _EXHAUSTED, _EXPIRED,   _REVOKED,   _DISABLED),
    Act.ERASE:         (Gone.ERASED,) * len(STATES),
}  # fmt: skip

LIFE: Final[Mapping[tuple[SetState, Act], End]] = {
    (state, act): end
    for act, ends in _ROWS.items()
    for state, end in zip(STATES, ends, strict=True)
}
