"""The redeemer: every state of a set under every verb, and the gates that a guess must pass."""

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
    NoActiveCodes,
    Policy,
    SetDisabled,
    SetState,
    Subject,
    TooManyAttempts,
)
from recoverykit.core import redeemer
from recoverykit.core.digest import StoredDigest
from recoverykit.core.events import EventKind
from recoverykit.core.masked import Masked
from recoverykit.core.probe import Probe, probe_of
from recoverykit.core.redeemer import Counted, Recognised, Refused, Spent
from recoverykit.core.state import CodeSet, StoredCode, Use

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
AGO = NOW - timedelta(hours=1)
POLICY = Policy(count=2)
FORMAT = CodeFormat.default()
RIGHT, WRONG = Masked(b"r" * 32), Masked(b"w" * 32)
ME, REVISION = "attempt", "c" * 32
SPENT = Use(at=AGO, attempt="another", revision="d" * 32)
LATE = timedelta.resolution


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


SETS = {
    "none": None,
    "active": a_set(),
    "exhausted": a_set(SPENT, SPENT),
    "expired": a_set(expires_at=NOW),
    "revoked": a_set(revoked_at=AGO),
    "disabled": a_set(disabled_at=AGO, failures=100, failed_at=AGO),
}


def a_probe(candidates):
    stored = tuple(StoredDigest.from_text(c.digest, ceiling=POLICY.hasher) for c in candidates)
    return Probe(candidates=candidates, stored=stored, request=None)


def judge(codes, digest=RIGHT, *, ordinals=(0,), attempt=ME, policy=POLICY, now=NOW):
    candidates = tuple(code for code in codes.codes if code.ordinal in ordinals) if codes else ()
    probe = a_probe(candidates)
    return redeemer.judge(
        codes,
        probe=probe,
        digest=digest,
        attempt=attempt,
        revision=REVISION,
        policy=policy,
        now=now,
    )


def permit(codes, *, replacing=False, first=None, attempt=ME, now=NOW):
    redeemer.permit_issue(
        codes,
        first=first or codes,
        replacing=replacing,
        attempt=attempt,
        policy=POLICY,
        now=now,
    )


@pytest.mark.parametrize(
    ("state", "right", "wrong", "issue", "revoke"),
    [
        ("none", NoActiveCodes, NoActiveCodes, None, "none"),
        ("active", Spent, InvalidCode, CodesAlreadyIssued, "revoked"),
        ("exhausted", NoActiveCodes, NoActiveCodes, None, "revoked"),
        ("expired", NoActiveCodes, NoActiveCodes, None, "revoked"),
        ("revoked", NoActiveCodes, NoActiveCodes, None, "revoked"),
        ("disabled", SetDisabled, SetDisabled, CodesAlreadyIssued, "disabled"),
    ],
)
def test_every_state_under_every_verb(state, right, wrong, issue, revoke):
    """The whole table: a right code, a wrong one, an issue, a replacement and a revocation."""
    codes = SETS[state]
    assert redeemer.state_of(codes, NOW) is SetState(state)
    for digest, expected in ((RIGHT, right), (WRONG, wrong)):
        verdict = judge(codes, digest)
        ended = verdict if isinstance(verdict, Spent) else verdict.error
        assert isinstance(ended, expected)
        assert isinstance(verdict, Counted) == (expected is InvalidCode)
    permit(codes, replacing=True)
    if issue is None:
        permit(codes)
    else:
        with pytest.raises(issue):
            permit(codes)
    assert redeemer.state_of(redeemer.revoke(codes, NOW) or codes, NOW) is SetState(revoke)


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

    def test_every_candidate_is_compared_after_a_hit(self, monkeypatch):
        """The number of comparisons does not tell which code has fitted."""
        compared = []
        real = redeemer.hmac.compare_digest
        monkeypatch.setattr(
            redeemer.hmac, "compare_digest", lambda a, b: compared.append(a) or real(a, b)
        )
        assert isinstance(judge(a_set(), ordinals=(0, 1)), Spent)
        assert len(compared) == 2

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
        verdict = judge(codes)
        assert isinstance(verdict, Recognised)
        assert (verdict.ordinal, verdict.use) == (0, self.MINE)

    @pytest.mark.parametrize("end", ["revoked_at", "disabled_at"])
    def test_nothing_is_recognised_in_a_revoked_or_disabled_set(self, end):
        """A set that was taken away takes its successes with it."""
        assert isinstance(judge(a_set(self.MINE, None, **{end: NOW})), Refused)

    def test_the_window_is_over_at_its_end(self):
        """After exactly `replay_for` the code is just a used one."""
        use = replace(self.MINE, at=NOW - POLICY.replay_for)
        assert isinstance(judge(a_set(use, None)).error, CodeAlreadyUsed)

    def test_a_success_from_a_clock_ahead_has_just_been(self):
        """The clocks of hosts differ: elapsed time is never negative."""
        use = replace(self.MINE, at=NOW + timedelta(hours=1))
        assert isinstance(judge(a_set(use, None)), Recognised)

    def test_a_window_of_zero_recognises_nothing(self):
        """Not even a success of the same instant."""
        policy = Policy(replay_for=timedelta(0))
        verdict = judge(a_set(replace(self.MINE, at=NOW), None), policy=policy)
        assert isinstance(verdict.error, CodeAlreadyUsed)

    def test_another_attempt_recognises_nothing(self):
        """Only the attempt that spent the code."""
        verdict = judge(a_set(self.MINE, None), attempt="other")
        assert isinstance(verdict.error, CodeAlreadyUsed)

    def test_a_wrong_code_under_a_known_attempt_is_a_new_attempt(self):
        """It is judged, counted and locked out like any other."""
        assert isinstance(judge(a_set(self.MINE, None), WRONG), Counted)
        locked = a_set(self.MINE, None, failures=5, failed_at=NOW)
        assert isinstance(judge(locked, WRONG).error, TooManyAttempts)

    @pytest.mark.parametrize(
        ("codes", "ordinals", "expected"),
        [
            (a_set(MINE, None), (0,), True),
            (a_set(MINE, None), (1,), False),
            (a_set(MINE, None), (), False),
            (a_set(MINE, None, disabled_at=NOW), (0,), False),
            (None, (), False),
        ],
    )
    def test_only_the_named_code_is_worth_a_hash_before_the_lock(self, codes, ordinals, expected):
        """What cannot be a replay is refused at the lock without a hash."""
        candidates = tuple(c for c in codes.codes if c.ordinal in ordinals) if codes else ()
        probe = a_probe(candidates)
        found = redeemer.may_be_replay(codes, probe=probe, attempt=ME, policy=POLICY, now=NOW)
        assert found is expected


class TestPermission:
    def test_a_replacement_names_the_set_that_it_saw_first(self):
        """If another one stands there by then, or none, the other call has won."""
        other = replace(a_set(), id="1" * 32)
        for now_there, first in ((a_set(), other), (None, other)):
            with pytest.raises(ConcurrentUpdate):
                permit(now_there, first=first, replacing=True)

    def test_the_attempt_that_issued_a_set_may_issue_again(self):
        """Its answer was lost, so that nobody has seen the codes."""
        mine = a_set(attempt=ME, issued_at=NOW - POLICY.replay_for + LATE)
        permit(mine)
        with pytest.raises(CodesAlreadyIssued):
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
        with pytest.raises(CodesAlreadyIssued):
            permit(codes)

    def test_two_calls_of_one_attempt_do_not_undo_each_other(self):
        """A set that another call of the same attempt has just stored was shown by it."""
        with pytest.raises(CodesAlreadyIssued):
            permit(a_set(attempt=ME, issued_at=NOW), first=replace(a_set(), id="1" * 32))


def test_an_absent_set_asks_for_a_hash_of_the_same_cost():
    """Nobody learns from the time whether there is a set."""
    probe = probe_of(
        None,
        subject=Subject("alice"),
        parsed=FORMAT.parse("00000-00000-00000"),
        ceiling=POLICY.hasher,
        key_id="-",
    )
    assert probe.candidates == ()
    assert probe.request.hasher == POLICY.hasher


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
            key_id="-",
        )
