"""The explorer: it takes every decision in every way, and says which way went wrong."""

from datetime import timedelta
from functools import partial
from math import factorial

import pytest

from recoverykit.core import flows
from recoverykit.core.call import Call, Setup
from recoverykit.core.effects import Answer, commit, derive, load
from recoverykit.core.foreign import ForeignHash
from recoverykit.core.hasher import Argon2idHasher
from recoverykit.core.masked import Masked
from recoverykit.core.policy import Policy
from recoverykit.core.probe import ForeignRequest, HashRequest
from recoverykit.core.record import Change
from recoverykit.core.results import Redemption
from recoverykit.core.subject import Subject
from recoverykit.errors import StorageError, UnknownKey
from recoverykit.testing.explorer import START, Faults, explore, play
from recoverykit.testing.history import Crashed, Raised, Returned
from recoverykit.testing.model import Model, digest
from recoverykit.testing.moves import Budget
from recoverykit.testing.script import entropy_of
from tests.core.test_foreign import CODE, VECTORS

ALICE = Subject("alice")
BOB = Subject("bob")
CHEAP = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)
MINUTE = timedelta(minutes=1)


def change(expected, revision, document="{}"):
    return Change(expected=expected, revision=revision, document=document, events=(), summary=None)


def reader(loads):
    """A call that loads so many times, and returns what it saw."""

    def begin(entropy):
        seen = []
        for _ in range(loads):
            loaded = yield from load(ALICE)
            seen.append((loaded.record and loaded.record.document, loaded.now))
        return seen

    return begin


def writer(*documents, subject=ALICE):
    """A call that puts one document after the other in the place of what stands."""

    def begin(entropy):
        answers = []
        for document in documents:
            loaded = yield from load(subject)
            expected = loaded.record.revision if loaded.record else None
            answer = yield from commit(subject, change(expected, entropy(8).hex(), document))
            answers.append(answer)
        return answers

    return begin


def inserter(document):
    """A call that stores a document where nothing stands, and returns the answer."""

    def begin(entropy):
        return (yield from commit(ALICE, change(None, entropy(8).hex(), document)))

    return begin


def collect(calls, **options):
    """Return all histories and how much was explored."""
    histories = []
    explored = explore(calls, check=histories.append, **options)
    assert explored.histories == len(histories)
    return histories, explored


def stories(histories):
    """Return who landed what, in order, and how each call ended, of each history."""
    return {
        (
            tuple((each.call, each.change.document) for each in history.landed),
            tuple(getattr(end, "value", type(end).__name__) for end in history.ends.values()),
        )
        for history in histories
    }


@pytest.mark.parametrize(("calls", "steps"), [(1, 1), (1, 5), (2, 3), (3, 1), (3, 3), (4, 2)])
def test_the_schedules_without_faults_are_all_interleavings(calls, steps):
    """There are (n·k)! / (k!)^n ways to interleave n calls of k steps, and each is covered."""
    _, explored = collect({f"call {number}": reader(steps) for number in range(calls)})
    assert explored.schedules == factorial(calls * steps) // factorial(steps) ** calls
    assert explored.states == (steps + 1) ** calls
    assert explored.histories == 1


def test_a_call_that_asks_for_nothing_is_over_at_once():
    """No call, or one without any effect, makes one schedule with no move."""
    assert collect({})[1].schedules == 1
    histories, explored = collect({"idle": reader(0)})
    assert explored.schedules == 1
    assert histories[0].ends == {"idle": Returned(value=[], replies=())}


def test_exactly_one_of_two_inserts_wins():
    """The model store compares and swaps: whoever comes first lands, the other one is told."""
    histories, explored = collect({"A": inserter("a"), "B": inserter("b")})
    assert explored.schedules == 2
    assert stories(histories) == {
        ((("A", "a"),), (Answer.WON, Answer.LOST)),
        ((("B", "b"),), (Answer.LOST, Answer.WON)),
    }


def test_subjects_do_not_see_each_other():
    """Two writers on two subjects both win, whatever the order."""
    histories, _ = collect({"A": writer("a"), "B": writer("b", subject=BOB)})
    assert {history.ends[name].value[0] for history in histories for name in "AB"} == {Answer.WON}


def test_a_crash_may_follow_any_step_and_the_last_one_too():
    """A call of two loads ends in three ways: told, or crashed after its first or second step."""
    histories, explored = collect({"A": reader(2)}, faults=Faults(crashes=1))
    assert explored.schedules == 3
    assert [history.ends["A"] for history in histories].count(Crashed()) == 1
    assert explored.histories == 2


def test_a_crash_in_a_commit_leaves_its_change_on_its_way():
    """Whoever crashes in a commit may have landed it, may land it later, or never."""
    histories, _ = collect({"A": inserter("a"), "B": inserter("b")}, faults=Faults(crashes=1))
    assert stories(histories) == {
        ((("A", "a"),), (Answer.WON, Answer.LOST)),
        ((("B", "b"),), (Answer.LOST, Answer.WON)),
        ((("A", "a"),), ("Crashed", Answer.LOST)),
        ((("B", "b"),), ("Crashed", Answer.WON)),
        ((("B", "b"),), (Answer.LOST, "Crashed")),
        ((("A", "a"),), (Answer.WON, "Crashed")),
    }


def test_no_more_calls_crash_than_budgeted_for():
    """A budget is how many may fail, not how many must."""
    for crashes in range(4):
        histories, _ = collect({name: reader(2) for name in "ABC"}, faults=Faults(crashes=crashes))
        counts = {list(history.ends.values()).count(Crashed()) for history in histories}
        assert counts == set(range(crashes + 1))


def test_a_lost_answer_means_landed_or_not_landed_or_landing_later():
    """One insert: won; or its answer is lost, and then it lands or it does not."""
    histories, explored = collect({"A": inserter("a")}, faults=Faults(lost_answers=1))
    assert explored.schedules == 3
    assert stories(histories) == {
        ((("A", "a"),), (Answer.WON,)),
        ((), (Answer.UNKNOWN,)),
        ((("A", "a"),), (Answer.UNKNOWN,)),
    }


def test_a_change_on_its_way_lands_only_where_its_revision_stands():
    """Once another change stands in its place, a late one stays away."""
    histories, _ = collect({"A": inserter("a"), "B": inserter("b")}, faults=Faults(lost_answers=1))
    assert all(len(history.landed) <= 1 for history in histories)
    lost = {story for story in stories(histories) if Answer.UNKNOWN in story[1]}
    assert lost == {
        ((("A", "a"),), (Answer.UNKNOWN, Answer.LOST)),
        ((("B", "b"),), (Answer.UNKNOWN, Answer.WON)),
        ((("B", "b"),), (Answer.LOST, Answer.UNKNOWN)),
        ((("A", "a"),), (Answer.WON, Answer.UNKNOWN)),
    }


def test_a_late_insert_may_land_after_an_erasure():
    """Nothing stored is a state that comes back, so an insert on its way may follow it."""
    histories, _ = collect(
        {"A": inserter("a"), "B": writer("b", None)}, faults=Faults(lost_answers=1)
    )
    landed = [[(each.call, each.change.document) for each in each.landed] for each in histories]
    assert [("B", "b"), ("B", None), ("A", "a")] in landed


@pytest.mark.parametrize(
    ("loads", "stale", "schedules"), [(1, 0, 1), (1, 1, 3), (2, 1, 5), (2, 2, 9)]
)
def test_a_stale_load_returns_what_stood_at_any_earlier_moment(loads, stale, schedules):
    """Over two revisions each load may return the first of them, or nothing, within the budget."""
    before = play({"setup": writer("old", "new")}).landed
    histories, explored = collect(
        {"A": reader(loads)}, before=before, faults=Faults(stale_loads=stale)
    )
    assert explored.schedules == schedules
    seen = {document for history in histories for document, _ in history.ends["A"].value}
    assert seen == ({"new", "old", None} if stale else {"new"})


def test_a_stale_load_returns_only_what_stood_for_its_subject():
    """After an erasure there is what stood before it; what stood for another subject never was."""
    before = play({"A": writer("a", None), "B": writer("b", subject=BOB)}).landed
    histories, _ = collect({"C": reader(1)}, before=before, faults=Faults(stale_loads=1))
    assert [history.ends["C"].value[0][0] for history in histories] == [None, "a"]


def test_a_call_that_has_ended_asks_for_nothing():
    """Whoever follows a schedule by hand cannot take a step that does not exist."""
    model = Model({"idle": reader(0)}, before=(), times=(START,), keyring=None)
    state = model.start(Budget(crashes=0, lost=0, stale=0, errors=0))
    with pytest.raises(LookupError, match="has ended"):
        model.effect_of(state, 0)


def test_the_clock_may_move_at_any_moment():
    """Each move of the clock comes at any point of the schedule, in order, or never."""
    histories, explored = collect({"A": reader(2)}, faults=Faults(clock_moves=(MINUTE, -MINUTE)))
    times = {tuple(now - START for _, now in history.ends["A"].value) for history in histories}
    zero = timedelta(0)
    assert times == {(zero, zero), (zero, MINUTE), (MINUTE, MINUTE), (MINUTE, zero)}
    assert explored.schedules == 6


def test_a_storage_may_fail_at_any_load_or_commit():
    """An error is thrown into the flow, does nothing, and counts against its budget."""
    histories, explored = collect({"A": writer("a")}, faults=Faults(errors=1))
    assert explored.schedules == 3
    raised = [each for each in histories if isinstance(each.ends["A"], Raised)]
    assert len(raised) == 2
    assert all(type(each.ends["A"].error) is StorageError and not each.landed for each in raised)


def test_a_missing_key_is_raised_where_the_digest_is_asked_for():
    """What the shell would raise for a digest, the flow is thrown."""

    def begin(entropy):
        request = HashRequest(hasher=CHEAP, key_id="2026", salt=bytes(16), message=Masked(b"m"))
        yield from derive(request)

    (history,), _ = collect({"A": begin})
    assert type(history.ends["A"].error) is UnknownKey


def test_whatever_a_call_raises_is_how_it_ended():
    """An error outside our tree is for the check to judge; it does not stop the explorer."""

    def begin(entropy):
        yield from load(ALICE)
        raise ZeroDivisionError

    (history,), _ = collect({"A": begin})
    assert type(history.ends["A"].error) is ZeroDivisionError


def test_each_call_draws_from_a_stream_of_its_own():
    """The same name draws the same bytes again; another name draws others."""
    first, again, other = entropy_of("A"), entropy_of("A"), entropy_of("B")
    assert [first(5), first(40)] == [again(5), again(40)]
    assert other(5) != entropy_of("A")(5)


def test_a_branch_goes_on_as_if_it_were_the_only_one():
    """A call that is run anew for a branch draws and sees what it drew and saw before."""

    def begin(entropy):
        row = [entropy(4)]
        for _ in range(3):
            row.append((yield from load(ALICE)).record)
            row.append(entropy(4))
        return row

    histories, _ = collect({"A": begin, "B": writer("b", "c")})
    stream = entropy_of("A")
    drawn = [stream(4) for _ in range(4)]
    assert len(histories) > 1
    assert all(history.ends["A"].value[::2] == drawn for history in histories)


def test_play_runs_calls_one_after_the_other():
    """In order, each to its end, on the same storage; also on what had landed before."""
    first = play({"A": writer("a"), "B": reader(1)})
    assert first.ends["B"].value == [("a", START)]
    second = play({"C": writer("c")}, before=first.landed, now=START + MINUTE)
    assert second.before == first.landed
    assert second.landed[0].change.expected == first.landed[0].change.revision


def forgetful(entropy):
    """Add one to what it read, on the revision that stood when it wrote: a lost update."""
    read = yield from load(ALICE)
    count = int(read.record.document) if read.record else 0
    stands = yield from load(ALICE)
    expected = stands.record.revision if stands.record else None
    yield from commit(ALICE, change(expected, entropy(4).hex(), str(count + 1)))
    return count + 1


def test_a_planted_lost_update_is_found_and_shown_step_by_step():
    """The failure names a shortest schedule in steps that can be followed by hand."""

    def check(history):
        assert history.landed[-1].change.document == str(len(history.landed)), "an update is lost"

    with pytest.raises(AssertionError) as raised:
        explore({"A": forgetful, "B": forgetful}, check=check)
    message = str(raised.value)
    assert message.startswith("an update is lost")
    assert message.endswith(
        """The schedule, 6 moves:
   1. A loads nothing
   2. A loads nothing
   3. B loads nothing
   4. A commits on nothing: won, r1; A returns 1
   5. B loads r1
   6. B commits on r1: won, r2; B returns 1"""
    )


def test_the_shortest_schedule_tells_every_kind_of_move():
    """Lost answers, late landings, errors, crashes and the clock have their words."""

    def check(history):
        ends = history.ends
        assert not (
            isinstance(ends["A"], Returned)
            and ends["A"].value == [Answer.UNKNOWN, Answer.UNKNOWN]
            and isinstance(ends["B"], Raised)
            and isinstance(ends["C"], Crashed)
            and len(history.landed) == 2
            and ends["A"].replies[0].now > START
        ), "planted"

    with pytest.raises(AssertionError, match="planted") as raised:
        explore(
            {"A": writer("a", "b"), "B": reader(1), "C": inserter("c")},
            check=check,
            before=play({"setup": inserter("old")}).landed,
            faults=Faults(crashes=1, lost_answers=2, errors=1, clock_moves=(MINUTE,)),
        )
    schedule = str(raised.value).partition("The schedule, 9 moves:\n")[2]
    lines = [line[6:] for line in schedule.splitlines()]
    assert sorted(lines) == sorted(
        [
            "the clock moves to 2026-01-01T12:01:00+00:00",
            "A loads r1",
            "A commits on r1: the answer is lost, the change on its way",
            "A's change on its way (on r1) lands as r2",
            "A loads r2",
            (
                "A commits on r2: the answer is lost, the change on its way; A returns "
                "[<Answer.UNKNOWN: 'unknown'>, <Answer.UNKNOWN: 'unknown'>]"
            ),
            "A's change on its way (on r2) lands as r3",
            "B is told that the storage failed; B raises StorageError: the storage failed",
            "C commits on nothing: the change is on its way, and crashes",
        ]
    )


def test_a_stale_load_is_marked_in_the_schedule():
    """Whoever follows a schedule must see which load broke the contract."""

    def check(history):
        assert history.ends["A"].value[0][0] == "new"

    before = play({"setup": writer("old", "new")}).landed
    with pytest.raises(AssertionError, match=r"A loads nothing \(stale\)"):
        explore({"A": reader(1)}, check=check, before=before, faults=Faults(stale_loads=1))


def test_a_call_that_never_ends_is_a_failure():
    """Waiting in a loop for another call is found out, not explored for ever."""

    def begin(entropy):
        while True:
            yield from load(ALICE)

    with pytest.raises(AssertionError, match="does not end within 400 moves"):
        explore({"A": begin}, check=lambda _: None)
    with pytest.raises(AssertionError, match="A does not end within 400 steps"):
        play({"A": begin})


def test_a_check_must_depend_on_the_history_alone():
    """A check that fails once and never again is told apart from a schedule that fails."""
    calls = iter((False,))

    def check(history):
        assert next(calls, True)

    with pytest.raises(LookupError, match="depends on something else"):
        explore({"A": reader(1)}, check=check)


def redeemer(name, code, *, entropy):
    setup = Setup(policy=Policy(count=2, hasher=CHEAP), keyring=None, entropy=entropy)
    call = Call(setup=setup, subject=ALICE, attempt=name, context={})
    return (
        flows.issue(call, replacing=False, session=None)
        if code is None
        else flows.redeem(call, Masked(code))
    )


def believing(flow):
    """Drive a flow as a shell would that takes a lost swap for a won one."""
    effect = next(flow)
    while True:
        try:
            reply = yield effect
            effect = flow.send(Answer.WON if reply is Answer.LOST else reply)
        except StopIteration as stop:
            return stop.value


def test_a_planted_double_spend_is_found():
    """Two redemptions of one code that ignore a lost swap both succeed in some schedule."""

    def check(history):
        values = [end.value.value for end in history.ends.values()]
        assert sum(isinstance(value, Redemption) for value in values) == 1, "spent twice"

    issued = play({"issue": lambda entropy: redeemer("issue", None, entropy=entropy)})
    code = issued.ends["issue"].value.value.codes[0]
    honest = {name: partial(_redeem, name, code) for name in "AB"}
    explored = explore(honest, check=check, before=issued.landed)
    # Three steps each; the one that loses goes on only when the other has ended.
    assert explored.schedules == factorial(6) // factorial(3) ** 2
    mutants = {name: partial(_believe, name, code) for name in "AB"}
    with pytest.raises(AssertionError, match=r"(?s)spent twice.*6 moves.*commits on r1: lost; "):
        explore(mutants, check=check, before=issued.landed)


def _redeem(name, code, entropy):
    return redeemer(name, code, entropy=entropy)


def _believe(name, code, entropy):
    return believing(redeemer(name, code, entropy=entropy))


def test_what_another_system_hashed_has_no_stand_in():
    """It is evaluated as it is: a right guess gives what is expected, and no other."""
    foreign = ForeignHash.read(*VECTORS["argon2id"])
    right, wrong = (
        digest(ForeignRequest(hash=foreign, secret=Masked(code.encode())), keyring=None)
        for code in (CODE, CODE[:-1] + "y")
    )
    assert right == foreign.expected
    assert wrong != foreign.expected
