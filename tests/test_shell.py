"""The shell over storages that misbehave: every end is an error of our tree, and told truly."""

from datetime import UTC, datetime

import pytest

from recoverykit import (
    Argon2idHasher,
    CodeAlreadyUsed,
    CodesAlreadyIssued,
    ConcurrentUpdate,
    EventKind,
    InvalidArgument,
    InvalidCode,
    NoActiveCodes,
    OutcomeUnknown,
    Overloaded,
    Policy,
    RecoveryKit,
    SetState,
    StorageError,
)
from recoverykit.core.effects import load
from recoverykit.core.rounds import MAX_TRIES
from recoverykit.core.subject import Subject
from recoverykit.storage import HostRefused
from recoverykit.storage.memory import MemoryStorage
from recoverykit.testing import ManualClock

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
CHEAP = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)
WEAK = frozenset({"A5-C-KDF"})  # tests shall not take long
ALICE = Subject("alice")


class Scripted:
    """A storage that does to each commit what the script says; afterwards it is well again."""

    def __init__(self):
        self.real = MemoryStorage()
        self.script = []
        self.commits = 0

    def load(self, subject):
        return self.real.load(subject)

    def commit(self, subject, change):
        return self._act(subject, change, lambda: self.real.commit(subject, change))

    def commit_within(self, subject, change, within):
        return self._act(subject, change, lambda: self.real.commit_within(subject, change, within))

    def _act(self, subject, change, commit):
        self.commits += 1
        act = self.script.pop(0) if self.script else "well"
        if act == "well":
            return commit()
        return act(subject, change, commit)


def landed(_subject, _change, commit):
    commit()
    raise OutcomeUnknown


def not_landed(_subject, _change, _commit):
    raise OutcomeUnknown


def lost(_subject, _change, _commit):
    return False


def failed(_subject, _change, _commit):
    raise StorageError("disk full")


@pytest.fixture
def storage():
    return Scripted()


@pytest.fixture
def events():
    return []


@pytest.fixture
def kit(storage, events):
    policy = Policy(hasher=CHEAP, accept=WEAK)
    return RecoveryKit(storage, policy=policy, clock=ManualClock(START), on_event=events.append)


@pytest.fixture
def codes(kit):
    return kit.issue("alice").codes


@pytest.fixture
def foreign():
    return (
        RecoveryKit(MemoryStorage(), policy=Policy(hasher=CHEAP, accept=WEAK))
        .issue("mallory")
        .codes
    )


def then(storage, *script):
    storage.script[:] = script
    storage.commits = 0


class TestUnknownOutcomes:
    def test_a_success_that_landed_is_told(self, kit, storage, codes, events):
        """One commit, one success, not a replay, announced once; the function ran once."""
        then(storage, landed)
        calls = []
        redemption = kit.redeem("alice", codes[0], within=calls.append)
        assert (redemption.remaining, redemption.replayed) == (9, False)
        assert (storage.commits, calls) == (1, [None])
        assert [event.kind for event in events[1:]] == [EventKind.REDEEMED]

    def test_a_success_that_did_not_land_is_tried_again(self, kit, storage, codes):
        """The next swap on the same revision proves that the first can never land."""
        then(storage, not_landed)
        assert kit.redeem("alice", codes[0]).remaining == 9
        assert storage.commits == 2

    def test_a_success_that_others_built_upon_is_told(self, kit, storage, codes):
        """Reading our own revision back is not needed: the mark in the document says it."""

        def landed_then_another(subject, change, commit):
            commit()
            kit.redeem(subject, codes[1])
            raise OutcomeUnknown

        then(storage, landed_then_another)
        assert kit.redeem("alice", codes[0]).replayed is False
        assert kit.status("alice").remaining == 8

    def test_a_success_that_lands_late_is_told(self, kit, storage, codes):
        """The retry loses against our own first commit, and finds its mark."""
        late = []

        def landing_later(_subject, _change, commit):
            late.append(commit)
            raise OutcomeUnknown

        def overtaken(_subject, _change, commit):
            late.pop()()
            return commit()

        then(storage, landing_later, overtaken)
        assert kit.redeem("alice", codes[0]).replayed is False
        assert kit.status("alice").remaining == 9

    def test_a_counted_failure_that_landed_counts_once(self, kit, storage, codes, foreign):
        """Our own revision stands: the guess was counted, and is answered."""
        then(storage, landed)
        with pytest.raises(InvalidCode):
            kit.redeem("alice", foreign[0])
        assert kit.status("alice").failures == 1

    def test_a_set_that_landed_is_returned(self, kit, storage):
        """The codes that are shown are the codes that are stored."""
        then(storage, landed)
        issued = kit.issue("alice")
        assert storage.commits == 1
        assert kit.redeem("alice", issued.codes[0]).set_id == issued.set_id

    def test_a_set_that_others_built_upon_is_returned(self, kit, storage):
        """It is recognised by its id, whatever has happened to it since."""

        def landed_then_another(subject, change, commit):
            commit()
            kit.revoke(subject)
            raise OutcomeUnknown

        then(storage, landed_then_another)
        assert kit.issue("alice").set_id
        assert kit.status("alice").state is SetState.REVOKED

    def test_codes_whose_insert_is_in_doubt_are_not_offered_again(self, kit, storage):
        """A late insert could come back after an erasure: never with codes that were shown."""
        late = []

        def landing_later(_subject, _change, commit):
            late.append(commit)
            raise OutcomeUnknown

        then(storage, landing_later)
        issued = kit.issue("alice")
        kit.redeem("alice", issued.codes[0])
        kit.erase("alice")
        assert late.pop()() is True
        with pytest.raises((InvalidCode, NoActiveCodes)):
            kit.redeem("alice", issued.codes[0])

    @pytest.mark.parametrize("act", [landed, not_landed])
    def test_a_revocation_is_told(self, kit, storage, codes, act):
        """Landed or not, in the end it has."""
        then(storage, act)
        assert kit.revoke("alice").state is SetState.REVOKED

    @pytest.mark.parametrize("act", [landed, not_landed])
    def test_an_erasure_is_told(self, kit, storage, codes, events, act):
        """Landed or not, in the end nothing is stored; it is announced once."""
        then(storage, act)
        kit.erase("alice")
        assert storage.load(ALICE) is None
        assert [event.kind for event in events].count(EventKind.ERASED) == 1

    def test_too_many_lost_answers_are_an_unknown_outcome(self, kit, storage, codes):
        """With the id of the attempt, under which a later call learns the truth."""
        then(storage, not_landed, not_landed, landed)
        with pytest.raises(OutcomeUnknown) as unknown:
            kit.redeem("alice", codes[0], attempt="login-1")
        assert unknown.value.attempt == "login-1"
        assert kit.redeem("alice", codes[0], attempt="login-1").replayed

    def test_a_failure_after_a_lost_answer_leaves_the_outcome_unknown(self, kit, storage, codes):
        """A storage that then says no does not take the doubt away."""
        then(storage, not_landed, failed)
        with pytest.raises(OutcomeUnknown):
            kit.redeem("alice", codes[0])

    def test_a_refusal_in_doubt_is_an_unknown_outcome(self, storage):
        """The set expires while the first commit may still land: nobody may call it refused."""
        clock = ManualClock(START)
        policy = Policy(hasher=CHEAP, accept=WEAK, expires_after=Policy().replay_for)
        kit = RecoveryKit(storage, policy=policy, clock=clock)
        codes = kit.issue("alice").codes

        def expiring(_subject, _change, _commit):
            clock.advance(policy.expires_after)
            raise OutcomeUnknown

        then(storage, expiring)
        with pytest.raises(OutcomeUnknown):
            kit.redeem("alice", codes[0])

    def test_a_set_that_is_gone_can_not_say(self, kit, storage, codes):
        """Whether the code was spent before another call replaced its set, nobody knows."""

        def replaced(subject, _change, _commit):
            kit.issue(subject, replace=True)
            raise OutcomeUnknown

        then(storage, replaced)
        with pytest.raises(OutcomeUnknown):
            kit.redeem("alice", codes[0], attempt="login-1")

    def test_an_answer_that_is_no_answer_is_unknown(self, kit, storage, codes):
        """A storage that forgets to return is asked again, and found out."""
        then(storage, lambda _subject, _change, commit: commit() and None)
        assert kit.redeem("alice", codes[0]).remaining == 9
        assert storage.commits == 1

    def test_an_error_of_any_other_kind_is_unknown(self, kit, storage, codes):
        """Who raises something else does not say that nothing has landed."""

        def landed_then_broken(_subject, _change, commit):
            commit()
            raise OSError("the document is in here")

        then(storage, landed_then_broken)
        assert kit.redeem("alice", codes[0]).remaining == 9


class TestLostSwaps:
    def test_a_lost_swap_is_decided_again(self, kit, storage, codes):
        """Another writer was first; the code is still good."""
        then(storage, lost, lost)
        assert kit.redeem("alice", codes[0]).remaining == 9

    @pytest.mark.parametrize("verb", ["redeem", "revoke", "erase", "issue"])
    def test_a_call_that_always_loses_gives_up(self, kit, storage, codes, verb):
        """Bounded, and nothing is changed by it."""
        before = storage.load(ALICE)
        then(storage, *[lost] * MAX_TRIES)
        arguments = {"redeem": [codes[0]]}.get(verb, [])
        options = {"issue": {"replace": True}}.get(verb, {})
        with pytest.raises(ConcurrentUpdate, match=r"^other writers won every try$"):
            getattr(kit, verb)("alice", *arguments, **options)
        assert storage.load(ALICE) == before
        assert storage.commits == MAX_TRIES

    def test_a_code_spent_by_another_in_between_is_used(self, kit, storage, codes):
        """The loser is judged against what the winner has left."""

        def overtaken(subject, _change, commit):
            kit.redeem(subject, codes[0])
            return commit()

        then(storage, overtaken)
        with pytest.raises(CodeAlreadyUsed):
            kit.redeem("alice", codes[0])

    def test_a_replacement_does_not_replace_what_it_did_not_see(self, kit, storage, codes):
        """Two replacements: one set is live, and the loser is told."""

        def overtaken(subject, _change, commit):
            kit.issue(subject, replace=True)
            return commit()

        then(storage, overtaken)
        with pytest.raises(ConcurrentUpdate):
            kit.issue("alice", replace=True)

    def test_an_issue_finds_the_set_of_another(self, kit, storage):
        """Two first issues: the loser is told that there is a set now."""

        def overtaken(subject, _change, commit):
            kit.issue(subject)
            return commit()

        then(storage, overtaken)
        with pytest.raises(CodesAlreadyIssued):
            kit.issue("alice")


class TestFailures:
    def test_a_failed_commit_changes_nothing(self, kit, storage, codes):
        """The error is the storage's own; the code is good afterwards."""
        then(storage, failed)
        with pytest.raises(StorageError, match="disk full"):
            kit.redeem("alice", codes[0])
        assert kit.redeem("alice", codes[0]).remaining == 9

    @pytest.mark.parametrize("record", ["text", 7, ("revision", "document")])
    def test_a_load_that_returns_no_record_fails(self, kit, storage, codes, record):
        """What a storage of the host's returns is not believed."""
        storage.load = lambda _subject: record
        with pytest.raises(StorageError, match="returned no record"):
            kit.redeem("alice", codes[0])

    def test_a_load_that_raises_shows_only_its_type(self, kit, storage, codes):
        """What a driver says may hold the document: it is neither shown nor chained."""

        def load(_subject):
            raise RuntimeError("here is the document")

        storage.load = load
        with pytest.raises(StorageError, match="RuntimeError") as caught:
            kit.status("alice")
        assert "document" not in str(caught.value)
        assert caught.value.__cause__ is caught.value.__context__ is None

    def test_a_storage_error_of_a_load_passes(self, kit, storage):
        """It is already one of our tree."""
        error = StorageError("not reachable")

        def load(_subject):
            raise error

        storage.load = load
        with pytest.raises(StorageError) as caught:
            kit.status("alice")
        assert caught.value is error

    def test_what_the_hosts_function_raises_is_never_ours(self, kit, storage, codes):
        """Even an error of our own tree passes through unchanged."""
        for error in (OutcomeUnknown("x"), StorageError("x"), LookupError()):

            def fail(_connection, error=error):
                raise error

            with pytest.raises(type(error)) as caught:
                kit.redeem("alice", codes[0], within=fail)
            assert caught.value is error
        assert kit.redeem("alice", codes[0]).remaining == 9

    @pytest.mark.parametrize("answer", [True, False])
    def test_a_storage_that_swallows_the_hosts_error_does_not_hide_it(
        self, kit, storage, codes, answer
    ):
        """A success is never told where the host's function has failed."""

        def swallow(_subject, change, commit):
            try:
                commit()
            except LookupError:
                return answer

        def fail(_connection):
            raise LookupError

        then(storage, swallow)
        with pytest.raises(LookupError):
            kit.redeem("alice", codes[0], within=fail)

    def test_a_storage_that_disguises_the_hosts_error_does_not_hide_it(self, kit, storage, codes):
        """The host gets back the very error that its function raised."""
        error = LookupError("mine")

        def disguise(_subject, _change, commit):
            try:
                commit()
            except LookupError:
                raise StorageError("disguised") from None

        def fail(_connection):
            raise error

        then(storage, disguise)
        with pytest.raises(LookupError) as caught:
            kit.redeem("alice", codes[0], within=fail)
        assert caught.value is error

    def test_what_the_hosts_own_constraint_refuses_is_the_hosts(self, kit, storage, codes):
        """Refused at COMMIT, after the function has run: its own error, and the code unspent."""
        error = LookupError("foreign key")

        def refused(_subject, _change, _commit):
            raise HostRefused(error)

        then(storage, refused)
        with pytest.raises(LookupError) as caught:
            kit.redeem("alice", codes[0], within=print)
        assert caught.value is error
        assert kit.redeem("alice", codes[0]).remaining == 9

    def test_a_hash_that_cannot_be_computed_is_an_overload(self, kit, codes, monkeypatch):
        """No memory for a hash: nothing was judged, nothing was counted."""

        def fail(*_args, **_options):
            raise MemoryError

        monkeypatch.setattr("argon2.low_level.hash_secret_raw", fail)
        with pytest.raises(Overloaded, match="MemoryError") as caught:
            kit.redeem("alice", codes[0])
        assert caught.value.__context__ is None
        monkeypatch.undo()
        assert kit.status("alice").failures == 0

    @pytest.mark.parametrize(
        "time",
        [
            START.replace(tzinfo=None),
            datetime.min.replace(tzinfo=UTC),
            datetime.max.replace(tzinfo=UTC),
            7,
        ],  # naive on purpose
    )
    def test_a_clock_that_tells_no_usable_time_is_refused(self, storage, time):
        """Naive, absurd, or no time at all."""
        kit = RecoveryKit(storage, policy=Policy(hasher=CHEAP, accept=WEAK), clock=lambda: time)
        with pytest.raises(InvalidArgument, match="clock"):
            kit.issue("alice")


def test_a_shell_must_answer_in_kind():
    """A shell of somebody else's that mixes up its answers is found out at once."""
    flow = load(ALICE)
    next(flow)
    with pytest.raises(TypeError, match="Loaded"):
        flow.send("text")
