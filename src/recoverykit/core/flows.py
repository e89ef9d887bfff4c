"""The order of effects behind every verb, as generators that any shell can drive.

The verbs that write go round as `recoverykit.core.rounds` says. What is decided in a round stands
in `recoverykit.core.redeemer`; what a lost answer means, in `recoverykit.core.doubt`.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, TypeVar

from recoverykit.core import purging, redeemer
from recoverykit.core.call import Call, Outcome
from recoverykit.core.confirming import Confirming
from recoverykit.core.document import EMPTY, Document, unchecked_document_in
from recoverykit.core.doubt import Doubt
from recoverykit.core.draft import DrawnCodes
from recoverykit.core.effects import Flow, Loaded, load
from recoverykit.core.events import Event, EventKind
from recoverykit.core.issuing import Issuing
from recoverykit.core.making import Source
from recoverykit.core.masked import Masked
from recoverykit.core.record import Change, Record
from recoverykit.core.redeeming import Redeeming
from recoverykit.core.results import Issued, Redemption, Status
from recoverykit.core.rounds import Step, change_to, go_round
from recoverykit.core.seal import seal_key_in
from recoverykit.core.status import status_of
from recoverykit.errors import OutcomeUnknown, RecoveryKitError, RedemptionRefused, UnknownKey

_Result = TypeVar("_Result")
Transition: TypeAlias = tuple[Document | None, tuple[Event, ...]]
"""The document that is to be committed, None where nothing changes, and what is told of it."""


def status(call: Call) -> Flow[Outcome[Status]]:
    """Tell what the subject's codes are good for. Writes nothing.

    Raises:
        CorruptRecord: what is stored cannot be read.
    """
    loaded = yield from load(call.subject)
    missing = None
    try:
        document = call.document(loaded.record)
    except UnknownKey as unknown:
        # Nothing can be redeemed; what stands there is told all the same, for somebody to mend it.
        missing = unknown.key_id
        document = unchecked_document_in(loaded.record)
    value = status_of(document, setup=call.setup, now=loaded.now, missing_seal=missing)
    return Outcome(value=value)


def issue(call: Call, *, replacing: bool, session: Masked[str] | None) -> Flow[Outcome[Issued]]:
    """Issue a new set, where the redeemer permits it.

    Raises:
        SwitchedOff, ManagementLocked: the policy issues nothing, or not to this session.
        CodesAlreadyIssued, ConcurrentUpdate: see `redeemer.permit_issue`.
        UnknownKey, CorruptRecord: what is stored cannot be read.
        OutcomeUnknown: it is not known whether the set was stored.
    """
    return (yield from install(call, DrawnCodes(call=call), replacing=replacing, session=session))


def install(
    call: Call, source: Source[_Result], *, replacing: bool, session: Masked[str] | None
) -> Flow[Outcome[_Result]]:
    """Store a set that comes from somewhere, where the redeemer permits it.

    Raises: as for `issue`.
    """
    issuing = Issuing(call, source, replacing=replacing, session=session)
    with _unknown_after(issuing.doubt, call):
        return (yield from go_round(call, issuing.doubt, issuing.decide))


def confirm(call: Call, text: Masked[str]) -> Flow[Outcome[Status | RedemptionRefused]]:
    """Let the pending set count, or end in the refusal to.

    Raises: as for `redeem`.
    """
    confirming = Confirming(call, text)
    return (yield from go_round(call, confirming.doubt, confirming.decide))


def redeem(call: Call, text: Masked[str]) -> Flow[Outcome[Redemption | RedemptionRefused]]:
    """Spend a code, or end in the refusal to.

    Raises:
        UnknownKey: the code, or the document, is bound to a key that the keyring lacks.
        CorruptRecord: what is stored cannot be read.
        ConcurrentUpdate: other writers won every try.
        OutcomeUnknown: it is not known whether the code was spent.
    """
    redeeming = Redeeming(call, text)
    return (yield from go_round(call, redeeming.doubt, redeeming.decide))


def revoke(call: Call, *, session: Masked[str] | None) -> Flow[Outcome[Status]]:
    """Revoke whichever sets stand; nothing happens where none does, or a disabled one.

    Raises:
        ManagementLocked: the policy lets this session revoke nothing.
        UnknownKey, CorruptRecord: what is stored cannot be read.
        ConcurrentUpdate: other writers won every try.
        OutcomeUnknown: it is not known whether the set was revoked.
    """

    def transition(old: Document, now: datetime) -> Transition:
        redeemer.permit_management(old, session=session, policy=call.setup.policy, now=now)
        new, revoked = redeemer.revoke(old, now)
        events = tuple(call.event(EventKind.REVOKED, now, set_id=each.id) for each in revoked)
        return (new if revoked else None), events

    outcome = yield from _manage(call, transition)
    value = status_of(outcome.value.document, setup=call.setup, now=outcome.value.at)
    return Outcome(value=value, events=outcome.events)


def unlock(call: Call, *, session: Masked[str]) -> Flow[Outcome[datetime]]:
    """Open issuing and revoking for one session; tell until when.

    Raises: as for `revoke`, but for `ManagementLocked`.
    """

    def transition(old: Document, now: datetime) -> Transition:
        events = (call.event(EventKind.UNLOCKED, now),)
        return redeemer.unlock(old, session=session, now=now), events

    outcome = yield from _manage(call, transition)
    value = outcome.value.at + call.setup.policy.unlock_for
    return Outcome(value=value, events=outcome.events)


def lock(call: Call, *, session: Masked[str]) -> Flow[Outcome[None]]:
    """End the unlock of a session; nothing happens where it has none.

    Raises: as for `unlock`.
    """

    def transition(old: Document, now: datetime) -> Transition:
        return redeemer.lock(old, session=session), (call.event(EventKind.LOCKED, now),)

    outcome = yield from _manage(call, transition)
    return Outcome(value=None, events=outcome.events)


def reseal(call: Call) -> Flow[Outcome[bool]]:
    """Put what is stored under the newest seal, nothing else being changed.

    The value says whether it had another one.

    Raises: as for `unlock`.
    """

    def decide(loaded: Loaded) -> Flow[Step[bool]]:
        yield from ()
        keyring = call.setup.keyring
        newest = keyring.primary if keyring else None
        document = call.document(loaded.record)
        if loaded.record is None or seal_key_in(Masked(loaded.record.document)) == newest:
            return Step(outcome=Outcome(value=bool(doubt.results())))
        change = _change(call, document, loaded=loaded, events=())
        return Step(outcome=Outcome(value=True), change=change)

    doubt: Doubt[Outcome[bool]] = Doubt(call.attempt)
    return (yield from go_round(call, doubt, decide))


def purge(call: Call, *, before: datetime, erasable: str | None) -> Flow[Outcome[bool]]:
    """Take out what ended before that time; remove what is empty then.

    The value says whether there was anything to take. Nobody is told of it: no code
    counts or stops to count, and an event would only keep the subject's name for longer.

    Args:
        call: the call.
        before: what ended then, or later, is kept.
        erasable: the revision at which the subject had no events; None if it had. To remove a
            document removes the trail as well (S8), so at any other revision it stays.

    Raises: as for `unlock`.
    """

    def decide(loaded: Loaded) -> Flow[Step[bool]]:
        yield from ()
        nothing = Step(outcome=Outcome(value=bool(doubt.results())))
        if loaded.record is None:
            return nothing
        old = call.document(loaded.record)
        new = purging.purge(old, before=before, now=loaded.now, policy=call.setup.policy)
        if new == EMPTY:
            if loaded.record.revision != erasable:
                return nothing
            change = _erasure(call, loaded.record)
        elif new == old:
            return nothing
        else:
            change = _change(call, new, loaded=loaded, events=())
        return Step(outcome=Outcome(value=True), change=change)

    doubt: Doubt[Outcome[bool]] = Doubt(call.attempt)
    return (yield from go_round(call, doubt, decide))


def erase(call: Call) -> Flow[Outcome[None]]:
    """Remove all that is stored, without reading it: the way out of a damaged record.

    Raises:
        ConcurrentUpdate: other writers won every try.
        OutcomeUnknown: it is not known whether it was removed.
    """
    doubt: Doubt[Outcome[None]] = Doubt(call.attempt)

    def decide(loaded: Loaded) -> Flow[Step[None]]:
        yield from ()
        if loaded.record is None:
            return Step(outcome=next(iter(doubt.results()), Outcome(value=None)))
        change = _erasure(call, loaded.record)
        events = (call.event(EventKind.ERASED, loaded.now),)
        return Step(outcome=Outcome(value=None, events=events), change=change)

    return (yield from go_round(call, doubt, decide))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Managed:
    """What stands after a transition, and when that was decided."""

    document: Document
    at: datetime


def _manage(
    call: Call, transition: Callable[[Document, datetime], Transition]
) -> Flow[Outcome[_Managed]]:
    """Go round with a transition that needs no hash."""

    def decide(loaded: Loaded) -> Flow[Step[_Managed]]:
        yield from ()
        old = call.document(loaded.record)
        new, events = transition(old, loaded.now)
        if new is None:
            return Step(outcome=Outcome(value=_Managed(document=old, at=loaded.now)))
        outcome = Outcome(value=_Managed(document=new, at=loaded.now), events=events)
        return Step(outcome=outcome, change=_change(call, new, loaded=loaded, events=events))

    doubt: Doubt[Outcome[_Managed]] = Doubt(call.attempt)
    with _unknown_after(doubt, call):
        return (yield from go_round(call, doubt, decide))


@contextmanager
def _unknown_after(doubt: Doubt[_Result], call: Call) -> Generator[None]:
    """Let no error say that nothing was changed where an answer was lost.

    Of what landed, and gave way to another change since, nothing in the document tells.
    """
    try:
        yield
    except RecoveryKitError:
        if doubt.results():
            raise OutcomeUnknown(call.attempt) from None
        raise


def _erasure(call: Call, record: Record) -> Change:
    return Change(
        expected=record.revision,
        revision=call.setup.token(),
        document=None,
        events=(),  # what names the subject must not outlive the erasure
        summary=None,
    )


def _change(call: Call, document: Document, *, loaded: Loaded, events: tuple[Event, ...]) -> Change:
    return change_to(
        document,
        record=loaded.record,
        call=call,
        revision=call.setup.token(),
        events=events,
        now=loaded.now,
    )
