"""The one way in which anything is written: load, decide, swap; again where another was first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeVar

from recoverykit.core.call import Call, Outcome
from recoverykit.core.document import Document
from recoverykit.core.doubt import Doubt
from recoverykit.core.effects import Answer, Flow, Loaded, commit, load
from recoverykit.core.events import Event
from recoverykit.core.record import Change, Record
from recoverykit.core.status import summary_of
from recoverykit.errors import ConcurrentUpdate, RedemptionRefused

MAX_TRIES: Final = 32  # swaps lost before a call gives up; each of them was won by somebody else

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Generic[_Result]):
    """What one round has decided.

    Attributes:
        outcome: how the call ends, once the change has landed.
        change: what must land first; None where nothing is to be written.
        hosted: whether the host's function takes part in the transaction.
    """

    outcome: Outcome[_Result]
    change: Change | None = None
    hosted: bool = False


def change_to(
    document: Document,
    *,
    record: Record | None,
    call: Call,
    revision: str,
    events: tuple[Event, ...],
    now: datetime,
) -> Change:
    """Return the change that puts a document in the place of what was loaded."""
    keyring = call.setup.keyring
    return Change(
        expected=record.revision if record else None,
        revision=revision,
        document=document.to_text(keyring=keyring, subject=call.subject, revision=revision),
        events=events,
        summary=summary_of(document, setup=call.setup, now=now),
    )


def go_round(
    call: Call, doubt: Doubt[Outcome[_Result]], decide: Callable[[Loaded], Flow[Step[_Result]]]
) -> Flow[Outcome[_Result]]:
    """Load, decide and swap until a swap has won or nothing is to be written.

    Args:
        call: the call that goes round.
        doubt: where lost answers are kept; ``decide`` may look into it.
        decide: a flow that decides on what was loaded, deriving hashes as it needs.

    Raises:
        ConcurrentUpdate: other writers won every try.
        OutcomeUnknown: the call ends without knowing whether an earlier swap of it landed.
    """
    with doubt:
        for _ in range(MAX_TRIES):
            loaded = yield from load(call.subject)
            if landed := doubt.settle(loaded.record):
                return landed
            step = yield from decide(loaded)
            if step.change is None:
                if doubt and isinstance(step.outcome.value, RedemptionRefused):
                    raise step.outcome.value
                return step.outcome
            answer = yield from commit(call.subject, step.change, hosted=step.hosted)
            if answer is Answer.WON:
                return step.outcome
            if answer is Answer.UNKNOWN:
                doubt.raise_over(step.change, step.outcome)
        raise ConcurrentUpdate("other writers won every try")
