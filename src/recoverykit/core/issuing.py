"""One call of issue, from round to round."""

from recoverykit.core import redeemer
from recoverykit.core.call import Call, Outcome
from recoverykit.core.doubt import Doubt
from recoverykit.core.draft import Draft, draw
from recoverykit.core.effects import Flow, Loaded, derive
from recoverykit.core.events import Event, EventKind
from recoverykit.core.results import Issued
from recoverykit.core.rounds import Step, change_to
from recoverykit.core.state import CodeSet, codes_in


class Issuing:
    """What a call of issue carries from one round to the next.

    The codes are drawn and hashed once and offered again in every round, but never after a doubt: a
    doubted insert might land late, after an erasure, and would bring back codes that were spent in
    the meantime. What could come back must never have been shown to anybody.
    """

    def __init__(self, call: Call, *, replacing: bool) -> None:
        self.doubt: Doubt[Outcome[Issued]] = Doubt(call.attempt)
        self._call = call
        self._replacing = replacing
        self._first: tuple[CodeSet | None] | None = None  # what stood in the first round
        self._drawn: tuple[Draft, CodeSet] | None = None
        self._doubts_when_drawn = 0

    def decide(self, loaded: Loaded) -> Flow[Step[Issued]]:
        """Decide one round: the set that stands is ours already, gives way, or must stay."""
        call = self._call
        old = codes_in(loaded.record)
        if landed := self._landed(old):
            return Step(outcome=landed)
        self._first = self._first or (old,)
        redeemer.permit_issue(
            old,
            first=self._first[0],
            replacing=self._replacing,
            attempt=call.attempt,
            policy=call.setup.policy,
            now=loaded.now,
        )
        draft, new = yield from self._draw()
        events = _events(call, old=old, new=new)
        change = change_to(
            new,
            record=loaded.record,
            call=call,
            revision=call.setup.token(),
            events=events,
            now=new.issued_at,
        )
        outcome = Outcome(value=draft.to_issued(new), events=events)
        return Step(outcome=outcome, change=change)

    def _landed(self, codes: CodeSet | None) -> Outcome[Issued] | None:
        for outcome in self.doubt.results():
            if codes is not None and codes.id == outcome.value.set_id:
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


def _events(call: Call, *, old: CodeSet | None, new: CodeSet) -> tuple[Event, ...]:
    issued = call.event(
        EventKind.ISSUED,
        new.issued_at,
        set_id=new.id,
        failures=old.failures if old else 0,
    )
    if old is None:
        return (issued,)
    return (call.event(EventKind.SUPERSEDED, new.issued_at, set_id=old.id), issued)
