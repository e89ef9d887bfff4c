"""What became of a schedule: how each call ended, and all that landed in the storage."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from recoverykit.core.effects import Reply
from recoverykit.core.record import Change, Record
from recoverykit.core.subject import Subject
from recoverykit.errors import RecoveryKitError

Replies: TypeAlias = tuple[Reply | RecoveryKitError, ...]
"""All that a call was answered, in order; an error is one that the shell threw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """One change that the storage has made.

    Attributes:
        call: the name of the call whose change it is.
        subject: whose record it changed.
        change: what was written.
    """

    call: str
    subject: Subject
    change: Change

    @property
    def record(self) -> Record | None:
        """What stood afterwards; None after an erasure."""
        if self.change.document is None:
            return None
        return Record(revision=self.change.revision, document=self.change.document)


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """The call returned a value, and its caller has it."""

    value: object
    replies: Replies


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """The call raised an error, and its caller has it."""

    error: Exception
    replies: Replies


@dataclass(frozen=True, slots=True)
class Crashed:
    """The call stopped for ever, and its caller was told nothing."""


End: TypeAlias = Returned | Raised | Crashed


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """How one complete schedule went.

    Attributes:
        before: what had landed before the calls began, the oldest first.
        landed: what landed since, in the order in which it did; some of it perhaps only after
            all calls had ended.
        ends: how each call ended, by its name.
    """

    before: tuple[Landed, ...]
    landed: tuple[Landed, ...]
    ends: Mapping[str, End]
