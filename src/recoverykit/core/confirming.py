"""One call of confirm, from round to round."""

from datetime import datetime
from typing import TypeAlias, assert_never

from recoverykit.core import redeemer
from recoverykit.core.call import Call, Outcome
from recoverykit.core.document import Document
from recoverykit.core.doubt import Doubt
from recoverykit.core.effects import Flow, Loaded
from recoverykit.core.events import Event, EventKind
from recoverykit.core.guess import Guess
from recoverykit.core.masked import Masked
from recoverykit.core.probe import absent_probe, probe_of
from recoverykit.core.refusals import failed_events, refused_event
from recoverykit.core.results import Status
from recoverykit.core.rounds import Step, change_to
from recoverykit.core.state import CodeSet
from recoverykit.core.status import status_of
from recoverykit.core.verdict import Confirmed, Counted, Refused
from recoverykit.errors import MalformedCode, NoActiveCodes, RedemptionRefused

Told: TypeAlias = Outcome[Status | RedemptionRefused]
_Verdict: TypeAlias = Confirmed | Counted | Refused


class Confirming:
    """What a call of confirm carries from one round to the next: the guess and its digest."""

    def __init__(self, call: Call, text: Masked[str]) -> None:
        self.doubt: Doubt[Told] = Doubt(call.attempt)
        self._call = call
        self._guess = Guess(text)

    def decide(self, loaded: Loaded) -> Flow[Step[Status | RedemptionRefused]]:
        """Decide one round: the set counts from now on, or did already, or the guess failed."""
        call = self._call
        old = call.document(loaded.record)
        codes = redeemer.confirmable(old, policy=call.setup.policy, now=loaded.now)
        verdict, now = yield from self._verdict(codes, loaded.now)
        new, outcome = self._outcome(verdict, old, codes, now)
        if new is None:
            return Step(outcome=outcome)
        change = change_to(
            new,
            record=loaded.record,
            call=call,
            revision=call.setup.token(),
            events=outcome.events,
            now=now,
        )
        return Step(outcome=outcome, change=change)

    def _verdict(self, codes: CodeSet | None, now: datetime) -> Flow[tuple[_Verdict, datetime]]:
        call, policy = self._call, self._call.setup.policy
        if policy.is_off:
            return Refused(error=NoActiveCodes()), now
        parsed = self._guess.parsed(codes.format if codes else policy.format)
        if parsed is None:
            return Refused(error=MalformedCode()), now
        if locked := redeemer.gate(codes, throttle=policy.throttle, now=now):
            return Refused(error=locked), now
        # What has ended, or never was, is all the same to a guess, and costs it the same.
        if codes is None or redeemer.is_past_confirming(codes, now=now):
            probe = absent_probe(
                subject=call.subject,
                parsed=parsed,
                hasher=policy.hasher,
                key_id=call.setup.key_id,
            )
        else:
            probe = probe_of(codes, subject=call.subject, parsed=parsed, ceiling=policy.hasher)
        digests, now = yield from self._guess.digests(*probe.requests, now=now)
        verdict = redeemer.judge_confirmation(codes, probe.match(digests), policy=policy, now=now)
        return verdict, now

    def _outcome(
        self, verdict: _Verdict, old: Document, codes: CodeSet | None, now: datetime
    ) -> tuple[Document | None, Told]:
        """Return the document to be committed, None where there is none, and how the call ends."""
        call = self._call
        match verdict:
            case Confirmed(is_new=True):
                new, gone = redeemer.install(old, verdict.codes)
                events = self._events(verdict.codes, gone, now)
                return new, Outcome(value=status_of(new, setup=call.setup, now=now), events=events)
            case Confirmed():
                return None, Outcome(value=status_of(old, setup=call.setup, now=now))
            case Counted():
                events = failed_events(call, verdict, now)
                return redeemer.put_back(old, verdict.codes), Outcome(
                    value=verdict.error, events=events
                )
            case Refused(error=error):
                return None, Outcome(value=error, events=(refused_event(call, error, codes, now),))
            case _:
                assert_never(verdict)

    def _events(
        self, codes: CodeSet, gone: tuple[CodeSet, ...], now: datetime
    ) -> tuple[Event, ...]:
        forgiven = sum(each.failures for each in gone)
        return (
            *(self._call.event(EventKind.SUPERSEDED, now, set_id=each.id) for each in gone),
            self._call.event(EventKind.CONFIRMED, now, set_id=codes.id, failures=forgiven),
        )
