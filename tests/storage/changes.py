"""What the tests of a storage ask it to write."""

import secrets
from datetime import UTC, datetime, timedelta

from recoverykit.core.events import Event, EventKind
from recoverykit.core.subject import Subject
from recoverykit.storage import Change, SetState, Summary

ALICE = Subject("alice")
NOW = datetime(2026, 11, 22, 10, 20, 30, 123456, UTC)
DOCUMENT = '{"format": 1}'
SUMMARY = Summary(
    state=SetState.ACTIVE,
    remaining=7,
    issued_at=NOW,
    last_used_at=NOW + timedelta(microseconds=1),
    expires_at=None,
    retry_at=NOW + timedelta(seconds=30),
    key_ids=("2025-01", "2026_11"),
    seal_key_id="2026_11",
)


def event(subject=ALICE, kind=EventKind.REDEEMED, **fields):
    return Event(
        **{"id": secrets.token_hex(16), "at": NOW, "kind": kind, "subject": subject, **fields}
    )


def change(expected=None, *, subject=ALICE, document=DOCUMENT, events=None, summary=SUMMARY):
    """A change with one event, unless other events are given."""
    return Change(
        expected=expected,
        revision=secrets.token_hex(16),
        document=document,
        events=(event(subject),) if events is None else tuple(events),
        summary=None if document is None else summary,
    )


def erasure(expected, *, subject=ALICE, events=None):
    """A change that erases the subject and leaves one event."""
    if events is None:
        events = [event(subject, EventKind.ERASED)]
    return change(expected, subject=subject, document=None, events=events)
