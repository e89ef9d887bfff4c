"""The redeemer: the gates that a guess must pass, and what becomes of it behind them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from recoverykit import (
    CodeAlreadyUsed,
    CodeFormat,
    CodesAlreadyIssued,
    ConcurrentUpdate,
    CorruptRecord,
    InvalidCode,
    KeyedHasher,
    ManagementLocked,
    NoActiveCodes,
    Policy,
    SetDisabled,
    SetState,
    Subject,
    TooManyAttempts,
)
from recoverykit.core import redeemer
from recoverykit.core.digest import StoredDigest
from recoverykit.core.document import EMPTY, Unlock
from recoverykit.core.events import EventKind
from recoverykit.core.masked import Masked
from recoverykit.core.probe import absent_probe, probe_of, recognition_of
from recoverykit.core.state import MAX_FORMER, CodeSet, StoredCode, Use
from recoverykit.core.verdict import Confirmed, Counted, Recognised, Refused, Spent

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
AGO = NOW - timedelta(hours=1)
POLICY = Policy(count=2)
FORMAT = CodeFormat.default()
RIGHT, WRONG = Masked(b"r" * 32), Masked(b"w" * 32)
ME, REVISION = "attempt", "c" * 32
SPENT = Use(at=AGO, attempt="another", revision="d" * 32)
LATE = timedelta.resolution
GUESS = FORMAT.parse("00000-00000-00000")
STANDS = r"^the subject has a set of codes that does not give way$"
WAS_FIRST = r"^another call replaced, confirmed or erased the set first$"
NOT_UNLOCKED = r"^this session has not unlocked the codes, or not lately$"
ME_DIGEST, OTHER_DIGEST = Masked("1" * 64), Masked("2" * 64)


def _line(digest):
    stored = StoredDigest(hasher=KeyedHasher(), key_id="-", salt=bytes(16), digest=digest)
    return stored.to_text()


def a_set(*uses, **changes):
    """Return a set of two codes: ordinal 0 answers to RIGHT, ordinal 1 to nothing."""
    uses = uses or (None, None)
    digests = (RIGHT, Masked(b"x" * 32))
    codes = tuple(
        StoredCode(ordinal=n, digest=_line(digest), use=use)
        for n, (digest, use) in enumerate(zip(digests, uses, strict=True))
    )
    fields = {"issued_at": AGO, "attempt": "issuing", "expires_at": None, "codes": codes}
    return CodeSet(id="0" * 32, format=FORMAT, **(fields | changes))


def judge(codes, digest=RIGHT, *, ordinals=(0,), attempt=ME, policy=POLICY, now=NOW, line=None):
    """Judge a guess with this digest, which names the codes of these ordinals."""
    return redeemer.judge(
        codes,
        the_code(codes, digest, ordinals),
        use=Use(at=now, attempt=attempt, revision=REVISION),
        replacement=line,
        policy=policy,
    )


def the_code(codes, digest, ordinals=(0,)):
    """Return the code whose digest this is, among those of the ordinals; None for none."""
    line = _line(digest)
    named = [code for code in codes.codes if code.ordinal in ordinals] if codes else []
    return next((code for code in named if code.digest == line), None)


def recognise(codes, digest=RIGHT, *, attempt=ME, policy=POLICY, now=NOW):
    """Recognise a guess with this digest, as a success told again; None where it is none."""
    spent = redeemer.remembered(codes, ordinal=0, attempt=attempt, policy=policy, now=now)
    found = next((code for code in spent if code.digest == _line(digest)), None)
    return redeemer.recognise(codes, found) if found else None


def a_document(active=None, pending=None, unlock=None):
    return replace(EMPTY, active=active, pending=pending, unlock=unlock)


def permit(codes, *, replacing=False, first=None, attempt=ME, now=NOW):
    document = a_document(codes)
    permit_in(document, first=first or document, replacing=replacing, attempt=attempt, now=now)


def permit_in(document, *, first, replacing, attempt=ME, now=NOW):
    redeemer.permit_issue(
        document,
        first=first,
        replacing=replacing,
        is_drawn=True,
        attempt=attempt,
        policy=POLICY,
        now=now,
    )


class TestJudgement:
    def test_a_right_code_is_spent_and_clears_the_failures(self):
        """The very code is marked with time, attempt and call; the others keep their bytes."""
        before = a_set(failures=4, failed_at=AGO)
        verdict = judge(before)
        assert isinstance(verdict, Spent)
        first, second = verdict.codes.codes
        assert first.use == Use(at=NOW, attempt=ME, revision=REVISION)
        assert second is before.codes[1]
        assert (verdict.ordinal, verdict.codes.failures, verdict.codes.failed_at) == (0, 0, None)

    def test_a_used_code_is_one_more_failure(self):
        """Right but spent counts like wrong, and names the code for the audit trail."""
        verdict = judge(a_set(SPENT, None, failures=1, failed_at=AGO))
        assert isinstance(verdict, Counted)
        assert isinstance(verdict.error, CodeAlreadyUsed)
        assert (verdict.ordinal, verdict.codes.failures, verdict.codes.failed_at) == (0, 2, NOW)

    def test_a_guess_is_held_against_the_code_that_it_names_alone(self):
        """The digest of another code of the set is as wrong as any."""
        verdict = judge(a_set(), ordinals=(1,))
        assert isinstance(verdict.error, InvalidCode)
        assert verdict.ordinal is None

    def test_a_selector_that_names_no_code_is_a_failure(self):
        """There is nothing that it could fit, and the guess counts."""
        assert isinstance(judge(a_set(), ordinals=()), Counted)

    def test_the_fifth_failure_starts_a_delay(self):
        """The error of the failure that starts it says until when."""
        verdicts = [judge(a_set(failures=n, failed_at=AGO), WRONG) for n in (3, 4)]
        assert [verdict.error.retry_at for verdict in verdicts] == [
            None,
            NOW + timedelta(seconds=30),
        ]

    def test_the_hundredth_failure_disables(self):
        """The guess itself is told that it was wrong; the next one, that the set is disabled."""
        verdict = judge(a_set(failures=99, failed_at=NOW - timedelta(days=1)), WRONG)
        assert isinstance(verdict.error, InvalidCode)
        assert verdict.codes.state_at(NOW) is SetState.DISABLED
        assert verdict.happened == (EventKind.FAILED, EventKind.DISABLED)
        assert isinstance(judge(verdict.codes).error, SetDisabled)

    def test_a_right_code_during_a_delay_is_refused_unjudged(self):
        """At the last microsecond of the delay it is not judged; at its end it is."""
        codes = a_set(failures=5, failed_at=NOW)
        end = NOW + timedelta(seconds=30)
        verdict = judge(codes, now=end - LATE)
        assert isinstance(verdict, Refused)
        assert isinstance(verdict.error, TooManyAttempts)
        assert verdict.error.retry_at == end
        assert isinstance(judge(codes, now=end), Spent)

    def test_a_set_that_expires_while_the_hash_runs_refuses(self):
        """The latest time decides, not the one before the hash."""
        codes = a_set(expires_at=NOW + LATE)
        assert redeemer.gate(codes, throttle=POLICY.throttle, now=NOW) is None
        assert isinstance(judge(codes, now=NOW), Spent)
        assert isinstance(judge(codes, now=NOW + LATE).error, NoActiveCodes)


class TestReplacement:
    NEW = _line(Masked(b"n" * 32))

    def test_another_code_takes_the_place_of_the_one_that_is_spent(self):
        """It has the same ordinal and is unused; the spent one is kept among the former ones."""
        before = a_set(failures=1, failed_at=AGO)
        verdict = judge(before, line=self.NEW)
        mine = Use(at=NOW, attempt=ME, revision=REVISION)
        assert verdict.is_replaced
        assert verdict.codes.codes == (
            StoredCode(ordinal=0, digest=self.NEW),
            before.codes[1],
        )
        assert verdict.codes.codes[1] is before.codes[1]
        assert verdict.codes.former == (replace(before.codes[0], use=mine),)
        assert verdict.codes.failures == 0

    def test_a_wrong_guess_replaces_nothing(self):
        """The code that was drawn in vain is forgotten."""
        verdict = judge(a_set(), WRONG, line=self.NEW)
        assert isinstance(verdict, Counted)
        assert (verdict.codes.codes, verdict.codes.former) == (a_set().codes, ())

    def test_only_the_last_former_codes_are_kept(self):
        """The document stays bounded however often a code is replaced."""
        former = tuple(
            StoredCode(ordinal=0, digest=_line(Masked(bytes([n] * 32))), use=SPENT)
            for n in range(MAX_FORMER)
        )
        verdict = judge(a_set(former=former), line=self.NEW)
        assert len(verdict.codes.former) == MAX_FORMER
        assert verdict.codes.former[:-1] == former[1:]
        assert verdict.codes.former[-1].use.attempt == ME

    def test_a_former_code_is_recognised_as_replaced(self):
        """Under its attempt and within the window; what stands in its place is not asked."""
        codes = judge(a_set(), line=self.NEW).codes
        verdict = recognise(codes)
        assert isinstance(verdict, Recognised)
        assert (verdict.ordinal, verdict.is_replaced) == (0, True)
        assert recognise(codes, now=NOW + POLICY.replay_for) is None

    def test_two_successes_of_one_attempt_are_told_the_last_one_first(self):
        """Where an attempt spent a code and, in its place, another one, both are remembered."""
        first = judge(a_set(), line=self.NEW, now=NOW - LATE).codes
        second = judge(first, Masked(b"n" * 32)).codes
        spent = redeemer.remembered(second, ordinal=None, attempt=ME, policy=POLICY, now=NOW)
        assert [code.digest for code in spent] == [self.NEW, _line(RIGHT)]


class TestRecognition:
    MINE = Use(at=NOW - timedelta(minutes=10) + LATE, attempt=ME, revision="e" * 32)

    @pytest.mark.parametrize(
        "codes",
        [
            a_set(MINE, None),
            a_set(MINE, SPENT),
            a_set(MINE, None, expires_at=AGO),
            a_set(MINE, None, failures=9, failed_at=NOW),
        ],
        ids=["active", "exhausted", "expired", "locked"],
    )
    def test_a_recent_success_is_told_again(self, codes):
        """Before any lock and after any end that is not a refusal of the set itself."""
        verdict = recognise(codes)
        assert isinstance(verdict, Recognised)
        assert (verdict.ordinal, verdict.use) == (0, self.MINE)
        assert not verdict.is_replaced

    @pytest.mark.parametrize("end", ["revoked_at", "disabled_at"])
    def test_nothing_is_recognised_in_a_revoked_or_disabled_set(self, end):
        """A set that was taken away takes its successes with it."""
        codes = a_set(self.MINE, None, **{end: NOW})
        assert recognise(codes) is None
        assert isinstance(judge(codes), Refused)

    def test_the_window_is_over_at_its_end(self):
        """After exactly `replay_for` the code is just a used one."""
        codes = a_set(replace(self.MINE, at=NOW - POLICY.replay_for), None)
        assert recognise(codes) is None
        assert isinstance(judge(codes).error, CodeAlreadyUsed)

    def test_a_success_from_a_clock_ahead_has_just_been(self):
        """The clocks of hosts differ: elapsed time is never negative."""
        use = replace(self.MINE, at=NOW + timedelta(hours=1))
        assert isinstance(recognise(a_set(use, None)), Recognised)

    def test_a_window_of_zero_recognises_nothing(self):
        """Not even a success of the same instant."""
        policy = Policy(replay_for=timedelta(0))
        assert recognise(a_set(replace(self.MINE, at=NOW), None), policy=policy) is None

    def test_another_attempt_recognises_nothing(self):
        """Only the attempt that spent the code."""
        codes = a_set(self.MINE, None)
        assert recognise(codes, attempt="other") is None
        assert isinstance(judge(codes, attempt="other").error, CodeAlreadyUsed)

    def test_a_wrong_code_under_a_known_attempt_is_a_new_attempt(self):
        """It is judged, counted and locked out like any other."""
        codes = a_set(self.MINE, None)
        assert recognise(codes, WRONG) is None
        assert isinstance(judge(codes, WRONG), Counted)
        locked = a_set(self.MINE, None, failures=5, failed_at=NOW)
        assert recognise(locked, WRONG) is None
        assert isinstance(judge(locked, WRONG).error, TooManyAttempts)

    def test_an_unspent_code_is_no_success(self):
        """There is nothing that could be told again."""
        assert redeemer.recognise(a_set(), a_set().codes[0]) is None

    @pytest.mark.parametrize(
        ("codes", "ordinal", "expected"),
        [
            (a_set(MINE, None), 0, (0,)),
            (a_set(MINE, None), None, (0,)),
            (a_set(MINE, None), 1, ()),
            (a_set(MINE, None), 7, ()),
            (a_set(MINE, None, disabled_at=NOW), 0, ()),
            (None, 0, ()),
        ],
    )
    def test_only_the_named_code_is_worth_a_hash_before_the_lock(self, codes, ordinal, expected):
        """What cannot be a replay is refused at the lock without a hash."""
        found = redeemer.remembered(codes, ordinal=ordinal, attempt=ME, policy=POLICY, now=NOW)
        assert tuple(code.ordinal for code in found) == expected


class TestConfirmation:
    WAITS = a_set(lapses_at=NOW + LATE)

    def confirm(self, codes, digest=RIGHT, now=NOW):
        return redeemer.judge_confirmation(codes, the_code(codes, digest), policy=POLICY, now=now)

    def test_a_right_code_lets_the_set_count(self):
        """It spends nothing, and the failures on the way to it are forgotten."""
        before = replace(self.WAITS, failures=3, failed_at=AGO)
        verdict = self.confirm(before)
        assert isinstance(verdict, Confirmed)
        assert verdict.is_new
        assert verdict.codes == replace(a_set(), confirmed_at=NOW)

    def test_a_wrong_code_is_counted(self):
        """By the set that waits."""
        verdict = self.confirm(self.WAITS, WRONG)
        assert isinstance(verdict, Counted)
        assert isinstance(verdict.error, InvalidCode)
        assert verdict.codes == replace(self.WAITS, failures=1, failed_at=NOW)

    def test_the_set_lapses_at_the_instant(self):
        """One microsecond before it can be confirmed; at the instant it cannot."""
        assert isinstance(self.confirm(self.WAITS, now=NOW), Confirmed)
        assert isinstance(self.confirm(self.WAITS, now=NOW + LATE).error, NoActiveCodes)

    def test_confirming_twice_is_fine_for_a_while(self):
        """Told again without a change, for as long as it could be confirmed at first."""
        codes = a_set(confirmed_at=NOW)
        document, end = a_document(codes), NOW + POLICY.pending_for
        assert redeemer.confirmable(document, policy=POLICY, now=end - LATE) is codes
        assert redeemer.confirmable(document, policy=POLICY, now=end) is None
        assert self.confirm(codes) == Confirmed(codes=codes, is_new=False)

    def test_a_wrong_code_is_not_counted_by_a_set_that_is_used_up(self):
        """A right one confirms it again, and a wrong one can do no harm any more."""
        codes = a_set(SPENT, SPENT, confirmed_at=NOW)
        assert isinstance(self.confirm(codes), Confirmed)
        refused = self.confirm(codes, WRONG)
        assert isinstance(refused, Refused)
        assert isinstance(refused.error, NoActiveCodes)

    def test_a_set_that_never_waited_cannot_be_confirmed(self):
        """Nobody may try codes on a set that counts without redeeming them."""
        for document in (EMPTY, a_document(a_set())):
            assert redeemer.confirmable(document, policy=POLICY, now=NOW) is None
        assert isinstance(self.confirm(None).error, NoActiveCodes)

    def test_the_set_that_waits_comes_first(self):
        """A set that was confirmed a moment ago does not hide it."""
        document = a_document(a_set(confirmed_at=NOW), self.WAITS)
        assert redeemer.confirmable(document, policy=POLICY, now=NOW) is self.WAITS


class TestPermission:
    def test_a_replacement_names_the_set_that_it_saw_first(self):
        """If another one stands there by then, or none, the other call has won."""
        other = a_document(replace(a_set(), id="1" * 32))
        for now_there, first in ((a_set(), other), (None, other)):
            with pytest.raises(ConcurrentUpdate, match=WAS_FIRST):
                permit(now_there, first=first, replacing=True)

    def test_the_attempt_that_issued_a_set_may_issue_again(self):
        """Its answer was lost, so that nobody has seen the codes."""
        mine = a_set(attempt=ME, issued_at=NOW - POLICY.replay_for + LATE)
        permit(mine)
        with pytest.raises(CodesAlreadyIssued, match=STANDS):
            permit(mine, attempt="other")

    @pytest.mark.parametrize(
        "codes",
        [
            a_set(SPENT, None, attempt=ME, issued_at=NOW),
            a_set(attempt=ME, issued_at=NOW - POLICY.replay_for),
            a_set(attempt=ME, issued_at=NOW, disabled_at=NOW),
        ],
        ids=["used", "too late", "disabled"],
    )
    def test_the_attempt_loses_its_right(self, codes):
        """Somebody has the codes, the window is over, or the set was disabled."""
        with pytest.raises(CodesAlreadyIssued, match=STANDS):
            permit(codes)

    def test_two_calls_of_one_attempt_do_not_undo_each_other(self):
        """A set that another call of the same attempt has just stored was shown by it."""
        with pytest.raises(CodesAlreadyIssued, match=STANDS):
            permit(
                a_set(attempt=ME, issued_at=NOW),
                first=a_document(replace(a_set(), id="1" * 32)),
            )

    def test_a_disabled_set_stays_beside_one_that_gives_way(self):
        """Both are asked, whatever the first one says."""
        expired = replace(a_set(), expires_at=AGO)
        disabled = replace(a_set(), id="1" * 32, lapses_at=NOW + LATE, disabled_at=AGO)
        document = a_document(expired, disabled)
        with pytest.raises(CodesAlreadyIssued, match=STANDS):
            permit_in(document, first=document, replacing=False)
        permit_in(document, first=document, replacing=True)

    def test_a_set_that_waits_by_now_was_put_there_by_somebody_else(self):
        """It would give way, and was not seen: whoever issued it shows its codes just now."""
        waiting = a_document(None, replace(a_set(), lapses_at=NOW + LATE))
        with pytest.raises(ConcurrentUpdate, match=WAS_FIRST):
            permit_in(waiting, first=EMPTY, replacing=False)
        permit_in(waiting, first=waiting, replacing=False)


class TestManagement:
    LOCKED = Policy(management="unlock")

    def permit(self, document, session=ME_DIGEST, *, policy=LOCKED, now=NOW):
        redeemer.permit_management(document, session=session, policy=policy, now=now)

    def test_an_open_policy_asks_for_nothing(self):
        """Whether a session may issue is then the host's to decide."""
        self.permit(EMPTY, None, policy=POLICY)

    @pytest.mark.parametrize(
        ("session", "ago"),
        [(None, LATE), (OTHER_DIGEST, LATE), (ME_DIGEST, LOCKED.unlock_for)],
        ids=["no session", "another session", "lapsed"],
    )
    def test_whoever_has_not_unlocked_is_refused(self, session, ago):
        """No session, another one, or this one too long ago."""
        unlock = Unlock(session=ME_DIGEST.reveal(), at=NOW - ago)
        with pytest.raises(ManagementLocked, match=NOT_UNLOCKED):
            self.permit(a_document(unlock=unlock), session)

    @pytest.mark.parametrize("ago", [LOCKED.unlock_for - LATE, -timedelta(days=1)])
    def test_an_unlock_lasts_until_its_very_end(self, ago):
        """The last microsecond counts, and one by a clock ahead has just been."""
        self.permit(a_document(unlock=Unlock(session=ME_DIGEST.reveal(), at=NOW - ago)))

    def test_only_the_session_that_unlocked_can_lock(self):
        """For any other, nothing changes; the sets stay as they are."""
        document = redeemer.unlock(a_document(a_set()), session=ME_DIGEST, now=NOW)
        assert redeemer.lock(document, session=OTHER_DIGEST) is None
        assert redeemer.lock(document, session=ME_DIGEST) == a_document(a_set())
        assert redeemer.lock(EMPTY, session=ME_DIGEST) is None


def test_an_absent_set_asks_for_a_hash_of_the_same_cost():
    """Nobody learns from the time whether there is a set."""
    probe = absent_probe(subject=Subject("alice"), parsed=GUESS, hasher=POLICY.hasher, key_id="-")
    assert probe.candidates == ()
    assert [request.hasher for request in probe.requests] == [POLICY.hasher]
    assert probe.match((RIGHT,)) is None


class Watched:
    """A digest that notes with what it is compared."""

    def __init__(self, digest):
        self.digest, self.compared = digest, 0

    def __eq__(self, other):
        self.compared += 1
        return self.digest == other

    __hash__ = None


def test_every_candidate_is_compared_after_a_hit():
    """The number of comparisons does not tell which code has fitted."""
    digits = CodeFormat.digits(8)
    probe = probe_of(
        replace(a_set(), format=digits),
        subject=Subject("alice"),
        parsed=digits.parse("12345678"),
        ceiling=POLICY.hasher,
    )
    watched = [Watched(each.expected) for each in probe.candidates]
    probe = replace(
        probe,
        candidates=tuple(
            replace(each, expected=digest)
            for each, digest in zip(probe.candidates, watched, strict=True)
        ),
    )
    assert probe.match((RIGHT,)).ordinal == 0
    assert [each.compared for each in watched] == [1, 1]


def test_codes_of_a_set_without_selectors_must_share_their_salt():
    """One hash could not be held against all of them: the set is corrupt."""
    lines = [_line(RIGHT), _line(RIGHT).replace("keyid=-", "keyid=x")]
    codes = tuple(StoredCode(ordinal=n, digest=line) for n, line in enumerate(lines))
    digits = CodeFormat.digits(8)
    with pytest.raises(CorruptRecord):
        probe_of(
            replace(a_set(), format=digits, codes=codes),
            subject=Subject("alice"),
            parsed=digits.parse("12345678"),
            ceiling=POLICY.hasher,
        )


def test_a_recognition_asks_for_one_hash():
    """Codes that were spent under one attempt but made differently: the last one alone counts."""
    lines = [_line(RIGHT), _line(RIGHT).replace("keyid=-", "keyid=x"), _line(WRONG)]
    spent = [StoredCode(ordinal=n, digest=line, use=SPENT) for n, line in enumerate(lines)]
    probe = recognition_of(
        a_set(), spent, subject=Subject("alice"), parsed=GUESS, ceiling=POLICY.hasher
    )
    assert [each.code.ordinal for each in probe.candidates] == [0, 2]
    assert len(probe.requests) == 1


class TestNoThrottle:
    """A policy without a throttle counts, and neither slows down nor disables."""

    POLICY = Policy(throttle=None)

    @pytest.mark.parametrize("failures", [0, 5, 99, 500, 999_999, 1_000_000])
    def test_no_failure_starts_a_delay_or_disables(self, failures):
        """However many there were; the count itself stays within what a document may hold."""
        codes = a_set(failures=failures, failed_at=NOW)
        assert redeemer.gate(codes, throttle=None, now=NOW) is None
        verdict = judge(codes, WRONG, policy=self.POLICY)
        assert isinstance(verdict, Counted)
        assert (verdict.error.retry_at, verdict.happened) == (None, (EventKind.FAILED,))
        assert verdict.codes.failures == min(failures + 1, 1_000_000)
        assert verdict.codes.state_at(NOW) is SetState.ACTIVE
        assert isinstance(judge(verdict.codes, policy=self.POLICY), Spent)

    def test_what_a_throttle_disabled_before_stays_so(self):
        """Taking the throttle away launders nothing."""
        codes = a_set(disabled_at=AGO, failures=100, failed_at=AGO)
        assert isinstance(judge(codes, policy=self.POLICY).error, SetDisabled)
