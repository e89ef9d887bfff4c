"""The reckoning: each kind of broken promise is found and counted, and each unknown resolved."""

from collections import Counter
from dataclasses import replace

import pytest

from tests.faults.evidence import Evidence, Spending
from tests.faults.histories import SUBJECT, issued, operation, redeemed, refused, seen
from tests.faults.history import Ending, Told, Verb
from tests.faults.reckoning import Resolution, complaint, reckon
from tests.faults.specification import COUNT

CODE, LEFT = ("S", 0), COUNT - 1
SPENT = Spending("S", 0, "x")
SET = issued((0, 1), attempt="i")
SUCCESS = redeemed((2, 3), CODE, LEFT, attempt="x")
LOST = refused((2, 3), CODE, Ending.UNKNOWN, attempt="x")


def stands(*spent, set_id="S", events=None, issued=("i",)):
    """What stands, the trail telling the same as the document where nothing else is said."""
    told = Counter(spent) if events is None else Counter(events)
    return Evidence(set_id=set_id, spent=frozenset(spent), events=told, issued=Counter(issued))


def judged(*history, evidence):
    return reckon(history, {SUBJECT: evidence})


def test_what_was_acknowledged_and_stands_is_clean():
    """There is nothing to complain of."""
    found = judged(SET, SUCCESS, seen((4, 5), (0,)), evidence=stands(SPENT))
    assert found.is_clean
    assert complaint(found) == ""
    assert (found.operations, found.endings) == (
        {"replace": 1, "redeem": 1, "status": 1},
        {"ok": 3},
    )


@pytest.mark.parametrize(
    "evidence",
    [
        stands(),
        stands(events=[SPENT]),
        stands(SPENT, events=[]),
        stands(Spending("S", 0, "y"), events=[SPENT]),
        stands(set_id="T"),
    ],
)
def test_an_acknowledged_success_that_does_not_stand_is_lost(evidence):
    """Neither the document nor the trail may lack it."""
    found = judged(SET, SUCCESS, evidence=evidence)
    assert found.lost == (SPENT,)
    assert "lost" in complaint(found)


def test_the_trail_of_a_set_that_was_replaced_or_erased_is_enough_or_gone():
    """What stands tells of its own codes alone, and an erasure takes the trail."""
    assert not judged(SET, SUCCESS, evidence=stands(set_id="T", events=[SPENT])).lost
    erased = operation(Verb.ERASE, (4, 5), Told(ending=Ending.OK))
    assert not judged(SET, SUCCESS, erased, evidence=stands(set_id=None)).lost
    before = operation(Verb.ERASE, (-2, -1), Told(ending=Ending.OK))
    assert judged(before, SET, SUCCESS, evidence=stands(set_id=None)).lost


@pytest.mark.parametrize(
    ("second", "evidence"),
    [
        (redeemed((4, 5), CODE, LEFT, attempt="y"), stands(SPENT)),
        (redeemed((4, 5), CODE, LEFT, attempt="x"), stands(SPENT)),
        (seen((4, 5), (0,)), stands(SPENT, events=[SPENT, SPENT])),
        (seen((4, 5), (0,)), stands(SPENT, events=[SPENT, Spending("S", 0, "y")])),
    ],
)
def test_a_code_with_two_successes_or_two_events_is_spent_twice(second, evidence):
    """One that tells the other again is none of its own."""
    assert judged(SET, SUCCESS, second, evidence=evidence).double_spends == (CODE,)
    again = redeemed((4, 5), CODE, LEFT, attempt="x", is_replayed=True)
    assert not judged(SET, SUCCESS, again, evidence=stands(SPENT)).double_spends


def test_what_nobody_asked_for_must_not_stand():
    """Whether the document tells of it or the trail."""
    other = Spending("S", 1, "z")
    assert judged(SET, SUCCESS, evidence=stands(SPENT, other)).unasked == (other,)
    events = stands(SPENT, events=[SPENT, other])
    assert judged(SET, SUCCESS, evidence=events).unasked == (other,)


def test_a_history_without_an_order_is_named():
    """With the operations that have no place in it."""
    stale = seen((4, 5), ())
    found = judged(SET, SUCCESS, stale, evidence=stands(SPENT))
    assert found.refuted[SUBJECT].stuck == (stale,)
    assert str(stale) in complaint(found)


@pytest.mark.parametrize(
    ("later", "evidence", "resolution"),
    [
        (
            [redeemed((4, 5), CODE, LEFT, attempt="x", is_replayed=True)],
            stands(SPENT),
            Resolution.LANDED_BY_RETRY,
        ),
        (
            [redeemed((4, 5), CODE, LEFT, attempt="x")],
            stands(SPENT),
            Resolution.NOT_LANDED_BY_RETRY,
        ),
        ([], stands(SPENT), Resolution.LANDED_BY_LAST_LOOK),
        ([], stands(), Resolution.NOT_LANDED_BY_LAST_LOOK),
        (
            [operation(Verb.ERASE, (4, 5), Told(ending=Ending.OK), attempt="e")],
            stands(set_id=None),
            Resolution.ERASED,
        ),
    ],
    ids=lambda each: each.name if isinstance(each, Resolution) else None,
)
def test_an_attempt_that_is_unknown_at_first_is_resolved(later, evidence, resolution):
    """By the retry, or by what stands after all; whether its answer was lost or its caller died."""
    for first in (LOST, replace(LOST, told=None, ended=None)):
        assert judged(SET, first, *later, evidence=evidence).unknown == {resolution: 1}


def test_an_issue_that_is_unknown_is_resolved_by_the_trail():
    """Each set that was issued under its attempt id has an event."""
    dead = operation(Verb.REPLACE, (2, None), attempt="j")
    anew = issued((4, 5), "T", attempt="j")
    for last, count, resolution in (
        ([], 0, Resolution.NOT_LANDED_BY_LAST_LOOK),
        ([], 1, Resolution.LANDED_BY_LAST_LOOK),
        ([anew], 1, Resolution.NOT_LANDED_BY_LAST_LOOK),
        ([anew], 2, Resolution.LANDED_BY_LAST_LOOK),
    ):
        evidence = stands(issued=("i", *("j",) * count))
        assert judged(SET, dead, *last, evidence=evidence).unknown == {resolution: 1}


@pytest.mark.parametrize(
    ("has_won", "resolution"),
    [(False, Resolution.LANDED_BY_KIT), (True, Resolution.NOT_LANDED_BY_KIT)],
)
def test_an_answer_that_was_lost_inside_a_call_is_resolved_by_the_call(has_won, resolution):
    """It found its own mark, or won another swap."""
    success = replace(SUCCESS, lost=1, has_won=has_won)
    assert judged(SET, success, evidence=stands(SPENT)).lost_answers == {resolution: 1}
