"""The kit on memory: what each verb returns, raises, announces and stores."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from recoverykit import (
    Argon2idHasher,
    CodeAlreadyUsed,
    CodeFormat,
    CodesAlreadyIssued,
    EventKind,
    Finding,
    InvalidArgument,
    InvalidCode,
    KeyedHasher,
    Keyring,
    MalformedCode,
    NoActiveCodes,
    Pbkdf2Hasher,
    Policy,
    PolicyError,
    RecoveryKit,
    RedemptionRefused,
    SetDisabled,
    SetState,
    Subject,
    Throttle,
    TooManyAttempts,
    UnknownKey,
)
from recoverykit.core.results import CodeStatus
from recoverykit.storage.memory import MemoryStorage
from recoverykit.testing import ManualClock

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
CHEAP = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)
# Tests shall not take long, and a few of them have short codes.
WEAK = frozenset({"A5-C-KDF", "N4-SRC-64", "OCS-MFA-OTPHASH"})
KEY = b"0123456789abcdef"


class Desk:
    """A kit on memory, with its clock and all that it announced."""

    def __init__(self, *, storage=None, keyring=None, on_event=None, **policy):
        self.clock = ManualClock(START)
        self.events = []
        self.storage = storage or MemoryStorage()
        self.kit = RecoveryKit(
            self.storage,
            policy=Policy(**({"hasher": CHEAP, "accept": WEAK} | policy)),
            keyring=keyring,
            clock=self.clock,
            on_event=on_event or self.events.append,
        )

    def kinds(self):
        return [event.kind for event in self.events]

    def fail(self, times, code):
        for _ in range(times):
            with pytest.raises(RedemptionRefused):
                self.kit.redeem("alice", code)


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def codes(desk):
    return desk.kit.issue("alice").codes


@pytest.fixture
def foreign():
    """Codes of the right shape that belong to nobody here."""
    return Desk().kit.issue("mallory").codes


class TestIssue:
    def test_the_codes_are_shown_once(self, desk):
        """Ten distinct codes in their display form, which the repr leaves out."""
        issued = desk.kit.issue("alice")
        assert len(set(issued.codes)) == 10
        assert all(desk.kit.recognises(code) for code in issued.codes)
        assert (issued.issued_at, issued.expires_at, issued.pending) == (START, None, False)
        assert not any(code in repr(issued) for code in issued.codes)

    def test_an_active_set_does_not_give_way(self, desk, codes):
        """Only `replace` supersedes it, and then none of the old codes counts."""
        with pytest.raises(CodesAlreadyIssued):
            desk.kit.issue("alice")
        new = desk.kit.issue("alice", replace=True).codes
        with pytest.raises(InvalidCode):
            desk.kit.redeem("alice", codes[0])
        assert desk.kit.redeem("alice", new[0]).remaining == 9

    def test_an_ended_set_gives_way(self, desk, codes):
        """After a revocation a new set is issued without further ado."""
        desk.kit.revoke("alice")
        assert desk.kit.issue("alice").codes != codes

    def test_a_replacement_forgives_the_failures_and_says_so(self, desk, codes, foreign):
        """The event tells how many failures in a row the new set has made forgotten."""
        desk.fail(3, foreign[0])
        desk.events.clear()
        desk.kit.issue("alice", replace=True)
        superseded, issued = desk.events
        assert (superseded.kind, issued.kind) == (EventKind.SUPERSEDED, EventKind.ISSUED)
        assert issued.failures == 3
        assert desk.kit.status("alice").failures == 0

    def test_a_repeated_attempt_issues_again(self, desk):
        """Its first answer was lost: what it issued is superseded, not in the way."""
        first = desk.kit.issue("alice", attempt="enrol-1")
        desk.clock.advance(timedelta(minutes=9))
        second = desk.kit.issue("alice", attempt="enrol-1")
        assert first.set_id != second.set_id
        with pytest.raises(CodesAlreadyIssued):
            desk.kit.issue("alice", attempt="enrol-2")

    def test_a_set_expires(self):
        """The policy of the day of issue fixes the expiry."""
        desk = Desk(expires_after=timedelta(days=1))
        issued = desk.kit.issue("alice")
        assert issued.expires_at == START + timedelta(days=1)
        desk.clock.advance(timedelta(days=1))
        assert desk.kit.status("alice").state is SetState.EXPIRED
        with pytest.raises(NoActiveCodes):
            desk.kit.redeem("alice", issued.codes[0])


class TestRedeem:
    def test_any_order_and_each_once(self, desk, codes):
        """Ten codes, ten successes, in any order; no eleventh."""
        for left, code in zip(range(9, -1, -1), reversed(codes), strict=True):
            redemption = desk.kit.redeem("alice", code)
            assert (redemption.remaining, redemption.low) == (left, left <= 3)
            assert redemption.reissue_required is (left == 0)
        with pytest.raises(NoActiveCodes):
            desk.kit.redeem("alice", codes[0])
        assert desk.kit.status("alice").state is SetState.EXHAUSTED

    def test_what_a_redemption_says(self, codes, desk):
        """Which code of which set, when, for how long, and by which attempt."""
        redemption = desk.kit.redeem("alice", codes[4], attempt="login-7")
        assert redemption.ordinal == 4
        assert redemption.redeemed_at == START
        assert redemption.attempt == "login-7"
        assert (redemption.valid_until, redemption.replacement) == (None, None)
        assert redemption.replayed is False

    def test_an_elevation_lasts_as_long_as_the_policy_says(self):
        """`valid_until` counts from the redemption, in a replay too."""
        desk = Desk(elevation=timedelta(minutes=5))
        code = desk.kit.issue("alice").codes[0]
        until = START + timedelta(minutes=5)
        assert desk.kit.redeem("alice", code, attempt="a").valid_until == until
        desk.clock.advance(timedelta(minutes=1))
        assert desk.kit.redeem("alice", code, attempt="a").valid_until == until

    def test_a_lost_answer_is_told_again(self, desk, codes):
        """The same attempt and code: the same success, marked as a replay, and announced as one."""
        first = desk.kit.redeem("alice", codes[0], attempt="a")
        again = desk.kit.redeem("alice", codes[0], attempt="a")
        assert again.replayed
        assert (again.ordinal, again.redeemed_at) == (first.ordinal, first.redeemed_at)
        assert desk.kit.status("alice").remaining == 9
        assert desk.kinds() == [EventKind.ISSUED, EventKind.REDEEMED, EventKind.REPLAYED]

    def test_a_replay_comes_before_the_lock(self, desk, codes, foreign):
        """A delay that somebody else caused does not hide a success that stands."""
        desk.kit.redeem("alice", codes[0], attempt="a")
        desk.fail(5, foreign[1])
        assert desk.kit.redeem("alice", codes[0], attempt="a").replayed
        with pytest.raises(TooManyAttempts):
            desk.kit.redeem("alice", codes[1], attempt="a")

    def test_a_typing_error_costs_nothing(self, desk, codes):
        """Neither a failure nor a write: the document stays as it is."""
        before = desk.storage.load(Subject("alice"))
        with pytest.raises(MalformedCode):
            desk.kit.redeem("alice", codes[0][:-1] + ("0" if codes[0][-1] != "0" else "1"))
        assert desk.storage.load(Subject("alice")) == before
        assert desk.kinds()[-1] is EventKind.REFUSED

    def test_the_throttle(self, desk, codes, foreign):
        """Five guesses are judged; then even the right code waits."""
        desk.fail(4, foreign[0])
        with pytest.raises(InvalidCode) as fifth:
            desk.kit.redeem("alice", foreign[0])
        until = START + timedelta(seconds=30)
        assert fifth.value.retry_at == until
        with pytest.raises(TooManyAttempts) as locked:
            desk.kit.redeem("alice", codes[0])
        assert locked.value.retry_at == until
        assert desk.kit.status("alice").retry_at == until
        desk.clock.advance(timedelta(seconds=30))
        assert desk.kit.redeem("alice", codes[0]).remaining == 9
        assert desk.kit.status("alice").failures == 0

    def test_a_disabled_set_stays_disabled(self, foreign):
        """Neither time nor a revocation leads out of it, only a replacement."""
        desk = Desk(throttle=Throttle(free=1, disable_after=1))
        code = desk.kit.issue("alice").codes[0]
        with pytest.raises(InvalidCode):
            desk.kit.redeem("alice", foreign[0])
        desk.clock.advance(timedelta(days=4000))
        assert desk.kit.revoke("alice").state is SetState.DISABLED
        with pytest.raises(SetDisabled):
            desk.kit.redeem("alice", code)
        with pytest.raises(CodesAlreadyIssued):
            desk.kit.issue("alice")
        assert desk.kit.status("alice").remaining == 0
        desk.kit.issue("alice", replace=True)
        assert EventKind.DISABLED in desk.kinds()

    def test_no_set(self, desk, foreign):
        """Without a set there is nothing to redeem, and nothing is written."""
        with pytest.raises(NoActiveCodes) as refused:
            desk.kit.redeem("nobody", foreign[0])
        assert desk.storage.load(Subject("nobody")) is None
        assert refused.value.public_message == InvalidCode().public_message

    @pytest.mark.parametrize(
        "code_format",
        [CodeFormat.digits(8), CodeFormat.hex(16, group=4), CodeFormat.default()],
    )
    def test_sets_with_and_without_selectors(self, code_format):
        """One salt for a set without selectors, one for each code otherwise; all codes redeem."""
        desk = Desk(format=code_format, count=5)
        codes = desk.kit.issue("alice").codes
        document = desk.storage.load(Subject("alice")).document
        salts = {line.split("$")[4] for line in document.split('"') if line.startswith("$argon")}
        assert len(salts) == (5 if code_format.selector else 1)
        for code in reversed(codes):
            desk.kit.redeem("alice", code)
        with pytest.raises(NoActiveCodes):
            desk.kit.redeem("alice", codes[0])

    def test_a_used_code_of_a_set_without_selectors_is_known_as_used(self):
        """The one digest is compared with all codes, the spent ones included."""
        desk = Desk(format=CodeFormat.digits(8))
        codes = desk.kit.issue("alice").codes
        desk.kit.redeem("alice", codes[7])
        with pytest.raises(CodeAlreadyUsed):
            desk.kit.redeem("alice", codes[7])

    def test_a_set_is_read_by_its_own_format(self, foreign):
        """A policy that changes its format leaves the sets that stand as they were."""
        old = Desk(format=CodeFormat.digits(10))
        code = old.kit.issue("alice").codes[0]
        new = Desk(storage=old.storage)
        assert new.kit.redeem("alice", code).remaining == 9
        with pytest.raises(MalformedCode):
            new.kit.redeem("alice", foreign[0])

    def test_the_hosts_function_is_called_for_a_success_alone(self, desk, codes, foreign):
        """Not for a refusal, and not for a replay."""
        calls = []
        with pytest.raises(InvalidCode):
            desk.kit.redeem("alice", foreign[0], within=calls.append)
        desk.kit.redeem("alice", codes[0], attempt="a", within=calls.append)
        desk.kit.redeem("alice", codes[0], attempt="a", within=calls.append)
        assert calls == [None]

    def test_the_hosts_error_leaves_the_code_unspent(self, desk, codes):
        """It passes through as the object that it is."""
        error = LookupError("no session table")

        def fail(_connection):
            raise error

        with pytest.raises(LookupError) as caught:
            desk.kit.redeem("alice", codes[0], within=fail)
        assert caught.value is error
        assert desk.kit.redeem("alice", codes[0]).remaining == 9

    def test_a_storage_without_transactions_refuses_within_at_once(self, codes, desk):
        """Before anything is judged: nothing is counted."""

        class Plain:
            load = desk.storage.load
            commit = desk.storage.commit

        kit = RecoveryKit(Plain(), policy=Policy(hasher=CHEAP, accept=WEAK))
        with pytest.raises(InvalidArgument):
            kit.redeem("alice", codes[0], within=print)
        assert kit.redeem("alice", codes[0]).remaining == 9

    @pytest.mark.parametrize("attempt", ["", "x" * 129, "ä", "a\n", 7, b"a"])
    def test_an_unusable_attempt_id_is_refused(self, desk, codes, attempt):
        """1 to 128 printable ASCII characters, made by the host."""
        with pytest.raises(InvalidArgument, match="attempt id"):
            desk.kit.redeem("alice", codes[0], attempt=attempt)


class TestStatus:
    def test_of_nobody(self, desk):
        """No set: nothing remains, nothing is low."""
        status = desk.kit.status("nobody")
        assert (status.state, status.remaining, status.total) == (SetState.NONE, 0, 0)
        assert not status.low
        assert status.codes == ()

    def test_of_a_used_set(self, desk, codes):
        """Counts, times and which codes were used; never a code."""
        desk.clock.advance(timedelta(hours=1))
        desk.kit.redeem("alice", codes[2])
        status = desk.kit.status("alice")
        assert (status.remaining, status.total, status.low) == (9, 10, False)
        assert (status.issued_at, status.last_used_at) == (START, desk.clock())
        assert status.codes[2] == CodeStatus(ordinal=2, used_at=desk.clock())
        assert status.codes[3] == CodeStatus(ordinal=3, used_at=None)

    def test_a_revoked_set_is_not_low(self, desk, codes):
        """Nobody is to be nagged about codes that were switched off."""
        status = desk.kit.revoke("alice")
        assert (status.remaining, status.low) == (0, False)
        before = desk.storage.load(Subject("alice"))
        assert desk.kit.revoke("alice") == status
        assert desk.storage.load(Subject("alice")) == before
        assert desk.kinds().count(EventKind.REVOKED) == 1

    def test_weaker_hashing_and_old_keys_are_stale(self):
        """A host sees which sets to renew after it changed its policy or its keys."""
        old = Desk(hasher=Pbkdf2Hasher(iterations=1_000), keyring=Keyring({"old": KEY}))
        code = old.kit.issue("alice").codes[0]
        assert not old.kit.status("alice").stale
        both = Keyring({"old": KEY, "new": KEY[::-1]}, primary="new")
        weak = Pbkdf2Hasher(iterations=1_000)
        for desk in (
            Desk(storage=old.storage, hasher=weak, keyring=both),
            Desk(storage=old.storage, hasher=Pbkdf2Hasher(), keyring=Keyring({"old": KEY})),
        ):
            assert desk.kit.status("alice").stale
            assert desk.kit.status("alice").missing_keys == ()
        assert Desk(storage=old.storage, hasher=weak, keyring=both).kit.redeem("alice", code)

    def test_a_missing_key_is_named_and_never_a_wrong_code(self):
        """A retired key makes a set unusable, visibly, and charges nobody for it."""
        old = Desk(keyring=Keyring({"old": KEY}))
        code = old.kit.issue("alice").codes[0]
        for keyring in (None, Keyring({"new": KEY})):
            desk = Desk(storage=old.storage, keyring=keyring)
            assert desk.kit.status("alice").missing_keys == ("old",)
            with pytest.raises(UnknownKey):
                desk.kit.redeem("alice", code)
        assert old.kit.status("alice").failures == 0
        assert old.kit.redeem("alice", code)


class TestErase:
    def test_nothing_is_left(self, desk, codes):
        """Neither the set nor its audit trail; the host alone is told."""
        desk.kit.erase("alice")
        desk.kit.erase("alice")
        assert desk.storage.load(Subject("alice")) is None
        assert desk.storage.events(Subject("alice")) == ()
        assert desk.kinds().count(EventKind.ERASED) == 1


class TestEvents:
    def test_what_is_written_is_what_is_announced(self, desk, codes, foreign):
        """Stored and announced events are the same; refusals that judged nothing are not stored."""
        desk.fail(1, foreign[0])
        desk.fail(1, "no code at all")
        desk.kit.redeem("alice", codes[0], context={"actor": "web"})
        desk.kit.revoke("alice")
        stored = desk.storage.events(Subject("alice"))
        assert stored == tuple(e for e in desk.events if e.kind is not EventKind.REFUSED)
        assert len({event.id for event in desk.events}) == len(desk.events) == 5
        assert stored[-2].context == {"actor": "web"}

    def test_a_listener_that_raises_changes_nothing(self, caplog):
        """The success stands, and the log names the type of the error alone."""

        def listen(_event):
            raise RuntimeError("here is the code")

        desk = Desk(on_event=listen)
        with caplog.at_level(logging.DEBUG):
            code = desk.kit.issue("alice").codes[0]
            assert desk.kit.redeem("alice", code).remaining == 9
        assert [record.getMessage() for record in caplog.records] == [
            "on_event raised RuntimeError"
        ] * 2

    def test_without_a_listener(self):
        """Nobody has to listen."""
        kit = RecoveryKit(MemoryStorage(), policy=Policy(hasher=CHEAP, accept=WEAK))
        assert kit.issue("alice").codes


class TestPolicy:
    def test_a_fast_hash_needs_112_bits_and_a_key(self):
        """SP 800-63B-4, 3.1.2.2: below that, a password hash."""
        long = CodeFormat.alphanumeric(24)
        keyring = Keyring({"k": KEY})
        for wrong, rules in (
            ({"format": CodeFormat.default()}, ["N4-LS-112"]),
            ({"format": long, "keyring": None}, ["N4-PEPPER"]),
        ):
            with pytest.raises(PolicyError) as caught:
                Desk(**({"hasher": KeyedHasher(), "keyring": keyring} | wrong))
            assert [finding.rule for finding in caught.value.findings] == rules
        desk = Desk(hasher=KeyedHasher(), format=long, keyring=keyring)
        assert desk.kit.redeem("alice", desk.kit.issue("alice").codes[1])

    def test_a_policy_that_breaks_rules_is_refused_with_all_of_them(self):
        """When the kit is made, not at the first login; what is accepted is not among them."""
        wrong = {"format": CodeFormat.digits(5), "throttle": Throttle(disable_after=101)}
        with pytest.raises(PolicyError) as caught:
            Desk(**wrong)
        assert [finding.rule for finding in caught.value.findings] == ["N4-LS-MIN", "N4-THR-100"]
        with pytest.raises(PolicyError, match=r"^N4-THR-100"):
            Desk(**wrong, accept=WEAK | {"N4-LS-MIN"})
        Desk(**wrong, accept=WEAK | {"N4-LS-MIN", "N4-THR-100"})

    @pytest.mark.parametrize(
        "wrong",
        [
            {"count": -1},
            {"count": 65},
            {"count": 33},
            {"low_at": -1},
            {"replay_for": timedelta(-1)},
            {"replay_for": timedelta(days=2)},
            {"expires_after": timedelta(0)},
            {"expires_after": 7},
            {"elevation": timedelta(0)},
            {"format": "XXXXX"},
            {"hasher": "argon2"},
            {"throttle": 5},
            {"confirm": 1},
            {"rotate": 0},
            {"management": "closed"},
            {"accept": {"N4-SRC-64"}},
            {"accept": frozenset({"N4-SRC-63"})},
            {"rotate": None},
            {"pending_for": timedelta(0)},
            {"unlock_for": timedelta(days=2)},
        ],
    )
    def test_a_policy_out_of_bounds_is_refused(self, wrong):
        """Values of another type, out of bounds, more codes than a selector names, no rule."""
        with pytest.raises(PolicyError) as caught:
            Policy(**wrong)
        assert all(isinstance(finding, Finding) for finding in caught.value.findings)


def test_what_is_no_storage_is_refused():
    """At once, not at the first login."""
    with pytest.raises(InvalidArgument, match="load and commit"):
        RecoveryKit("sqlite:///codes.db")


@pytest.mark.parametrize(
    ("text", "expected"), [("729435", False), ("", False), (None, False), ("ZZZZZ-" * 3, False)]
)
def test_what_is_no_code_is_not_recognised(desk, text, expected):
    """A one-time password is told apart without a storage and without a failure."""
    assert desk.kit.recognises(text) is expected
    assert desk.events == []
