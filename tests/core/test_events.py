"""What every verb tells: when it was decided, of which set and place, and how many failures."""

from datetime import UTC, datetime, timedelta

import pytest

from recoverykit import (
    Argon2idHasher,
    EventKind,
    Policy,
    RecoveryKit,
    RecoveryKitError,
    RefusalReason,
    SetState,
)
from recoverykit.storage.memory import MemoryStorage
from recoverykit.testing import ManualClock
from tests.weak import WEAK

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
CHEAP = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)
WRONG = RecoveryKit(MemoryStorage(), policy=Policy(hasher=CHEAP, accept=WEAK)).issue("x").codes[0]

CONFIRMING = [
    ("issue", ["issued 1 failures=0"]),
    ("confirm wrong", ["failed 1 invalid failures=1"]),
    ("confirm nonsense", ["refused 1 malformed"]),
    ("confirm", ["confirmed 1 failures=0"]),
    ("redeem", ["redeemed 1 at=1"]),
    ("redeem again", ["replayed 1 at=1"]),
    ("redeem used", ["failed 1 at=1 used failures=1"]),
    ("redeem wrong", ["failed 1 invalid failures=2"]),
    ("redeem nonsense", ["refused 1 malformed"]),
    ("reissue", ["issued 2 failures=0"]),
    ("reissue", ["superseded 2", "issued 3 failures=0"]),
    ("confirm", ["superseded 1", "confirmed 3 failures=2"]),
    ("reissue", ["issued 4 failures=0"]),
    ("unlock", ["unlocked"]),
    ("lock", ["locked"]),
    ("revoke", ["revoked 3", "revoked 4"]),
    ("redeem wrong", ["refused 3 no_active_codes"]),
    ("revoke", []),
    ("erase", ["erased"]),
    ("redeem wrong", ["refused no_active_codes"]),
    ("redeem nonsense", ["refused malformed"]),
]
ROTATING = [
    ("issue", ["issued 1 failures=0"]),
    ("redeem", ["redeemed 1 at=1", "replaced 1 at=1"]),
    ("redeem again", ["replayed 1 at=1"]),
    ("redeem used", ["failed 1 invalid failures=1"]),
    ("reissue", ["superseded 1", "issued 2 failures=1"]),
    ("revoke", ["revoked 2"]),
]


class Desk:
    """One subject's kit, whose clock goes on by a second before each call."""

    def __init__(self, **policy):
        self.clock, self.events, self.codes = ManualClock(START), [], ()
        self.sets = [None]  # by the order in which they are told of
        self.kit = RecoveryKit(
            MemoryStorage(),
            policy=Policy(hasher=CHEAP, count=3, accept=WEAK, **policy),
            clock=self.clock,
            on_event=self.events.append,
        )

    def call(self, deed):
        """Return what was told of it."""
        self.events.clear()
        self.clock.advance(timedelta(seconds=1))
        verb, _, how = deed.partition(" ")
        try:
            getattr(self, f"_{verb}")(how)
        except RecoveryKitError:
            assert how in {"wrong", "nonsense", "used"}
        assert {event.at for event in self.events} <= {self.clock()}
        return [self._said(event) for event in self.events]

    def _issue(self, _, *, replace=False):
        self.codes = self.kit.issue("alice", replace=replace).codes

    def _reissue(self, _):
        self._issue(_, replace=True)

    def _confirm(self, how):
        self.kit.confirm("alice", {"wrong": WRONG, "nonsense": "x"}.get(how, self.codes[0]))

    def _redeem(self, how):
        code = {"wrong": WRONG, "nonsense": "x"}.get(how, self.codes[1])
        self.kit.redeem("alice", code, attempt=None if how == "used" else "me")

    def _revoke(self, _):
        status = self.kit.revoke("alice")
        assert status.state is SetState.REVOKED

    def _erase(self, _):
        self.kit.erase("alice")

    def _unlock(self, _):
        assert self.kit.unlock("alice", session="s") > self.clock()

    def _lock(self, _):
        self.kit.lock("alice", session="s")

    def _said(self, event):
        if event.set_id not in self.sets:
            self.sets.append(event.set_id)
        words = [
            event.kind.value,
            "" if event.set_id is None else self.sets.index(event.set_id),
            "" if event.ordinal is None else f"at={event.ordinal}",
            "" if event.reason is None else event.reason.value,
            "" if event.failures is None else f"failures={event.failures}",
        ]
        return " ".join(str(word) for word in words if word != "")


@pytest.mark.parametrize(
    ("policy", "course"),
    [({"confirm": True}, CONFIRMING), ({"rotate": True}, ROTATING)],
    ids=["confirm", "rotate"],
)
def test_every_verb_tells_what_it_did_when_and_of_which_set(policy, course):
    """The sets are numbered in their order; the time is that of the call, to the second."""
    desk = Desk(**policy)
    assert [(deed, desk.call(deed)) for deed, _ in course] == course


def test_each_kind_and_reason_that_a_course_can_tell_is_in_it():
    """The others have tests of their own: of imports, locks and full throttles."""
    told = {word for _, events in CONFIRMING + ROTATING for each in events for word in each.split()}
    kinds = {kind.value for kind in EventKind} - {"imported", "disabled"}
    reasons = {"malformed", "invalid", "used", "no_active_codes"}
    assert kinds <= told
    assert reasons == told & {reason.value for reason in RefusalReason}
