"""A storage that goes wrong as it is told: each fault, and what it leaves behind."""

from functools import partial

import pytest

from recoverykit import InvalidArgument, OutcomeUnknown, StorageError, Subject
from recoverykit.storage import (
    Change,
    EnumerableStorage,
    ExaminableStorage,
    OutboxStorage,
    PurgeableStorage,
    Record,
    TransactionalStorage,
)
from recoverykit.storage.memory import AsyncMemoryStorage, MemoryStorage
from recoverykit.testing import (
    AsyncFaultyStorage,
    CommitFault,
    FaultPlan,
    FaultyStorage,
    LoadFault,
)

ADA, BOB = Subject("ada"), Subject("bob")
NOT_LANDED = (CommitFault.FAILED, CommitFault.BROKEN_BEFORE, CommitFault.LOST_BEFORE)
LANDED = (CommitFault.BROKEN_AFTER, CommitFault.LOST_AFTER)
LATE = (CommitFault.LATE, CommitFault.LATER)
ERRORS = {
    CommitFault.FAILED: StorageError,
    CommitFault.BROKEN_BEFORE: ConnectionError,
    CommitFault.BROKEN_AFTER: ConnectionError,
    CommitFault.LOST_BEFORE: OutcomeUnknown,
    CommitFault.LOST_AFTER: OutcomeUnknown,
    CommitFault.LATE: OutcomeUnknown,
    CommitFault.LATER: OutcomeUnknown,
}


def change(expected, revision, *, document="{}"):
    return Change(expected=expected, revision=revision, document=document, events=(), summary=None)


def record(revision):
    return Record(revision=revision, document="{}")


class Plain:
    """A storage that can do nothing else."""

    def __init__(self):
        self._memory = MemoryStorage()

    def load(self, subject):
        return self._memory.load(subject)

    def commit(self, subject, change):
        return self._memory.commit(subject, change)


class AsyncPlain:
    """The same, awaited."""

    def __init__(self):
        self._plain = Plain()

    async def load(self, subject):
        return self._plain.load(subject)

    async def commit(self, subject, change):
        return self._plain.commit(subject, change)


class Bench:
    """A faulty storage of either kind, over one in memory, called in one way."""

    def __init__(self, portal, plan):
        self._portal = portal
        self.beneath = AsyncMemoryStorage() if portal else MemoryStorage()
        self.went = []
        if portal:
            self.storage = AsyncFaultyStorage(self.beneath, plan, meanwhile=self._go_later)
        else:
            self.storage = FaultyStorage(self.beneath, plan, meanwhile=self._go)

    def _go(self):
        self.went.append(self.beneath.load(ADA))

    async def _go_later(self):
        self.went.append(await self.beneath.load(ADA))

    def __getattr__(self, name):
        return self._called(getattr(self.storage, name))

    def _called(self, method):
        def call(*given, **named):
            if self._portal:
                return self._portal.call(lambda: method(*given, **named))
            return method(*given, **named)

        return call

    @property
    def stored(self):
        """What stands in the storage beneath."""
        return self._called(self.beneath.load)(ADA)

    def within(self, function):
        async def awaited(connection):
            function(connection)

        return awaited if self._portal else function


@pytest.fixture(params=[None, "asyncio", "trio"], ids=str)
def bench(request):
    """Makes benches of each kind."""
    portal = request.param and request.getfixturevalue(f"{request.param}_portal")
    return lambda **plan: Bench(portal, FaultPlan(**plan))


def test_nothing_goes_wrong_without_a_plan(bench):
    """Nor once the plan is over."""
    storage = bench()

    assert storage.load(ADA) is None
    assert storage.commit(ADA, change(None, "r1")) is True
    assert storage.commit(ADA, change(None, "r2")) is False
    assert storage.load(ADA) == record("r1")
    assert storage.land() == 0


@pytest.mark.parametrize("fault", NOT_LANDED + LANDED + LATE)
def test_a_commit_goes_wrong_once(bench, fault):
    """It raises what it is to raise, and has landed or not; the next one goes well."""
    storage = bench(commits=(None, fault))
    storage.commit(ADA, change(None, "r1"))

    with pytest.raises(ERRORS[fault]) as caught:
        storage.commit(ADA, change("r1", "r2"))

    assert type(caught.value) is ERRORS[fault]
    assert storage.stored == record("r2" if fault in LANDED else "r1")
    assert storage.commit(BOB, change(None, "r3")) is True


def test_a_victim_has_changed_nothing(bench):
    """False, though nobody else has won."""
    storage = bench(commits=(CommitFault.VICTIM,))

    assert storage.commit(ADA, change(None, "r1")) is False
    assert storage.stored is None


@pytest.mark.parametrize(("fault", "calls"), [(CommitFault.LATE, 1), (CommitFault.LATER, 2)])
def test_a_change_lands_late(bench, fault, calls):
    """As the next call begins, or the next but one: then it stands for that call to see."""
    storage = bench(commits=(fault,))
    with pytest.raises(OutcomeUnknown):
        storage.commit(ADA, change(None, "r1"))

    seen = [storage.load(ADA) for _ in range(calls)]

    assert seen == [None] * (calls - 1) + [record("r1")]


def test_a_late_change_may_come_too_late(bench):
    """Where another has won, it never lands; and it is tried once."""
    storage = bench(commits=(CommitFault.LATER,))
    with pytest.raises(OutcomeUnknown):
        storage.commit(ADA, change(None, "r1"))

    assert storage.commit(ADA, change(None, "r2")) is True
    assert storage.commit(ADA, change("r2", "r3", document=None)) is True
    assert storage.load(ADA) is None
    assert storage.land() == 0


def test_what_is_on_its_way_can_be_landed(bench):
    """By hand, at the moment that a test chooses."""
    storage = bench(commits=(CommitFault.LATER,))
    with pytest.raises(OutcomeUnknown):
        storage.commit(ADA, change(None, "r1"))

    assert (storage.land(), storage.land()) == (1, 0)
    assert storage.stored == record("r1")


@pytest.mark.parametrize(
    ("fault", "error"), [(LoadFault.FAILED, StorageError), (LoadFault.BROKEN, ConnectionError)]
)
def test_a_load_goes_wrong_once(bench, fault, error):
    """The next one goes well."""
    storage = bench(loads=(fault,))

    with pytest.raises(error) as caught:
        storage.load(ADA)

    assert type(caught.value) is error
    assert storage.load(ADA) is None


def three_revisions(storage):
    for before, after in ((None, "r1"), ("r1", "r2"), ("r2", "r3")):
        assert storage.commit(ADA, change(before, after))


@pytest.mark.parametrize(
    ("fault", "seen"),
    [(LoadFault.STALE, record("r2")), (LoadFault.EMPTY, None), (LoadFault.REPEATED, None)],
)
def test_a_load_sees_the_past(bench, fault, seen):
    """One revision back, or nothing at all, or what was told before; then all that there is."""
    storage = bench(loads=(None, fault))
    storage.load(ADA)
    three_revisions(storage)

    assert storage.load(ADA) == seen
    assert storage.load(ADA) == record("r3")


def test_the_past_is_what_others_have_written_too(bench):
    """As far as it was seen; each subject has its own."""
    storage = bench(loads=(None, None, LoadFault.STALE, LoadFault.STALE))
    storage._called(storage.beneath.commit)(ADA, change(None, "other"))
    assert storage.load(ADA) == record("other")
    storage._called(storage.beneath.commit)(ADA, change("other", "another"))
    assert storage.load(ADA) == record("another")

    assert storage.load(ADA) == record("other")
    assert storage.load(BOB) is None


def test_two_reads_come_in_the_wrong_order(bench):
    """The second is told what the first was."""
    storage = bench(loads=(None, LoadFault.REPEATED, LoadFault.REPEATED))
    storage.commit(ADA, change(None, "r1"))
    storage.load(ADA)
    storage.commit(ADA, change("r1", "r2"))

    assert [storage.load(ADA) for _ in range(3)] == [record("r1"), record("r1"), record("r2")]


def test_an_erasure_is_past_as_well(bench):
    """What stood before it comes back in a stale load, and only there."""
    storage = bench(loads=(LoadFault.STALE,))
    storage.commit(ADA, change(None, "r1"))
    storage.commit(ADA, change("r1", "r2", document=None))

    assert [storage.load(ADA), storage.load(ADA)] == [record("r1"), None]


def test_something_happens_meanwhile(bench):
    """Before a call, or before its answer; the test decides what."""
    storage = bench(
        loads=(LoadFault.DELAYED, LoadFault.HELD),
        commits=(CommitFault.DELAYED, CommitFault.HELD),
    )

    assert storage.commit(ADA, change(None, "r1"))
    assert storage.commit(ADA, change("r1", "r2"))
    assert [storage.load(ADA), storage.load(ADA)] == [record("r2")] * 2
    assert storage.went == [None, record("r2"), record("r2"), record("r2")]


def test_what_comes_meanwhile_wins():
    """A commit that waits can be overtaken, and a load that is held is stale when it is told."""
    beneath = MemoryStorage()

    def overtake():
        stands = beneath.load(ADA)
        beneath.commit(ADA, change(stands and stands.revision, f"after {stands}"))

    storage = FaultyStorage(
        beneath,
        FaultPlan(loads=(LoadFault.HELD,), commits=(CommitFault.DELAYED,)),
        meanwhile=overtake,
    )

    assert storage.commit(ADA, change(None, "r1")) is False
    seen = storage.load(ADA)
    assert seen != beneath.load(ADA)


@pytest.mark.parametrize("fault", [None, CommitFault.VICTIM, *NOT_LANDED, *LATE, *LANDED])
def test_the_host_s_function_is_called_where_the_swap_is_won(bench, fault):
    """And all of it is undone where COMMIT never came; what it writes is never late."""
    calls, storage = [], bench(commits=(fault,))
    commit = partial(storage.commit_within, ADA, change(None, "r1"), storage.within(calls.append))
    if fault in ERRORS:
        with pytest.raises(ERRORS[fault]):
            commit()
    else:
        assert commit() is (fault is None)

    has_landed = fault not in {CommitFault.VICTIM, *NOT_LANDED}
    assert storage.stored == (record("r1") if has_landed else None)
    assert calls == [None]


@pytest.mark.parametrize("fault", [None, CommitFault.LOST_BEFORE, CommitFault.VICTIM])
@pytest.mark.parametrize("error", [LookupError, StopIteration, KeyboardInterrupt])
def test_what_the_host_s_function_raises_passes_through(fault, error):
    """Whatever else was to go wrong."""

    def within(_connection):
        raise error

    storage = FaultyStorage(MemoryStorage(), FaultPlan(commits=(fault,)))
    with pytest.raises(error):
        storage.commit_within(ADA, change(None, "r1"), within)
    assert storage.load(ADA) is None


def test_other_reads_and_writes_go_wrong_as_well(bench):
    """They take their turn in the plan, and are never stale."""
    storage = bench(
        loads=(LoadFault.FAILED, LoadFault.BROKEN, LoadFault.STALE, None),
        commits=(CommitFault.FAILED, CommitFault.LATE, CommitFault.VICTIM),
    )

    with pytest.raises(StorageError):
        storage.scopes(ADA)
    with pytest.raises(ConnectionError):
        storage.key_use()
    assert storage.sealed_otherwise(None, after=None, limit=1) == ()
    assert storage.outdated(before=None, after=None, limit=1) == ()
    for error in (StorageError, OutcomeUnknown, StorageError):
        with pytest.raises(error):
            storage.purge_events(before=None, limit=1)
    assert storage.purge_events(before=None, limit=1) == 0


def test_it_can_do_what_the_storage_beneath_can(bench):
    """A kit that asks is told the truth."""
    able = bench().storage
    unable = FaultyStorage(Plain(), FaultPlan()), AsyncFaultyStorage(AsyncPlain(), FaultPlan())

    for protocol in (TransactionalStorage, EnumerableStorage, PurgeableStorage):
        assert isinstance(able, protocol)
        assert not any(isinstance(each, protocol) for each in unable)
    for protocol in (ExaminableStorage, OutboxStorage):
        assert not isinstance(able, protocol)


def test_a_storage_that_can_do_nothing_else_goes_wrong_as_well(asyncio_portal):
    """Two methods are enough to be beneath."""
    storage = FaultyStorage(Plain(), FaultPlan(commits=(CommitFault.LATE,)))
    with pytest.raises(OutcomeUnknown):
        storage.commit(ADA, change(None, "r1"))
    assert storage.load(ADA) == record("r1")

    awaited = AsyncFaultyStorage(AsyncPlain(), FaultPlan(commits=(CommitFault.LATE,)))
    with pytest.raises(OutcomeUnknown):
        asyncio_portal.call(awaited.commit, ADA, change(None, "r1"))
    assert asyncio_portal.call(awaited.load, ADA) == record("r1")


@pytest.mark.parametrize("storage", [None, MemoryStorage, AsyncMemoryStorage()])
def test_only_a_storage_that_is_called_can_be_beneath(storage):
    """The awaited one has a twin."""
    with pytest.raises(InvalidArgument, match="not awaited"):
        FaultyStorage(storage, FaultPlan())


@pytest.mark.parametrize("storage", [None, AsyncMemoryStorage, MemoryStorage()])
def test_only_a_storage_that_is_awaited_can_be_beneath_the_twin(storage):
    """The other one has one as well."""
    with pytest.raises(InvalidArgument, match=r"awaited$"):
        AsyncFaultyStorage(storage, FaultPlan())


@pytest.mark.parametrize(
    ("plan", "meanwhile"), [(None, print), ((), print), (FaultPlan, print), (FaultPlan(), None)]
)
def test_only_a_plan_says_what_goes_wrong(plan, meanwhile):
    """And only a function can be called in a pause."""
    with pytest.raises(InvalidArgument, match="FaultPlan"):
        FaultyStorage(MemoryStorage(), plan, meanwhile=meanwhile)
    with pytest.raises(InvalidArgument, match="FaultPlan"):
        AsyncFaultyStorage(AsyncMemoryStorage(), plan, meanwhile=meanwhile)


def test_nothing_happens_meanwhile_by_default(asyncio_portal):
    """A pause is one all the same."""
    awaited = AsyncFaultyStorage(AsyncMemoryStorage(), FaultPlan(loads=(LoadFault.HELD,)))
    assert FaultyStorage(MemoryStorage(), FaultPlan(loads=(LoadFault.HELD,))).load(ADA) is None
    assert asyncio_portal.call(awaited.load, ADA) is None


@pytest.mark.parametrize(
    ("plan", "named"),
    [
        ({"loads": (CommitFault.FAILED,)}, "loads must be a tuple of LoadFault or None"),
        ({"commits": [None]}, "commits must be a tuple of CommitFault or None"),
        ({"commits": ("late",)}, "commits must be a tuple of CommitFault or None"),
    ],
)
def test_a_plan_holds_faults_of_the_right_kind(plan, named):
    """A fault that never happens would let a test pass for nothing."""
    with pytest.raises(InvalidArgument, match=named):
        FaultPlan(**plan)
