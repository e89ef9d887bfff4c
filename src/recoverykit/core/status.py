"""A document as people and queries see it: the status of a call, and a commit's plain columns."""

import contextlib
from collections.abc import Iterator
from datetime import datetime

from recoverykit.core.call import Setup
from recoverykit.core.digest import StoredDigest
from recoverykit.core.document import Document
from recoverykit.core.hasher import is_weaker
from recoverykit.core.policy import Policy
from recoverykit.core.purging import outdated_at
from recoverykit.core.record import SetState, Summary
from recoverykit.core.redeemer import retry_at
from recoverykit.core.results import CodeStatus, Status
from recoverykit.core.state import CodeSet
from recoverykit.errors import CorruptRecord

_USABLE = frozenset({SetState.ACTIVE, SetState.PENDING})
_NEVER_LOW = frozenset({SetState.PENDING, SetState.REVOKED})  # new, or taken away on purpose


def status_of(
    document: Document, *, setup: Setup, now: datetime, missing_seal: str | None = None
) -> Status:
    """Return what a subject's codes are good for.

    Args:
        document: what is stored; empty where nothing is.
        setup: the policy and the keyring to hold it against.
        now: the time for which it is told.
        missing_seal: the key that seals the document and that the keyring lacks; None where its
            seal was checked, or it needs none.
    """
    codes = document.first
    pending = document.is_pending_at(now)
    if codes is None:
        return _nothing(missing_seal)
    state, policy = codes.state_at(now), setup.policy
    digests = tuple(_digests(codes, policy))
    needed = {digest.key_id for digest in digests}
    if missing_seal is not None:
        needed.add(missing_seal)
    remaining = 0 if missing_seal else _remaining(document, setup, now)
    return Status(
        state=state,
        remaining=remaining,
        total=len(codes.codes),
        low=not policy.is_off and state not in _NEVER_LOW and remaining <= policy.low_at,
        issued_at=codes.issued_at,
        expires_at=codes.expires_at,
        last_used_at=codes.last_used_at,
        retry_at=retry_at(codes, throttle=policy.throttle, now=now),
        failures=codes.failures,
        pending=pending,
        stale=needed != {setup.key_id}
        or len(digests) < len(codes.codes)
        or any(is_weaker(digest.hasher, than=policy.hasher) for digest in digests),
        missing_keys=tuple(sorted(key_id for key_id in needed if not setup.holds(key_id))),
        codes=tuple(
            CodeStatus(ordinal=code.ordinal, used_at=code.use.at if code.use else None)
            for code in codes.codes
        ),
        legacy=sum(code.is_foreign and code.use is None for code in codes.codes),
    )


def summary_of(document: Document, *, setup: Setup, now: datetime) -> Summary:
    """Return the plain columns of a document at the time of its commit."""
    codes = document.first
    keyring = setup.keyring
    return Summary(
        state=codes.state_at(now) if codes else SetState.NONE,
        remaining=document.active.remaining_at(now) if document.active else 0,
        issued_at=codes.issued_at if codes else None,
        last_used_at=codes.last_used_at if codes else None,
        expires_at=codes.expires_at if codes else None,
        retry_at=retry_at(codes, throttle=setup.policy.throttle, now=now) if codes else None,
        key_ids=tuple(
            sorted(
                key_id
                for each in document.sets
                if each.state_at(now) in _USABLE
                for key_id in each.key_ids
            )
        ),
        seal_key_id=keyring.primary if keyring else None,
        outdated_at=outdated_at(document, policy=setup.policy, now=now),
    )


def _nothing(missing_seal: str | None) -> Status:
    return Status(
        state=SetState.NONE,
        remaining=0,
        total=0,
        low=False,
        issued_at=None,
        expires_at=None,
        last_used_at=None,
        retry_at=None,
        failures=0,
        pending=False,
        stale=missing_seal is not None,
        missing_keys=(missing_seal,) if missing_seal else (),
        codes=(),
        legacy=0,
    )


def _remaining(document: Document, setup: Setup, now: datetime) -> int:
    """Return how many codes could be redeemed now: not those whose key is missing."""
    codes = document.active
    if codes is None or setup.policy.is_off or codes.state_at(now) is not SetState.ACTIVE:
        return 0
    return sum(code.use is None and setup.holds(code.key_id) for code in codes.codes)


def _digests(codes: CodeSet, policy: Policy) -> Iterator[StoredDigest]:
    """Return what can be read: a damaged line takes no other code with it."""
    for code in codes.codes:
        with contextlib.suppress(CorruptRecord):
            yield StoredDigest.from_text(code.digest, ceiling=policy.hasher)
