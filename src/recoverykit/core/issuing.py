"""One call of issue, or of an import, from round to round."""

from typing import Generic, TypeVar

from recoverykit.core import redeemer
from recoverykit.core.call import Call, Outcome
from recoverykit.core.document import Document
from recoverykit.core.doubt import Doubt
from recoverykit.core.effects import Flow, Loaded
from recoverykit.core.events import Event, EventKind
from recoverykit.core.making import Made, Source
from recoverykit.core.masked import Masked
from recoverykit.core.rounds import Step, change_to
from recoverykit.core.state import CodeSet
from recoverykit.errors import OutcomeUnknown, SwitchedOff

_Result = TypeVar("_Result")


class Issuing(Generic[_Result]):
    """What a call of issue carries from one round to the next.

    A set is made once and offered again in every round, but never after a doubt: a doubted insert
    might land late, after an erasure, and would bring back codes that were spent in the meantime.
    What could come back must never have been shown to anybody; and what somebody holds already, as
    he does imported codes, is not offered again at all.
    """

    def __init__(
        self, call: Call, source: Source[_Result], *, replacing: bool, session: Masked[str] | None
    ) -> None:
        self.doubt: Doubt[Outcome[_Result]] = Doubt(call.attempt)
        self._call = call
        self._source = source
        self._replacing = replacing
        self._session = session
        self._first: Document | None = None  # what stood in the first round
        self._made: Made[_Result] | None = None
        self._doubts_when_made = 0
        self._offered: dict[str | None, Outcome[_Result]] = {}  # by the id of the set

    def decide(self, loaded: Loaded) -> Flow[Step[_Result]]:
        """Decide one round: the set that stands is ours already, gives way, or must stay."""
        call, policy = self._call, self._call.setup.policy
        if policy.is_off:
            raise SwitchedOff("the policy issues no codes")
        old = call.document(loaded.record)
        for set_id in old.ids:
            if landed := self._offered.get(set_id):
                return Step(outcome=landed)
        self._first = self._first or old
        redeemer.permit_management(old, session=self._session, policy=policy, now=loaded.now)
        redeemer.permit_issue(
            old,
            first=self._first,
            replacing=self._replacing,
            is_drawn=self._source.is_drawn,
            attempt=call.attempt,
            policy=policy,
            now=loaded.now,
        )
        made = yield from self._make(loaded)
        # Again, for the unlock may have lapsed while the codes were hashed.
        redeemer.permit_management(
            old, session=self._session, policy=policy, now=made.codes.issued_at
        )
        new, gone = redeemer.install(old, made.codes)
        events = _events(call, made, gone)
        change = change_to(
            new,
            record=loaded.record,
            call=call,
            revision=call.setup.token(),
            events=events,
            now=made.codes.issued_at,
        )
        outcome = Outcome(value=made.result(new), events=events)
        self._offered[made.codes.id] = outcome
        return Step(outcome=outcome, change=change)

    def _make(self, loaded: Loaded) -> Flow[Made[_Result]]:
        doubts = len(self.doubt.results())
        if self._made is None or doubts > self._doubts_when_made:
            if self._made is not None and not self._source.is_drawn:
                raise OutcomeUnknown(self._call.attempt)
            self._made = yield from self._source.make(loaded)
            self._doubts_when_made = doubts
        return self._made


def _events(call: Call, made: Made[_Result], gone: tuple[CodeSet, ...]) -> tuple[Event, ...]:
    codes, now = made.codes, made.codes.issued_at
    forgiven = sum(each.failures for each in gone if not each.is_pending)
    return (
        *(call.event(EventKind.SUPERSEDED, now, set_id=each.id) for each in gone),
        call.event(made.kind, now, set_id=codes.id, failures=forgiven),
    )
