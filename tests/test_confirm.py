"""Confirming: a new set counts only once its user has shown that the codes were kept."""

from datetime import UTC, datetime, timedelta

import argon2.low_level
import pytest

from recoverykit import (
    Argon2idHasher,
    CodeFormat,
    CodesAlreadyIssued,
    EventKind,
    InvalidCode,
    Keyring,
    MalformedCode,
    NoActiveCodes,
    Policy,
    RecoveryKit,
    RefusalReason,
    SetDisabled,
    SetState,
    Subject,
    Throttle,
    TooManyAttempts,
)
from recoverykit.core.document import unchecked_document_in
from recoverykit.storage.memory import MemoryStorage
from recoverykit.testing import ManualClock
from tests.weak import WEAK

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR, LATE = timedelta(hours=1), timedelta.resolution
CHEAP = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)
ALICE = Subject("alice")
WRONG = RecoveryKit(MemoryStorage(), policy=Policy(hasher=CHEAP, accept=WEAK)).issue(ALICE).codes[0]


class Desk:
    """A kit on memory under `Policy.confirm`, its clock, and all that it announced."""

    def __init__(self, **policy):
        self.clock, self.events, self.storage = ManualClock(START), [], MemoryStorage()
        policy = {"hasher": CHEAP, "count": 3, "confirm": True} | policy
        self.kit = RecoveryKit(
            self.storage,
            policy=Policy(**({"accept": WEAK} | policy)),
            keyring=Keyring({"k": b"0123456789abcdef"}),
            clock=self.clock,
            on_event=self.events.append,
        )

    @property
    def document(self):
        return unchecked_document_in(self.storage.load(ALICE))

    def fail(self, verb, times, kind=InvalidCode, code=WRONG):
        for _ in range(times):
            with pytest.raises(kind):
                verb(ALICE, code)

    def counting(self):
        """Issue and confirm a set; return its codes."""
        codes = self.kit.issue(ALICE).codes
        self.kit.confirm(ALICE, codes[0])
        self.events.clear()
        return codes


@pytest.fixture
def desk():
    return Desk()


class TestWaiting:
    def test_a_new_set_is_pending(self, desk):
        """It says so, where it was issued, in the status and in the plain columns."""
        issued = desk.kit.issue(ALICE)
        assert issued.pending
        status = desk.kit.status(ALICE)
        assert (status.state, status.pending) == (SetState.PENDING, True)
        assert (status.remaining, status.total, status.low) == (0, 3, False)
        summary = desk.storage._summaries[ALICE]
        assert (summary.state, summary.remaining) == (SetState.PENDING, 0)

    def test_a_pending_set_never_redeems(self, desk):
        """None of its codes, and a guess costs it nothing: nothing is counted or written."""
        codes = desk.kit.issue(ALICE).codes
        before = desk.storage.load(ALICE)
        for code in (*codes, WRONG):
            with pytest.raises(NoActiveCodes):
                desk.kit.redeem(ALICE, code)
        assert desk.storage.load(ALICE) == before

    def test_the_old_set_stays_valid(self, desk):
        """Until the new one is confirmed; then the old one is superseded, spent codes and all."""
        old = desk.counting()
        new = desk.kit.issue(ALICE, replace=True).codes
        assert desk.kit.redeem(ALICE, old[0]).remaining == 2
        assert desk.kit.status(ALICE).pending
        assert desk.kit.status(ALICE).remaining == 2
        assert desk.kit.confirm(ALICE, new[1]).remaining == 3
        desk.fail(desk.kit.redeem, 1, code=old[1])
        assert desk.kit.redeem(ALICE, new[0]).remaining == 2

    def test_a_new_pending_set_takes_the_place_of_the_old(self, desk):
        """Without a word: its codes were never shown to count, and the active set is untouched."""
        old = desk.counting()
        first = desk.kit.issue(ALICE, replace=True)
        second = desk.kit.issue(ALICE, replace=True)
        assert [event.set_id for event in desk.events if event.kind is EventKind.SUPERSEDED] == [
            first.set_id
        ]
        desk.fail(desk.kit.confirm, 1, code=first.codes[0])
        assert desk.kit.redeem(ALICE, old[0]).remaining == 2
        assert desk.kit.confirm(ALICE, second.codes[0]).remaining == 3

    def test_a_set_beside_the_active_one_must_be_asked_for(self, desk):
        """`replace` is needed as without confirming, for it will lead to the same."""
        desk.counting()
        with pytest.raises(CodesAlreadyIssued):
            desk.kit.issue(ALICE)
        assert not desk.kit.status(ALICE).pending

    def test_revoking_ends_both(self, desk):
        """Neither counts afterwards, and an event tells of each."""
        old = desk.counting()
        new = desk.kit.issue(ALICE, replace=True).codes
        desk.events.clear()
        status = desk.kit.revoke(ALICE)
        assert (status.state, status.pending) == (SetState.REVOKED, False)
        assert [event.kind for event in desk.events] == [EventKind.REVOKED] * 2
        desk.fail(desk.kit.confirm, 1, NoActiveCodes, new[0])
        desk.fail(desk.kit.redeem, 1, NoActiveCodes, old[0])


class TestConfirming:
    def test_any_code_will_do_and_none_is_burned(self, desk):
        """In any spelling; the set then counts with all its codes, the typed one included."""
        codes = desk.kit.issue(ALICE).codes
        status = desk.kit.confirm(ALICE, codes[2].lower().replace("-", " "))
        assert (status.state, status.remaining, status.pending) == (SetState.ACTIVE, 3, False)
        assert {desk.kit.redeem(ALICE, code).set_id for code in codes} == {desk.document.active.id}

    def test_it_is_told(self, desk):
        """Who was superseded, how many failures that forgave, and which set counts; and why not."""
        codes = desk.counting()
        desk.fail(desk.kit.redeem, 2)
        new = desk.kit.issue(ALICE, replace=True)
        old_id = desk.document.active.id
        desk.fail(desk.kit.confirm, 1)
        desk.events.clear()
        desk.kit.confirm(ALICE, new.codes[0], context={"actor": "alice"})
        superseded, confirmed = desk.events
        assert (superseded.kind, superseded.set_id) == (EventKind.SUPERSEDED, old_id)
        assert (confirmed.kind, confirmed.set_id) == (EventKind.CONFIRMED, new.set_id)
        assert (confirmed.failures, confirmed.context) == (2, {"actor": "alice"})
        assert desk.storage.events(ALICE)[-2:] == tuple(desk.events)
        desk.fail(desk.kit.confirm, 1, code=codes[0])
        assert (desk.events[-1].kind, desk.events[-1].reason) == (
            EventKind.FAILED,
            RefusalReason.INVALID,
        )

    def test_a_typing_error_costs_nothing(self, desk):
        """No hash, no failure, no write."""
        desk.kit.issue(ALICE)
        before = desk.storage.load(ALICE)
        desk.fail(desk.kit.confirm, 9, MalformedCode, WRONG[:-1])
        assert desk.storage.load(ALICE) == before
        assert {event.kind for event in desk.events[1:]} == {EventKind.REFUSED}

    def test_there_may_be_nothing_to_confirm(self, desk):
        """No set at all, or one that was issued without waiting."""
        desk.fail(desk.kit.confirm, 1, NoActiveCodes)
        plain = Desk(confirm=False)
        desk.fail(plain.kit.confirm, 1, NoActiveCodes, plain.kit.issue(ALICE).codes[0])
        assert plain.kit.status(ALICE).failures == 0

    def test_confirming_twice_is_fine_for_a_while(self, desk):
        """Told the same, nothing written, until `pending_for` is over; then there is none."""
        codes = desk.kit.issue(ALICE).codes
        first = desk.kit.confirm(ALICE, codes[0])
        before, told = desk.storage.load(ALICE), len(desk.events)
        desk.clock.advance(HOUR - LATE)
        assert desk.kit.confirm(ALICE, codes[1]) == first
        assert (desk.storage.load(ALICE), len(desk.events)) == (before, told)
        desk.clock.advance(LATE)
        desk.fail(desk.kit.confirm, 1, NoActiveCodes, codes[0])

    def test_a_wrong_code_is_counted_in_the_set_that_was_just_confirmed(self, desk):
        """Confirming again is no way to try codes that count: a guess is a guess."""
        codes = desk.counting()
        desk.fail(desk.kit.confirm, 5)
        desk.fail(desk.kit.redeem, 1, TooManyAttempts, codes[0])
        assert desk.kit.status(ALICE).failures == 5

    @pytest.mark.parametrize("early", [LATE, timedelta(0), -LATE])
    def test_a_set_lapses_at_the_instant(self, early):
        """One microsecond before `pending_for` it can be confirmed; from then on it cannot."""
        desk = Desk(pending_for=timedelta(minutes=5))
        codes = desk.kit.issue(ALICE).codes
        desk.clock.advance(timedelta(minutes=5) - early)
        if early > timedelta(0):
            assert desk.kit.confirm(ALICE, codes[0]).state is SetState.ACTIVE
        else:
            desk.fail(desk.kit.confirm, 1, NoActiveCodes, codes[0])
            status = desk.kit.status(ALICE)
            assert (status.state, status.pending) == (SetState.EXPIRED, False)
            assert desk.kit.issue(ALICE).pending

    def test_a_set_that_lapsed_leaves_the_old_one_alone(self, desk):
        """Whoever did not keep the new codes still has the old ones."""
        old = desk.counting()
        new = desk.kit.issue(ALICE, replace=True).codes
        desk.clock.advance(HOUR)
        desk.fail(desk.kit.confirm, 1, NoActiveCodes, new[0])
        assert desk.kit.redeem(ALICE, old[0]).remaining == 2

    def test_a_confirmed_set_expires_by_its_own_time(self):
        """`expires_after` counts from its issue; the time to confirm is forgotten."""
        desk = Desk(expires_after=timedelta(days=1))
        codes = desk.counting()
        assert desk.document.active.lapses_at is None
        desk.clock.advance(timedelta(days=1) - LATE)
        assert desk.kit.redeem(ALICE, codes[0])
        desk.clock.advance(LATE)
        desk.fail(desk.kit.redeem, 1, NoActiveCodes, codes[1])

    @pytest.mark.parametrize("case", ["no set", "wrong", "right", "confirmed before", "lapsed"])
    def test_every_confirmation_costs_one_hash(self, desk, monkeypatch, case):
        """However it ends: the time that it takes does not tell what stands."""
        codes = [WRONG] if case == "no set" else desk.kit.issue(ALICE).codes
        if case == "confirmed before":
            desk.kit.confirm(ALICE, codes[0])
        if case == "lapsed":
            desk.clock.advance(HOUR)
        hashes, real = [], argon2.low_level.hash_secret_raw
        monkeypatch.setattr(
            argon2.low_level,
            "hash_secret_raw",
            lambda *args, **kwargs: hashes.append(kwargs) or real(*args, **kwargs),
        )
        if case in {"right", "confirmed before"}:
            assert desk.kit.confirm(ALICE, codes[1]).remaining == 3
        else:
            kind = InvalidCode if case == "wrong" else NoActiveCodes
            desk.fail(desk.kit.confirm, 1, kind, WRONG if case == "wrong" else codes[0])
        assert len(hashes) == 1

    def test_codes_are_read_as_they_were_issued(self, desk):
        """By the format of their set, whatever the policy asks for by now."""
        codes = desk.kit.issue(ALICE).codes
        later = RecoveryKit(
            desk.storage,
            policy=Policy(format=CodeFormat.digits(20), hasher=CHEAP, accept=WEAK, confirm=True),
            keyring=Keyring({"k": b"0123456789abcdef"}),
            clock=desk.clock,
        )
        assert later.confirm(ALICE, codes[0]).remaining == 3


class TestThrottle:
    def test_a_wrong_confirmation_is_counted_by_the_pending_set_alone(self, desk):
        """It starts a delay for confirming, and none for redeeming."""
        old = desk.counting()
        new = desk.kit.issue(ALICE, replace=True).codes
        desk.fail(desk.kit.confirm, 5)
        desk.fail(desk.kit.confirm, 1, TooManyAttempts, new[0])
        assert (desk.document.pending.failures, desk.document.active.failures) == (5, 0)
        assert desk.kit.redeem(ALICE, old[0]).remaining == 2
        desk.clock.advance(timedelta(seconds=30) - LATE)
        desk.fail(desk.kit.confirm, 1, TooManyAttempts, new[0])
        desk.clock.advance(LATE)
        assert desk.kit.confirm(ALICE, new[0]).failures == 0

    def test_too_many_wrong_confirmations_disable_the_pending_set(self):
        """It can then be neither confirmed nor made to give way without `replace`."""
        desk = Desk(throttle=Throttle(free=2, disable_after=2))
        codes = desk.kit.issue(ALICE).codes
        desk.fail(desk.kit.confirm, 2)
        desk.fail(desk.kit.confirm, 1, SetDisabled, codes[0])
        assert [event.kind for event in desk.events[1:]] == [
            EventKind.FAILED,
            EventKind.FAILED,
            EventKind.DISABLED,
            EventKind.REFUSED,
        ]
        with pytest.raises(CodesAlreadyIssued):
            desk.kit.issue(ALICE)
        codes = desk.kit.issue(ALICE, replace=True).codes
        assert desk.kit.confirm(ALICE, codes[0]).remaining == 3

    @pytest.mark.parametrize("failures", [5, 7], ids=["locked", "disabled"])
    def test_the_active_set_never_blocks_a_confirmation(self, failures):
        """Whoever guesses at the old set cannot keep the user from the new one."""
        desk = Desk(throttle=Throttle(free=5, disable_after=7, first_delay=HOUR / 12, factor=1))
        old = desk.counting()
        new = desk.kit.issue(ALICE, replace=True).codes
        for _ in range(failures):
            desk.clock.advance(HOUR / 12)
            desk.fail(desk.kit.redeem, 1)
        refusal = TooManyAttempts if failures == 5 else SetDisabled
        desk.fail(desk.kit.redeem, 1, refusal, old[0])
        status = desk.kit.confirm(ALICE, new[0])
        assert (status.state, status.failures, status.retry_at) == (SetState.ACTIVE, 0, None)
        assert desk.kit.redeem(ALICE, new[0]).remaining == 2

    def test_failures_on_the_way_to_a_confirmation_are_forgotten(self, desk):
        """The set begins with none, like any that is new."""
        codes = desk.kit.issue(ALICE).codes
        desk.fail(desk.kit.confirm, 4)
        assert desk.kit.confirm(ALICE, codes[0]).failures == 0


def test_a_format_without_selectors_is_confirmed_alike():
    """One hash is held against all codes of the set."""
    desk = Desk(format=Policy().format.digits(10))
    codes = desk.kit.issue(ALICE).codes
    assert desk.kit.confirm(ALICE, codes[2]).remaining == 3
