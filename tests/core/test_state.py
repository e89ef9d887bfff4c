"""A code set: what it is good for, and until when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from recoverykit import CodeFormat, SetState
from recoverykit.core.state import CodeSet, StoredCode, Use

NOW = datetime(2026, 11, 22, 12, 30, 15, 123456, tzinfo=UTC)
SPENT = Use(at=NOW, attempt="a ~", revision="c" * 32)


def a_set(**changes):
    codes = tuple(StoredCode(ordinal=n, digest="$") for n in range(3))
    fields = {
        "id": "0" * 32,
        "format": CodeFormat.default(),
        "issued_at": NOW,
        "attempt": "a",
        "expires_at": None,
        "codes": codes,
    }
    return CodeSet(**(fields | changes))


class TestStates:
    def test_a_new_set_is_active(self):
        """All its codes can be redeemed."""
        assert a_set().state_at(NOW) is SetState.ACTIVE
        assert a_set().remaining_at(NOW) == 3
        assert a_set().last_used_at is None

    def test_a_set_without_unspent_codes_is_exhausted(self):
        """The last use is the latest one."""
        later = replace(SPENT, at=NOW + timedelta(1))
        codes = (
            StoredCode(ordinal=0, digest="$", use=later),
            StoredCode(ordinal=1, digest="$", use=SPENT),
        )
        assert a_set(codes=codes).state_at(NOW) is SetState.EXHAUSTED
        assert a_set(codes=codes).last_used_at == later.at

    def test_a_set_expires_at_the_instant(self):
        """One microsecond before it counts; at the instant it does not."""
        codes = a_set(expires_at=NOW)
        assert codes.state_at(NOW - timedelta.resolution) is SetState.ACTIVE
        assert codes.state_at(NOW) is SetState.EXPIRED
        assert codes.remaining_at(NOW) == 0

    def test_a_pending_set_lapses_at_the_instant(self):
        """It waits until then, redeems nothing, and has expired from then on."""
        codes = a_set(lapses_at=NOW)
        assert codes.is_pending
        assert codes.state_at(NOW - timedelta.resolution) is SetState.PENDING
        assert codes.remaining_at(NOW - timedelta.resolution) == 0
        assert codes.state_at(NOW) is SetState.EXPIRED
        assert codes.is_pending

    def test_a_pending_set_can_expire_before_it_lapses(self):
        """Whichever comes first."""
        codes = a_set(lapses_at=NOW + timedelta(hours=1), expires_at=NOW)
        assert codes.state_at(NOW) is SetState.EXPIRED

    def test_disabled_outlives_every_other_end(self):
        """Nothing that happens to a disabled set makes it another one."""
        ends = {"expires_at": NOW, "revoked_at": NOW, "disabled_at": NOW}
        assert a_set(**ends).state_at(NOW) is SetState.DISABLED
        assert a_set(**(ends | {"disabled_at": None})).state_at(NOW) is SetState.REVOKED
        assert a_set(**ends).remaining_at(NOW) == 0

    def test_the_keys_of_a_set_are_named_once(self):
        """Sorted, without repetition, and none where no keyring was used."""
        lines = ("$x$keyid=b$s$d", "$x$keyid=a$s$d", "$x$keyid=b$s$d", "$x$keyid=-$s$d")
        codes = tuple(StoredCode(ordinal=n, digest=line) for n, line in enumerate(lines))
        assert a_set(codes=codes).key_ids == ("a", "b")
