"""What the audit trail is told of guesses that failed, and of those that were not even judged."""

from datetime import UTC, datetime, timedelta

from recoverykit import (
    CodeAlreadyUsed,
    CodeFormat,
    Event,
    EventKind,
    NoActiveCodes,
    Policy,
    RefusalReason,
    Subject,
    TooManyAttempts,
)
from recoverykit.core.call import Call, Setup
from recoverykit.core.refusals import failed_events, refused_event
from recoverykit.core.state import CodeSet, StoredCode
from recoverykit.core.verdict import Counted

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOON = NOW + timedelta(seconds=30)
SETUP = Setup(policy=Policy(), keyring=None, entropy=lambda size: b"\x07" * size)
CALL = Call(setup=SETUP, subject=Subject("alice"), attempt="me", context={"source": "web"})
CODES = CodeSet(
    id="1" * 32,
    format=CodeFormat.default(),
    issued_at=NOW,
    attempt="issuing",
    expires_at=None,
    codes=(StoredCode(ordinal=3, digest="line", use=None),),
    failures=7,
)
ALWAYS = {
    "id": "07" * 16,
    "at": NOW,
    "subject": Subject("alice"),
    "attempt": "me",
    "context": {"source": "web"},
}


def test_a_refusal_names_the_set_and_the_end_of_the_delay():
    """Nothing was judged, so no code and no number of failures."""
    assert refused_event(CALL, TooManyAttempts(retry_at=SOON), CODES, NOW) == Event(
        kind=EventKind.REFUSED,
        set_id="1" * 32,
        reason=RefusalReason.TOO_MANY_ATTEMPTS,
        retry_at=SOON,
        **ALWAYS,
    )


def test_a_refusal_where_there_is_no_set_names_none():
    """And its reason all the same."""
    assert refused_event(CALL, NoActiveCodes(), None, NOW) == Event(
        kind=EventKind.REFUSED, reason=RefusalReason.NO_ACTIVE_CODES, **ALWAYS
    )


def test_a_failure_is_told_with_all_that_it_changed():
    """Once for each thing that happened."""
    kinds = (EventKind.FAILED, EventKind.DISABLED)
    error = CodeAlreadyUsed(retry_at=SOON)
    verdict = Counted(codes=CODES, ordinal=3, error=error, happened=kinds)
    assert failed_events(CALL, verdict, NOW) == tuple(
        Event(
            kind=kind,
            set_id="1" * 32,
            ordinal=3,
            reason=RefusalReason.USED,
            failures=7,
            retry_at=SOON,
            **ALWAYS,
        )
        for kind in kinds
    )
