"""One call of redeem, from round to round."""

from datetime import datetime
from typing import Final, TypeAlias, assert_never

from recoverykit.core import redeemer
from recoverykit.core.call import Call, Outcome
from recoverykit.core.decoy import count_in_vain, probe_in_vain, read_in_vain
from recoverykit.core.doubt import Doubt
from recoverykit.core.effects import Flow, Loaded
from recoverykit.core.events import EventKind
from recoverykit.core.format import ParsedCode
from recoverykit.core.guess import Guess
from recoverykit.core.masked import Masked
from recoverykit.core.probe import Probe, probe_of, recognition_of
from recoverykit.core.record import SetState
from recoverykit.core.refusals import failed_events, refused_event
from recoverykit.core.replacement import Replacement, draw_replacement, place_of
from recoverykit.core.results import Redemption
from recoverykit.core.rounds import Step, change_to
from recoverykit.core.state import MAX_FORMER, CodeSet, StoredCode, Use
from recoverykit.core.verdict import Counted, Recognised, Redeemed, Refused, Spent
from recoverykit.errors import (
    InvalidArgument,
    MalformedCode,
    NoActiveCodes,
    OutcomeUnknown,
    RedemptionRefused,
)

Told: TypeAlias = Outcome[Redemption | RedemptionRefused]

_MAX_DRAWS: Final = 128  # a set holds at most half of its format's codes: every second draw is new


class Redeeming:
    """What a call of redeem carries from one round to the next: the guess and its digests."""

    def __init__(self, call: Call, text: Masked[str]) -> None:
        self.doubt: Doubt[Told] = Doubt(call.attempt)
        self._call = call
        self._guess = Guess(text)
        self._drawn: tuple[object, Replacement] | None = None  # and the place it was drawn for
        self._former: tuple[StoredCode, ...] = ()  # of the set, when a code of it was last spent

    def decide(self, loaded: Loaded) -> Flow[Step[Redemption | RedemptionRefused]]:
        """Decide one round: the code is spent by us already, is judged, or is refused unjudged."""
        call = self._call
        document = call.document(loaded.record)
        codes = document.active
        if landed := self._landed(codes):
            return Step(outcome=landed)
        if loaded.record is None:
            read_in_vain(call)
        revision = call.setup.token()
        verdict, now = yield from self._verdict(codes, loaded.now, revision)
        outcome = self._outcome(verdict, codes, now)
        if isinstance(verdict, Refused | Recognised):
            return Step(outcome=outcome)
        if codes is not None and isinstance(verdict, Spent):
            self._former = codes.former
        change = change_to(
            redeemer.put_back(document, verdict.codes),
            record=loaded.record,
            call=call,
            revision=revision,
            events=outcome.events,
            now=now,
        )
        return Step(outcome=outcome, change=change, hosted=isinstance(verdict, Spent))

    def _landed(self, codes: CodeSet | None) -> Told | None:
        """Return our own success where an earlier swap of this call made it true after all."""
        uses = (code.use for code in (*codes.former, *codes.codes)) if codes else ()
        told = (self.doubt.result_of(use.revision) for use in uses if use)
        if landed := next(filter(None, told), None):
            return landed
        for doubted in self.doubt.results():
            value = doubted.value
            if isinstance(value, Redemption) and not self._would_tell(codes, value):
                # Spent or not, what could tell is gone, and with it the host's own rows would
                # stand or not: nobody may call this a refusal.
                raise OutcomeUnknown(self._call.attempt)
        return None

    def _would_tell(self, codes: CodeSet | None, doubted: Redemption) -> bool:
        """Say whether a success that landed would still be told by the set that stands."""
        if codes is None or codes.id != doubted.set_id:
            return False
        # The oldest are forgotten first: ours is not, while one that was older than it is known.
        is_full = len(codes.former) == MAX_FORMER
        return not is_full or any(code in codes.former for code in self._former)

    def _verdict(
        self, codes: CodeSet | None, now: datetime, revision: str
    ) -> Flow[tuple[Redeemed, datetime]]:
        policy = self._call.setup.policy
        if policy.is_off:
            return Refused(error=NoActiveCodes()), now
        parsed = self._guess.parsed(codes.format if codes else policy.format)
        if parsed is None:
            return Refused(error=MalformedCode()), now
        recognised, now = yield from self._recognised(codes, parsed, now)
        if recognised is not None:
            return recognised, now
        if locked := redeemer.gate(codes, throttle=policy.throttle, now=now):
            return Refused(error=locked), now
        return (yield from self._judged(codes, parsed, now, revision))

    def _recognised(
        self, codes: CodeSet | None, parsed: ParsedCode, now: datetime
    ) -> Flow[tuple[Recognised | None, datetime]]:
        """Judge the guess against the code that this attempt has spent before, if any."""
        spent = self._remembered(codes, parsed, now)
        if codes is None or not spent:
            return None, now
        call = self._call
        probe = recognition_of(
            codes,
            spent,
            subject=call.subject,
            parsed=parsed,
            ceiling=call.setup.policy.hasher,
        )
        digests, now = yield from self._guess.digests(*probe.requests, now=now)
        match = probe.match(digests)
        if match is None or match not in self._remembered(codes, parsed, now):
            return None, now
        return redeemer.recognise(codes, match), now

    def _remembered(
        self, codes: CodeSet | None, parsed: ParsedCode, now: datetime
    ) -> tuple[StoredCode, ...]:
        call = self._call
        return redeemer.remembered(
            codes,
            ordinal=parsed.ordinal,
            attempt=call.attempt,
            policy=call.setup.policy,
            now=now,
        )

    def _judged(
        self, codes: CodeSet | None, parsed: ParsedCode, now: datetime, revision: str
    ) -> Flow[tuple[Redeemed, datetime]]:
        call, policy = self._call, self._call.setup.policy
        # What has ended, or never was, is all the same to a guess, and costs it the same.
        counting = codes if codes and codes.state_at(now) is SetState.ACTIVE else None
        probe = self._probe(counting, parsed)
        if policy.rotate:
            digests, line, now = yield from self._derived_with_replacement(
                counting, parsed, probe, now
            )
        else:
            digests, now = yield from self._guess.digests(*probe.requests, now=now)
            line = None
        verdict = redeemer.judge(
            counting,
            probe.match(digests),
            use=Use(at=now, attempt=call.attempt, revision=revision),
            replacement=line,
            policy=policy,
        )
        if counting is None:
            count_in_vain(call, revision=revision, now=now)
        return verdict, now

    def _derived_with_replacement(
        self, codes: CodeSet | None, parsed: ParsedCode, probe: Probe, now: datetime
    ) -> Flow[tuple[tuple[Masked[bytes], ...], str, datetime]]:
        """Hash the guess and the code that may take its place: right or wrong, for time tells."""
        for _ in range(_MAX_DRAWS):
            request = self._replacement(codes, parsed).request
            digests, now = yield from self._guess.digests(*probe.requests, request, now=now)
            line = request.to_stored(digests[-1])
            taken = (*codes.codes, *codes.former) if codes else ()
            if all(code.digest != line for code in taken):
                return digests, line, now
            self._drawn = None  # by chance a code of the set, or a former one: short codes repeat
        raise InvalidArgument("the entropy source gives the same bytes again and again")

    def _probe(self, codes: CodeSet | None, parsed: ParsedCode) -> Probe:
        call = self._call
        if codes is None:
            return probe_in_vain(call, parsed)
        return probe_of(
            codes, subject=call.subject, parsed=parsed, ceiling=call.setup.policy.hasher
        )

    def _replacement(self, codes: CodeSet | None, parsed: ParsedCode) -> Replacement:
        """Draw once for the same place: a code that was not put there was seen by nobody."""
        place = place_of(codes)
        if self._drawn is None or self._drawn[0] != place:
            self._drawn = place, draw_replacement(self._call, codes, parsed)
        return self._drawn[1]

    def _outcome(self, verdict: Redeemed, codes: CodeSet | None, now: datetime) -> Told:
        match verdict:
            case Spent():
                kinds = (EventKind.REDEEMED, EventKind.REPLACED)[: 1 + verdict.is_replaced]
                return self._told(verdict, kinds, now)
            case Recognised():
                return self._told(verdict, (EventKind.REPLAYED,), now)
            case Counted():
                return Outcome(value=verdict.error, events=failed_events(self._call, verdict, now))
            case Refused(error=error):
                event = refused_event(self._call, error, codes, now)
                return Outcome(value=error, events=(event,))
            case _:
                assert_never(verdict)

    def _told(
        self, verdict: Spent | Recognised, kinds: tuple[EventKind, ...], now: datetime
    ) -> Told:
        codes, use, policy = verdict.codes, verdict.use, self._call.setup.policy
        remaining = codes.remaining_at(now)
        is_new = isinstance(verdict, Spent)
        replacement = self._drawn[1] if is_new and verdict.is_replaced and self._drawn else None
        redemption = Redemption(
            remaining=remaining,
            low=remaining <= policy.low_at,
            ordinal=verdict.ordinal,
            set_id=codes.id,
            redeemed_at=use.at,
            valid_until=use.at + policy.elevation if policy.elevation else None,
            replacement=(
                replacement.to_issued(codes, ordinal=verdict.ordinal) if replacement else None
            ),
            reissue_required=remaining == 0 or (verdict.is_replaced and not is_new),
            replayed=not is_new,
            attempt=use.attempt,
        )
        events = tuple(
            self._call.event(kind, now, set_id=codes.id, ordinal=verdict.ordinal) for kind in kinds
        )
        return Outcome(value=redemption, events=events)
