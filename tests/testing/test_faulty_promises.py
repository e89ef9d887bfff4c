"""A kit keeps its promises over a storage that goes wrong: every verb, every fault, both shells."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from recoverykit import ConcurrentUpdate, OutcomeUnknown, SetState
from recoverykit.storage.memory import MemoryStorage
from recoverykit.testing import CommitFault, FaultPlan, FaultyStorage, LoadFault, strategies
from tests.testing import ledger
from tests.testing.trial import DEEDS, LONGEST, POLICY, STALE, Trial, attempt

PLANS = [
    *(FaultPlan(loads=(None,) * at + (fault,)) for fault, at in product(LoadFault, (0, 1))),
    *(FaultPlan(commits=(None,) * at + (fault,)) for fault, at in product(CommitFault, (0, 1))),
    # The same fault, until the kit gives up: what it then says must be true as well.
    *(FaultPlan(loads=(fault,) * LONGEST) for fault in {*LoadFault} - STALE),
    *(FaultPlan(loads=(fault,) * 3) for fault in STALE),
    *(FaultPlan(commits=(fault,) * LONGEST) for fault in CommitFault),
]


def name_of(plan):
    kind = "load" if plan.loads else "commit"
    *_, fault = plan.loads or plan.commits
    count = len(plan.loads or plan.commits)
    return f"{kind} {fault.value}, {'always' if count == LONGEST else f'number {count}'}"


@pytest.mark.parametrize("shell", [None, "asyncio"], ids=str)
@pytest.mark.parametrize("name", DEEDS)
def test_every_verb_keeps_its_promises_whatever_goes_wrong(name, shell, request):
    """Success was told of what has landed; errors are ours; the same kit goes on."""
    portal = shell and request.getfixturevalue(f"{shell}_portal")
    for plan in PLANS:
        try:
            attempt(DEEDS[name], plan, portal=portal)
        except Exception as error:
            error.add_note(name_of(plan))
            raise


def test_a_kit_gives_up_where_others_always_win():
    """It says so, and nothing has landed."""
    trial = Trial()
    (code, *_) = trial.truth.issue("ada").codes
    kit, _ = trial.faulty(FaultPlan(commits=(CommitFault.VICTIM,) * 32))

    with pytest.raises(ConcurrentUpdate):
        kit.redeem("ada", code)

    assert trial.status.remaining == 3


IN_VAIN = {
    "erase": lambda kit: kit.erase("ada"),
    "revoke": lambda kit: kit.revoke("ada"),
    "lock": lambda kit: kit.lock("ada", session="an id of the session's"),
}


@pytest.mark.parametrize("name", IN_VAIN)
@pytest.mark.parametrize("fault", [LoadFault.EMPTY, LoadFault.STALE])
def test_a_kit_believes_that_there_is_nothing_to_change(name, fault):
    """It says that all is done, and all is still stored: the contract forbids such loads."""
    trial = Trial()
    trial.truth.issue("ada")
    trial.truth.unlock("ada", session="an id of the session's")
    before = trial.record()
    kit, _ = trial.faulty(FaultPlan(loads=(fault,)))

    IN_VAIN[name](kit)

    assert trial.record() == before
    IN_VAIN[name](kit)
    assert trial.record() != before


def test_a_kit_believes_that_a_revoked_set_still_counts():
    """To confirm it once more changes nothing, so nothing tells otherwise."""
    trial = Trial(policy=replace(POLICY, confirm=True))
    storage = FaultyStorage(trial.storage, FaultPlan(loads=(None,) * 3 + (LoadFault.STALE,)))
    kit = trial.kit(storage)
    (code, *_) = kit.issue("ada").codes
    kit.confirm("ada", code)
    kit.revoke("ada")

    assert kit.confirm("ada", code).state is SetState.ACTIVE
    assert trial.status.state is SetState.REVOKED


plans = strategies.fault_plans()
deeds = st.lists(st.tuples(st.sampled_from(ledger.DEEDS), st.integers(0, 5)), max_size=6)


@given(plan=plans, deeds=deeds)
def test_no_code_is_spent_twice_and_no_success_is_lost(plan, deeds):
    """Whatever a host does, and whatever goes wrong meanwhile."""
    ledger.keep(Trial(), plan, deeds)


@given(plan=plans, deeds=deeds)
@settings(max_examples=settings.default.max_examples // 4)
def test_no_code_is_spent_twice_where_all_is_awaited(asyncio_portal, plan, deeds):
    """Whatever a host does, and whatever goes wrong meanwhile."""
    ledger.keep(Trial(portal=asyncio_portal), plan, deeds)


# Broken on purpose: each must be caught by what is drawn above


class Unconditional(MemoryStorage):
    """It swaps without comparing: what lands late lands over what came after it."""

    def commit(self, subject, change):
        self._write(subject, change)
        return True


class Forgetful(MemoryStorage):
    """It says that it has stored what it has not."""

    def commit(self, subject, change):
        return self.stands(subject, change)


class Wrapped:
    """Between the kit and the storage that goes wrong."""

    def __init__(self, storage):
        self.storage = storage

    def load(self, subject):
        return self.storage.load(subject)

    def commit(self, subject, change):
        return self.storage.commit(subject, change)


class Optimistic(Wrapped):
    """It takes a lost answer for a success."""

    def commit(self, subject, change):
        try:
            return super().commit(subject, change)
        except OutcomeUnknown:
            return True


class Fragile(Wrapped):
    """It is of no more use once something went wrong."""

    is_broken = False

    def load(self, subject):
        if self.is_broken:
            raise LookupError("the transaction was never ended")
        return super().load(subject)

    def commit(self, subject, change):
        try:
            return super().commit(subject, change)
        except ConnectionError:
            self.is_broken = True
            raise


# Whatever shows it will do: it need not be the shortest.
FIND = settings(
    max_examples=2_000, derandomize=True, database=None, deadline=None, phases=[Phase.generate]
)
BROKEN = {
    "compares nothing": {"beneath": lambda _: Unconditional()},
    "stores nothing": {"beneath": lambda _: Forgetful()},
    "takes a lost answer for a success": {"wrapped": Optimistic},
    "of no use after a failure": {"wrapped": Fragile},
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_found(name):
    """The tests above can fail: each of these breaks a promise under some plan."""

    def is_caught(case):
        try:
            ledger.keep(Trial(**BROKEN[name]), *case)
        except AssertionError:
            return True
        return False

    find(st.tuples(plans, deeds), is_caught, settings=FIND)
