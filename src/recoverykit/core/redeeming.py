"""One call of redeem, from round to round."""

from datetime import datetime
from typing import TypeAlias, assert_never

from recoverykit.core import redeemer
from recoverykit.core.call import Call, Outcome
from recoverykit.core.doubt import Doubt
from recoverykit.core.effects import Flow, Loaded, derive
from recoverykit.core.events import EventKind
from recoverykit.core.masked import Masked
from recoverykit.core.probe import HashRequest, probe_of
from recoverykit.core.redeemer import Counted, Recognised, Refused, Spent, Verdict
from recoverykit.core.results import Redemption
from recoverykit.core.rounds import Step, change_to
from recoverykit.core.state import CodeSet, codes_in
from recoverykit.errors import MalformedCode, OutcomeUnknown, RedemptionRefused

Redeemed: TypeAlias = Outcome[Redemption | RedemptionRefused]


class Redeeming:
    """What a call of redeem carries from one round to the next: the guess and its digest."""

    def __init__(self, call: Call, text: Masked[str]) -> None:
        self.doubt: Doubt[Redeemed] = Doubt(call.attempt)
        self._call = call
        self._text = text
        self._derived: tuple[HashRequest, Masked[bytes]] | None = None

    def decide(self, loaded: Loaded) -> Flow[Step[Redemption | RedemptionRefused]]:
        """Decide one round: the code is spent by us already, is judged, or is refused unjudged."""
        codes = codes_in(loaded.record)
        if landed := self._landed(codes):
            return Step(outcome=landed)
        revision = self._call.setup.token()
        verdict, now = yield from self._verdict(codes, loaded.now, revision)
        outcome = self._outcome(verdict, codes, now)
        if isinstance(verdict, Refused | Recognised):
            return Step(outcome=outcome)
        change = change_to(
            verdict.codes,
            record=loaded.record,
            call=self._call,
            revision=revision,
            events=outcome.events,
            now=now,
        )
        return Step(outcome=outcome, change=change, hosted=isinstance(verdict, Spent))

    def _landed(self, codes: CodeSet | None) -> Redeemed | None:
        """Return our own success where an earlier swap of this call made it true after all."""
        for doubted in self.doubt.results():
            value = doubted.value
            if isinstance(value, Redemption) and (codes is None or codes.id != value.set_id):
                # Spent or not, the set that could tell is gone, and with it the host's own rows
                # would stand or not: nobody may call this a refusal.
                raise OutcomeUnknown(self._call.attempt)
        uses = (code.use for code in codes.codes) if codes else ()
        landed = (self.doubt.result_of(use.revision) for use in uses if use)
        return next(filter(None, landed), None)

    def _verdict(
        self, codes: CodeSet | None, now: datetime, revision: str
    ) -> Flow[tuple[Verdict, datetime]]:
        call, policy = self._call, self._call.setup.policy
        try:
            parsed = (codes.format if codes else policy.format).parse(self._text)
        except MalformedCode:
            return Refused(error=MalformedCode()), now
        probe = probe_of(
            codes,
            parsed=parsed,
            subject=call.subject,
            ceiling=policy.hasher,
            key_id=call.setup.key_id,
        )
        locked = redeemer.gate(codes, throttle=policy.throttle, now=now)
        if locked and not redeemer.may_be_replay(
            codes, probe=probe, attempt=call.attempt, policy=policy, now=now
        ):
            return Refused(error=locked), now
        if self._derived is None or self._derived[0] != probe.request:
            derived = yield from derive(probe.request)
            self._derived, now = (probe.request, derived.digests[0]), derived.now
        verdict = redeemer.judge(
            codes,
            probe=probe,
            digest=self._derived[1],
            attempt=call.attempt,
            revision=revision,
            policy=policy,
            now=now,
        )
        return verdict, now

    def _outcome(self, verdict: Verdict, codes: CodeSet | None, now: datetime) -> Redeemed:
        match verdict:
            case Spent():
                return self._told(verdict, EventKind.REDEEMED, now)
            case Recognised():
                return self._told(verdict, EventKind.REPLAYED, now)
            case Counted():
                return self._counted(verdict, now)
            case Refused(error=error):
                event = self._call.event(
                    EventKind.REFUSED,
                    now,
                    set_id=codes.id if codes else None,
                    reason=error.reason,
                    retry_at=error.retry_at,
                )
                return Outcome(value=error, events=(event,))
            case _:
                assert_never(verdict)

    def _told(self, verdict: Spent | Recognised, kind: EventKind, now: datetime) -> Redeemed:
        codes, use, policy = verdict.codes, verdict.use, self._call.setup.policy
        remaining = codes.remaining_at(now)
        redemption = Redemption(
            remaining=remaining,
            low=remaining <= policy.low_at,
            ordinal=verdict.ordinal,
            set_id=codes.id,
            redeemed_at=use.at,
            valid_until=use.at + policy.elevation if policy.elevation else None,
            replacement=None,
            reissue_required=remaining == 0,
            replayed=kind is EventKind.REPLAYED,
            attempt=use.attempt,
        )
        event = self._call.event(kind, now, set_id=codes.id, ordinal=verdict.ordinal)
        return Outcome(value=redemption, events=(event,))

    def _counted(self, verdict: Counted, now: datetime) -> Redeemed:
        events = tuple(
            self._call.event(
                kind,
                now,
                set_id=verdict.codes.id,
                ordinal=verdict.ordinal,
                reason=verdict.error.reason,
                failures=verdict.codes.failures,
                retry_at=verdict.error.retry_at,
            )
            for kind in verdict.happened
        )
        return Outcome(value=verdict.error, events=events)
