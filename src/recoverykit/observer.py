"""What a host may watch the calls of a kit with, and what it is shown of them.

Nothing here holds a code, a digest, a key, a session, a context, an attempt or a subject: what an
observer is shown may go into traces and figures as it is.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from recoverykit.core.effects import Answer as Answer


class VerbName(Enum):
    """Which verb was called.

    ``erase_scopes`` calls ERASE once for each scope, and ``reseal`` RESEAL for each document.
    """

    ISSUE = "issue"
    CONFIRM = "confirm"
    REDEEM = "redeem"
    STATUS = "status"
    REVOKE = "revoke"
    UNLOCK = "unlock"
    LOCK = "lock"
    ERASE = "erase"
    IMPORT_CODES = "import_codes"
    IMPORT_HASHES = "import_hashes"
    RESEAL = "reseal"


class StepKind(Enum):
    """What a call is doing."""

    LOAD = "load"
    """It loads what is stored."""

    HASH = "hash"
    """It waits for its turn to hash, and hashes."""

    COMMIT = "commit"
    """It commits, the function of ``within`` included."""

    PAUSE = "pause"
    """It waits for a moment, for another writer was first."""


@dataclass(slots=True, kw_only=True)
class ObservedCall:
    """One call of a verb.

    Attributes:
        verb: which one.
        storage: the name of the storage's class.
        outcome: how it ended: ``"success"``, ``"replayed"``, the value of a `RefusalReason`,
            ``"cancelled"`` where the caller was cancelled or interrupted, or else the name of the
            class of what was raised; None while it is running.
        is_failure: whether something failed. A refusal is no failure, nor are the errors that
            answer a host as its user stands: `CodesAlreadyIssued`, `ManagementLocked` and
            `SwitchedOff`.
        commits: how many commits it has tried.
        lost: how many of them another writer has won.
        unknown: of how many it is not known whether they have landed.
        hashes: how many hashes it has evaluated.
    """

    verb: VerbName
    storage: str
    outcome: str | None = None
    is_failure: bool = False
    commits: int = 0
    lost: int = 0
    unknown: int = 0
    hashes: int = 0


@dataclass(slots=True, kw_only=True)
class ObservedStep:
    """One step of a call.

    Attributes:
        call: the call.
        kind: what it is doing.
        hosted: whether the function of ``within`` runs in it.
        error: the name of the class of what was raised; None where nothing was. What a storage
            raises is named as it was raised, whatever it is translated to.
        answer: how the commit ended; None where it failed, and for any other step.
        waited: how long it waited until its first hash began, in seconds; None where none did.
        evaluations: how long each hash took, in seconds, in no order.
    """

    call: ObservedCall
    kind: StepKind
    hosted: bool = False
    error: str | None = None
    answer: Answer | None = None
    waited: float | None = None
    evaluations: tuple[float, ...] = ()


class Observer(Protocol):
    """Watches the calls of a kit: for traces, for figures.

    Both methods return a context, such as a function with ``contextlib.contextmanager`` makes, and
    the call or the step runs inside it: in the same thread, and on an event loop in the same task.
    So they must be quick, and never wait. What they are shown is filled in by the time the context
    is left; it is always left without an exception, whatever the call raises. What they raise
    themselves is logged by its type alone and changes nothing.
    """

    def call(self, call: ObservedCall, /) -> AbstractContextManager[object]:
        """Return the context in which a call runs, with what it announces to ``on_event``."""
        ...

    def step(self, step: ObservedStep, /) -> AbstractContextManager[object]:
        """Return the context in which a step of a call runs. Steps follow one another."""
        ...


__all__ = ["Answer", "ObservedCall", "ObservedStep", "Observer", "StepKind", "VerbName"]
