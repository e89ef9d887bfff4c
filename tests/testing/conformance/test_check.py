"""What the kit says: of its arguments, of what it leaves out, and of what it finds."""

import re
import unittest
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import hypothesis
import pytest

from recoverykit import InvalidArgument
from recoverykit.storage import Storage
from recoverykit.storage.memory import MemoryStorage
from recoverykit.testing.conformance import (
    CLAUSES,
    Clause,
    ConformanceError,
    check_async_storage,
    check_storage,
)
from recoverykit.testing.conformance.oracle import Oracle
from tests.testing.conformance import contents, dicts, keys, sqlites, trails
from tests.testing.conformance.broken import IN_MEMORY

STORAGE_PAGE = Path(__file__).parents[3] / "docs" / "storage.md"
MAKE = dicts.made(dicts.Dicts)
IDS = dicts.Dicts.ids
S1, S2 = (each for each in CLAUSES if each.id in {"S1", "S2"})


def test_there_are_fourteen_clauses():
    """S1 to S14, each once, the cheap ones first."""
    assert {each.id for each in CLAUSES} == {f"S{number}" for number in range(1, 15)}
    assert len(CLAUSES) == 14
    assert [each.id for each in CLAUSES[:2]] == ["S1", "S2"]


def test_the_documentation_tells_the_clauses():
    """The table of the page on storage is made of the clauses' own sentences."""
    table = dict(
        re.findall(r"^\| (S\d+) \| (.*) \|$", STORAGE_PAGE.read_text("utf-8"), re.MULTILINE)
    )

    assert table == {each.id: each.sentence for each in CLAUSES}


def test_the_protocol_tells_the_clauses():
    """So does the docstring of the protocol, but for how it marks code."""
    text = words_of(Storage.__doc__)

    for each in CLAUSES:
        assert words_of(each.sentence) in text, each.id


def words_of(text):
    return re.sub(r"\W+", " ", text.lower())


@pytest.mark.parametrize("clause", [S1, S2], ids=str)
def test_a_clause_can_be_checked_alone(clause):
    """One test for each clause: whatever the others need is not asked for."""
    report = check_storage(MAKE, events=IDS, clauses=[clause])

    assert report.checked == (clause.id,)


class OneTestForEachClause(unittest.TestCase):
    """The same without pytest."""

    def test_clauses(self):
        """Each is a test of its own."""
        for clause in (S1, S2):
            with self.subTest(clause=clause.id):
                check_storage(MAKE, events=IDS, clauses=[clause])


def test_what_is_left_out_is_told():
    """An opt-out stands in the report, with its reason."""
    report = check_storage(MAKE, events=IDS, without=IN_MEMORY, examples=1)

    assert "S10" not in report.checked
    assert report.without == IN_MEMORY
    assert "not checked: S12, because it has one handle" in str(report)


def test_events_may_be_left_out():
    """A storage whose events nobody can read is checked for all the rest."""
    without = {**IN_MEMORY, "S7": "its events cannot be read"}

    report = check_storage(MAKE, without=without, examples=3)

    assert {"S6", "S8"} <= set(report.checked)


def test_a_storage_is_not_rejected_for_what_is_left_out():
    """Who says that case is folded gets subjects that differ by more than that."""
    make = dicts.made(keys.FoldsCase)
    without = {**IN_MEMORY, "S9": "it folds case", "S14": "it holds less"}

    assert "S9" not in check_storage(make, events=IDS, without=without, examples=10).checked


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"without": {"S15": "there is none"}}, "there is no clause 'S15'"),
        ({"without": {"S10": " "}}, "S10 needs a reason"),
        ({"without": {"S10": None}}, "S10 needs a reason"),
        ({"events": IDS}, "S10 needs reopen=; S12 needs reopen="),
        ({"events": IDS, "without": {"S12": "none"}}, "S10 needs reopen="),
        ({"without": IN_MEMORY}, "S7 needs events="),
        ({"events": IDS, "reopen": lambda _: lambda: None}, "cannot be pickled"),
        ({"events": IDS, "without": ["S10", "S12"]}, "a mapping of clauses to reasons"),
        ({"events": IDS, "without": []}, "a mapping of clauses to reasons"),
        ({"events": IDS, "without": IN_MEMORY, "examples": -1}, "examples must be"),
        ({"events": IDS, "without": IN_MEMORY, "examples": "3"}, "examples must be"),
        ({"events": IDS, "without": IN_MEMORY, "examples": True}, "examples must be"),
        ({"events": IDS, "without": IN_MEMORY, "clauses": ["S1"]}, "clauses must be"),
        ({"events": IDS, "without": IN_MEMORY, "clauses": [S1, "S2"]}, "clauses must be"),
        ({"events": IDS, "without": IN_MEMORY, "clauses": []}, "clauses must be"),
        ({"events": IDS, "without": IN_MEMORY, "clauses": S1}, "clauses must be"),
        ({"events": "ids", "without": IN_MEMORY}, "events must be a function"),
        ({"events": IDS, "reopen": MemoryStorage()}, "reopen must be a function"),
        ({"events": IDS, "reopen": lambda storage: storage}, "reopen must return a function"),
    ],
)
def test_what_cannot_be_checked_is_refused(arguments, says):
    """Nothing passes unseen: what is missing is asked for, and a reason is a reason."""
    with pytest.raises(InvalidArgument, match=re.escape(says)):
        check_storage(MAKE, **arguments)


@pytest.mark.parametrize("make", [MemoryStorage(), None], ids=["a storage", "None"])
@pytest.mark.parametrize("check", [check_storage, check_async_storage])
def test_a_storage_is_no_factory(check, make):
    """Each clause wants a fresh one, so what makes them is asked for."""
    with pytest.raises(InvalidArgument, match="make must be a function"):
        check(make, events=IDS, without=IN_MEMORY)


@pytest.mark.parametrize("check", [check_storage, check_async_storage])
def test_a_factory_makes_context_managers(check):
    """A function that makes a storage is told what it should have made."""
    with pytest.raises(InvalidArgument, match="make and reopen must give"):
        check(MemoryStorage, without=IN_MEMORY)


def test_a_breach_is_told_in_a_few_lines():
    """Number, sentence and steps; revisions by name, and no document of 64 KiB."""
    with pytest.raises(ConformanceError) as caught:
        check_storage(dicts.made(contents.CutsAt), events=IDS, without=IN_MEMORY)

    (breach,) = caught.value.breaches
    assert breach.id == "S14"
    assert breach.sentence == "Documents of 64 KiB are stored whole."
    assert breach.steps[-1] == ("it should have been a document of 65,536 bytes: there were 65,535")
    assert len(str(caught.value)) < 600


class HaltsAtTheThird(dicts.Dicts):
    """Keeps who is erased by the third commit, or a later one, and has a certain name."""

    def __init__(self):
        super().__init__()
        self.writes = {}

    def put(self, key, change):
        self.writes[key] = self.writes.get(key, 0) + 1
        if key[1] == "alice" and change.document is None and self.writes[key] > 2:
            return
        super().put(key, change)


def test_the_search_tells_the_shortest_steps():
    """What no clause tries is found by the search, and told without all else."""
    with pytest.raises(ConformanceError) as caught:
        check_storage(dicts.made(HaltsAtTheThird), events=IDS, without=IN_MEMORY)

    (breach,) = caught.value.breaches
    assert breach.id == "S8"
    commits = [each for each in breach.steps if each.startswith("commit")]
    assert len(commits) == 3
    assert "erases" in commits[-1]


class RaisesAtTheThird(HaltsAtTheThird):
    """As above, by an error."""

    def put(self, key, change):
        self.writes[key] = self.writes.get(key, 0) + 1
        if key[1] == "alice" and self.writes[key] > 2:
            raise KeyError(change.document)
        dicts.Dicts.put(self, key, change)


class LosesTheThird(HaltsAtTheThird):
    """A commit that should win is lost."""

    def stands(self, key, change):
        if key[1] == "alice" and self.writes.get(key, 0) > 1:
            return False
        return super().stands(key, change)


class ForgetsTheThird(HaltsAtTheThird):
    """The events of a commit are lost."""

    def put(self, key, change):
        self.writes[key] = self.writes.get(key, 0) + 1
        dicts.Dicts.put(self, key, change)

    def ids(self, subject):
        key = self.key(subject)
        is_hidden = key[1] == "alice" and self.writes.get(key, 0) > 2
        return [] if is_hidden else super().ids(subject)


@pytest.mark.parametrize("kind", [LosesTheThird, ForgetsTheThird])
def test_the_search_looks_at_answers_and_events(kind):
    """Whatever differs from the oracle is found: an answer, a document, the events."""
    with pytest.raises(ConformanceError) as caught:
        check_storage(dicts.made(kind), events=kind.ids, without=IN_MEMORY)

    assert len(caught.value.breaches) == 1


def test_the_search_ends():
    """A fresh storage may be dear: where something is found, few more sequences make it shorter."""
    made = []

    @contextmanager
    def make():
        made.append(1)
        yield HaltsAtTheThird()

    with pytest.raises(ConformanceError):
        check_storage(make, events=IDS, without=IN_MEMORY)

    assert len(made) < 200


def test_the_search_finds_nothing_of_what_is_left_out():
    """A clause that is left out is not held against the storage by the search either."""
    without = {**IN_MEMORY, "S8": "some stay"}

    assert check_storage(dicts.made(HaltsAtTheThird), events=IDS, without=without)


class PadsAndHalts(HaltsAtTheThird):
    """As above; and what is written third comes back with a blank behind it."""

    def put(self, key, change):
        super().put(key, change)
        if key[1] == "alice" and change.document is not None and self.writes[key] > 2:
            self.rows[key] = (change.revision, change.document + " ")


@pytest.mark.parametrize(("left_out", "found"), [("S2", "S8"), ("S8", "S2")])
def test_the_search_looks_behind_what_is_left_out(left_out, found):
    """What belongs to a clause that is left out hides nothing of what belongs to others."""
    without = {**IN_MEMORY, left_out: "it is not so"}
    with pytest.raises(ConformanceError) as caught:
        check_storage(dicts.made(PadsAndHalts), events=IDS, without=without, examples=60)

    assert [each.id for each in caught.value.breaches] == [found]


@pytest.mark.parametrize("left_out", ["S4", "S7", "S2"])
@pytest.mark.parametrize("kind", [LosesTheThird, ForgetsTheThird, RaisesAtTheThird])
def test_the_search_goes_on_where_something_is_left_out(kind, left_out):
    """Answers, events and errors of a clause that is left out are not told either."""
    own = {LosesTheThird: "S4", ForgetsTheThird: "S7", RaisesAtTheThird: "S2"}[kind]
    without = {**IN_MEMORY, left_out: "it is not so", own: "it is not so"}
    found = _found(kind, without)

    assert own not in found


def test_the_search_goes_on_from_the_events_that_stand():
    """Events that outlast an erasure are nothing else but that."""
    without = {**IN_MEMORY, "S8": "some stay"}

    assert check_storage(dicts.made(trails.KeepsEventsOfTheErased), events=IDS, without=without)


def _found(kind, without):
    try:
        check_storage(dicts.made(kind), events=kind.ids, without=without)
    except ConformanceError as error:
        return [each.id for each in error.breaches]
    return []


def test_what_the_factory_raises_in_the_search_is_raised():
    """It has nothing to do with the contract."""
    made = []

    @contextmanager
    def make():
        made.append(1)
        if len(made) > len(CLAUSES) - len(IN_MEMORY) + 1:
            raise OSError
        yield dicts.Dicts()

    with pytest.raises(OSError):  # noqa: PT011 - it has no message
        check_storage(make, events=IDS, without=IN_MEMORY)


def test_an_error_is_told_by_its_kind():
    """What is raised may quote the document: its message is not told."""
    with pytest.raises(ConformanceError) as caught:
        check_storage(dicts.made(RaisesAtTheThird), events=IDS, without=IN_MEMORY)

    assert "KeyError was raised" in str(caught.value)
    assert "format" not in caught.value.breaches[0].steps[-1]


def test_the_search_is_the_same_in_every_profile():
    """A host's own settings of Hypothesis change nothing."""
    profile = hypothesis.settings.get_current_profile_name()
    hypothesis.settings.register_profile("odd", max_examples=1, deadline=1, derandomize=False)
    hypothesis.settings.load_profile("odd")
    try:
        with pytest.raises(ConformanceError) as first:
            check_storage(dicts.made(HaltsAtTheThird), events=IDS, without=IN_MEMORY)
    finally:
        hypothesis.settings.load_profile(profile)
    with pytest.raises(ConformanceError) as second:
        check_storage(dicts.made(HaltsAtTheThird), events=IDS, without=IN_MEMORY)

    assert str(first.value) == str(second.value)


def test_a_storage_that_is_not_fresh_is_found():
    """The factory is part of what is checked: what it gives is empty."""
    storage = dicts.Dicts()

    @contextmanager
    def make():
        yield storage

    with pytest.raises(ConformanceError):
        check_storage(make, events=IDS, without=IN_MEMORY)


def test_what_the_factory_raises_is_raised():
    """A storage that cannot even be made has broken no clause."""

    @contextmanager
    def make():
        raise OSError
        yield

    with pytest.raises(OSError):  # noqa: PT011 - it has no message
        check_storage(make, events=IDS, without=IN_MEMORY)


def test_a_process_that_cannot_open_the_storage_is_told():
    """What goes wrong in the other process comes back by its kind."""
    with pytest.raises(ConformanceError) as caught:
        check_storage(
            sqlites.made(sqlites.Rows),
            reopen=lambda _: partial(sqlites.opened, sqlites.Rows, "/no such folder/codes.db"),
            events=sqlites.Rows.ids,
            clauses=[each for each in CLAUSES if each.id == "S10"],
        )

    assert "OperationalError" in str(caught.value)


def test_handles_are_compared_where_no_process_can_open_the_storage():
    """What cannot travel is opened once more in the same process."""
    report = check_storage(
        sqlites.made(sqlites.Rows),
        reopen=sqlites.reopened,
        without={"S10": "it cannot travel"},
        clauses=[each for each in CLAUSES if each.id == "S12"],
    )

    assert report.checked == ("S12",)


def test_the_oracle_follows_what_it_is_told():
    """Where a clause is left out, what stands is what is due from then on."""
    oracle = Oracle()
    oracle.commit("ada", expected=None, revision="r1", document="{}", events=[])

    oracle.follow("ada", standing=None)
    assert oracle.revision("ada") is None
    oracle.follow("ada", standing=("r2", "{}"))
    assert oracle.revision("ada") == "r2"


def test_a_clause_is_named_by_its_number():
    """So is the test that is made of it."""
    assert str(Clause(id="S0", sentence="Nothing.", check=lambda _: None)) == "S0"
