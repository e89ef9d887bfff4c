"""An event is read back as it was, or not at all."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from recoverykit import CorruptRecord, Event, EventKind, RefusalReason, Subject
from recoverykit.core.event_text import event_from

NOW = datetime(2026, 11, 22, 10, 20, 30, 123456, UTC)
FULL = Event(
    id="0" * 32,
    at=NOW,
    kind=EventKind.FAILED,
    subject=Subject("o'hara", tenant="t", scope="phone"),
    set_id="1" * 32,
    ordinal=0,
    attempt='a "quoted" attempt',
    reason=RefusalReason.INVALID,
    failures=7,
    retry_at=NOW + timedelta(seconds=30),
    context={"actor": "\u00e9\U0001f600\ud800", "source": ""},
)
BARE = Event(id="2" * 32, at=NOW, kind=EventKind.LOCKED, subject=Subject("ada"))


def read(event, **other):
    stored = {
        "id": event.id,
        "at": event.at,
        "kind": event.kind.value,
        "subject": event.subject,
        "details": event.details(),
    }
    return event_from(**(stored | other))


def details(**other):
    return json.dumps(json.loads(FULL.details()) | other)


@pytest.mark.parametrize("event", [FULL, BARE], ids=["full", "bare"])
def test_an_event_comes_back_as_it_was(event):
    """Every field of it, whatever the host said in the context."""
    assert read(event) == event


@pytest.mark.parametrize("kind", EventKind)
def test_every_kind_can_be_read(kind):
    """And none is taken for another."""
    assert read(BARE, kind=kind.value).kind is kind


def test_a_delay_of_another_zone_is_told_in_utc():
    """Whoever wrote it."""
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5)))
    found = read(FULL, details=details(retry_at=elsewhere.isoformat()))
    assert found.retry_at == NOW
    assert found.retry_at.tzinfo is UTC  # and not the zone of this machine


@pytest.mark.parametrize(
    "damaged",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        "7",
        "[" * 100_000,
        "9" * 5_000,
        details(set_id=7),
        details(ordinal="7"),
        details(ordinal=1.5),
        details(attempt=[]),
        details(reason="because"),
        details(reason=7),
        details(failures="many"),
        details(retry_at="soon"),
        details(retry_at="2026-11-22T10:20:30"),
        details(retry_at="0001-01-01T00:00:00+23:00"),
        details(retry_at=7),
        details(context=None),
        details(context=[]),
        details(context={"actor": 7}),
        details(context={"actor": "x" * 2048}),
        details(more=None),
        json.dumps({k: v for k, v in json.loads(FULL.details()).items() if k != "failures"}),
    ],
    ids=range(25),
)
def test_damaged_details_are_a_corrupt_record(damaged):
    """Which shows nothing of them, and chains nothing."""
    with pytest.raises(CorruptRecord, match=r"^a stored event cannot be read$") as caught:
        read(FULL, details=damaged)
    assert caught.value.__context__ is None


def test_a_kind_of_a_newer_release_is_a_corrupt_record():
    """What is not known is not guessed."""
    with pytest.raises(CorruptRecord):
        read(FULL, kind="teleported")
