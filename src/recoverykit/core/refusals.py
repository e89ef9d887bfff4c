"""The events of guesses that failed, or were refused unjudged."""

from datetime import datetime

from recoverykit.core.call import Call
from recoverykit.core.events import Event, EventKind
from recoverykit.core.state import CodeSet
from recoverykit.core.verdict import Counted
from recoverykit.errors import RedemptionRefused


def failed_events(call: Call, verdict: Counted, now: datetime) -> tuple[Event, ...]:
    """Return what is told of a guess that was counted."""
    return tuple(
        call.event(
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


def refused_event(
    call: Call, error: RedemptionRefused, codes: CodeSet | None, now: datetime
) -> Event:
    """Return what is told of a guess at a set that was not judged."""
    return call.event(
        EventKind.REFUSED,
        now,
        set_id=codes.id if codes else None,
        reason=error.reason,
        retry_at=error.retry_at,
    )
