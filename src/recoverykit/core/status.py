"""A set as people and queries see it: the status of a call, and the plain columns of a commit."""

import contextlib
from collections.abc import Iterator
from datetime import datetime

from recoverykit.core.call import Setup
from recoverykit.core.digest import StoredDigest
from recoverykit.core.hasher import is_weaker
from recoverykit.core.keyring import NO_KEY
from recoverykit.core.policy import Policy
from recoverykit.core.record import SetState, Summary
from recoverykit.core.redeemer import retry_at
from recoverykit.core.results import CodeStatus, Status
from recoverykit.core.state import CodeSet
from recoverykit.errors import CorruptRecord

_NOTHING = Status(
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
    stale=False,
    missing_keys=(),
    codes=(),
)


def status_of(codes: CodeSet | None, *, setup: Setup, now: datetime) -> Status:
    """Return what a set is good for.

    Args:
        codes: the set; None where there is none.
        setup: the policy and the keyring to hold it against.
        now: the time for which it is told.
    """
    if codes is None:
        return _NOTHING
    state, policy = codes.state_at(now), setup.policy
    digests = tuple(_digests(codes, policy))
    key_ids = {digest.key_id for digest in digests}
    remaining = codes.remaining_at(now)
    return Status(
        state=state,
        remaining=remaining,
        total=len(codes.codes),
        low=state is not SetState.REVOKED and remaining <= policy.low_at,
        issued_at=codes.issued_at,
        expires_at=codes.expires_at,
        last_used_at=codes.last_used_at,
        retry_at=_retry_at(codes, policy, now),
        failures=codes.failures,
        pending=False,
        stale=key_ids != {setup.key_id}
        or len(digests) < len(codes.codes)
        or any(is_weaker(digest.hasher, than=policy.hasher) for digest in digests),
        missing_keys=tuple(sorted(key_ids - _held(setup))),
        codes=tuple(
            CodeStatus(ordinal=code.ordinal, used_at=code.use.at if code.use else None)
            for code in codes.codes
        ),
    )


def summary_of(codes: CodeSet, *, policy: Policy, now: datetime) -> Summary:
    """Return the plain columns of a set at the time of its commit."""
    return Summary(
        state=codes.state_at(now),
        remaining=codes.remaining_at(now),
        issued_at=codes.issued_at,
        last_used_at=codes.last_used_at,
        expires_at=codes.expires_at,
        retry_at=_retry_at(codes, policy, now),
        key_ids=codes.key_ids,
    )


def _retry_at(codes: CodeSet, policy: Policy, now: datetime) -> datetime | None:
    if codes.state_at(now) is not SetState.ACTIVE:
        return None
    return retry_at(codes, throttle=policy.throttle, now=now)


def _digests(codes: CodeSet, policy: Policy) -> Iterator[StoredDigest]:
    """Return what can be read: a damaged line takes no other code with it."""
    for code in codes.codes:
        with contextlib.suppress(CorruptRecord):
            yield StoredDigest.from_text(code.digest, ceiling=policy.hasher)


def _held(setup: Setup) -> set[str]:
    return {NO_KEY, *(setup.keyring.ids if setup.keyring else ())}
