"""A code set as it is stored: its codes, how they were used, and what has become of it.

Invariants, checked whenever a set is read: 1 to 64 codes, their ordinals unique; every text ASCII
and bounded; every instant between 1970 and the year 9000, in UTC.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Final

from recoverykit.core.constraint import Bounded, InUtc
from recoverykit.core.digest import key_id_in
from recoverykit.core.foreign import is_foreign
from recoverykit.core.format import CodeFormat
from recoverykit.core.keyring import NO_KEY
from recoverykit.core.record import SetState

# Two full sets and the former codes of one fit into 64 KiB, all with the longest lines there are.
MAX_COUNT: Final = 64
MAX_FORMER: Final = 16
MAX_FOREIGN: Final = 16  # evaluations that one guess may cost
MAX_FAILURES: Final = 1_000_000
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)

Instant = Annotated[datetime, InUtc(EARLIEST, LATEST)]
Token = Annotated[str, Bounded(pattern=r"^[0-9a-f]{32}$")]
AttemptId = Annotated[str, Bounded(pattern=r"^[ -~]{1,128}$")]
DigestText = Annotated[str, Bounded(pattern=r"^[!-~]{1,242}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How a code was spent.

    Attributes:
        at: when, in UTC.
        attempt: the id of the attempt that spent it.
        revision: the revision of the very commit that spent it, by which a call recognises its own
            success; two calls may share an attempt, never a revision.
    """

    at: Instant
    attempt: AttemptId
    revision: Token


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCode:
    """One code of a set.

    Attributes:
        ordinal: its place in the set, from 0; the selector names it where there is one.
        digest: the stored digest, read only when a guess is held against it, so that one damaged
            line does not take the other codes with it.
        use: how it was spent; None while it is not.
    """

    ordinal: Annotated[int, Bounded(ge=0, lt=MAX_COUNT)]
    digest: DigestText = field(repr=False)
    use: Use | None = None

    @property
    def is_foreign(self) -> bool:
        """Whether another system hashed it."""
        return is_foreign(self.digest)

    @property
    def key_id(self) -> str:
        """The id of the key that it is bound to; `NO_KEY` for none."""
        return NO_KEY if self.is_foreign else key_id_in(self.digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSet:
    """The codes issued together, and what has become of them.

    Attributes:
        id: 128 random bits in hex.
        format: the shape of its codes, fixed when it was issued.
        issued_at: when it was issued.
        attempt: the id of the attempt that issued it.
        expires_at: from when on it no longer counts; None for never.
        codes: its codes, in the order of their ordinals.
        former: the last of the codes whose places others have taken, the oldest first: by them a
            success that was lost on its way is recognised. They can never be spent again.
        failures: judged failures in a row.
        failed_at: the last of them; None where there is none.
        lapses_at: until when it waits to be confirmed; None where it does not, or no longer.
        confirmed_at: when it was confirmed; None where it was not.
        revoked_at: when it was revoked; None if it was not.
        disabled_at: when failures disabled it; None if they did not.
        is_display_hashed: whether another system hashed its codes as they are shown, separators
            included; means nothing for codes that we hashed.
    """

    id: Token
    format: CodeFormat
    issued_at: Instant
    attempt: AttemptId
    expires_at: Instant | None
    codes: Annotated[tuple[StoredCode, ...], Bounded(min_length=1, max_length=MAX_COUNT)]
    former: Annotated[tuple[StoredCode, ...], Bounded(max_length=MAX_FORMER)] = ()
    failures: Annotated[int, Bounded(ge=0, le=MAX_FAILURES)] = 0
    failed_at: Instant | None = None
    lapses_at: Instant | None = None
    confirmed_at: Instant | None = None
    revoked_at: Instant | None = None
    disabled_at: Instant | None = None
    is_display_hashed: bool = False

    def __post_init__(self) -> None:
        if len({code.ordinal for code in self.codes}) != len(self.codes):
            raise ValueError("ordinals are not unique")
        if not all(code.use for code in self.former):
            raise ValueError("a former code was never used")

    @property
    def is_pending(self) -> bool:
        """Whether it has still to be confirmed, in time or not."""
        return self.lapses_at is not None

    def state_at(self, now: datetime) -> SetState:
        """Return what the set is good for at that time. Disabled outlives every other end."""
        if self.disabled_at is not None:
            return SetState.DISABLED
        if self.revoked_at is not None:
            return SetState.REVOKED
        if not any(code.use is None for code in self.codes):
            return SetState.EXHAUSTED
        if self.expires_at is not None and now >= self.expires_at:
            return SetState.EXPIRED
        if self.lapses_at is not None:
            return SetState.EXPIRED if now >= self.lapses_at else SetState.PENDING
        return SetState.ACTIVE

    def remaining_at(self, now: datetime) -> int:
        """Return how many codes could be redeemed at that time."""
        if self.state_at(now) is not SetState.ACTIVE:
            return 0
        return sum(code.use is None for code in self.codes)

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of the keys that its codes are bound to, sorted; empty without a keyring."""
        ids = {code.key_id for code in self.codes}
        return tuple(sorted(ids - {NO_KEY}))

    @property
    def last_used_at(self) -> datetime | None:
        """When a code of the set, or a former one, was last redeemed; None if never."""
        spent = (*self.former, *self.codes)
        return max((code.use.at for code in spent if code.use), default=None)
