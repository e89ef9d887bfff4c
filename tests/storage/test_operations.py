"""Outbox, purge and health alike on every storage of SQL's, called and awaited."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from recoverykit import CorruptRecord, InvalidArgument, StorageError, Subject
from recoverykit.core.record import SetState
from recoverykit.storage import Outdated
from tests.storage.changes import ALICE, NOW, SUMMARY, change, event
from tests.storage.test_health import SWITCHED_OFF

SECOND = timedelta(seconds=1)


@pytest.fixture
def storage(adapter):
    with adapter[1]() as storage:
        storage.create_tables()
        yield storage


def told(seconds, subject=ALICE):
    return event(subject, at=NOW + seconds * SECOND)


def test_readers_get_every_event_until_they_acknowledge_it(storage):
    """Each for itself, in the order of the times; forgotten, they begin anew."""
    made = [told(each) for each in range(4)]
    assert storage.commit(ALICE, change(events=made))
    first = storage.outbox.read("audit", limit=3)
    assert [each.event.id for each in first] == [each.id for each in made[:3]]
    assert storage.outbox.read("audit", limit=3) == first
    storage.outbox.acknowledge("audit", first[1].position)
    assert [each.event for each in storage.outbox.read("audit")] == made[2:]
    assert [each.event for each in storage.outbox.read("mail")] == made
    assert storage.outbox.readers() == {"audit": first[1].position, "mail": 0}
    assert storage.outbox.forget("mail") is True
    assert storage.outbox.forget("mail") is False
    assert storage.outbox.readers() == {"audit": first[1].position}


def test_what_a_reader_cannot_ask_is_refused(storage):
    """With the words of one storage as of the other."""
    assert storage.outbox.read("audit") == ()
    for ask in (
        lambda: storage.outbox.read(""),
        lambda: storage.outbox.read("audit", limit=0),
        lambda: storage.outbox.acknowledge("audit", 99),
        lambda: storage.outbox.acknowledge("nobody", 0),
        lambda: storage.outbox.acknowledge("audit", None),
        lambda: storage.outbox.forget("ü"),
    ):
        with pytest.raises(InvalidArgument):
            ask()


def test_old_events_go_once_they_are_acknowledged(storage):
    """And those that are not old stay, read or not."""
    made = [told(each) for each in range(4)]
    assert storage.commit(ALICE, change(events=made))
    read = storage.outbox.read("audit")
    assert storage.purge_events(before=NOW + 9 * SECOND, limit=10) == 0
    storage.outbox.acknowledge("audit", read[2].position)
    assert storage.purge_events(before=NOW + 2 * SECOND, limit=10) == 2
    assert storage.purge_events(before=NOW + 9 * SECOND, limit=10) == 1
    assert [each.event for each in storage.outbox.read("audit")] == made[3:]


def test_what_is_outdated_is_listed_in_pages(storage):
    """Behind a subject, before a time, and with whether it has events."""
    for name, events in (("a", ()), ("b", None), ("c", ())):
        subject = Subject(name)
        assert storage.commit(
            subject,
            change(
                subject=subject,
                events=events,
                summary=_outdated(NOW + SECOND if name != "c" else NOW + 3 * SECOND),
            ),
        )
    everything = storage.outdated(before=NOW + 9 * SECOND, after=None, limit=10)
    assert [(each.subject.id, each.has_events) for each in everything] == [
        ("a", False),
        ("b", True),
        ("c", False),
    ]
    assert storage.outdated(before=NOW + 2 * SECOND, after=None, limit=10) == everything[:2]
    assert storage.outdated(before=NOW + 9 * SECOND, after=Subject("a"), limit=1) == (
        Outdated(
            subject=Subject("b"), revision=storage.load(Subject("b")).revision, has_events=True
        ),
    )


def _outdated(at):
    return type(SUMMARY)(
        state=SetState.REVOKED,
        remaining=0,
        issued_at=NOW,
        last_used_at=None,
        expires_at=None,
        retry_at=None,
        key_ids=(),
        seal_key_id=None,
        outdated_at=at,
    )


def test_its_health_is_told(adapter):
    """Before and after its tables were made."""
    with adapter[1]() as storage:
        assert "no-table" in {each.id for each in storage.health().problems}
        with pytest.raises(StorageError):
            storage.outbox.read("audit")
        storage.create_tables()
        left = {each.id for each in storage.health().problems}
        assert left == SWITCHED_OFF[sa.make_url(adapter[0]).get_backend_name()]


def test_a_damaged_event_is_in_nobodys_way(storage, adapter):
    """It comes as an error, at its place."""
    made = [told(each) for each in range(3)]
    assert storage.commit(ALICE, change(events=made))
    _damage(adapter[0], made[1].id)
    read = storage.outbox.read("audit")
    assert [type(each.event) is CorruptRecord for each in read] == [False, True, False]


def _damage(url, event_id):
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE recoverykit_events SET details = '{' WHERE id = :id"), {"id": event_id}
        )
    engine.dispose()
