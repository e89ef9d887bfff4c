"""Management under an unlock: a session that has authenticated anew may issue and revoke."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from recoverykit import (
    Argon2idHasher,
    CodesAlreadyIssued,
    EventKind,
    InvalidArgument,
    ManagementLocked,
    Policy,
    RecoveryKit,
    SetState,
    Subject,
)
from recoverykit.storage.memory import MemoryStorage
from recoverykit.testing import ManualClock
from tests.weak import WEAK

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATE, TEN = timedelta.resolution, timedelta(minutes=10)
CHEAP = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)
MINE, OTHER = "session-1", "session-2"


class Desk:
    """A kit on memory under ``management="unlock"``, its clock, and all that it announced."""

    def __init__(self, *, storage=None, management="unlock", **policy):
        self.clock, self.events = ManualClock(START), []
        self.storage = storage or MemoryStorage()
        policy = {"hasher": CHEAP, "count": 3, "management": management} | policy
        self.kit = RecoveryKit(
            self.storage,
            policy=Policy(**({"accept": WEAK} | policy)),
            clock=self.clock,
            on_event=self.events.append,
        )

    def refused(self, session):
        """Say that the session may neither issue, nor replace, nor revoke; nothing is written."""
        before = self.storage.load(Subject("alice"))
        for call in (
            lambda: self.kit.issue("alice", session=session),
            lambda: self.kit.issue("alice", replace=True, session=session),
            lambda: self.kit.revoke("alice", session=session),
        ):
            with pytest.raises(ManagementLocked):
                call()
        return self.storage.load(Subject("alice")) == before


@pytest.fixture
def desk():
    return Desk()


def test_without_an_unlock_nobody_issues_or_revokes(desk):
    """With a session or without one, whether anything is stored or not."""
    assert desk.refused(None)
    assert desk.refused(MINE)
    desk.kit.unlock("alice", session=MINE)
    assert desk.refused(None)


def test_a_session_that_unlocked_issues_replaces_and_revokes(desk):
    """As often as it likes while the unlock lasts; the rest is as it always is."""
    assert desk.kit.unlock("alice", session=MINE) == START + TEN
    desk.kit.issue("alice", session=MINE)
    with pytest.raises(CodesAlreadyIssued):
        desk.kit.issue("alice", session=MINE)
    desk.kit.issue("alice", session=MINE, replace=True)
    assert desk.kit.revoke("alice", session=MINE).state is SetState.REVOKED
    assert [event.kind for event in desk.events][:2] == [EventKind.UNLOCKED, EventKind.ISSUED]


def test_another_session_stays_locked_out(desk):
    """And so does the same session for another subject, tenant or scope."""
    desk.kit.unlock("alice", session=MINE)
    assert desk.refused(OTHER)
    for subject in ("bob", Subject("alice", tenant="t"), Subject("alice", scope="s")):
        with pytest.raises(ManagementLocked):
            desk.kit.issue(subject, session=MINE)


def test_an_unlock_of_another_session_ends_the_first(desk):
    """At most one session at a time."""
    desk.kit.unlock("alice", session=MINE)
    desk.kit.unlock("alice", session=OTHER)
    assert desk.refused(MINE)
    assert desk.kit.issue("alice", session=OTHER)


def test_an_unlock_lapses_at_the_instant(desk):
    """One microsecond before `unlock_for` it counts; at the instant it does not."""
    desk.kit.unlock("alice", session=MINE)
    desk.clock.advance(TEN - LATE)
    assert desk.kit.issue("alice", session=MINE)
    desk.clock.advance(LATE)
    assert desk.refused(MINE)
    assert desk.kit.unlock("alice", session=MINE) == START + 2 * TEN
    assert desk.kit.revoke("alice", session=MINE).remaining == 0


def test_the_current_policy_says_how_long_an_unlock_lasts(desk):
    """As it does of the throttle: a shorter time ends what was unlocked before."""
    desk.kit.unlock("alice", session=MINE)
    short = Desk(storage=desk.storage, unlock_for=timedelta(minutes=1))
    short.clock.advance(timedelta(minutes=1))
    assert short.refused(MINE)


@pytest.mark.parametrize("ahead", [timedelta(minutes=-9), timedelta(minutes=9), timedelta(days=1)])
def test_the_clocks_of_hosts_may_differ(ahead):
    """One that runs back makes an unlock shorter; by one ahead, it has only just been."""
    storage = MemoryStorage()
    theirs, ours = Desk(storage=storage), Desk(storage=storage)
    theirs.clock.advance(timedelta(days=2) + ahead)
    ours.clock.advance(timedelta(days=2))
    theirs.kit.unlock("alice", session=MINE)
    assert ours.kit.issue("alice", session=MINE)
    assert ours.refused(OTHER)
    ours.clock.advance(max(ahead, timedelta(0)) + TEN)
    assert ours.refused(MINE)


def test_a_session_can_lock_again(desk):
    """It alone; twice is fine, and whoever has no unlock changes nothing."""
    desk.kit.lock("alice", session=MINE)
    assert desk.storage.load(Subject("alice")) is None
    desk.kit.unlock("alice", session=MINE)
    desk.kit.lock("alice", session=OTHER)
    codes = desk.kit.issue("alice", session=MINE).codes
    desk.kit.lock("alice", session=MINE)
    desk.kit.lock("alice", session=MINE)
    assert desk.refused(MINE)
    assert desk.kit.redeem("alice", codes[0]).remaining == 2
    kinds = [event.kind for event in desk.events]
    assert kinds.count(EventKind.LOCKED) == 1


def test_nothing_of_the_session_is_stored_but_a_digest(desk):
    """Neither in the document nor in the trail nor in what is announced."""
    desk.kit.unlock("alice", session="secret-session-id")
    record = desk.storage.load(Subject("alice"))
    unlock = json.loads(record.document)["unlock"]
    assert set(unlock) == {"session", "at"}
    assert len(bytes.fromhex(unlock["session"])) == 32
    trail = [event.details() for event in desk.storage.events(Subject("alice"))]
    assert "secret" not in f"{record.document} {trail} {desk.events}"


def test_an_unlock_issues_nothing_and_touches_no_set(desk):
    """The state stays, and the sets keep their bytes; a subject without codes has none."""
    desk.kit.unlock("alice", session=MINE)
    assert desk.kit.status("alice").state is SetState.NONE
    codes = desk.kit.issue("alice", session=MINE).codes
    before = json.loads(desk.storage.load(Subject("alice")).document)
    desk.kit.unlock("alice", session=OTHER)
    after = json.loads(desk.storage.load(Subject("alice")).document)
    assert (after["active"], after["pending"]) == (before["active"], before["pending"])
    assert desk.kit.redeem("alice", codes[0]).remaining == 2


def test_redeeming_confirming_and_erasing_need_no_unlock():
    """The code itself speaks for who redeems; and erasing is the host's own."""
    desk = Desk(confirm=True)
    desk.kit.unlock("alice", session=MINE)
    codes = desk.kit.issue("alice", session=MINE).codes
    desk.kit.lock("alice", session=MINE)
    assert desk.kit.confirm("alice", codes[0]).remaining == 3
    assert desk.kit.redeem("alice", codes[0]).remaining == 2
    desk.kit.erase("alice")
    assert desk.storage.load(Subject("alice")) is None


def test_an_open_policy_does_not_ask_for_the_session():
    """The host decides alone; but a session that is named must be one."""
    desk = Desk(management="open")
    desk.kit.issue("alice", session=MINE)
    desk.kit.issue("alice", replace=True)
    with pytest.raises(InvalidArgument):
        desk.kit.revoke("alice", session="")
    assert desk.kit.revoke("alice").state is SetState.REVOKED


@pytest.mark.parametrize(
    "session", ["", "x" * 1_025, "canary\ud800", b"canary", 7, None, ["canary"]]
)
def test_an_unusable_session_is_refused_by_every_verb(desk, session):
    """One clear error that does not show it, before anything is loaded."""
    calls = [
        lambda: desk.kit.unlock("alice", session=session),
        lambda: desk.kit.lock("alice", session=session),
    ]
    if session is not None:  # which issue and revoke take for none
        calls += [
            lambda: desk.kit.issue("alice", session=session),
            lambda: desk.kit.revoke("alice", session=session),
        ]
    for call in calls:
        with pytest.raises(InvalidArgument, match="session") as refused:
            call()
        assert "canary" not in str(refused.value)
    assert desk.storage.load(Subject("alice")) is None
