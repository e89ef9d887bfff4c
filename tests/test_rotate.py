"""Rotating: each redemption puts a new code in the place of the one that it spends."""

import json
import secrets
from datetime import UTC, datetime, timedelta

import argon2.low_level
import pytest

from recoverykit import (
    Argon2idHasher,
    CodeAlreadyUsed,
    CodeFormat,
    EventKind,
    InvalidArgument,
    InvalidCode,
    Keyring,
    NoActiveCodes,
    Policy,
    RecoveryKit,
    SetState,
    Subject,
    Throttle,
    TooManyAttempts,
)
from recoverykit.storage.memory import MemoryStorage
from recoverykit.testing import ManualClock
from tests.weak import WEAK

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATE, WINDOW = timedelta.resolution, timedelta(minutes=10)
CHEAP = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)
ALICE = Subject("alice")
OLD, NEW = {"old": b"0123456789abcdef"}, {"new": b"fedcba9876543210"}
SINGLE = {"count": 1, "format": CodeFormat.alphanumeric(24)}
TEN = {"count": 10, "format": CodeFormat.default()}
TEN_WITHOUT = {"count": 10, "format": CodeFormat.digits(10)}


class Desk:
    """A kit on memory under `Policy.rotate`, its clock, and all that it announced."""

    def __init__(self, *, storage=None, keyring=None, **policy):
        self.clock, self.events = ManualClock(START), []
        self.storage = storage or MemoryStorage()
        policy = {"hasher": CHEAP, "rotate": True} | policy
        self.kit = RecoveryKit(
            self.storage,
            policy=Policy(**({"accept": WEAK} | policy)),
            keyring=keyring,
            clock=self.clock,
            on_event=self.events.append,
        )

    def codes_stored(self):
        """Return the stored text of each code, by its ordinal."""
        return {code["ordinal"]: json.dumps(code) for code in self.active()["codes"]}

    def former(self):
        return self.active()["former"]

    def active(self):
        tree = json.loads(self.storage.load(ALICE).document)
        return tree.get("content", tree)["active"]


each_policy = pytest.mark.parametrize("policy", [SINGLE, TEN, TEN_WITHOUT], ids=["1", "10s", "10"])


@each_policy
def test_a_redemption_comes_with_the_next_code(policy):
    """Shown once, in the same set and place; the spent one is spent, and the new one redeems."""
    desk = Desk(**policy)
    issued = desk.kit.issue(ALICE)
    code = issued.codes[-1]
    for _ in range(3):
        redemption = desk.kit.redeem(ALICE, code)
        assert (redemption.remaining, redemption.set_id) == (policy["count"], issued.set_id)
        assert (redemption.reissue_required, redemption.replayed) == (False, False)
        assert redemption.ordinal == policy["count"] - 1
        with pytest.raises((InvalidCode, CodeAlreadyUsed)):
            desk.kit.redeem(ALICE, code)
        (code,) = redemption.replacement.codes
        assert desk.kit.recognises(code)
        assert code not in repr(redemption)
        assert (redemption.replacement.set_id, redemption.replacement.pending) == (
            issued.set_id,
            False,
        )
    assert desk.kit.status(ALICE).state is SetState.ACTIVE
    assert [event.kind for event in desk.events][1:3] == [EventKind.REDEEMED, EventKind.REPLACED]


@pytest.mark.parametrize("policy", [TEN, TEN_WITHOUT], ids=["selectors", "no selectors"])
def test_the_other_nine_keep_their_bytes(policy):
    """One code is replaced; nothing else of the set is written anew, and all still redeem."""
    desk = Desk(**policy)
    codes = desk.kit.issue(ALICE).codes
    before = desk.codes_stored()
    redemption = desk.kit.redeem(ALICE, codes[4])
    after = desk.codes_stored()
    assert {n for n in before if before[n] != after[n]} == {4}
    assert [code["ordinal"] for code in desk.former()] == [4]
    for code in (*codes[:4], *codes[5:], *redemption.replacement.codes):
        assert desk.kit.redeem(ALICE, code).remaining == 10


@each_policy
def test_a_lost_answer_is_told_again_without_the_new_code(policy):
    """Nothing can show it again: the success is the same, and a set must be issued anew."""
    desk = Desk(**policy)
    code = desk.kit.issue(ALICE).codes[0]
    first = desk.kit.redeem(ALICE, code, attempt="a")
    before = desk.storage.load(ALICE)
    desk.clock.advance(WINDOW - LATE)
    again = desk.kit.redeem(ALICE, code, attempt="a")
    assert (again.replacement, again.reissue_required, again.replayed) == (None, True, True)
    assert (again.ordinal, again.redeemed_at) == (first.ordinal, first.redeemed_at)
    assert desk.storage.load(ALICE) == before
    desk.clock.advance(LATE)
    with pytest.raises(InvalidCode):
        desk.kit.redeem(ALICE, code, attempt="a")
    assert desk.kit.redeem(ALICE, first.replacement.codes[0]).replacement


@each_policy
def test_the_new_code_under_the_same_attempt_is_a_new_attempt(policy):
    """The host reused its id: the code is spent like any other, and the last one is remembered."""
    desk = Desk(**policy)
    code = desk.kit.issue(ALICE).codes[0]
    (second,) = desk.kit.redeem(ALICE, code, attempt="a").replacement.codes
    redemption = desk.kit.redeem(ALICE, second, attempt="a")
    assert not redemption.replayed
    assert desk.kit.redeem(ALICE, second, attempt="a").replayed
    # Only where one hash can be held against both is the first one told again as well.
    if policy is TEN_WITHOUT:
        assert desk.kit.redeem(ALICE, code, attempt="a").replayed
    else:
        with pytest.raises(InvalidCode):
            desk.kit.redeem(ALICE, code, attempt="a")


def test_the_window_holds_for_a_good_number_of_former_codes():
    """Sixteen are kept for recognition; of the first of seventeen nothing is left."""
    desk = Desk(**SINGLE)
    code, spent = desk.kit.issue(ALICE).codes[0], []
    for number in range(17):
        spent.append(code)
        (code,) = desk.kit.redeem(ALICE, code, attempt=f"a{number}").replacement.codes
    assert len(desk.former()) == 16
    for number in range(1, 17):
        assert desk.kit.redeem(ALICE, spent[number], attempt=f"a{number}").replayed
    with pytest.raises(InvalidCode):
        desk.kit.redeem(ALICE, spent[0], attempt="a0")
    assert desk.kit.redeem(ALICE, code).replacement


def test_a_replay_passes_a_lock_and_no_other_guess_does():
    """As for any success: the lock stands for whoever does not know the code."""
    desk = Desk(**SINGLE, throttle=Throttle(free=1, disable_after=9))
    code = desk.kit.issue(ALICE).codes[0]
    (fresh,) = desk.kit.redeem(ALICE, code, attempt="a").replacement.codes
    with pytest.raises(InvalidCode):
        desk.kit.redeem(ALICE, code, attempt="b")
    assert desk.kit.redeem(ALICE, code, attempt="a").replayed
    for guess, attempt in ((fresh, "a"), (fresh, "b"), (code, "b")):
        with pytest.raises(TooManyAttempts):
            desk.kit.redeem(ALICE, guess, attempt=attempt)


@pytest.mark.parametrize("policy", [SINGLE, TEN], ids=["1", "10s"])
def test_the_new_code_is_bound_to_the_newest_key(policy):
    """Where it can be told apart without a hash; the others stay under the key they have."""
    storage = MemoryStorage()
    codes = Desk(storage=storage, keyring=Keyring(OLD), **policy).kit.issue(ALICE).codes
    desk = Desk(storage=storage, keyring=Keyring({**OLD, **NEW}, primary="new"), **policy)
    (code,) = desk.kit.redeem(ALICE, codes[0]).replacement.codes
    assert "keyid=new$" in desk.codes_stored()[0]
    assert all("keyid=old$" in line for n, line in desk.codes_stored().items() if n)
    assert desk.kit.status(ALICE).stale == (policy is TEN)
    assert desk.kit.redeem(ALICE, code).replacement


def test_without_selectors_all_codes_go_on_to_share_their_key_and_salt():
    """One hash is held against all of them, so that a new key has to wait for a new set."""
    storage = MemoryStorage()
    codes = Desk(storage=storage, keyring=Keyring(OLD), **TEN_WITHOUT).kit.issue(ALICE).codes
    desk = Desk(storage=storage, keyring=Keyring({**OLD, **NEW}, primary="new"), **TEN_WITHOUT)
    (code,) = desk.kit.redeem(ALICE, codes[0]).replacement.codes
    lines = [json.loads(line)["digest"] for line in desk.codes_stored().values()]
    assert len({line.rpartition("$")[0] for line in lines}) == 1
    assert "keyid=old$" in lines[0]
    assert desk.kit.redeem(ALICE, code).replacement
    assert desk.kit.redeem(ALICE, codes[1]).replacement


def test_the_new_code_is_made_as_its_set_was():
    """Of the set's own format and hasher, whatever the policy says by now."""
    storage = MemoryStorage()
    codes = Desk(storage=storage, **TEN_WITHOUT).kit.issue(ALICE).codes
    stronger = Argon2idHasher(memory_kib=16, time_cost=1, parallelism=1)
    desk = Desk(storage=storage, hasher=stronger, **TEN)
    (code,) = desk.kit.redeem(ALICE, codes[0]).replacement.codes
    assert CodeFormat.digits(10).matches(code)
    assert "m=8,t=1" in desk.codes_stored()[0]


@each_policy
@pytest.mark.parametrize("guess", ["right", "wrong", "no set", "ended"])
def test_right_or_wrong_costs_the_same_two_hashes(monkeypatch, policy, guess):
    """The new code is hashed before the guess is compared, so that time does not tell."""
    desk = Desk(**policy)
    codes, foreign = desk.kit.issue(ALICE).codes, desk.kit.issue("mallory").codes
    if guess == "ended":
        desk.kit.revoke(ALICE)
    hashes, real = [], argon2.low_level.hash_secret_raw
    monkeypatch.setattr(
        argon2.low_level,
        "hash_secret_raw",
        lambda *args, **kwargs: hashes.append(kwargs) or real(*args, **kwargs),
    )
    subject = "nobody" if guess == "no set" else ALICE
    try:
        desk.kit.redeem(subject, foreign[0] if guess == "wrong" else codes[0])
    except (InvalidCode, NoActiveCodes):
        assert guess != "right"
    assert len(hashes) == 2
    assert len({(each["memory_cost"], each["time_cost"]) for each in hashes}) == 1


def test_a_set_from_before_goes_over_to_rotating():
    """What was spent before stays spent; what is redeemed from now on is replaced."""
    storage = MemoryStorage()
    before, desk = Desk(storage=storage, rotate=False, **TEN), Desk(storage=storage, **TEN)
    codes = before.kit.issue(ALICE).codes
    assert before.kit.redeem(ALICE, codes[0]).replacement is None
    assert desk.kit.redeem(ALICE, codes[1]).remaining == 9
    with pytest.raises(CodeAlreadyUsed):
        desk.kit.redeem(ALICE, codes[0])
    assert before.kit.redeem(ALICE, codes[2]).remaining == 8


class Steered:
    """Random bytes, of which the next draws of some length can be foreseen.

    Args:
        size: the length of the draws that are steered.
    """

    def __init__(self, size):
        self._size, self._real = size, secrets.token_bytes
        self.draws, self.foreseen = [], []

    def __call__(self, size):
        if size != self._size:
            return self._real(size)
        block = self.foreseen.pop(0) if self.foreseen else self._real(size)
        self.draws.append(block)
        return block


@pytest.fixture
def steered(monkeypatch):
    """Six decimal digits ask for six bytes at first; a byte above nine asks for more."""
    steered = Steered(6)
    monkeypatch.setattr("secrets.token_bytes", steered)
    return steered


def digits(code):
    return bytes(int(digit) for digit in code)


def test_a_code_of_the_set_is_not_drawn_again(steered):
    """Six digits repeat: a draw that hits another code, or the spent one, is thrown away."""
    desk = Desk(count=3, format=CodeFormat.digits(6))
    steered.foreseen = [digits("111111"), digits("222222"), digits("333333")]
    codes = desk.kit.issue(ALICE).codes
    assert codes == ("111111", "222222", "333333")
    steered.foreseen = [digits(code) for code in ("222222", "111111", "333333", "444444")]
    assert desk.kit.redeem(ALICE, "111111").replacement.codes == ("444444",)
    assert steered.foreseen == []
    steered.foreseen = [digits(code) for code in ("111111", "555555")]
    assert desk.kit.redeem(ALICE, "444444").replacement.codes == ("555555",)
    assert desk.kit.redeem(ALICE, "222222").remaining == 3


@pytest.mark.parametrize("stuck", ["111111", "222222"])
def test_an_entropy_source_that_is_stuck_is_an_error(steered, stuck):
    """At the spent code or at another: not a loop without an end, and the code is unspent."""
    desk = Desk(count=2, format=CodeFormat.digits(6))
    steered.foreseen = [digits("111111"), digits("222222")]
    codes = desk.kit.issue(ALICE).codes
    before = desk.storage.load(ALICE)
    steered.foreseen = [digits(stuck)] * 200
    with pytest.raises(InvalidArgument) as caught:
        desk.kit.redeem(ALICE, codes[0])
    assert str(caught.value) == "the entropy source gives the same bytes again and again"
    assert desk.storage.load(ALICE) == before


def test_a_wrong_guess_at_an_absent_set_draws_no_second_time(steered):
    """There is no code that it could repeat."""
    desk = Desk(count=2, format=CodeFormat.digits(6))
    with pytest.raises(NoActiveCodes):
        desk.kit.redeem(ALICE, "111111")
    assert len(steered.draws) == 1
