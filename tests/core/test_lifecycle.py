"""The table of a set's life: every state under every act, done through a kit."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from recoverykit import (
    Argon2idHasher,
    CodeFormat,
    CodesAlreadyIssued,
    InvalidCode,
    NoActiveCodes,
    Policy,
    RecoveryKit,
    RecoveryKitError,
    SetState,
    Subject,
    Throttle,
)
from recoverykit.core.document import unchecked_document_in
from recoverykit.core.lifecycle import LIFE, STATES, Act, Gone
from recoverykit.storage.memory import MemoryStorage
from recoverykit.testing import ManualClock
from tests.weak import WEAK

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
ALICE = Subject("alice")
HALF_AN_HOUR = timedelta(minutes=30)
CHEAP = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)

PENDING, ACTIVE, EXHAUSTED = SetState.PENDING, SetState.ACTIVE, SetState.EXHAUSTED
EXPIRED, REVOKED, DISABLED = SetState.EXPIRED, SetState.REVOKED, SetState.DISABLED

CANNOT_BE_DONE = {
    (PENDING, Act.YIELD): "one set at most is pending: a second one takes the place of the first",
}


class Life:
    """One set of a subject, and what is done to it through kits.

    Args:
        count: how many codes it has.
        options: what else its policy says.
    """

    def __init__(self, *, count=2, **options):
        self.storage, self.clock = MemoryStorage(), ManualClock(START)
        self._policy = {
            "count": count,
            "hasher": CHEAP,
            # The third failure in a row disables, and no delay comes before it.
            "throttle": Throttle(free=3, disable_after=3),
            "expires_after": HALF_AN_HOUR,
        } | options
        self.confirming, self.open = self.kit(confirm=True), self.kit()
        issued = self.confirming.issue(ALICE)
        self.codes, self.id = issued.codes, issued.set_id
        self.wrong = (
            RecoveryKit(MemoryStorage(), policy=Policy(hasher=CHEAP, accept=WEAK))
            .issue(ALICE)
            .codes[0]
        )

    def kit(self, **options):
        policy = Policy(**({"accept": WEAK} | self._policy | options))
        return RecoveryKit(self.storage, policy=policy, clock=self.clock)

    @property
    def document(self):
        return unchecked_document_in(self.storage.load(ALICE))

    @property
    def codes_stored(self):
        return next((each for each in self.document.sets if each.id == self.id), None)

    def end(self):
        """Return the state of the set, or how it went."""
        if self.storage.load(ALICE) is None:
            return Gone.ERASED
        codes = self.codes_stored
        return codes.state_at(self.clock()) if codes else Gone.SUPERSEDED

    def miss(self, *, last=False):
        """Guess wrongly: in a confirmation where the set waits to be confirmed."""
        for _ in range(2 if last and self.end() in {PENDING, ACTIVE} else 0):
            self._guess()
        self._guess()

    def _guess(self):
        guess = self.confirming.confirm if self.codes_stored.is_pending else self.open.redeem
        before = self.codes_stored.failures
        with pytest.raises(RecoveryKitError) as refused:
            guess(ALICE, self.wrong)
        if not isinstance(refused.value, InvalidCode):
            raise refused.value
        assert self.codes_stored.failures == before + 1

    def spend(self, ordinal=0):
        self.open.redeem(ALICE, self.codes[ordinal])

    def spend_all(self):
        for ordinal in range(len(self.codes)):
            self.spend(ordinal)

    def yield_to_another(self):
        codes = self.confirming.issue(ALICE, replace=True).codes
        self.confirming.confirm(ALICE, codes[-1])


ACTS = {
    Act.ISSUE: lambda life: life.open.issue(ALICE),
    Act.REPLACE: lambda life: life.open.issue(ALICE, replace=True),
    Act.IMPORT: lambda life: life.open.import_codes(
        ALICE, [life.wrong], format=CodeFormat.default()
    ),
    Act.CONFIRM: lambda life: life.confirming.confirm(ALICE, life.codes[0]),
    Act.YIELD: Life.yield_to_another,
    # Where no code is unused, one that was used is tried.
    Act.SPEND: Life.spend,
    Act.SPEND_LAST: Life.spend,  # of a set with a single code: see `lived`
    Act.MISS: Life.miss,
    Act.MISS_LAST: lambda life: life.miss(last=True),
    Act.REVOKE: lambda life: life.open.revoke(ALICE),
    Act.TIME: lambda life: life.clock.advance(HALF_AN_HOUR),
    Act.ERASE: lambda life: life.open.erase(ALICE),
}
ENDS = {
    EXHAUSTED: Life.spend_all,
    EXPIRED: ACTS[Act.TIME],
    REVOKED: ACTS[Act.REVOKE],
    DISABLED: ACTS[Act.MISS_LAST],
}


def lived(state, act, **options):
    """Return the life of a set up to that state, by way of a confirmation where it had one."""
    life = Life(count=1 if act is Act.SPEND_LAST else 2, **options)
    if state is not PENDING:
        life.confirming.confirm(ALICE, life.codes[0])
    if state in ENDS:
        ENDS[state](life)
    assert life.end() is state
    return life


def ended(life, act):
    """Do an act; return what became of the set, or the error by which nothing has changed."""
    before = life.storage.load(ALICE)
    try:
        ACTS[act](life)
    except RecoveryKitError as error:
        assert life.storage.load(ALICE) == before
        return type(error)
    return life.end()


def test_the_table_knows_every_state_under_every_act():
    """No pair is left open, and nothing but the pairs that cannot be done goes unseen below."""
    assert set(LIFE) == set(product(STATES, Act))
    assert set(STATES) == set(SetState) - {SetState.NONE}
    assert set(ACTS) == set(Act)
    assert set(CANNOT_BE_DONE) < set(LIFE)


@pytest.mark.parametrize(
    ("state", "act"),
    [pair for pair in LIFE if pair not in CANNOT_BE_DONE],
    ids=lambda each: each.value,
)
def test_every_state_under_every_act(state, act):
    """What an act makes of a set in a state is what the table says: a state, an end, an error."""
    assert LIFE[state, act] == ended(lived(state, act), act)


NEVER_CONFIRMED = {
    "lapsed": (EXPIRED, lambda life: life.clock.advance(timedelta(hours=1))),
    "revoked": (REVOKED, ENDS[REVOKED]),
    "disabled": (DISABLED, ENDS[DISABLED]),
}


@pytest.mark.parametrize(
    "act", [act for act in Act if act is not Act.YIELD], ids=lambda act: act.value
)
@pytest.mark.parametrize("way", NEVER_CONFIRMED)
def test_a_set_that_was_never_confirmed_ends_like_any_other(way, act):
    """It goes on as the table says of its state; but it never redeems, not even to say disabled.

    (It cannot yield, either: another pending set takes its very place.)
    """
    state, bring = NEVER_CONFIRMED[way]
    life = lived(PENDING, act, expires_after=None)
    bring(life)
    assert life.end() is state
    expected = NoActiveCodes if act in {Act.SPEND, Act.SPEND_LAST} else LIFE[state, act]
    assert expected == ended(life, act)


@pytest.mark.parametrize("replacing", [False, True], ids=["issue", "replace"])
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.value)
def test_what_counts_stands_while_another_set_waits(state, replacing):
    """Under `Policy.confirm` the table permits the same, but a set yields no earlier than then.

    Only a set that waits itself gives way to the next that does.
    """
    life = lived(state, Act.ISSUE)
    before = life.codes_stored
    permitted = LIFE[state, Act.REPLACE if replacing else Act.ISSUE]
    if permitted is CodesAlreadyIssued:
        with pytest.raises(CodesAlreadyIssued):
            life.confirming.issue(ALICE, replace=replacing)
    else:
        assert permitted is Gone.SUPERSEDED
        other = life.confirming.issue(ALICE, replace=replacing)
        assert life.document.pending.id == other.set_id
    assert life.codes_stored == (None if state is PENDING else before)


@pytest.mark.parametrize("act", [Act.SPEND, Act.SPEND_LAST], ids=lambda act: act.value)
def test_a_code_that_is_replaced_is_never_the_last_one(act):
    """Where each redemption puts another code in place, the set stays active: `Act.SPEND`."""
    life = lived(ACTIVE, act)
    life.open = life.kit(rotate=True)
    assert LIFE[ACTIVE, Act.SPEND] is ended(life, act)


def test_a_confirmed_set_cannot_be_confirmed_for_ever():
    """The table tells of a set confirmed not long ago; later, nobody may try codes on it."""
    life = lived(ACTIVE, Act.CONFIRM, expires_after=None)
    life.clock.advance(timedelta(hours=1))
    assert ended(life, Act.CONFIRM) is NoActiveCodes
