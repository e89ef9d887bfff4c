"""The status of a subject as people see it: what is told of nothing, and of what cannot be read."""

from datetime import UTC, datetime

import pytest

from recoverykit import Keyring, Policy, SetState, Status
from recoverykit.core.call import Setup
from recoverykit.core.document import EMPTY
from recoverykit.core.status import status_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
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
