"""What a flow asks of the shell that runs it, and what it is answered.

A flow is a generator: it yields an effect, the shell carries it out and sends the answer back, or
throws the error of our tree in which it ended. The shell must

* answer `Load` and `Derive` with the time *after* they were done;
* never tell the result of a flow before the flow has returned it;
* end a flow that it gives up with ``close()``.
"""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TypeAlias, TypeVar

from recoverykit.core.masked import Masked
from recoverykit.core.probe import Request
from recoverykit.core.record import Change, Record
from recoverykit.core.subject import Subject


class Answer(Enum):
    """How a commit ended."""

    WON = "won"
    LOST = "lost"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Load the record of a subject; answered by `Loaded`."""

    subject: Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What was loaded, and the time after it was."""

    record: Record | None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Derive:
    """Evaluate hashes, in parallel where there are several; answered by `Derived`."""

    requests: tuple[Request, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """The digests in the order of their requests, and the time after the last of them."""

    digests: tuple[Masked[bytes], ...]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """Commit a change by compare-and-swap; answered by `Answer`.

    Attributes:
        subject: whose record it changes.
        change: what to write.
        hosted: whether the host's function, if there is one, takes part in the transaction: it
            does in a redemption, and never in the counting of a failure.
    """

    subject: Subject
    change: Change
    hosted: bool = False


Effect: TypeAlias = Load | Derive | Commit
Reply: TypeAlias = Loaded | Derived | Answer
_Result = TypeVar("_Result")
Flow: TypeAlias = Generator[Effect, Reply, _Result]


def load(subject: Subject) -> Flow[Loaded]:
    """Load the record of a subject, as a step of a flow."""
    return _expect(Loaded, (yield Load(subject=subject)))


def derive(*requests: Request) -> Flow[Derived]:
    """Evaluate hashes, as a step of a flow."""
    return _expect(Derived, (yield Derive(requests=requests)))


def commit(subject: Subject, change: Change, *, hosted: bool = False) -> Flow[Answer]:
    """Commit a change, as a step of a flow."""
    return _expect(Answer, (yield Commit(subject=subject, change=change, hosted=hosted)))


def _expect(kind: type[_Result], reply: object) -> _Result:
    if not isinstance(reply, kind):
        raise TypeError(f"the shell must answer with {kind.__name__}")
    return reply
