"""Every transition of a subject's codes. Nothing here waits, reads, writes or hashes.

Theory of operation
===================

A subject has at most one set that counts, and beside it at most one that waits to be confirmed:

    new ──(issue)──> active                        new ──(issue, confirm=True)──> pending
    pending ──(confirm)──> active, which supersedes the one that counted until then
    active ──(last code spent)──> exhausted        active ──(time)───────────> expired
    active ──(revoke)───────────> revoked          active ──(nth failure)────> disabled
    any    ──(issue, replace)───> superseded by a new set, which starts at zero failures

What each act makes of a set in each state stands in `recoverykit.core.lifecycle`, and whatever is
decided here is read off that table. ``exhausted`` and ``expired`` are read off the codes and the
clock, not stored. ``disabled`` outlives every other end: only a new set, asked for with
``replace``, leads out of it. Each set counts its own failures, so that nothing that happens to the
active one keeps a pending one from being confirmed, and the other way round.

A guess passes three gates, in this order:

1. *Recognition.* A code that was spent under the same attempt id, not long ago, in a set that was
   neither revoked nor disabled, may be on its way again because an answer was lost. It is judged
   first, against that one code (`remembered`): if it fits, the same success is told
   again; if not, it is a new attempt. Refusals are never remembered. Where another code has taken
   the place of the one that was spent, the spent one is kept among the set's former codes.
2. *The lock.* In a disabled set, or while a delay runs, nothing is judged and nothing hashed: a
   right code is refused like a wrong one (`gate`).
3. *Judgement.* One digest, derived from the code exactly as the one that the guess names, is
   compared (`judge`). Right and unspent: the code is spent, perhaps another is put in its place,
   and the failures are forgotten. Anything else: one more failure, which may start a delay or
   disable the set. A confirmation is judged alike (`judge_confirmation`), and spends nothing.

Whoever judges must know the latest time, for a set may expire and a delay may end while a hash is
running; `judge` therefore passes the second gate again. And whoever judges owes the storage the
resulting document: no verdict may be told before a commit has made it true. The flows see to that.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from recoverykit.core.document import Document, Unlock
from recoverykit.core.events import EventKind
from recoverykit.core.lifecycle import LIFE, Act
from recoverykit.core.masked import Masked
from recoverykit.core.policy import Policy
from recoverykit.core.record import SetState
from recoverykit.core.state import MAX_FAILURES, MAX_FORMER, CodeSet, StoredCode, Use
from recoverykit.core.throttle import Throttle
from recoverykit.core.verdict import Confirmed, Counted, Recognised, Refused, Spent
from recoverykit.errors import (
    CodeAlreadyUsed,
    ConcurrentUpdate,
    InvalidCode,
    ManagementLocked,
    NoActiveCodes,
    RedemptionRefused,
    TooManyAttempts,
)

_GUESSABLE: Final = frozenset({SetState.PENDING, SetState.ACTIVE})
_RECOGNISES_NOTHING: Final = frozenset({SetState.REVOKED, SetState.DISABLED})


def gate(
    codes: CodeSet | None, *, throttle: Throttle | None, now: datetime
) -> RedemptionRefused | None:
    """Return the refusal of a guess that must not be hashed, let alone judged; None otherwise."""
    if codes is None:
        return None
    if codes.state_at(now) is SetState.DISABLED:
        return _refusal(codes, Act.MISS, now)
    until = retry_at(codes, throttle=throttle, now=now)
    return TooManyAttempts(retry_at=until) if until else None


def retry_at(codes: CodeSet, *, throttle: Throttle | None, now: datetime) -> datetime | None:
    """Return until when guesses are refused; None where no delay runs, or none would be judged."""
    if throttle is None or codes.failed_at is None or codes.state_at(now) not in _GUESSABLE:
        return None
    return throttle.retry_at(failures=codes.failures, failed_at=codes.failed_at, now=now)


def remembered(
    codes: CodeSet | None, *, ordinal: int | None, attempt: str, policy: Policy, now: datetime
) -> tuple[StoredCode, ...]:
    """Return the codes that were spent under this attempt, not long ago.

    Of those that had one place in the set the last one comes first.

    Args:
        codes: the set; None where there is none.
        ordinal: the place that the guess names; None where its format names none.
        attempt: the id of the attempt.
        policy: says for how long a success is remembered.
        now: the time.
    """
    if codes is None or codes.state_at(now) in _RECOGNISES_NOTHING:
        return ()
    # At one place each code was spent before the one that took its place, whatever the clocks say.
    return tuple(
        code
        for code in reversed((*codes.former, *codes.codes))
        if ordinal in {None, code.ordinal}
        and code.use is not None
        and code.use.attempt == attempt
        and _is_recent(code.use.at, policy.replay_for, now)
    )


def recognise(codes: CodeSet, code: StoredCode) -> Recognised | None:
    """Tell the success of a code again, which `remembered` returned; None if it was not spent."""
    if code.use is None:
        return None
    return Recognised(
        codes=codes, ordinal=code.ordinal, use=code.use, is_replaced=code in codes.former
    )


def judge(
    codes: CodeSet | None,
    match: StoredCode | None,
    *,
    use: Use,
    replacement: str | None,
    policy: Policy,
) -> Spent | Counted | Refused:
    """Decide what becomes of a guess.

    After `Spent` and `Counted` you must commit their set before you tell anybody.

    Args:
        codes: the set as it was last loaded; None where there is none.
        match: the code that the guess has been found to be; None for none.
        use: how the code will have been used; its time is that after the hash.
        replacement: the stored digest of the code that takes its place; None where none does.
        policy: the current policy.
    """
    if codes is None:
        return Refused(error=NoActiveCodes())
    if refused := _refused(codes, Act.SPEND, policy, use.at):
        return refused
    if match is not None and match.use is None:
        return _spend(codes, match, use=use, replacement=replacement)
    return count(codes, match, throttle=policy.throttle, now=use.at)


def count(
    codes: CodeSet, match: StoredCode | None, *, throttle: Throttle | None, now: datetime
) -> Counted:
    """Return what one more failure makes of a set.

    Args:
        codes: the set.
        match: the code that the guess is, used before; None where it is simply wrong.
        throttle: says how long the delay is; None for none.
        now: the time after the hash.
    """
    failures = min(codes.failures + 1, MAX_FAILURES)
    is_end = throttle is not None and throttle.disables_at(failures)
    counted = replace(codes, failures=failures, failed_at=now, disabled_at=now if is_end else None)
    error = InvalidCode if match is None else CodeAlreadyUsed
    return Counted(
        codes=counted,
        ordinal=match.ordinal if match else None,
        error=error(retry_at=retry_at(counted, throttle=throttle, now=now)),
        happened=(EventKind.FAILED, EventKind.DISABLED) if is_end else (EventKind.FAILED,),
    )


def confirmable(document: Document, *, policy: Policy, now: datetime) -> CodeSet | None:
    """Return the set that a confirmation is held against; None where there is none.

    It is the pending one; or else the active one, as long as it was confirmed not long ago: so that
    confirming twice is fine, and yet nobody can try codes on it who does not redeem them.
    """
    if document.pending is not None:
        return document.pending
    active = document.active
    if active is None or active.confirmed_at is None:
        return None
    return active if _is_recent(active.confirmed_at, policy.pending_for, now) else None


def is_past_confirming(codes: CodeSet, *, now: datetime) -> bool:
    """Say whether any confirmation of the set is refused, right or wrong."""
    return _refusal(codes, Act.CONFIRM, now) is not None


def judge_confirmation(
    codes: CodeSet | None, match: StoredCode | None, *, policy: Policy, now: datetime
) -> Confirmed | Counted | Refused:
    """Decide what becomes of a confirmation. A right code is not spent by it.

    After `Counted`, and `Confirmed` that is new, you must commit their set.

    Args:
        codes: what `confirmable` returned for the document as it was last loaded.
        match: the code that was typed back; None where it is none of the set.
        policy: the current policy.
        now: the time after the hash.
    """
    if codes is None:
        return Refused(error=NoActiveCodes())
    if refused := _refused(codes, Act.CONFIRM, policy, now):
        return refused
    if match is None:
        missed = _refused(codes, Act.MISS, policy, now)
        return missed or count(codes, None, throttle=policy.throttle, now=now)
    if not codes.is_pending:
        return Confirmed(codes=codes, is_new=False)
    active = replace(codes, lapses_at=None, confirmed_at=now, failures=0, failed_at=None)
    return Confirmed(codes=active, is_new=True)


def permit_issue(
    document: Document,
    *,
    first: Document,
    replacing: bool,
    is_drawn: bool,
    attempt: str,
    policy: Policy,
    now: datetime,
) -> None:
    """Let a new set take the place of what stands, or raise.

    An ended set gives way, except a disabled one, and so does one that was never confirmed. Any
    other gives way only to ``replacing``, or to the attempt that issued it and whose answer was
    lost, as long as nobody has used its codes. And a set that stands gives way only where it is
    still the one that this call saw ``first``. Codes that were not drawn for this set, but brought
    along, may have been spent in the one that stands: nothing gives way to them but by
    ``replacing``.

    Raises:
        CodesAlreadyIssued: a set that stands still counts, or is disabled; or there is one at all.
        ConcurrentUpdate: another call changed which set stands since this one began.
    """
    is_first = document.ids == first.ids
    act = Act.REPLACE if replacing else Act.ISSUE if is_drawn else Act.IMPORT
    for codes in document.sets:
        end = LIFE[codes.state_at(now), act]
        if not isinstance(end, type):
            continue
        if not (is_drawn and is_first and _is_unseen(codes, attempt, policy, now)):
            raise end("the subject has a set of codes that does not give way")
    if not is_first and (replacing or document.is_pending_at(now)):
        raise ConcurrentUpdate("another call replaced, confirmed or erased the set first")


def install(document: Document, codes: CodeSet) -> tuple[Document, tuple[CodeSet, ...]]:
    """Return the document with a new or newly confirmed set in its place, and what it supersedes.

    A pending set leaves the active one as it is; an active one leaves nothing beside it.
    """
    gives_way: tuple[CodeSet | None, ...]
    if codes.is_pending:
        gives_way = (document.pending,)
        after = replace(document, pending=codes)
    else:
        gives_way = (document.active, document.pending)
        after = replace(document, active=codes, pending=None)
    return after, tuple(each for each in gives_way if each and each.id != codes.id)


def put_back(document: Document, codes: CodeSet) -> Document:
    """Return the document with a set as it has become, in the place where it was."""
    if document.pending is not None and document.pending.id == codes.id:
        return replace(document, pending=codes)
    return replace(document, active=codes)


def revoke(document: Document, now: datetime) -> tuple[Document, tuple[CodeSet, ...]]:
    """Return the document with its sets revoked, and those for which that is a change.

    A disabled set stays as it is: revoking must not lead out of it.
    """
    changed = tuple(
        replace(codes, revoked_at=now)
        for codes in document.sets
        if LIFE[(state := codes.state_at(now)), Act.REVOKE] is not state
    )
    for codes in changed:
        document = put_back(document, codes)
    return document, changed


def permit_management(
    document: Document, *, session: Masked[str] | None, policy: Policy, now: datetime
) -> None:
    """Let a session issue or revoke, or raise.

    Args:
        document: what stands.
        session: the digest of the session's id; None where the caller named none.
        policy: says whether an unlock is needed, and how long one lasts.
        now: the time.

    Raises:
        ManagementLocked: an unlock is needed, and this session has none that has not lapsed.
    """
    if policy.management == "open":
        return
    unlock = document.unlock
    is_open = (
        unlock is not None
        and session is not None
        and Masked(unlock.session) == session
        and _is_recent(unlock.at, policy.unlock_for, now)
    )
    if not is_open:
        raise ManagementLocked("this session has not unlocked the codes, or not lately")


def unlock(document: Document, *, session: Masked[str], now: datetime) -> Document:
    """Return the document unlocked for this session, and for no other."""
    return replace(document, unlock=Unlock(session=session.reveal(), at=now))


def lock(document: Document, *, session: Masked[str]) -> Document | None:
    """Return the document locked again; None where this session has no unlock to end."""
    if document.unlock is None or Masked(document.unlock.session) != session:
        return None
    return replace(document, unlock=None)


def _refused(codes: CodeSet, act: Act, policy: Policy, now: datetime) -> Refused | None:
    error = gate(codes, throttle=policy.throttle, now=now) or _refusal(codes, act, now)
    return Refused(error=error) if error else None


def _refusal(codes: CodeSet, act: Act, now: datetime) -> RedemptionRefused | None:
    end = LIFE[codes.state_at(now), act]
    if isinstance(end, type) and issubclass(end, RedemptionRefused):
        return end()
    return None


def _spend(codes: CodeSet, code: StoredCode, *, use: Use, replacement: str | None) -> Spent:
    spent = replace(code, use=use)
    standing = (
        spent if replacement is None else StoredCode(ordinal=code.ordinal, digest=replacement)
    )
    return Spent(
        ordinal=code.ordinal,
        use=use,
        is_replaced=replacement is not None,
        codes=replace(
            codes,
            codes=tuple(standing if each is code else each for each in codes.codes),
            former=codes.former if replacement is None else (*codes.former, spent)[-MAX_FORMER:],
            failures=0,
            failed_at=None,
        ),
    )


def _is_unseen(codes: CodeSet, attempt: str, policy: Policy, now: datetime) -> bool:
    return (
        codes.state_at(now) is SetState.ACTIVE
        and codes.attempt == attempt
        and codes.last_used_at is None
        and codes.confirmed_at is None
        and _is_recent(codes.issued_at, policy.replay_for, now)
    )


def _is_recent(then: datetime, span: timedelta, now: datetime) -> bool:
    # The clocks of hosts differ: a time ahead of ours has just been, and a span of zero is over.
    return max(now - then, timedelta(0)) < span
