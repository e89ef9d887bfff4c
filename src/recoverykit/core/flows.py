"""The order of effects behind every verb, as generators that any shell can drive.

The verbs that write go round as `recoverykit.core.rounds` says. What is decided in a round stands
in `recoverykit.core.redeemer`; what a lost answer means, in `recoverykit.core.doubt`.
"""

from recoverykit.core import redeemer
from recoverykit.core.call import Call, Outcome
from recoverykit.core.doubt import Doubt
from recoverykit.core.effects import Flow, Loaded, load
from recoverykit.core.events import EventKind
from recoverykit.core.issuing import Issuing
from recoverykit.core.masked import Masked
from recoverykit.core.record import Change
from recoverykit.core.redeeming import Redeemed, Redeeming
from recoverykit.core.results import Issued, Status
from recoverykit.core.rounds import Step, change_to, go_round
from recoverykit.core.state import codes_in
from recoverykit.core.status import status_of


def status(call: Call) -> Flow[Outcome[Status]]:
    """Tell what the subject's codes are good for. Writes nothing.

    Raises:
        CorruptRecord: what is stored cannot be read.
    """
    loaded = yield from load(call.subject)
    value = status_of(codes_in(loaded.record), setup=call.setup, now=loaded.now)
    return Outcome(value=value)


def issue(call: Call, *, replacing: bool) -> Flow[Outcome[Issued]]:
    """Issue a new set, where the redeemer permits it.

    Raises:
        CodesAlreadyIssued, ConcurrentUpdate: see `redeemer.permit_issue`.
        CorruptRecord: what is stored cannot be read.
        OutcomeUnknown: it is not known whether the set was stored.
    """
    issuing = Issuing(call, replacing=replacing)
    return (yield from go_round(call, issuing.doubt, issuing.decide))


def redeem(call: Call, text: Masked[str]) -> Flow[Redeemed]:
    """Spend a code, or end in the refusal to.

    Raises:
        UnknownKey: the code is bound to a key that the keyring lacks.
        CorruptRecord: what is stored cannot be read.
        ConcurrentUpdate: other writers won every try.
        OutcomeUnknown: it is not known whether the code was spent.
    """
    redeeming = Redeeming(call, text)
    return (yield from go_round(call, redeeming.doubt, redeeming.decide))


def revoke(call: Call) -> Flow[Outcome[Status]]:
    """Revoke whichever set stands; nothing happens where none does, or a disabled one.

    Raises:
        CorruptRecord: what is stored cannot be read.
        ConcurrentUpdate: other writers won every try.
        OutcomeUnknown: it is not known whether the set was revoked.
    """

    def decide(loaded: Loaded) -> Flow[Step[Status]]:
        yield from ()
        codes = codes_in(loaded.record)
        revoked = redeemer.revoke(codes, loaded.now)
        value = status_of(revoked or codes, setup=call.setup, now=loaded.now)
        if revoked is None:
            return Step(outcome=Outcome(value=value))
        events = (call.event(EventKind.REVOKED, loaded.now, set_id=revoked.id),)
        change = change_to(
            revoked,
            record=loaded.record,
            call=call,
            revision=call.setup.token(),
            events=events,
            now=loaded.now,
        )
        return Step(outcome=Outcome(value=value, events=events), change=change)

    return (yield from go_round(call, Doubt(call.attempt), decide))


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
        change = Change(
            expected=loaded.record.revision,
            revision=call.setup.token(),
            document=None,
            events=(),  # what names the subject must not outlive the erasure
            summary=None,
        )
        events = (call.event(EventKind.ERASED, loaded.now),)
        return Step(outcome=Outcome(value=None, events=events), change=change)

    return (yield from go_round(call, doubt, decide))
