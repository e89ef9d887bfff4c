"""What a purge takes out of a document: what has ended, and is of no use to anybody any more.

Kept, however old, are an exhausted set (it tells its user why no code works), a disabled one (only
a new set leads out of it), the last spent code (it tells when the set was last used), and whatever
stands beside something that still counts, unless it waited to be confirmed in vain, or is a former
code or an unlock. Nothing has ended before its delay has, nor before its last success is forgotten.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from recoverykit.core.document import Document, Unlock
from recoverykit.core.policy import Policy
from recoverykit.core.record import SetState
from recoverykit.core.state import CodeSet, StoredCode

_KEPT = frozenset({SetState.DISABLED, SetState.EXHAUSTED})


def purge(document: Document, *, before: datetime, now: datetime, policy: Policy) -> Document:
    """Return the document without what ended before that time; an empty one where that is all.

    Args:
        document: what stands.
        before: what ended then, or later, is kept.
        now: the time; nothing is taken for ended that has not by then.
        policy: says how long a success is remembered, a delay runs, and an unlock lasts.
    """
    horizon = min(before, now)

    def is_over(end: datetime | None) -> bool:
        return end is not None and end < horizon

    active, pending, unlock = document.active, document.pending, document.unlock
    if pending and is_over(_end_of_set(pending, policy, now)):
        pending = None
    if unlock and is_over(_end_of_unlock(unlock, policy)):
        unlock = None
    if active and not pending and not unlock and is_over(_end_of_set(active, policy, now)):
        active = None
    if active:
        over = [code for code, end in _former(active, policy) if is_over(end)]
        active = replace(active, former=tuple(each for each in active.former if each not in over))
    return replace(document, active=active, pending=pending, unlock=unlock)


def outdated_at(document: Document, *, policy: Policy, now: datetime) -> datetime | None:
    """Return when the first thing ends, or ended, that a purge may take; None where nothing will.

    That is now where there is nothing in the document.
    """
    if not document.sets and not document.unlock:
        return now
    return min(_ends(document, policy, now), default=None)


def _ends(document: Document, policy: Policy, now: datetime) -> Iterator[datetime]:
    for codes in document.sets:
        if (end := _end_of_set(codes, policy, now)) is not None:
            yield end
        yield from (end for _, end in _former(codes, policy))
    if document.unlock:
        yield _end_of_unlock(document.unlock, policy)


def _end_of_set(codes: CodeSet, policy: Policy, now: datetime) -> datetime | None:
    state = codes.state_at(now)
    if state in _KEPT:
        return None
    ends = [codes.revoked_at] if state is SetState.REVOKED else [codes.expires_at, codes.lapses_at]
    end = min((each for each in ends if each), default=None)
    if end is None:
        return None
    if codes.last_used_at:
        end = max(end, codes.last_used_at + policy.replay_for)
    if codes.failed_at and policy.throttle:
        end = max(end, codes.failed_at + policy.throttle.delay_after(codes.failures))
    return end


def _former(codes: CodeSet, policy: Policy) -> Iterator[tuple[StoredCode, datetime]]:
    """Return the codes whose places others have taken, but for the one that was used last.

    Each with the time when its success is forgotten.
    """
    last = codes.last_used_at
    for code in codes.former:
        if code.use and code.use.at != last:
            yield code, code.use.at + policy.replay_for


def _end_of_unlock(unlock: Unlock, policy: Policy) -> datetime:
    return unlock.at + policy.unlock_for
