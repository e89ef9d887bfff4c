"""One call of issue, from round to round."""

from recoverykit.core import redeemer
from recoverykit.core.call import Call, Outcome
from recoverykit.core.document import Document
from recoverykit.core.doubt import Doubt
from recoverykit.core.draft import Draft, draw
from recoverykit.core.effects import Flow, Loaded, derive
from recoverykit.core.events import Event, EventKind
from recoverykit.core.masked import Masked
from recoverykit.core.results import Issued
from recoverykit.core.rounds import Step, change_to
from recoverykit.core.state import CodeSet
from recoverykit.errors import SwitchedOff


class Issuing:
    """What a call of issue carries from one round to the next.

    The codes are drawn and hashed once and offered again in every round, but never after a doubt: a
    doubted insert might land late, after an erasure, and would bring back codes that were spent in
    the meantime. What could come back must never have been shown to anybody.
    """

    def __init__(self, call: Call, *, replacing: bool, session: Masked[str] | None) -> None:
        self.doubt: Doubt[Outcome[Issued]] = Doubt(call.attempt)
        self._call = call
        self._replacing = replacing
        self._session = session
        self._first: Document | None = None  # what stood in the first round
        self._drawn: tuple[Draft, CodeSet] | None = None
        self._doubts_when_drawn = 0

    def decide(self, loaded: Loaded) -> Flow[Step[Issued]]:
        """Decide one round: the set that stands is ours already, gives way, or must stay."""
        call, policy = self._call, self._call.setup.policy
        if policy.is_off:
            raise SwitchedOff("the policy issues no codes")
        old = call.document(loaded.record)
        if landed := self._landed(old):
            return Step(outcome=landed)
        self._first = self._first or old
        redeemer.permit_management(old, session=self._session, policy=policy, now=loaded.now)
        redeemer.permit_issue(
            old,
            first=self._first,
            replacing=self._replacing,
            attempt=call.attempt,
            policy=policy,
            now=loaded.now,
        )
        draft, codes = yield from self._draw()
        # Again, for the unlock may have lapsed while the codes were hashed.
        redeemer.permit_management(old, session=self._session, policy=policy, now=codes.issued_at)
        new, gone = redeemer.install(old, codes)
        events = _events(call, codes=codes, gone=gone)
        change = change_to(
            new,
            record=loaded.record,
            call=call,
            revision=call.setup.token(),
            events=events,
            now=codes.issued_at,
        )
        outcome = Outcome(value=draft.to_issued(codes), events=events)
        return Step(outcome=outcome, change=change)

    def _landed(self, document: Document) -> Outcome[Issued] | None:
        for outcome in self.doubt.results():
            if outcome.value.set_id in document.ids:
                return outcome
        return None

    def _draw(self) -> Flow[tuple[Draft, CodeSet]]:
        doubts = len(self.doubt.results())
        if self._drawn is None or doubts > self._doubts_when_drawn:
            draft = draw(self._call)
            derived = yield from derive(*draft.requests)
            self._drawn = draft, draft.to_set(derived, self._call)
            self._doubts_when_drawn = doubts
        return self._drawn


def _events(call: Call, *, codes: CodeSet, gone: tuple[CodeSet, ...]) -> tuple[Event, ...]:
    now = codes.issued_at
    forgiven = sum(each.failures for each in gone if not each.is_pending)
    return (
        *(call.event(EventKind.SUPERSEDED, now, set_id=each.id) for each in gone),
        call.event(EventKind.ISSUED, now, set_id=codes.id, failures=forgiven),
    )
