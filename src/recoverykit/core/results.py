"""What the verbs return."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Never

from recoverykit.core.format import CodeFormat
from recoverykit.core.record import SetState
from recoverykit.core.subject import Subject

if TYPE_CHECKING:
    from recoverykit.sheet import Sheet, SheetWording


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A new set of codes, in the one moment in which they can be seen.

    Show the codes to the user and forget them: nothing can show them again. They are left out of
    the repr, and the object cannot be pickled or copied.

    Attributes:
        codes: the codes as the user keeps them, in the order of their ordinals.
        set_id: the id of the set.
        issued_at: when it was issued, in UTC.
        expires_at: from when on it no longer counts; None for never.
        pending: whether it must be confirmed before it counts.
        format: what the codes look like, and how they are read.
        replaces: the ordinal of the spent code whose place the only code takes; None where the
            codes are a whole set.
    """

    codes: tuple[str, ...] = field(repr=False)
    set_id: str
    issued_at: datetime
    expires_at: datetime | None
    pending: bool = False
    format: CodeFormat
    replaces: int | None = None

    def __reduce__(self) -> Never:
        raise TypeError("issued codes cannot be pickled or copied")

    def sheet(
        self, *, issuer: str, account: str, translations: "SheetWording | None" = None
    ) -> "Sheet":
        """Return what the person keeps: as text, HTML or PDF.

        Codes are numbered by their place in the set, from 1; so is one that replaces another.

        Args:
            issuer: the name of the service that takes the codes; 1 to 255 characters, and so is
                the account's.
            account: whose codes they are, as that person knows the account.
            translations: what the sheet says beside that; None for English.

        Raises:
            InvalidArgument: a name is no text, empty, too long, or has control characters, line
                separators or lone surrogates; or the translations are no `SheetWording`.
        """
        # Whoever issues without a sheet loads nothing of it.
        from recoverykit.sheet import Sheet, SheetWording  # noqa: PLC0415
        from recoverykit.sheet.contents import Contents, NumberedCode  # noqa: PLC0415

        first = (self.replaces or 0) + 1
        codes = [
            NumberedCode(number=number, mark=self.format.list_mark(number), text=code)
            for number, code in enumerate(self.codes, start=first)
        ]
        contents = Contents(
            issuer=issuer,
            account=account,
            codes=tuple(codes),
            set_id=self.set_id,
            issued_at=self.issued_at,
            expires_at=self.expires_at,
            is_pending=self.pending,
            is_replacement=self.replaces is not None,
            wording=SheetWording() if translations is None else translations,
        )
        return Sheet(contents)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption:
    """A code was spent: the user holds something that was given out as a second factor.

    It does not say who the user is; the first factor does.

    Attributes:
        remaining: how many codes are left.
        low: whether that is few, by the policy's ``low_at``.
        ordinal: the place of the code in its set, from 0.
        set_id: the id of its set.
        redeemed_at: when it was spent, in UTC.
        valid_until: until when the redemption may count; None without ``Policy.elevation``.
        replacement: the code issued in its place; None where none was.
        reissue_required: no code is left, or the code that took its place was lost with the answer
            to an earlier call: issue anew.
        replayed: the success of an earlier call with the same attempt id is told again; open no
            second session on it.
        attempt: the id of the attempt.
    """

    remaining: int
    low: bool
    ordinal: int
    set_id: str
    redeemed_at: datetime
    valid_until: datetime | None
    replacement: Issued | None
    reissue_required: bool
    replayed: bool
    attempt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeStatus:
    """One code of a set: never the code itself.

    Attributes:
        ordinal: its place in the set, from 0.
        used_at: when it was spent, in UTC; None while it is not.
    """

    ordinal: int
    used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What a subject's codes are good for now.

    Attributes:
        state: the state of the set that counts, or counted; of the pending one where there is no
            other. So is all that follows, but for ``remaining`` and ``pending``.
        remaining: how many codes could be redeemed now; 0 when expired or disabled. Codes are left
            out whose key is missing.
        total: how many codes the set has.
        low: whether few are left, by the policy's ``low_at``; False where there is no set, it was
            revoked, or it is pending, and where codes are switched off.
        issued_at: when the set was issued; None where there is none.
        expires_at: from when on it no longer counts; None for never.
        last_used_at: when a code was last redeemed; None if never.
        retry_at: until when attempts are refused; None where no delay runs.
        failures: judged failures in a row.
        pending: whether a set waits to be confirmed.
        stale: whether a code is bound to an old key, is hashed weaker than the policy asks or by
            another system, or has a record that cannot be read: time to issue anew.
        missing_keys: the ids of keys that the keyring lacks; codes that need them cannot be
            judged.
        codes: each code's ordinal and time of use.
        legacy: how many unused codes are hashed as another system did: each of them, used or not,
            costs every attempt one more evaluation.
    """

    state: SetState
    remaining: int
    total: int
    low: bool
    issued_at: datetime | None
    expires_at: datetime | None
    last_used_at: datetime | None
    retry_at: datetime | None
    failures: int
    pending: bool
    stale: bool
    missing_keys: tuple[str, ...]
    codes: tuple[CodeStatus, ...]
    legacy: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """What became of a batch of a purge.

    Attributes:
        count: how many documents were removed, or lost something that had ended.
        events: how many events were removed.
        failed: whose documents cannot be read, for a key is missing or they are damaged; or are
            perhaps not purged, for other writers won every try or an answer was lost.
        last: where the next batch begins; None for the beginning.
        done: whether there is no next batch.
    """

    count: int
    events: int
    failed: tuple[Subject, ...]
    last: Subject | None
    done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Resealed:
    """What became of a batch of documents.

    Attributes:
        count: how many are under the newest seal now that were not before.
        failed: whose documents cannot be read, for a key is missing or they are damaged; or are
            perhaps not resealed, for other writers won every try or an answer was lost.
        last: where the next batch begins; None where there is none.
    """

    count: int
    failed: tuple[Subject, ...]
    last: Subject | None
