"""The status of a subject as people see it: what is told of nothing, and of what cannot be read."""

from dataclasses import replace
from datetime import timedelta

import pytest

from recoverykit import Keyring, Policy, SetState, Status
from recoverykit.core.call import Setup
from recoverykit.core.document import EMPTY
from recoverykit.core.record import Summary
from recoverykit.core.state import Use
from recoverykit.core.status import status_of, summary_of
from tests.core.sets import COSTLY, NOW, a_set, stored

SETUP = Setup(policy=Policy(), keyring=Keyring({"2026": b"k" * 32}), entropy=bytes)
NOTHING = {
    "state": SetState.NONE,
    "remaining": 0,
    "total": 0,
    "low": False,
    "issued_at": None,
    "expires_at": None,
    "last_used_at": None,
    "retry_at": None,
    "failures": 0,
    "pending": False,
    "codes": (),
    "legacy": 0,
}


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        (None, {"stale": False, "missing_keys": ()}),
        ("2025", {"stale": True, "missing_keys": ("2025",)}),
    ],
)
def test_of_nothing_there_is_nothing_to_tell(missing, told):
    """But a seal that cannot be checked is told even there."""
    status = status_of(EMPTY, setup=SETUP, now=NOW, missing_seal=missing)
    assert status == Status(**NOTHING, **told)


def a_document(hasher, *, count=4):
    """A set of unused codes under the key of 2026."""
    codes = a_set(*(stored(n, hasher, key_id="2026") for n in range(count)))
    return replace(EMPTY, active=codes)


@pytest.mark.parametrize(("remaining", "low"), [(2, True), (3, True), (4, False)])
def test_codes_are_low_at_the_mark_and_below_it(remaining, low):
    """The mark is in."""
    setup = replace(SETUP, policy=Policy(low_at=3))
    document = a_document(setup.policy.hasher, count=remaining)
    status = status_of(document, setup=setup, now=NOW)
    assert (status.remaining, status.low) == (remaining, low)


def test_of_a_document_whose_seal_cannot_be_checked_no_code_counts():
    """It could not be redeemed."""
    document = a_document(SETUP.policy.hasher)
    assert status_of(document, setup=SETUP, now=NOW).remaining == 4
    status = status_of(document, setup=SETUP, now=NOW, missing_seal="2025")
    assert (status.remaining, status.missing_keys, status.stale) == (0, ("2025",), True)


def test_what_the_policy_asks_for_is_not_stale():
    """Beyond the ceiling of what nobody asked for a line cannot be read, and that is told."""
    asked = replace(SETUP, policy=Policy(hasher=COSTLY))
    assert not status_of(a_document(COSTLY), setup=asked, now=NOW).stale
    assert status_of(a_document(COSTLY), setup=SETUP, now=NOW).stale


def test_a_summary_tells_what_the_document_does():
    """Of a set with one code used, a delay that runs, and a time to end."""
    hour = timedelta(hours=1)
    document = a_document(SETUP.policy.hasher)
    use = Use(at=NOW - hour, attempt="me", revision="0" * 32)
    spent, *rest = document.active.codes
    active = replace(
        document.active,
        issued_at=NOW - 2 * hour,
        expires_at=NOW + hour,
        failures=5,
        failed_at=NOW,
        codes=(replace(spent, use=use), *rest),
    )
    summary = summary_of(replace(document, active=active), setup=SETUP, now=NOW)
    assert summary == Summary(
        state=SetState.ACTIVE,
        remaining=3,
        issued_at=NOW - 2 * hour,
        last_used_at=NOW - hour,
        expires_at=NOW + hour,
        retry_at=NOW + timedelta(seconds=30),
        key_ids=("2026",),
        seal_key_id="2026",
        outdated_at=NOW + hour,
    )


@pytest.mark.parametrize("end", ["revoked_at", "disabled_at"])
def test_no_delay_is_told_of_a_set_that_has_ended(end):
    """There is nothing to wait for."""
    document = a_document(SETUP.policy.hasher)
    failing = replace(document.active, failures=5, failed_at=NOW)
    standing = replace(document, active=failing)
    assert status_of(standing, setup=SETUP, now=NOW).retry_at == NOW + timedelta(seconds=30)
    ended = replace(document, active=replace(failing, **{end: NOW}))
    assert status_of(ended, setup=SETUP, now=NOW).retry_at is None
