"""The search that judges histories: it accepts the good ones, and refuses the bad ones."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faults.histories import executions, issued, operation, redeemed, refused, seen
from tests.faults.history import Ending, Told, Verb
from tests.faults.linearizability import Undecided, refute
from tests.faults.specification import COUNT, NOTHING, after, effect

# The generator is Hypothesis's own, so that what fails is made small.
_CHANCES = st.randoms(use_true_random=False)


def _named(value):
    return getattr(value, "__name__", str(value))


CODE = ("S", 0)
LEFT = COUNT - 1  # codes, once one is spent
SET = issued((0, 1))
ERASED = Told(ending=Ending.OK)


def lost(times, *, attempt="x", code=CODE):
    """A redemption whose answer was lost."""
    return refused(times, code, Ending.UNKNOWN, attempt=attempt)


def died(began, *, attempt="x", code=CODE):
    """A redemption whose caller was killed."""
    return operation(Verb.REDEEM, (began, None), attempt=attempt, code=code)


GOOD = {
    "nothing": [],
    "one after the other": [
        SET,
        redeemed((2, 3), CODE, LEFT, attempt="x"),
        refused((4, 5), CODE, Ending.USED, attempt="y"),
        seen((6, 7), (0,)),
    ],
    "of two at a time one wins, whichever began first": [
        SET,
        refused((2, 9), CODE, Ending.USED, attempt="y"),
        redeemed((3, 8), CODE, LEFT, attempt="x"),
    ],
    "a status at the same time may see it or not": [
        SET,
        redeemed((2, 9), CODE, LEFT, attempt="x"),
        seen((3, 4), (0,)),
        seen((5, 6), (0,)),
    ],
    "the same attempt is told its success again": [
        SET,
        redeemed((2, 3), CODE, LEFT, attempt="x"),
        redeemed((4, 5), CODE, LEFT, attempt="x", is_replayed=True),
    ],
    "a lost answer landed": [
        SET,
        lost((2, 3)),
        redeemed((4, 5), CODE, LEFT, attempt="x", is_replayed=True),
    ],
    "a lost answer did not land": [SET, lost((2, 3)), redeemed((4, 5), CODE, LEFT, attempt="x")],
    "a lost answer landed late": [
        SET,
        lost((2, 3)),
        seen((4, 5), ()),
        refused((6, 7), CODE, Ending.USED, attempt="y"),
    ],
    "a killed caller's call landed": [SET, died(2), seen((4, 5), (0,))],
    "a killed caller's call did not land": [
        SET,
        died(2),
        redeemed((4, 5), CODE, LEFT, attempt="y"),
    ],
    "a failed call changed nothing": [
        SET,
        refused((2, 3), CODE, Ending.FAILED, attempt="x"),
        seen((4, 5), ()),
    ],
    "a code of a dead set is wrong": [
        SET,
        issued((2, 3), "T"),
        refused((4, 5), CODE, Ending.WRONG, attempt="x"),
    ],
    "a set of which nobody was told": [
        SET,
        operation(Verb.REPLACE, (2, None)),
        refused((4, 5), CODE, Ending.WRONG, attempt="x"),
        seen((6, 7), (), set_id="nobody knows"),
    ],
    "nothing is left after an erasure": [
        SET,
        operation(Verb.ERASE, (2, 3), ERASED),
        seen((4, 5), (), state="none", set_id=None),
        refused((6, 7), CODE, Ending.INACTIVE, attempt="x"),
    ],
    "an erasure that had to be done twice": [
        SET,
        operation(Verb.ERASE, (2, 9), ERASED),
        seen((3, 4), (), state="none", set_id=None),
        issued((5, 6), "T"),
        seen((10, 11), (), state="none", set_id=None),
    ],
}

BAD = {
    "a double success": [
        SET,
        redeemed((2, 3), CODE, LEFT, attempt="x"),
        redeemed((4, 5), CODE, LEFT - 1, attempt="y"),
    ],
    "a double success at the same time": [
        SET,
        redeemed((2, 9), CODE, LEFT, attempt="x"),
        redeemed((3, 8), CODE, LEFT, attempt="y"),
    ],
    "two first successes of one attempt": [
        SET,
        redeemed((2, 9), CODE, LEFT, attempt="x"),
        redeemed((3, 8), CODE, LEFT, attempt="x"),
    ],
    "the success of a code of a dead set": [
        SET,
        issued((2, 3), "T"),
        redeemed((4, 5), CODE, LEFT, attempt="x"),
    ],
    "a success after an erasure": [
        SET,
        operation(Verb.ERASE, (2, 3), ERASED),
        redeemed((4, 5), CODE, LEFT, attempt="x"),
    ],
    "a lost success, and the code redeemed again": [
        SET,
        redeemed((2, 3), CODE, LEFT, attempt="x"),
        redeemed((4, 5), CODE, LEFT, attempt="y"),
    ],
    "a lost success that a status does not show": [
        SET,
        redeemed((2, 3), CODE, LEFT, attempt="x"),
        seen((4, 5), ()),
    ],
    "a status that goes back": [
        SET,
        redeemed((2, 9), CODE, LEFT, attempt="x"),
        seen((3, 4), (0,)),
        seen((5, 6), ()),
    ],
    "a status of the set before": [SET, issued((2, 3), "T"), seen((4, 5), ())],
    "a refusal before what it is due to": [
        SET,
        refused((2, 3), CODE, Ending.USED, attempt="y"),
        redeemed((4, 5), CODE, LEFT, attempt="x"),
    ],
    "a success told again that was none": [
        SET,
        redeemed((4, 5), CODE, LEFT, attempt="x", is_replayed=True),
    ],
    "a failure that landed": [
        SET,
        refused((2, 3), CODE, Ending.FAILED, attempt="x"),
        redeemed((4, 5), CODE, LEFT, attempt="x", is_replayed=True),
    ],
    "a lost answer that landed before it was asked for": [SET, seen((2, 3), (0,)), lost((4, 5))],
    "a killed caller's call that landed twice": [
        SET,
        died(2),
        issued((3, 4), "T"),
        seen((5, 6), (0,), set_id="T"),
    ],
    "a wrong number of codes left": [SET, redeemed((2, 3), CODE, LEFT - 1, attempt="x")],
    "an erasure that was done again behind its end": [
        SET,
        operation(Verb.ERASE, (2, 3), ERASED),
        issued((5, 6), "T"),
        seen((10, 11), (), state="none", set_id=None),
    ],
    "codes that nobody issued": [seen((0, 1), ())],
}


@pytest.mark.parametrize("history", GOOD.values(), ids=GOOD)
def test_a_good_history_is_accepted(history):
    """There is an order that the specification allows."""
    assert refute(history) is None


@pytest.mark.parametrize("history", BAD.values(), ids=BAD)
def test_a_bad_history_is_refused(history):
    """There is none, and what could not be placed is named."""
    refutation = refute(history)
    assert refutation is not None
    assert refutation.stuck


@given(executions())
def test_whatever_was_sequential_is_accepted_when_it_is_stretched(history):
    """Earlier beginnings, later ends and lost answers only allow more."""
    assert refute(history) is None


def has_an_order(history, codes=NOTHING):
    """Whether there is an order, by trying all of them: the search without its short cuts."""
    left = [each for each in history if each.told]
    if not left:
        return True
    first_end = min(each.ended for each in left)
    for each in left:
        if each.began <= first_end and (new := after(codes, each)) is not None:
            others = [other for other in history if other is not each]
            if has_an_order(others, new):
                return True
    dead = [each for each in history if not each.told and each.began <= first_end]
    for each in dead:
        others = [other for other in history if other is not each]
        if has_an_order(others, effect(codes, each)):
            return True
    return False


@given(executions(most=7), _CHANCES)
def test_it_finds_what_the_trial_of_all_orders_finds(history, chance):
    """On short histories, good or changed, in which nothing is revoked or erased."""
    for change in (mutated, moved, doubled):
        history = [
            replace(each, told=None, ended=None) if each.is_open else each
            for each in change(chance, history) or history
            if each.deed.verb not in {Verb.REVOKE, Verb.ERASE}
        ]
        if not history:
            return
        assert (refute(history) is None) == has_an_order(history)


def mutated(chance, history):
    """The history with one answer that was told changed, and what was done to it."""
    told = [each for each in history if each.told and each.told.ending is Ending.OK]
    told = [each for each in told if each.deed.verb in {Verb.REDEEM, Verb.STATUS}]
    if not told:
        return None
    victim = chance.choice(told)
    if victim.deed.verb is Verb.STATUS:
        spent = set(victim.told.spent or ()) ^ {chance.randrange(COUNT)}
        new = replace(victim.told, spent=tuple(sorted(spent)))
    else:
        new = replace(victim.told, remaining=(victim.told.remaining or 0) + chance.choice((1, -1)))
    return [replace(each, told=new) if each is victim else each for each in history]


def moved(chance, history):
    """The history with one operation long after, or long before, all others."""
    victim = chance.choice(history)
    by = chance.choice((-1, 1)) * 100 * len(history)
    ended = None if victim.ended is None else victim.ended + by
    late = replace(victim, began=victim.began + by, ended=ended)
    return [late if each is victim else each for each in history]


def doubled(chance, history):
    """The history with one success told to another attempt as well, later."""
    firsts = [
        each
        for each in history
        if each.deed.verb is Verb.REDEEM and each.told and each.told.is_replayed is False
    ]
    if not firsts:
        return None
    victim = chance.choice(firsts)
    again = replace(victim, deed=replace(victim.deed, attempt="another"), number=10_000)
    return [*history, again]


@pytest.mark.parametrize(
    ("mutate", "at_least"), [(mutated, 0.95), (moved, 0.4), (doubled, 1.0)], ids=_named
)
def test_mutated_histories_are_refused(mutate, at_least):
    """Some changes leave a history good, such as a refusal that moves; most do not."""
    tried, caught = 0, 0

    @settings(max_examples=200, database=None, derandomize=True)
    @given(executions(lost=False), _CHANCES)
    def count(history, chance):
        nonlocal tried, caught
        if (worse := mutate(chance, history)) is not None:
            tried += 1
            caught += refute(worse) is not None

    count()
    assert tried > 150
    assert caught >= at_least * tried


def test_a_search_that_costs_too_much_is_given_up():
    """It says that it does not know, and nothing else."""
    history = [
        operation(Verb.REPLACE, (0, None), client=f"c{number}", number=number)
        for number in range(12)
    ]
    history.append(seen((1, 2), (3,), set_id="never"))
    with pytest.raises(Undecided):
        refute(history, budget=1_000)


def test_many_lost_redemptions_cost_no_more_than_the_few_that_could_land():
    """Which of them are on their way is told by what stands."""
    history = [SET]
    for number in range(40):
        code = ("S", number % COUNT)
        history.append(lost((2 * number + 2, 2 * number + 3), attempt=f"{number}", code=code))
    history.append(seen((500, 501), tuple(range(COUNT)), state="exhausted"))
    assert refute(history, budget=300_000) is None
