"""Purging: what has ended goes, batch by batch; what counts, or is written meanwhile, stays."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from recoverykit import (
    Argon2idHasher,
    InvalidArgument,
    Keyring,
    NoActiveCodes,
    OutcomeUnknown,
    Policy,
    Purged,
    RecoveryKit,
    RedemptionRefused,
    StorageError,
    Subject,
)
from recoverykit.storage import Change
from recoverykit.storage.memory import MemoryStorage
from recoverykit.storage.sql import SQLStorage
from recoverykit.testing import ManualClock
from tests.weak import WEAK

CHEAP = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)
START = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
KEYS = Keyring({"2026-11": b"0123456789abcdef"})
NOTHING = Purged(count=0, events=0, failed=(), last=None, done=True)
ADA = Subject("ada")


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture(params=["memory", "sqlite"])
def storage(request, tmp_path):
    if request.param == "memory":
        yield MemoryStorage()
        return
    with SQLStorage(f"sqlite:///{tmp_path / 'codes.db'}") as storage:
        storage.create_tables()
        yield storage


def a_kit(storage, clock, *, keyring=KEYS, on_event=None, **policy):
    policy = Policy(**({"count": 2, "hasher": CHEAP, "accept": WEAK} | policy))
    return RecoveryKit(storage, policy=policy, keyring=keyring, clock=clock, on_event=on_event)


def purge(kit, before, *, limit=100):
    """Run the loop that the documentation of `purge` tells to run."""
    done = [kit.purge(before=before, limit=limit)]
    while not done[-1].done:
        done.append(kit.purge(before=before, after=done[-1].last, limit=limit))
    return done


def purged(kit, before, *, limit=100):
    """Run the loop; return how many documents, and how many events, it took."""
    done = purge(kit, before, limit=limit)
    assert [each.failed for each in done if each.failed] == []
    return sum(each.count for each in done), sum(each.events for each in done)


def test_ended_sets_go_with_their_trail(storage, clock):
    """Revoked, expired and lapsed; not the active, exhausted and disabled; nothing comes back."""
    kit = a_kit(storage, clock)
    kit.issue("revoked")
    kit.revoke("revoked")
    a_kit(storage, clock, expires_after=DAY).issue("expired")
    a_kit(storage, clock, confirm=True).issue("lapsed")
    kit.unlock("unlocked", session="s")
    codes = kit.issue("active").codes
    for code in kit.issue("exhausted").codes:
        kit.redeem("exhausted", code)
    strict = a_kit(storage, clock, throttle=None, accept=WEAK)
    states = {name: kit.status(name) for name in ("active", "exhausted")}
    clock.advance(2 * DAY)
    assert purged(kit, clock()) == (4, 9)
    for name in ("revoked", "expired", "lapsed", "unlocked"):
        assert storage.load(Subject(name)) is None
    assert {name: kit.status(name) for name in states} == states
    assert purge(kit, clock()) == [NOTHING]
    assert kit.redeem("active", codes[0]).remaining == 1
    assert strict.issue("revoked").codes


def test_nothing_goes_that_ended_at_that_time_or_later(storage, clock):
    """A moment later it does."""
    kit = a_kit(storage, clock)
    kit.issue("ada")
    kit.revoke("ada")
    clock.advance(DAY)
    assert purge(kit, START) == [NOTHING]
    assert storage.load(ADA) is not None
    assert purged(kit, START + timedelta.resolution) == (1, 2)
    assert storage.load(ADA) is None


def test_a_document_waits_for_its_events(storage, clock):
    """One that is not old yet keeps it; so does one that nobody has read yet."""
    kit = a_kit(storage, clock, management="unlock", accept=WEAK)
    kit.unlock("ada", session="s")
    kit.issue("ada", session="s")
    kit.revoke("ada", session="s")
    clock.advance(DAY)
    kit.unlock("ada", session="s")
    kit.lock("ada", session="s")
    clock.advance(DAY)
    before = START + DAY / 2
    assert purged(kit, before) == (0, 3)
    assert kit.status("ada").state.value == "revoked"
    if isinstance(storage, SQLStorage):
        storage.outbox.read("audit")
        assert purged(kit, clock()) == (0, 0)
        storage.outbox.acknowledge("audit", storage.outbox.read("audit")[-1].position)
    assert purged(kit, clock()) == (1, 2)
    assert storage.load(ADA) is None


@pytest.mark.parametrize("limit", [1, 2, 5, 6, 100])
def test_a_purge_goes_on_where_it_stopped(storage, clock, limit):
    """First all old events, then the documents, each batch within its limit; the loop ends."""
    kit = a_kit(storage, clock)
    for number in range(6):
        kit.issue(f"user {number}")
        kit.revoke(f"user {number}")
    kit.issue("ada")
    clock.advance(DAY)
    done = purge(kit, clock(), limit=limit)
    assert (sum(each.count for each in done), sum(each.events for each in done)) == (6, 13)
    assert max(each.count for each in done) <= limit
    assert max(each.events for each in done) <= limit
    assert [each.count for each in done if each.events == limit] == [0] * (13 // limit)
    assert [each.done for each in done] == [False] * (len(done) - 1) + [True]
    assert len(done) == 13 // limit + 6 // limit + 1


def test_the_place_is_kept_while_events_come_in_between(storage, clock):
    """A batch of events alone does not begin anew."""
    kit = a_kit(storage, clock)
    kit.issue("ada")
    clock.advance(DAY)
    after = Subject("kim")
    assert kit.purge(before=clock(), after=after, limit=1) == Purged(
        count=0, events=1, failed=(), last=after, done=False
    )


def test_a_document_that_stays_loses_what_has_lapsed(storage, clock):
    """Under its seal, and nobody is told; the next purge has nothing to look at."""
    events = []
    kit = a_kit(storage, clock, on_event=events.append)
    codes = kit.issue("ada").codes
    a_kit(storage, clock, confirm=True).issue("ada", replace=True)
    kit.unlock("ada", session="s")
    clock.advance(DAY)
    events.clear()
    assert purged(kit, clock()) == (1, 3)
    document = storage.load(ADA).document
    assert '"pending":null' in document
    assert '"unlock":null' in document
    assert document.startswith('{"seal":"2026-11$')
    assert events == []
    assert storage.outdated(before=clock(), after=None, limit=10) == ()
    assert kit.redeem("ada", codes[0]).remaining == 1


def test_former_codes_go_and_the_last_use_is_still_told(storage, clock):
    """Of a set that rotates; replays are told for as long as they were promised."""
    kit = a_kit(storage, clock, rotate=True)
    code = kit.issue("ada").codes[0]
    for number in range(3):
        old, code = code, kit.redeem("ada", code, attempt=f"{number}").replacement.codes[0]
        clock.advance(timedelta(minutes=9))
    status = kit.status("ada")
    assert purged(kit, clock())[0] == 1
    assert kit.status("ada") == status
    assert kit.redeem("ada", old, attempt="2").replayed is True
    assert purged(kit, clock())[0] == 0
    assert kit.redeem("ada", code).remaining == 2


def test_what_cannot_be_read_is_reported_and_left(storage, clock):
    """A damaged document, and one under a key that the ring lacks; the others go."""
    kit = a_kit(storage, clock)
    for name in ("damaged", "other", "whole"):
        by = a_kit(storage, clock, keyring=Keyring({"lost": b"l" * 16})) if name == "other" else kit
        by.issue(name)
        by.revoke(name)
    subject = Subject("damaged")
    record, (found, *_) = (
        storage.load(subject),
        storage.outdated(before=START + DAY, after=None, limit=10),
    )
    assert found.subject == subject
    clock.advance(DAY)
    damage(storage, subject, record)
    done = purge(kit, clock(), limit=2)
    assert [each.failed for each in done if each.failed] == [(subject, Subject("other"))]
    assert sum(each.count for each in done) == 1
    assert storage.load(subject).revision == "0" * 32
    assert storage.load(Subject("whole")) is None


def damage(storage, subject, record):
    """Put another revision beside the document, past the seal; its column stays."""
    if isinstance(storage, MemoryStorage):
        summary = storage._summaries[subject]
        made = Change(
            expected=record.revision,
            revision="0" * 32,
            document=record.document,
            events=(),
            summary=summary,
        )
        assert storage.commit(subject, made)
        return
    with storage._engine().begin() as connection:
        connection.exec_driver_sql(
            "UPDATE recoverykit_records SET revision = ? WHERE subject = ?", ("0" * 32, subject.id)
        )


class Meanwhile(MemoryStorage):
    """A storage in which something happens between the listing and the loads, or the commits."""

    def __init__(self):
        super().__init__()
        self.listed = self.loaded = lambda: None

    def outdated(self, **query):
        found = super().outdated(**query)
        self.listed()
        return found

    def load(self, subject):
        found = super().load(subject)
        then, self.loaded = self.loaded, lambda: None
        then()
        return found


@pytest.mark.parametrize("when", ["listed", "loaded"])
@pytest.mark.parametrize(
    ("act", "state"),
    [
        (lambda kit: kit.issue("ada"), "active"),
        (lambda kit: kit.erase("ada"), "none"),
        (lambda kit: (kit.erase("ada"), kit.issue("ada")), "active"),
    ],
    ids=["issue", "erase", "erase and issue"],
)
def test_what_is_written_meanwhile_stays(clock, when, act, state):
    """Only what is still at the revision seen is removed."""
    storage = Meanwhile()
    kit = a_kit(storage, clock)
    kit.issue("ada")
    kit.revoke("ada")
    clock.advance(DAY)
    setattr(storage, when, lambda: act(kit))
    assert kit.purge(before=clock()) == Purged(count=0, events=2, failed=(), last=None, done=True)
    assert kit.status("ada").state.value == state
    assert bool(storage.events(ADA)) is (state == "active")


@pytest.mark.parametrize("when", ["listed", "loaded"])
def test_an_event_that_lands_meanwhile_stays(clock, when):
    """Even where the document is as dead as it was: an unlock, and its end, leave a trail."""
    storage = Meanwhile()
    kit = a_kit(storage, clock)
    kit.issue("ada")
    kit.revoke("ada")
    clock.advance(DAY)

    def visit():
        kit.unlock("ada", session="s")
        kit.lock("ada", session="s")

    setattr(storage, when, visit)
    assert kit.purge(before=clock()).count == 0
    assert kit.status("ada").state.value == "revoked"
    assert len(storage.events(ADA)) == 2
    storage.listed = lambda: None
    clock.advance(DAY)
    assert purged(kit, clock()) == (1, 2)


def test_a_document_with_nothing_in_it_goes(storage, clock):
    """What an unlock leaves behind that was ended early."""
    kit = a_kit(storage, clock)
    kit.unlock("ada", session="s")
    kit.lock("ada", session="s")
    assert storage.load(ADA) is not None
    assert purged(kit, clock()) == (0, 0)
    clock.advance(DAY)
    assert purged(kit, clock()) == (1, 2)
    assert storage.load(ADA) is None


class Unsure(MemoryStorage):
    """A storage that loses the answer to an erasure, which has landed or has not."""

    lands, losses = True, 0

    def commit(self, subject, change):
        if change.document is None and self.losses:
            self.losses -= 1
            if self.lands:
                super().commit(subject, change)
            raise OutcomeUnknown
        return super().commit(subject, change)


@pytest.mark.parametrize("lands", [True, False])
def test_a_lost_answer_is_made_certain(clock, lands):
    """The flow goes round again; where it cannot, the subject is reported."""
    storage = Unsure()
    storage.lands = lands
    kit = a_kit(storage, clock)
    kit.issue("ada")
    kit.revoke("ada")
    clock.advance(DAY)
    storage.losses = 1
    assert kit.purge(before=clock()).count == 1
    assert storage.load(ADA) is None
    kit.issue("ada")
    kit.revoke("ada")
    clock.advance(DAY)
    storage.losses = 3
    done = kit.purge(before=clock())
    assert (done.count, done.failed) == ((1, ()) if lands else (0, (ADA,)))


def test_a_storage_that_fails_ends_the_purge(clock):
    """What is not about one subject is not swallowed."""

    class Broken(MemoryStorage):
        def load(self, subject):
            raise StorageError("away")

    storage = MemoryStorage()
    kit = a_kit(storage, clock)
    kit.issue("ada")
    kit.revoke("ada")
    broken = Broken()
    broken.__dict__.update(storage.__dict__)
    clock.advance(DAY)
    with pytest.raises(StorageError, match="away"):
        a_kit(broken, clock).purge(before=clock())


@pytest.mark.parametrize(
    "before",
    [
        START + timedelta.resolution,
        (START + timedelta(hours=1)).astimezone(timezone(timedelta(hours=-11))),
        START.replace(tzinfo=None),
        datetime(1969, 12, 31, tzinfo=UTC),
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-23))),
        date(2026, 1, 1),
        DAY,
        0,
        None,
        "2026-01-01",
    ],
    ids=str,
)
def test_a_time_that_cannot_be_used_is_refused(clock, before):
    """It is aware, and not in the future; nothing is removed."""
    storage = MemoryStorage()
    kit = a_kit(storage, clock)
    kit.issue("ada")
    with pytest.raises(InvalidArgument, match="before"):
        kit.purge(before=before)
    assert len(storage.events(ADA)) == 1


def test_a_time_of_any_zone_is_fine(storage, clock):
    """Now is, too."""
    kit = a_kit(storage, clock)
    kit.issue("ada")
    clock.advance(timedelta.resolution)
    assert kit.purge(before=clock().astimezone(timezone(timedelta(hours=9)))).events == 1
    assert kit.purge(before=datetime(1970, 1, 1, tzinfo=UTC)) == NOTHING


@pytest.mark.parametrize("limit", [0, -1, 10_001, 1.5, None, "1", True])
def test_a_batch_out_of_bounds_is_refused(clock, limit):
    """1 to 10,000, and a whole number."""
    with pytest.raises(InvalidArgument, match="limit"):
        a_kit(MemoryStorage(), clock).purge(before=START, limit=limit)
    assert a_kit(MemoryStorage(), clock).purge(before=START, limit=10_000) == NOTHING


@pytest.mark.parametrize("after", ["", 7, b"alice", ("alice",)])
def test_a_batch_begins_behind_a_subject(clock, after):
    """What is none is one clear error, as everywhere."""
    with pytest.raises(InvalidArgument, match="subject"):
        a_kit(MemoryStorage(), clock).purge(before=START, after=after)


def test_a_clock_that_tells_no_time_is_refused():
    """As for every other verb."""
    with pytest.raises(InvalidArgument, match="clock"):
        a_kit(MemoryStorage(), lambda: None).purge(before=START)


def test_a_storage_that_cannot_be_purged_is_named(clock):
    """The optional methods are asked for where they are needed, and nowhere else."""

    class Plain:
        def load(self, subject):
            return None

        def commit(self, subject, change):
            return True

    with pytest.raises(InvalidArgument, match="cannot be purged"):
        a_kit(Plain(), clock).purge(before=START)


def test_purges_race_with_everything_else(database_url):
    """Users whose sets end and begin anew while two purges run: no code is lost, none counts twice.

    After each revocation the set is at once old enough to go.
    """
    names = [f"user {number}" for number in range(4)]
    rounds, stop = 6, threading.Event()

    def use(name):
        told = 0
        with SQLStorage(database_url) as storage:
            kit = a_kit(storage, None, replay_for=timedelta(0))
            for _ in range(rounds):
                first, second = kit.issue(name).codes
                told += kit.redeem(name, first).remaining == 1
                with pytest.raises(RedemptionRefused):
                    kit.redeem(name, first)
                told += kit.redeem(name, second).remaining == 0
                kit.issue(name, replace=True)
                kit.revoke(name)
                with pytest.raises(NoActiveCodes):
                    kit.redeem(name, second)
        return told

    def clean():
        count = events = 0
        with SQLStorage(database_url) as storage:
            kit = a_kit(storage, None, replay_for=timedelta(0))
            while not stop.is_set():
                one, other = purged(kit, datetime.now(UTC), limit=3)
                count, events = count + one, events + other
        return count, events

    with SQLStorage(database_url) as storage:
        storage.create_tables()
    with ThreadPoolExecutor(6) as threads:
        cleaners = [threads.submit(clean) for _ in range(2)]
        try:
            users = [threads.submit(use, name) for name in names]
            assert [each.result(120) for each in users] == [2 * rounds] * len(names)
        finally:
            stop.set()
        for each in cleaners:
            each.result(60)
    with SQLStorage(database_url) as storage:
        purge(a_kit(storage, None, replay_for=timedelta(0)), datetime.now(UTC))
        assert [storage.load(Subject(name)) for name in names] == [None] * len(names)
