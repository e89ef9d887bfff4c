"""The check itself: what it is told, what it tells, and that it never tells a code."""

import threading
import traceback
from collections import defaultdict
from datetime import timedelta
from itertools import count
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import recoverykit
from recoverykit.errors import InvalidArgument
from recoverykit.testing.failure import ConformanceError
from recoverykit.testing.hosts import FORMS, Host, check_host
from recoverykit.testing.hosts.crew import Crew
from recoverykit.testing.hosts.desk import Broken, Desk
from recoverykit.testing.hosts.forms import symbols_of
from recoverykit.testing.hosts.machine import run_in_order
from recoverykit.testing.hosts.races import Races
from recoverykit.testing.hosts.report import Tally
from tests.testing.hosts.asked import only, silent
from tests.testing.hosts.faults import FAULTS, CountsNoGuesses, TellsAllThereEverWere
from tests.testing.hosts.plain import SIZE, Plain, Refused

SOURCE = Path(recoverykit.__file__).parent
FEW = {"examples": 2, "rounds": 2, "threads": 3}


def least(login):
    """Describe a login by nothing but what every one has."""
    return Host(
        new_user=login.new_user,
        issue=login.issue,
        redeem=login.redeem,
        refusals=(Refused,),
        most_guesses=None,
    )


def test_what_was_not_checked_is_told_with_the_reason(capsys):
    """A promise that nobody looked at is never passed over in silence."""
    without = {"F4": "our form takes the blanks out before we see them"}
    checked = check_host(least(Plain()), without=without, **FEW)
    assert capsys.readouterr().out == f"{checked}\n"
    assert str(checked).splitlines() == [
        "kept: H1 H2 H3 H4 H9 H10 H11 H17 F2 F3 F5",
        "opted out: F4: our form takes the blanks out before we see them",
        "not checked: H5: the host has no regenerate",
        "not checked: H6: the host has no regenerate",
        "not checked: H7: the host has no revoke",
        "not checked: H8: the host has no revoke",
        "not checked: H12: the host has no stranger",
        "not checked: H13: the host has no stranger",
        "not checked: H14: the host has no most_guesses",
        "not checked: H15: the host has no dump",
        "not checked: H16: the host has no remaining",
        "not checked: H18: the host has no set_size",
        "not checked: F1: nothing showed it",
        "not checked: F6: it is not usual, and the host does not declare it",
        "not checked: F7: it is not usual, and the host does not declare it",
    ]


def test_one_run_names_all_that_is_broken(capsys):
    """The search goes on behind the first fault, and the report says what was kept."""

    class Both(CountsNoGuesses, TellsAllThereEverWere):
        pass

    with pytest.raises(ConformanceError) as found:
        check_host(Both().host(), **FEW)
    assert {each.id for each in found.value.breaches} == {"H14", "H16"}
    assert str(found.value).startswith("the host breaks 2 promises: H14, H16\n")
    assert "broken: H14 H16\n" in capsys.readouterr().out


@pytest.mark.parametrize("promise", ["H2", "H3", "H9", "H10", "H15"])
def test_no_code_is_told(promise, monkeypatch):
    """Neither in the failure, nor in its traceback, nor in the report."""
    login, told, issued = FAULTS[promise](), [], []
    issue = login.issue

    def remember(user):
        codes = issue(user)
        issued.extend(codes)
        return codes

    monkeypatch.setattr(login, "issue", remember)
    # H2 is broken by who types a code in another form.
    without = only(promise, "F2")
    with pytest.raises(ConformanceError) as found:
        check_host(login.host(), without=without, tell=told.append, examples=1, rounds=100)
    told += traceback.format_exception(found.value)
    text = "\n".join([*told, repr(found.value)])
    assert len(issued) > 20
    assert not [code for code in issued if code in text or symbols_of(code) in text]


@pytest.mark.parametrize(
    "wrong",
    [
        {"without": {"H99": "there is none"}},
        {"without": {"H1": " "}},
        {"without": {"H1": None}},
        {"without": {1: "a number"}},
        {"without": ["H1"]},
        {"examples": 0},
        {"examples": "3"},
        {"examples": True},
        {"rounds": 0},
        {"rounds": 1.5},
        {"threads": 1},
        {"threads": None},
        {"tell": None},
        {"host": None},
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused(wrong):
    """Before the host is asked for anything."""
    host = Host(new_user=lambda: 1 // 0, issue=lambda _: [], redeem=lambda _, __: False)
    with pytest.raises(InvalidArgument, match="must"):
        check_host(**{"host": host} | wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"free_guesses": 0},
        {"free_guesses": 5, "most_guesses": 5},
        {"free_guesses": "3"},
        {"most_guesses": "100"},
        {"set_size": 0},
        {"set_size": "3"},
        {"pause": 60},
        {"new_user": None},
        {"redeem": "redeem"},
        {"revoke": "revoke"},
        {"refusals": ValueError},
        {"refusals": (ValueError("wrong"),)},
        {"refusals": (KeyboardInterrupt,)},
        {"further_forms": FORMS[-1]},
        {"further_forms": ("F6",)},
        {"pause": 0 * Host.__dataclass_fields__["pause"].default},
    ],
    ids=str,
)
def test_a_host_that_cannot_be_is_refused(wrong):
    """Numbers that contradict each other, and what is of another type, are no description."""
    with pytest.raises(InvalidArgument, match="must"):
        Plain().host(**wrong)


@pytest.mark.parametrize(
    "issued", ["abcd-efgh", b"abcd", [], ["-"], ["abcd", None], None], ids=repr
)
def test_codes_are_texts(issued):
    """Whoever returns one text in the place of many is told, and not shown it."""
    host = Plain().host(issue=lambda _: issued)
    with pytest.raises(InvalidArgument, match="must return the codes, as texts"):
        check_host(host, tell=silent)


def locals_of_ours(error):
    """Return what a reporter shows that shows the locals of our frames."""
    return [
        f"{frame.f_code.co_name}: {name} = {value!r}"
        for frame, _ in traceback.walk_tb(error.__traceback__)
        if Path(frame.f_code.co_filename).is_relative_to(SOURCE)
        for name, value in frame.f_locals.items()
    ]


@pytest.mark.parametrize("verb", ["issue", "regenerate"])
def test_what_is_refused_for_codes_is_in_no_local_of_ours(verb):
    """The codes that stood beside what is no text are codes."""
    host = Plain().host(**{verb: lambda _: ["secret-code", None]})
    with pytest.raises(InvalidArgument, match="must return the codes, as texts") as found:
        check_host(host, tell=silent)
    shown = locals_of_ours(found.value)
    assert len(shown) > 10
    assert not [text for text in shown if "secret-code" in text]


@pytest.mark.parametrize("calls", range(1, 40, 3))
def test_what_a_host_raises_is_met_by_no_local_of_ours_with_a_code(calls):
    """Whoever is turned away by a limit on the addresses that codes are issued to, say."""
    login, numbers, issued = Plain(), count(1), []

    def issue(user):
        if next(numbers) >= calls:
            raise LookupError
        issued.extend(login.issue(user))
        return issued[-len(login.good[user]) :]

    # The machine, which does all of it once more, cannot meet the limit in the same place.
    with pytest.raises((LookupError, InvalidArgument)) as found:
        check_host(login.host(issue=issue), tell=silent, **FEW)
    shown = "\n".join(locals_of_ours(found.value))
    assert shown
    assert not [code for code in issued if code in shown or symbols_of(code) in shown]


def test_a_host_that_issues_nothing_in_a_race_is_asked_again():
    """It let somebody else go first."""
    login = Plain()
    host = login.host(regenerate=lambda user: [] if in_a_race() else login.issue(user))
    checked = check_host(host, tell=silent, **FEW)
    assert checked.broken == ()
    assert "H6" in checked.kept


def test_an_error_of_the_hosts_own_comes_through():
    """What fails before a code is sent is no breach: the description is wrong, or the host."""
    with pytest.raises(ZeroDivisionError):
        check_host(Plain().host(issue=lambda _: 1 // 0), tell=silent)


@given(st.integers())
@settings(max_examples=1, suppress_health_check=[HealthCheck.nested_given])
def test_it_runs_within_a_test_of_hypothesis(number):
    """Its own settings hold, whatever those around it are."""
    assert number is not None
    check_host(least(Plain()), tell=silent, **FEW)


class OnlyOnce(Plain):
    """It lets a used code in for the first time that one is sent again, and never after."""

    def __init__(self):
        super().__init__()
        self.spent, self.has_failed = set(), False

    def spend(self, user, code):
        if (user, code) in self.spent and not self.has_failed:
            self.has_failed = True
            return True
        is_spent = super().spend(user, code)
        self.spent |= {(user, code)} if is_spent else set()
        return is_spent


def test_what_is_seen_once_is_told():
    """A fault that does not come again is a fault."""
    desk = Desk(OnlyOnce().host(), muted=frozenset(), tally=Tally())
    with pytest.raises(Broken, match="H2") as found:
        run_in_order(desk, examples=20)
    assert found.value.steps[-1].endswith("let in")


@pytest.mark.parametrize("name", ["new_user", "remaining"])
@pytest.mark.parametrize("calls", [3, 7])
def test_an_error_that_does_not_come_again_is_named(name, calls):
    """By its type, in an error of ours: whoever does not do the same twice cannot be searched."""
    login, numbers = Plain(), count(1)

    def fail_once(*args):
        if next(numbers) == calls:
            raise OSError("once")
        return getattr(login, name)(*args)

    desk = Desk(login.host(**{name: fail_once}), muted=frozenset(), tally=Tally())
    with pytest.raises(InvalidArgument) as found:
        run_in_order(desk, examples=20)
    said = "the host must do the same each time: it raised OSError in one run, not in another"
    assert str(found.value) == said
    assert found.value.__context__ is None


def in_a_race():
    return threading.current_thread().name.startswith("crew")


class FailsInRaces(Plain):
    """It cannot take its lock where others hold it, as some databases cannot."""

    def guard(self, verb, user, typed=""):
        if in_a_race() and verb != "redeem":
            raise TimeoutError("the database is locked")
        return self.lock

    def redeem(self, user, typed):
        if in_a_race() and not self.lock.acquire(blocking=False):
            raise TimeoutError("the database is locked")
        try:
            return super().redeem(user, typed)
        finally:
            if in_a_race():
                self.lock.release()


def test_errors_in_races_are_told_and_no_breach():
    """Who is told that the database is locked is not let in; a code that is spent is spent."""
    checked = check_host(FailsInRaces().host(), tell=silent, examples=2, rounds=10)
    assert checked.broken == ()
    assert {"H6", "H8"} <= checked.kept.keys()
    assert checked.errors["TimeoutError"] > 0
    assert f"raised in races: TimeoutError, {checked.errors['TimeoutError']} times" in str(checked)


class LosesAnswers(Plain):
    """In a race it does what it is asked for, and fails before it can say so."""

    def __init__(self):
        super().__init__()
        self.issued = defaultdict(int)

    def issue(self, user):
        with self.lock:
            codes = super().issue(user)
            self.issued[user] += 1
            # The first set that is issued in a race is told, the one that replaces it is lost.
            if in_a_race() and self.issued[user] % 2:
                raise TimeoutError
        return codes

    def redeem(self, user, typed):
        answer = super().redeem(user, typed)
        if in_a_race():
            raise TimeoutError
        return answer


def test_nobody_knows_what_became_of_a_code_whose_answer_was_lost():
    """Spent or not, it is no breach; nor is it one that a set counts which nobody was told."""
    checked = check_host(LosesAnswers().host(), tell=silent, **FEW)
    assert checked.broken == ()
    assert checked.errors["TimeoutError"] > 0


class TurnsAllAway(Plain):
    """It serves one at a time, and refuses who comes meanwhile."""

    def redeem(self, user, typed):
        return not in_a_race() and super().redeem(user, typed)


def test_codes_that_nobody_could_spend_are_good_afterwards():
    """A race without a winner is no breach, as long as the code still counts."""
    checked = check_host(TurnsAllAway().host(), tell=silent, **FEW)
    assert checked.broken == ()
    assert {"H3", "H4"} & checked.kept.keys() == {"H3"}  # none was spent that could come back


class SpendsWhatItRefuses(Plain):
    """In a race it says no to everybody, and strikes the code out."""

    def redeem(self, user, typed):
        return super().redeem(user, typed) and not in_a_race()


def test_codes_that_are_refused_to_all_are_not_spent():
    """Who was refused may come again."""
    with pytest.raises(ConformanceError) as found:
        check_host(SpendsWhatItRefuses().host(), tell=silent, **FEW)
    assert [each.id for each in found.value.breaches] == ["H1"]


class StumblesOverTheLastCode(Plain):
    """It fails where it should let somebody in."""

    def keep(self, user, codes):
        super().keep(user, codes)
        self.last = {**getattr(self, "last", {}), user: codes[-1:]}

    def redeem(self, user, typed):
        if typed in self.last.get(user, ()):
            raise LookupError
        return super().redeem(user, typed)


def test_a_failure_that_is_known_leaves_the_rest_to_be_checked():
    """What a host thinks of a code at which it fails is nobody's guess."""
    without = {"H11": "it is known"}
    checked = check_host(StumblesOverTheLastCode().host(), without=without, tell=silent, **FEW)
    assert checked.broken == ()
    assert {"H1", "H16"} <= checked.kept.keys()


def test_what_a_host_cannot_do_does_not_race():
    """Such a race asks for nothing."""
    desk = Desk(least(Plain()), muted=frozenset(), tally=Tally())
    with Crew(2) as crew:
        races = Races(desk, crew)
        for race in (
            races.run_against_regenerate,
            races.run_two_regenerations,
            races.run_against_revoke,
        ):
            race()
    assert desk.steps == []


def test_who_can_wait_waits():
    """Where time can be made to pass, it passes before a guess that might be one too many."""
    login, waited = Plain(), []

    def advance(by):
        waited.append(by)
        login.failures = dict.fromkeys(login.failures, 0)

    check_host(login.host(advance=advance), tell=silent, examples=6, rounds=2)
    assert set(waited) == {timedelta(days=1)}


def test_who_arrives_has_done_all_that_comes_before():
    """Races begin behind the password; all else does both steps."""
    login, arrived = Plain(), []

    def arrive(user):
        arrived.append(threading.current_thread().name)
        return lambda code: login.redeem(user, code)

    check_host(login.host(arrive=arrive), tell=silent, **FEW)
    assert arrived
    assert all(name.startswith("crew") for name in arrived)


class TheSameForAll(Plain):
    """Everybody has the same codes: they are right for everybody."""

    def codes(self):
        return ["1-1111", "1-1112"]


def test_what_could_be_anybodys_code_is_not_judged():
    """A code that is right by chance is no breach, and a promise that nothing shows is told."""
    host = TheSameForAll().host(
        set_size=None, dump=None, regenerate=None, remaining=None, refusals=(Refused,)
    )
    checked = check_host(host, without={"H17": "they are codes for tests"}, tell=silent, **FEW)
    assert {"H12", "H13", "H14"} <= checked.not_checked.keys()


class DrawsByTheUser(Plain):
    """Its source begins anew for each user, and again each time."""

    def issue(self, user):
        drawn = Random(user)  # noqa: S311  # that is the fault
        codes = [drawn.randbytes(7).hex() for _ in range(SIZE)]
        self.keep(user, codes)
        return codes


@pytest.mark.parametrize("kind", [TheSameForAll, DrawsByTheUser])
def test_codes_that_are_not_drawn_anew_are_found(kind):
    """Whether all users have the same ones, or each one gets the old ones again."""
    with pytest.raises(ConformanceError) as found:
        check_host(kind().host(set_size=None), without=only("H17"), tell=silent, **FEW)
    (breach,) = found.value.breaches
    assert breach.steps[-1].endswith("codes of the first set are in all others as well")


def test_without_new_codes_the_sets_of_several_users_are_compared():
    """A login that never replaces codes may give all users the same."""
    with pytest.raises(ConformanceError, match="H17"):
        check_host(TheSameForAll().host(set_size=None, regenerate=None), tell=silent, **FEW)


@pytest.mark.parametrize("told", ["secret-code", ["secret-code"], None, True], ids=repr)
def test_what_remains_is_a_number(told):
    """Whoever returns the codes in the place of their number is told, and not shown them."""
    host = Plain().host(remaining=lambda _: told)
    with pytest.raises(InvalidArgument, match="remaining must return a whole number") as found:
        check_host(host, tell=silent)
    shown = "\n".join([*traceback.format_exception(found.value), *locals_of_ours(found.value)])
    assert "secret-code" not in shown


class OneCode(Plain):
    """One code for each user, as on a card in a safe."""

    def codes(self):
        return super().codes()[:1]


def test_a_set_of_one_code_is_checked():
    """No promise needs several."""
    checked = check_host(OneCode().host(set_size=1), tell=silent, **FEW)
    assert {"H3", "H4", "H5", "H6", "H7", "H8"} <= checked.kept.keys()


class BothCases(Plain):
    """An alphabet in which capitals are other symbols."""

    def codes(self):
        return [f"aA{code}" for code in super().codes()]

    def read(self, typed):
        return super().read(typed) if "aA" in typed else ""


def test_forms_of_case_say_nothing_about_codes_of_both_cases():
    """There a letter in another case is another symbol."""
    checked = check_host(least(BothCases()), tell=silent, **FEW)
    assert {"F1", "F2"} <= checked.not_checked.keys()
    assert "F3" in checked.kept
