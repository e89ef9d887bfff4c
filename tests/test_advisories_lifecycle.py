"""Published advisories about one-off, pending and expiring codes: a test for each way they failed.

Each is numbered, as in `tests.test_advisories`; its docstring tells how others failed, and what
happens here. They run on every storage.
"""

import contextlib
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count

import pytest

from recoverykit import (
    Argon2idHasher,
    CodeAlreadyUsed,
    HashLimits,
    InvalidCode,
    Issued,
    NoActiveCodes,
    Policy,
    RecoveryKit,
    RecoveryKitError,
    Redemption,
    RedemptionRefused,
    SetState,
    Status,
    Subject,
    Throttle,
    TooManyAttempts,
)
from recoverykit.storage.memory import MemoryStorage
from recoverykit.storage.sql import SQLStorage
from recoverykit.testing import ManualClock
from tests.weak import WEAK

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
CHEAP = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)
LOOSE = Throttle(free=100)
ROUNDS = 10
THREADS = 8
TICK = timedelta.resolution
SHORT = timedelta(minutes=15)
TABLES = count()


@pytest.fixture
def storage(url):
    """An empty storage of each kind in turn: tables of its own in a shared database."""
    if url is None:
        yield MemoryStorage()
        return
    with SQLStorage(url, prefix=f"lifecycle_{next(TABLES)}_") as storage:
        storage.create_tables()
        yield storage


def new_kit(storage, *, clock=None, on_event=None, **policy):
    return RecoveryKit(
        storage,
        policy=Policy(
            **({"count": 3, "hasher": CHEAP, "throttle": LOOSE, "accept": WEAK} | policy)
        ),
        clock=clock or ManualClock(START),
        on_event=on_event,
        hashing=HashLimits(queue=1_000),
    )


def support_kit(storage, **options):
    """A kit for the one code that an administrator hands out, good for a short time."""
    return new_kit(storage, **({"count": 1, "low_at": 0, "expires_after": SHORT} | options))


def end_of(call):
    """Return what a call returned, or the error of ours that it raised."""
    try:
        return call()
    except RecoveryKitError as error:
        return error


def at_once(*calls):
    """Run the calls in as many threads, all released by one barrier; return how each ended."""
    barrier = threading.Barrier(len(calls))

    def released(call):
        barrier.wait()
        return end_of(call)

    with ThreadPoolExecutor(len(calls)) as threads:
        return [*threads.map(released, calls)]


def kinds(ends):
    return Counter(type(end) for end in ends)


def spendable(kit, subject, *codes):
    """Redeem the codes one after the other; return those that succeeded."""
    ends = {code: end_of(partial(kit.redeem, subject, code)) for code in codes}
    assert all(isinstance(end, Redemption | RedemptionRefused) for end in ends.values())
    return [code for code, end in ends.items() if isinstance(end, Redemption)]


def test_r04_cve_2026_48505_confirming_and_redeeming_race_to_one_truth(storage):
    """The first mend left the race open; here one code of the old set succeeds before, or none."""
    kit = new_kit(storage, confirm=True)
    for number in range(ROUNDS):
        subject = f"user {number}"
        old = kit.issue(subject)
        kit.confirm(subject, old.codes[0])
        new = kit.issue(subject, replace=True)
        *redeemed, confirmed = at_once(
            *[partial(kit.redeem, subject, old.codes[0])] * (THREADS - 1),
            partial(kit.confirm, subject, new.codes[0]),
        )
        assert isinstance(confirmed, Status)
        assert kinds(redeemed)[Redemption] <= 1
        assert set(kinds(redeemed)) <= {Redemption, CodeAlreadyUsed, InvalidCode}
        assert spendable(kit, subject, *old.codes, *new.codes) == [*new.codes]


def test_r04_cve_2026_48505_confirming_and_replacing_race_to_one_set(storage):
    """Of a set confirmed and a set put in its place at once, one counts, and each is told."""
    kit = new_kit(storage, confirm=True)
    for number in range(ROUNDS):
        subject = f"user {number}"
        old = kit.issue(subject)
        kit.confirm(subject, old.codes[0])
        waiting = kit.issue(subject, replace=True)
        *confirmed, replaced = at_once(
            *[partial(kit.confirm, subject, waiting.codes[0])] * (THREADS - 1),
            partial(kit.issue, subject, replace=True),
        )
        is_confirmed = kinds(confirmed)[Status] > 0
        assert is_confirmed or isinstance(replaced, Issued)
        assert set(kinds(confirmed)) <= {Status, InvalidCode}
        counts, dead = (waiting, old) if is_confirmed else (old, waiting)
        later = replaced.codes if isinstance(replaced, Issued) else ()
        good = spendable(kit, subject, *dead.codes, *later, *counts.codes)
        assert good == [*counts.codes]


def test_r07_cve_2026_43930_a_one_off_code_of_an_administrator_succeeds_once(storage):
    """The sibling path had the race that the first had lost; here they are one and the same."""
    kit = support_kit(storage)
    for number in range(ROUNDS):
        subject = Subject(f"user {number}", scope="support")
        (code,) = kit.issue(subject).codes
        ends = at_once(*[partial(kit.redeem, subject, code)] * THREADS)
        # With its only code spent the set has ended: who comes later is not judged any more.
        assert kinds(ends)[Redemption] == 1
        assert set(kinds(ends)) <= {Redemption, NoActiveCodes}
        assert kit.status(subject).state is SetState.EXHAUSTED


def test_r07_cve_2026_43930_issuing_a_one_off_code_anew_leaves_one(storage):
    """Two administrators, and a user who redeems: no two codes succeed that stood at a time."""
    kit = support_kit(storage)
    for number in range(ROUNDS):
        subject = Subject(f"user {number}", scope="support")
        (code,) = kit.issue(subject).codes
        *redeemed, first, second = at_once(
            *[partial(kit.redeem, subject, code)] * (THREADS - 2),
            *[partial(kit.issue, subject, replace=True)] * 2,
        )
        assert kinds(redeemed)[Redemption] <= 1
        assert set(kinds(redeemed)) <= {Redemption, NoActiveCodes, InvalidCode}
        issued = [each.codes[0] for each in (first, second) if isinstance(each, Issued)]
        assert len(spendable(kit, subject, code, *issued)) == 1


def test_r07_cve_2026_43930_a_one_off_code_has_its_own_throttle_and_its_own_sets(storage):
    """Guesses at the one-off code lock nothing else, and its code is good nowhere else."""
    own_events, support_events = [], []
    own = new_kit(storage, throttle=Throttle(), on_event=own_events.append)
    support = support_kit(storage, throttle=Throttle(), on_event=support_events.append)
    alice, scoped = Subject("alice"), Subject("alice", scope="support")
    codes, (one_off,) = own.issue(alice).codes, support.issue(scoped).codes
    for _ in range(5):
        with pytest.raises(InvalidCode):
            support.redeem(scoped, codes[1])
    with pytest.raises(TooManyAttempts):
        support.redeem(scoped, one_off)
    with pytest.raises(InvalidCode):
        own.redeem(alice, one_off)
    assert own.redeem(alice, codes[0]).remaining == 2
    support.revoke(scoped)
    assert own.redeem(alice, codes[1]).remaining == 1
    assert {event.subject.scope for event in support_events} == {"support"}
    assert {event.subject.scope for event in own_events} == {""}


def test_r09_cve_2022_36071_a_pending_set_never_redeems(storage):
    """Codes made before the second factor was on were good; here none is before it is confirmed."""
    kit = new_kit(storage, confirm=True)
    first = kit.issue("alice").codes
    for code in first:
        with pytest.raises(NoActiveCodes):
            kit.redeem("alice", code)
    kit.confirm("alice", first[0])
    second = kit.issue("alice", replace=True).codes
    for code in second:
        with pytest.raises(InvalidCode):
            kit.redeem("alice", code)
    assert spendable(kit, "alice", *first) == [*first]


def test_r09_cve_2022_36071_a_confirmation_ends_every_earlier_set(storage):
    """Codes made earlier stayed valid; here the confirmed set is the only one, whatever came."""
    kit = new_kit(storage, confirm=True)
    earlier = []
    for _ in range(3):
        abandoned, confirmed = (kit.issue("alice", replace=True) for _ in range(2))
        kit.confirm("alice", confirmed.codes[0])
        with pytest.raises(InvalidCode):
            kit.confirm("alice", abandoned.codes[0])
        assert spendable(kit, "alice", *earlier, *abandoned.codes) == []
        assert kit.redeem("alice", confirmed.codes[0]).set_id == confirmed.set_id
        earlier += [*abandoned.codes, *confirmed.codes]


def test_r09_cve_2022_36071_revoking_leaves_no_set_neither_active_nor_pending(storage):
    """What was revoked must not come back by a confirmation of what was pending beside it."""
    kit = new_kit(storage, confirm=True)
    active = kit.issue("alice")
    kit.confirm("alice", active.codes[0])
    waiting = kit.issue("alice", replace=True)
    assert not kit.revoke("alice").pending
    for code in (*active.codes, *waiting.codes):
        with pytest.raises(NoActiveCodes):
            kit.confirm("alice", code)
        with pytest.raises(NoActiveCodes):
            kit.redeem("alice", code)


def test_r23_breeze_4480_the_old_set_is_valid_until_the_new_one_is_confirmed(storage):
    """New codes that nobody saw had replaced the old ones; here they do once one is typed back."""
    clock = ManualClock(START)
    kit = new_kit(storage, clock=clock, confirm=True, pending_for=timedelta(hours=1))
    old = kit.issue("alice")
    kit.confirm("alice", old.codes[0])
    unseen = kit.issue("alice", replace=True)
    assert kit.redeem("alice", old.codes[0]).remaining == 2
    clock.advance(timedelta(hours=1))
    with pytest.raises(NoActiveCodes):
        kit.confirm("alice", unseen.codes[0])
    assert kit.redeem("alice", old.codes[1]).remaining == 1
    seen = kit.issue("alice", replace=True)
    assert kit.confirm("alice", seen.codes[0]).remaining == 3
    assert spendable(kit, "alice", *old.codes, *unseen.codes, *seen.codes) == [*seen.codes]


@pytest.mark.parametrize("late", [False, True], ids=["a tick before", "at the instant"])
def test_r32_twofactor_admin_401_expiry_is_judged_inside_the_claim(storage, late):
    """A one-off code did not expire; here the claim knows the instant, and so do all who race."""
    clock = ManualClock(START)
    kit = support_kit(storage, clock=clock)
    subject = Subject("alice", scope="support")
    issued = kit.issue(subject)
    assert issued.expires_at == START + SHORT
    clock.advance(SHORT - (timedelta(0) if late else TICK))
    ends = at_once(*[partial(kit.redeem, subject, issued.codes[0])] * THREADS)
    assert kinds(ends)[Redemption] == (0 if late else 1)
    assert kinds(ends)[NoActiveCodes] == THREADS - kinds(ends)[Redemption]
    assert kit.status(subject).state is (SetState.EXPIRED if late else SetState.EXHAUSTED)


@pytest.mark.parametrize("late", [False, True], ids=["a tick before", "at the instant"])
def test_r32_twofactor_admin_401_so_is_the_time_to_confirm(storage, late):
    """A pending set that nobody confirmed in time is never confirmed, not even an instant late."""
    clock = ManualClock(START)
    kit = new_kit(storage, clock=clock, confirm=True, pending_for=SHORT)
    code = kit.issue("alice").codes[0]
    clock.advance(SHORT - (timedelta(0) if late else TICK))
    with pytest.raises(NoActiveCodes) if late else contextlib.nullcontext():
        assert kit.confirm("alice", code).state is SetState.ACTIVE
    assert kit.status("alice").pending is False
    assert kit.status("alice").state is (SetState.EXPIRED if late else SetState.ACTIVE)
