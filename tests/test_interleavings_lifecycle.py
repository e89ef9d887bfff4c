"""Every interleaving of confirming, importing, rotating, expiring, unlocking and resealing.

As in `tests.test_interleavings`: each family is a few calls of the real flows, each kind of fault
is explored for each family, and every history is held against `tests.promises`.
"""

import os

import pytest

from recoverykit.core.effects import Answer, Loaded
from recoverykit.core.results import Redemption
from recoverykit.core.state import MAX_FORMER
from recoverykit.errors import OutcomeUnknown
from recoverykit.testing.explorer import START, Explored
from recoverykit.testing.script import entropy_of
from tests.families import confirming, importing, managing, rotating
from tests.families.rotating import ONLY, SINGLE, SINGLE_STORED
from tests.promises import check
from tests.verbs import ALL, COSTLY, GROWTH, PROMISED, Code, played

TWO = confirming.TWO | importing.TWO | rotating.TWO | managing.TWO
THREE = confirming.THREE | importing.THREE | rotating.THREE | managing.THREE
FAMILIES = TWO | THREE
# A clock that may move at every step, or a call of two verbs, multiplies the states as a call does.
SMALL = [name for name, family in TWO.items() if not family.clock]
LARGE = [name for name in FAMILIES if name not in SMALL]


def sweep(family: str, faults: str) -> Explored:
    return FAMILIES[family].sweep(ALL[faults], check)


@pytest.mark.parametrize("faults", PROMISED)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_interleaving_of_the_lifecycle_keeps_the_promises(family, faults):
    """Whatever the order, and whatever goes wrong: spent once, stored, counted, truly told."""
    explored = sweep(family, faults)
    assert explored.states >= FAMILIES[family].states * GROWTH[faults]
    assert explored.schedules > explored.histories > 1


@pytest.mark.parametrize("faults", COSTLY)
@pytest.mark.parametrize("family", SMALL)
def test_two_calls_of_the_lifecycle_keep_the_promises_under_more_faults(family, faults):
    """With two calls there is time for larger budgets, and for several kinds at once."""
    assert sweep(family, faults).states > FAMILIES[family].states


@pytest.mark.skipif(
    os.environ.get("HYPOTHESIS_PROFILE") != "deep", reason="minutes long: run by `make deep`"
)
@pytest.mark.parametrize("faults", COSTLY)
@pytest.mark.parametrize("family", LARGE)
def test_larger_families_of_the_lifecycle_keep_the_promises_under_more_faults(family, faults):
    """Larger budgets, several kinds at once, and a delay that ends while the calls run."""
    assert sweep(family, faults).states > FAMILIES[family].states * 2


@pytest.mark.parametrize(
    ("later", "end"), [(MAX_FORMER - 1, Redemption), (MAX_FORMER, OutcomeUnknown)]
)
def test_a_success_that_its_set_has_forgotten_is_not_called_a_refusal(later, end):
    """After so many rotations nothing tells whether a swap landed whose answer was lost."""
    call = SINGLE.redeem("A", ONLY)
    landed, history = played(call, before=SINGLE_STORED)
    replies, told = history.ends["A"].replies, history.ends["A"].value.value
    for number in range(later):
        code = Code(told.replacement.codes[0], told.set_id)
        landed, history = played(SINGLE.redeem(f"later {number}", code), before=landed)
        told = history.ends[f"later {number}"].value.value

    flow = call(entropy_of("A"))
    next(flow)
    for reply in (*replies[:-1], Answer.UNKNOWN):
        flow.send(reply)
    with pytest.raises((StopIteration, OutcomeUnknown)) as raised:
        flow.send(Loaded(record=landed[-1].record, now=START))
    value = raised.value.value.value if end is Redemption else raised.value
    assert type(value) is end
