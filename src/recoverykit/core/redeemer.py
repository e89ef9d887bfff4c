"""Every transition of a code set. Nothing here waits, reads, writes, hashes or tells the time.

Theory of operation
===================

A subject has at most one set. It is born ``active`` and ends in one of five ways:

    active ──(last code spent)──> exhausted        active ──(time)───────────> expired
    active ──(revoke)───────────> revoked          active ──(nth failure)────> disabled
    any    ──(issue)────────────> superseded by a new set, which starts at zero failures

``exhausted`` and ``expired`` are read off the codes and the clock, not stored. ``disabled``
outlives every other end: only a new set, asked for with ``replace``, leads out of it. What may be
issued over a set that still stands is decided in `permit_issue`.

A guess passes three gates, in this order:

1. *Recognition.* A code that was spent under the same attempt id, not long ago, in a set that was
   neither revoked nor disabled, may be on its way again because an answer was lost. It is judged
   first, against that one code (`may_be_replay`, `judge`): if it fits, the same success is told
   again; if not, it is a new attempt. Refusals are never remembered.
2. *The lock.* In a disabled set, or while a delay runs, nothing is judged and nothing hashed: a
   right code is refused like a wrong one (`gate`).
3. *Judgement.* One digest, derived from the code exactly as the one that the guess names, is
   compared (`judge`). Right and unspent: the code is spent and the failures are forgotten. Anything
   else: one more failure, which may start a delay or disable the set.

Whoever judges must know the latest time, for a set may expire and a delay may end while a hash is
running; `judge` therefore passes the second gate again. And whoever judges owes the storage the
resulting document: no verdict may be told before a commit has made it true. The flows see to that.
"""

import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from recoverykit.core.events import EventKind
from recoverykit.core.masked import Masked
from recoverykit.core.policy import Policy
from recoverykit.core.probe import Probe
from recoverykit.core.record import SetState
from recoverykit.core.state import MAX_FAILURES, CodeSet, StoredCode, Use
from recoverykit.core.throttle import Throttle
from recoverykit.errors import (
    CodeAlreadyUsed,
    CodesAlreadyIssued,
    ConcurrentUpdate,
    InvalidCode,
    NoActiveCodes,
    RedemptionRefused,
    SetDisabled,
    TooManyAttempts,
)

_ISSUABLE: Final = frozenset(
    {SetState.NONE, SetState.EXHAUSTED, SetState.EXPIRED, SetState.REVOKED}
)
_RECOGNISES_NOTHING: Final = frozenset({SetState.NONE, SetState.REVOKED, SetState.DISABLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """The code is right: ``codes`` is the set with it spent, and must be committed."""

    codes: CodeSet
    ordinal: int
    use: Use


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """The code was spent by an earlier call of the same attempt: nothing is to be written."""

    codes: CodeSet
    ordinal: int
    use: Use


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The guess failed: ``codes`` is the set with one more failure, and must be committed.

    ``ordinal`` tells which code was used before; None where the guess is simply wrong.
    """

    codes: CodeSet
    ordinal: int | None
    error: RedemptionRefused
    happened: tuple[EventKind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Nothing was judged: nothing is to be written."""

    error: RedemptionRefused


Verdict: TypeAlias = Spent | Recognised | Counted | Refused


def state_of(codes: CodeSet | None, now: datetime) -> SetState:
    """Return the state of a set at that time; `SetState.NONE` where there is none."""
    return SetState.NONE if codes is None else codes.state_at(now)


def gate(codes: CodeSet | None, *, throttle: Throttle, now: datetime) -> RedemptionRefused | None:
    """Return the refusal of a guess that must not be hashed, let alone judged; None otherwise."""
    if codes is None:
        return None
    state = codes.state_at(now)
    if state is SetState.DISABLED:
        return SetDisabled()
    if state is SetState.ACTIVE and (until := retry_at(codes, throttle=throttle, now=now)):
        return TooManyAttempts(retry_at=until)
    return None


def retry_at(codes: CodeSet, *, throttle: Throttle, now: datetime) -> datetime | None:
    """Return until when guesses are refused; None where no delay runs."""
    return throttle.retry_at(failures=codes.failures, failed_at=codes.failed_at, now=now)


def may_be_replay(
    codes: CodeSet | None, *, probe: Probe, attempt: str, policy: Policy, now: datetime
) -> bool:
    """Say whether a guess must be hashed before any lock, for it may be a success told again."""
    return (
        codes is not None
        and state_of(codes, now) not in _RECOGNISES_NOTHING
        and any(
            _is_remembered(code.use, attempt=attempt, policy=policy, now=now)
            for code in probe.candidates
        )
    )


def judge(
    codes: CodeSet | None,
    *,
    probe: Probe,
    digest: Masked[bytes],
    attempt: str,
    revision: str,
    policy: Policy,
    now: datetime,
) -> Verdict:
    """Hold a digest against the set and decide what becomes of the guess.

    After `Spent` and `Counted` you must commit their set before you tell anybody.

    Args:
        codes: the set as it was last loaded; None where there is none.
        probe: what the guess is held against.
        digest: what was derived for it.
        attempt: the id of the attempt.
        revision: the revision that the set will get if the code is spent.
        policy: the current policy.
        now: the time after the hash.
    """
    if codes is None:
        return Refused(error=NoActiveCodes())
    match = _match(probe, digest)
    state = codes.state_at(now)
    if (
        match is not None
        and match.use is not None
        and state not in _RECOGNISES_NOTHING
        and _is_remembered(match.use, attempt=attempt, policy=policy, now=now)
    ):
        return Recognised(codes=codes, ordinal=match.ordinal, use=match.use)
    if locked := gate(codes, throttle=policy.throttle, now=now):
        return Refused(error=locked)
    if state is not SetState.ACTIVE:
        return Refused(error=NoActiveCodes())
    if match is not None and match.use is None:
        return _spend(codes, match, Use(at=now, attempt=attempt, revision=revision))
    return _count(codes, match, throttle=policy.throttle, now=now)


def permit_issue(
    codes: CodeSet | None,
    *,
    first: CodeSet | None,
    replacing: bool,
    attempt: str,
    policy: Policy,
    now: datetime,
) -> None:
    """Let a new set take the place of what stands, or raise.

    An ended set gives way, except a disabled one. Any other gives way only to ``replacing``, or to
    the attempt that issued it and whose answer was lost, as long as nobody has used its codes; and
    both only where it is still the set that this call saw ``first`` (None: none).

    Raises:
        CodesAlreadyIssued: the set that stands still counts, or is disabled.
        ConcurrentUpdate: another call changed which set stands since this one began to replace it.
    """
    is_first = (codes and codes.id) == (first and first.id)
    if replacing:
        if not is_first:
            raise ConcurrentUpdate("another call replaced or erased the set first")
        return
    state = state_of(codes, now)
    if state in _ISSUABLE:
        return
    if is_first and codes and state is SetState.ACTIVE and _is_unseen(codes, attempt, policy, now):
        return
    raise CodesAlreadyIssued("the subject has an active or a disabled set of codes")


def revoke(codes: CodeSet | None, now: datetime) -> CodeSet | None:
    """Return the set revoked; None where there is nothing to revoke.

    A disabled set stays as it is: revoking must not lead out of it.
    """
    if state_of(codes, now) in _RECOGNISES_NOTHING or codes is None:
        return None
    return replace(codes, revoked_at=now)


def _match(probe: Probe, digest: Masked[bytes]) -> StoredCode | None:
    found = None
    for code, expected in probe.digests():
        # Every candidate is compared, whether one has fitted or not: the time must not tell.
        if hmac.compare_digest(expected.reveal(), digest.reveal()):
            found = code
    return found


def _spend(codes: CodeSet, code: StoredCode, use: Use) -> Spent:
    spent = replace(code, use=use)
    return Spent(
        ordinal=code.ordinal,
        use=use,
        codes=replace(
            codes,
            codes=tuple(spent if each is code else each for each in codes.codes),
            failures=0,
            failed_at=None,
        ),
    )


def _count(
    codes: CodeSet, match: StoredCode | None, *, throttle: Throttle, now: datetime
) -> Counted:
    failures = min(codes.failures + 1, MAX_FAILURES)
    is_end = throttle.disables_at(failures)
    counted = replace(codes, failures=failures, failed_at=now, disabled_at=now if is_end else None)
    error = InvalidCode if match is None else CodeAlreadyUsed
    return Counted(
        codes=counted,
        ordinal=match.ordinal if match else None,
        error=error(retry_at=retry_at(counted, throttle=throttle, now=now)),
        happened=(EventKind.FAILED, EventKind.DISABLED) if is_end else (EventKind.FAILED,),
    )


def _is_remembered(use: Use | None, *, attempt: str, policy: Policy, now: datetime) -> bool:
    return use is not None and use.attempt == attempt and _is_recent(use.at, policy, now)


def _is_unseen(codes: CodeSet, attempt: str, policy: Policy, now: datetime) -> bool:
    return (
        codes.attempt == attempt
        and codes.last_used_at is None
        and _is_recent(codes.issued_at, policy, now)
    )


def _is_recent(then: datetime, policy: Policy, now: datetime) -> bool:
    # The clocks of hosts differ: a time ahead of ours has just been, and zero remembers nothing.
    return max(now - then, timedelta(0)) < policy.replay_for
