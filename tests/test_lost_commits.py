"""Lost and unknown commits of the newer verbs: decided again, told once, never twice as costly."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import argon2.low_level
import pytest

from recoverykit import (
    Argon2idHasher,
    CodeFormat,
    ConcurrentUpdate,
    EventKind,
    InvalidCode,
    Keyring,
    OutcomeUnknown,
    Policy,
    RecoveryKit,
    SetState,
    Subject,
)
from recoverykit.core.state import MAX_FORMER
from recoverykit.storage.memory import MemoryStorage
from recoverykit.testing import ManualClock
from tests.weak import WEAK

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
CHEAP = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)
ALICE = Subject("alice")
SHAPE = CodeFormat.base32(16)  # of codes that are imported
THEIRS = ["abcdefghijklmnop"]


class Unsteady(MemoryStorage):
    """A storage on which something happens around the next commits.

    Attributes:
        before: done once, before the next commit.
        lost_answers: how many of the next commits land without an answer.
    """

    def __init__(self):
        super().__init__()
        self.before, self.lost_answers = None, 0

    def commit(self, subject, change):
        if self.before:
            before, self.before = self.before, None
            before()
        won = super().commit(subject, change)
        if self.lost_answers:
            self.lost_answers -= 1
            raise OutcomeUnknown("lost")
        return won


@pytest.fixture
def storage():
    return Unsteady()


@pytest.fixture
def hashes(monkeypatch):
    """The parameters of every Argon2id hash from here on."""
    hashes, real = [], argon2.low_level.hash_secret_raw
    monkeypatch.setattr(
        argon2.low_level,
        "hash_secret_raw",
        lambda *args, **kwargs: hashes.append(kwargs) or real(*args, **kwargs),
    )
    return hashes


def a_kit(storage, **policy):
    policy = Policy(**({"hasher": CHEAP, "count": 3, "accept": WEAK} | policy))
    return RecoveryKit(storage, policy=policy, clock=ManualClock(START))


WRONG = a_kit(MemoryStorage()).issue(ALICE).codes[0]


def guess(kit):
    """Guess wrong: the count changes what stands, and no code."""
    with pytest.raises(InvalidCode):
        kit.redeem(ALICE, WRONG)


def meanwhile(storage, act):
    """Do something between the commit whose answer is lost next and the look at what stands."""
    real, loads = storage.load, []

    def load(subject):
        loads.append(subject)
        if len(loads) == 2:
            act()
        return real(subject)

    storage.lost_answers, storage.load = 1, load


class TestGone:
    """Nobody can tell any more what became of a commit, so nobody calls it refused."""

    def test_a_redemption(self, storage):
        """The set in which it could be found has been replaced."""
        kit = a_kit(storage)
        code = kit.issue(ALICE).codes[0]
        meanwhile(storage, lambda: kit.issue(ALICE, replace=True))
        with pytest.raises(OutcomeUnknown) as caught:
            kit.redeem(ALICE, code, attempt="mine")
        assert caught.value.attempt == "mine"

    def test_a_confirmation(self, storage):
        """Neither the active set nor the pending one is the one that was confirmed."""
        kit = a_kit(storage, confirm=True)
        code = kit.issue(ALICE).codes[0]
        meanwhile(storage, lambda: a_kit(storage).issue(ALICE, replace=True))
        with pytest.raises(OutcomeUnknown) as caught:
            kit.confirm(ALICE, code)
        assert len(caught.value.attempt) == 32


class TestUnknown:
    """Whoever is told so is told by which id to ask again."""

    @pytest.mark.parametrize(
        "verb", ["issue", "import", "confirm", "redeem", "unlock", "lock", "revoke", "erase"]
    )
    def test_the_attempt_is_named(self, storage, verb):
        """By every verb, where no answer comes."""
        kit = a_kit(storage, confirm=True)
        code = kit.issue(ALICE).codes[0]
        if verb == "redeem":
            kit.confirm(ALICE, code)
        if verb == "lock":
            kit.unlock(ALICE, session="s")

        def lose(*_):
            raise OutcomeUnknown

        storage.commit = lose
        with pytest.raises(OutcomeUnknown) as caught:
            {
                "issue": lambda: kit.issue(ALICE, replace=True, attempt="mine"),
                "import": lambda: kit.import_codes("bob", THEIRS, format=SHAPE),
                "confirm": lambda: kit.confirm(ALICE, code),
                "redeem": lambda: kit.redeem(ALICE, code, attempt="mine"),
                "unlock": lambda: kit.unlock(ALICE, session="s"),
                "lock": lambda: kit.lock(ALICE, session="s"),
                "revoke": lambda: kit.revoke(ALICE),
                "erase": lambda: kit.erase(ALICE),
            }[verb]()
        own = verb in {"issue", "redeem"}
        assert caught.value.attempt == "mine" if own else len(caught.value.attempt) == 32

    def test_nor_does_another_error_hide_it(self, storage):
        """What landed unseen was overtaken, and what stands by now cannot be read."""
        kit = a_kit(storage)
        kit.issue(ALICE)

        def damage():
            record = storage._records[ALICE]
            storage._records[ALICE] = replace(record, revision="f" * 32, document="{}")

        meanwhile(storage, damage)
        with pytest.raises(OutcomeUnknown) as caught:
            kit.revoke(ALICE)
        assert len(caught.value.attempt) == 32


class TestUpkeep:
    def test_a_document_that_was_resealed_unseen_is_counted(self, storage):
        """The answer was lost, and before we looked, somebody guessed: the seal is ours."""
        a_kit(storage).issue(ALICE)
        keyring = Keyring({"k": b"k" * 16}, accept_unsealed=True)
        kit = RecoveryKit(storage, policy=Policy(hasher=CHEAP, accept=WEAK), keyring=keyring)
        meanwhile(storage, lambda: guess(kit))
        assert kit.reseal().count == 1
        assert kit.status(ALICE).failures == 1
        assert kit.reseal().count == 0


class TestRepeating:
    def test_another_code_under_the_same_attempt_is_decided_again(self, storage, hashes):
        """It is no repetition; what was hashed to find that out is not hashed again."""
        kit = a_kit(storage, format=CodeFormat.digits(12))
        first, second, third = kit.issue(ALICE).codes
        kit.redeem(ALICE, first, attempt="mine")
        other = a_kit(storage, format=CodeFormat.digits(12))
        hashes.clear()
        storage.before = lambda: other.redeem(ALICE, third)
        assert kit.redeem(ALICE, second, attempt="mine").remaining == 0
        assert len(hashes) == 1 + 1

    def test_a_code_that_names_another_place_is_not_held_against_the_first(self, storage, hashes):
        """One hash is enough where the selector tells."""
        kit = a_kit(storage)
        first, second, _ = kit.issue(ALICE).codes
        kit.redeem(ALICE, first, attempt="mine")
        hashes.clear()
        assert kit.redeem(ALICE, second, attempt="mine").remaining == 1
        assert len(hashes) == 1


class TestIssuing:
    def test_a_set_that_landed_unseen_is_shown(self, storage):
        """Before we looked, somebody guessed: it is ours all the same, and its codes count."""
        kit = a_kit(storage)
        meanwhile(storage, lambda: guess(a_kit(storage)))
        codes = kit.issue(ALICE).codes
        assert kit.status(ALICE).failures == 1
        assert kit.redeem(ALICE, codes[0]).remaining == 2

    def test_a_lost_swap_offers_the_same_codes_again(self, storage, hashes):
        """Nobody can have stored them: they need not be hashed a second time."""
        kit = a_kit(storage)
        storage.before = lambda: kit.unlock(ALICE, session="s")
        kit.issue(ALICE)
        assert len(hashes) == 3


class TestRotating:
    def test_a_lost_swap_offers_the_same_code_again(self, storage, hashes):
        """Nobody has seen it, so that it need not be drawn and hashed a second time."""
        kit = a_kit(storage, rotate=True)
        codes = kit.issue(ALICE).codes
        hashes.clear()
        storage.before = lambda: guess(a_kit(storage))
        (code,) = kit.redeem(ALICE, codes[0]).replacement.codes
        assert len(hashes) == 2 + 1
        assert kit.redeem(ALICE, code).replacement

    def test_a_set_that_was_replaced_meanwhile_is_guessed_at_anew(self, storage):
        """The code that was drawn for the other set is forgotten with it."""
        kit = a_kit(storage, rotate=True)
        codes = kit.issue(ALICE).codes
        new = []
        storage.before = lambda: new.extend(kit.issue(ALICE, replace=True).codes)
        with pytest.raises(InvalidCode):
            kit.redeem(ALICE, codes[0])
        assert kit.status(ALICE).failures == 1
        assert kit.redeem(ALICE, new[0]).replacement

    @pytest.mark.parametrize("then", ["nothing", "another commit"])
    def test_a_lost_answer_keeps_the_new_code(self, storage, then):
        """Within one call the success is our own: the code that took the place is still shown."""
        kit = a_kit(storage, rotate=True)
        codes = kit.issue(ALICE).codes
        storage.lost_answers = 1
        redemption = kit.redeem(ALICE, codes[0], attempt="a")
        assert not redemption.replayed
        (code,) = redemption.replacement.codes
        if then == "another commit":
            storage.lost_answers = 1
            kit.redeem(ALICE, codes[1])
        assert kit.redeem(ALICE, code).replacement

    @pytest.mark.parametrize(
        ("before", "after", "told"),
        [
            (0, 0, InvalidCode),
            (MAX_FORMER + 2, 0, InvalidCode),
            (MAX_FORMER + 2, MAX_FORMER, OutcomeUnknown),
        ],
    )
    def test_what_is_forgotten_tells_nothing(self, storage, before, after, told):
        """A swap that did not land is missing among the former codes, as long as it would be there.

        Older ones go first: while one of them is there, ours would be.
        """
        kit = a_kit(storage, rotate=True)
        mine, other, _ = kit.issue(ALICE).codes
        others = [other]

        def rotate(code):
            return a_kit(storage, rotate=True).redeem(ALICE, code).replacement.codes[0]

        def use(times):
            for _ in range(times):
                others.append(rotate(others[-1]))

        def lose():
            rotate(mine)
            use(after)
            raise OutcomeUnknown

        use(before)
        storage.before = lose
        with pytest.raises(told):
            kit.redeem(ALICE, mine)

    def test_a_code_that_was_not_put_there_is_not_shown(self, storage):
        """The same attempt won elsewhere: its answer had the code that took the place."""
        kit = a_kit(storage, rotate=True)
        code = kit.issue(ALICE).codes[0]
        storage.before = lambda: a_kit(storage, rotate=True).redeem(ALICE, code, attempt="mine")
        redemption = kit.redeem(ALICE, code, attempt="mine")
        assert (redemption.replayed, redemption.replacement) == (True, None)

    def test_a_spent_code_that_was_overtaken_is_found_among_the_former_ones(self, storage):
        """Our swap landed unseen, and before we looked, the new code was replaced in its turn."""
        kit = a_kit(storage, rotate=True)
        codes = kit.issue(ALICE).codes
        meanwhile(storage, lambda: a_kit(storage, rotate=True).redeem(ALICE, codes[1]))
        redemption = kit.redeem(ALICE, codes[0])
        assert (redemption.ordinal, redemption.replayed) == (0, False)
        assert kit.redeem(ALICE, redemption.replacement.codes[0]).replacement


class TestConfirming:
    def test_a_lost_swap_is_judged_again_without_a_second_hash(self, storage, hashes):
        """A failure of the active set came between; the pending one is confirmed all the same."""
        kit = a_kit(storage, confirm=True)
        old = kit.issue(ALICE).codes
        kit.confirm(ALICE, old[0])
        new = kit.issue(ALICE, replace=True).codes
        hashes.clear()
        storage.before = lambda: kit.redeem(ALICE, old[0])
        status = kit.confirm(ALICE, new[0])
        assert (status.state, status.remaining, status.failures) == (SetState.ACTIVE, 3, 0)
        assert len(hashes) == 2

    def test_a_set_that_was_used_meanwhile_is_confirmed_all_the_same(self, storage):
        """Our swap landed unseen, and the status is that of what stands now."""
        kit = a_kit(storage, confirm=True, expires_after=timedelta(days=1))
        codes = kit.issue(ALICE).codes
        meanwhile(storage, lambda: kit.redeem(ALICE, codes[1]))
        status = kit.confirm(ALICE, codes[0])
        assert (status.state, status.pending, status.remaining) == (SetState.ACTIVE, False, 2)

    def test_two_confirmations_at_once_both_succeed(self, storage):
        """The second one finds the set confirmed a moment ago, and is told the same."""
        kit = a_kit(storage, confirm=True)
        codes = kit.issue(ALICE).codes
        storage.before = lambda: kit.confirm(ALICE, codes[1])
        assert kit.confirm(ALICE, codes[0]).remaining == 3
        confirmed = [each for each in storage.events(ALICE) if each.kind is EventKind.CONFIRMED]
        assert len(confirmed) == 1

    @pytest.mark.parametrize("verb", ["confirm", "unlock", "lock", "revoke"])
    def test_a_lost_answer_is_found_out(self, storage, verb):
        """What stands is our own commit: the call succeeds, and has happened once."""
        kit = a_kit(storage, confirm=True)
        code = kit.issue(ALICE).codes[0]
        if verb == "lock":
            kit.unlock(ALICE, session="s")
        before = len(storage.events(ALICE))
        storage.lost_answers = 1
        {
            "confirm": lambda: kit.confirm(ALICE, code),
            "unlock": lambda: kit.unlock(ALICE, session="s"),
            "lock": lambda: kit.lock(ALICE, session="s"),
            "revoke": lambda: kit.revoke(ALICE),
        }[verb]()
        assert len(storage.events(ALICE)) == before + 1


class TestImporting:
    def test_an_import_that_landed_is_told(self, storage):
        """It is found in the document."""
        storage.lost_answers = 1
        assert a_kit(storage).import_codes(ALICE, THEIRS, format=SHAPE).remaining == 1

    def test_an_import_that_may_land_late_is_not_offered_again(self, storage):
        """Its codes are known: it could bring them back after they were spent."""

        def lose():
            raise OutcomeUnknown

        storage.before = lose
        with pytest.raises(OutcomeUnknown):
            a_kit(storage).import_codes(ALICE, THEIRS, format=SHAPE)
        assert storage.load(ALICE) is None


def test_an_issue_beside_a_set_that_was_confirmed_meanwhile_loses(storage):
    """Replacing names what it saw first: it never takes the place of a set that counts by now."""
    kit = a_kit(storage, confirm=True)
    codes = kit.issue(ALICE).codes
    storage.before = lambda: kit.confirm(ALICE, codes[0])
    with pytest.raises(ConcurrentUpdate):
        kit.issue(ALICE, replace=True)
    assert kit.redeem(ALICE, codes[0]).remaining == 2


@pytest.mark.parametrize("replace", [False, True])
def test_an_issue_that_landed_and_was_replaced_before_it_was_seen_is_unknown(storage, replace):
    """It may have ended the set that stood before: no error may say that nothing was changed."""
    kit = a_kit(storage)
    if replace:
        kit.issue(ALICE)
    real, loads = storage.load, []

    def load(subject):
        loads.append(subject)
        if len(loads) == 2:  # between our unknown commit and our look at what stands
            a_kit(storage).issue(ALICE, replace=True)
        return real(subject)

    storage.lost_answers, storage.load = 1, load
    with pytest.raises(OutcomeUnknown):
        kit.issue(ALICE, replace=replace)
    issued = [each for each in storage.events(ALICE) if each.kind is EventKind.ISSUED]
    assert len(issued) == 2 + replace
