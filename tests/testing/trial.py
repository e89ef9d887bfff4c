"""A kit over a storage that goes wrong, beside one that sees the storage beneath as it is."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from recoverykit import (
    AsyncRecoveryKit,
    CodeFormat,
    Issued,
    Keyring,
    Policy,
    RecoveryKit,
    RecoveryKitError,
    RedemptionRefused,
    SetState,
    StorageError,
    Subject,
)
from recoverykit.storage.memory import AsyncMemoryStorage, MemoryStorage
from recoverykit.testing import (
    AsyncFaultyStorage,
    FaultPlan,
    FaultyStorage,
    LoadFault,
    ManualClock,
    cheapened,
)
from tests.awaited import Awaited

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
ADA = Subject("ada")
WRONG = "47Q2M-Z4TB0-XKDND"
BROUGHT = ("1234567890", "0987654321")
OLD, NEW = b"one of 16 bytes.", b"another of them."
POLICY = cheapened(Policy(count=3, expires_after=timedelta(days=30)))
LOCKED = replace(POLICY, management="unlock")
STALE = {LoadFault.STALE, LoadFault.EMPTY, LoadFault.REPEATED}
LONGEST = 12


@dataclass
class Trial:
    """One kit over a faulty storage, and one over the storage beneath, at one clock."""

    portal: object = None
    policy: Policy = POLICY
    wrapped: Callable = lambda storage: storage
    """Put between the faulty storage and the kit, or beneath: to break something on purpose."""
    beneath: Callable = lambda storage: storage
    keyring: Keyring | None = None
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))

    def __post_init__(self):
        self.storage = self.beneath(AsyncMemoryStorage() if self.portal else MemoryStorage())
        self.truth = self.kit(self.storage, self.keyring)

    def kit(self, storage, keyring=None):
        options = {"policy": self.policy, "clock": self.clock, "keyring": keyring or self.keyring}
        if self.portal is None:
            return RecoveryKit(storage, **options)
        return Awaited(AsyncRecoveryKit(storage, **options), self.portal)

    def faulty(self, plan, keyring=None):
        """Return a kit that meets these faults, and the storage in which it meets them."""
        make = AsyncFaultyStorage if self.portal else FaultyStorage
        storage = make(self.storage, plan)
        return self.kit(self.wrapped(storage), keyring), storage

    def land(self, storage):
        """Land what is on its way."""
        return self.portal.call(storage.land) if self.portal else storage.land()

    def record(self):
        if self.portal is None:
            return self.storage.load(ADA)
        return self.portal.call(self.storage.load, ADA)

    @property
    def status(self):
        return self.truth.status("ada")


def outcome_of(act):
    """Return what a call returned, or the error of our tree that it raised; no other may."""
    try:
        return act()
    except RecoveryKitError as error:
        return error


@dataclass(frozen=True)
class Deed:
    """One verb: what stands before it, the call, and what must be true once success was told.

    The call may be made again: what it returns then is a success as well, or one of ``again``.
    """

    before: Callable
    act: Callable
    holds: Callable
    again: tuple[str, ...] = ()
    refusal: type | None = None
    """What it raises where nothing goes wrong; None where it returns."""
    is_own: bool = False
    """Whether success is told of its own commit alone, so that it holds after a stale load, too.

    The others may find that there is nothing to do, and believe what they were told of it.
    """
    policy: Policy = POLICY
    keyring: Keyring | None = None


def nothing(truth, clock):
    return ()


def issued(truth, clock):
    return truth.issue("ada").codes


def revoked_long_ago(truth, clock):
    truth.issue("ada")
    truth.revoke("ada")
    clock.advance(timedelta(days=60))
    return ()


def unlocked(truth, clock):
    truth.unlock("ada", session="monday")
    return truth.issue("ada", session="monday").codes


def is_whole(trial, codes, told):
    assert (trial.status.state, trial.status.remaining) == (SetState.ACTIVE, 3)
    assert trial.truth.redeem("ada", told.codes[1]).ordinal == 1


def is_spent(trial, codes, told):
    assert trial.status.codes[0].used_at is not None
    assert trial.status.remaining == 2


def is_counted(trial, codes, told):
    assert trial.status.failures >= 1


def is_in(state):
    def holds(trial, codes, told):
        assert trial.status.state is state

    return holds


def is_open(trial, codes, told):
    assert not isinstance(
        outcome_of(lambda: trial.truth.revoke("ada", session="monday")), RecoveryKitError
    )


def is_closed(trial, codes, told):
    error = outcome_of(lambda: trial.truth.revoke("ada", session="monday"))
    assert type(error).__name__ == "ManagementLocked"


def is_brought(trial, codes, told):
    assert (trial.status.state, trial.status.total) == (SetState.ACTIVE, 2)
    assert trial.truth.redeem("ada", BROUGHT[1]).remaining == 1


def is_resealed(trial, codes, told):
    assert told.count + len(told.failed) <= 1
    if told.count:
        assert trial.kit(trial.storage, Keyring({"new": NEW})).status("ada").state


def is_purged(trial, codes, told):
    if told.count:
        assert trial.record() is None


async def _awaited(connection):
    pass


def within(kit):
    return _awaited if isinstance(kit, Awaited) else lambda connection: None


DEEDS = {
    "issue": Deed(nothing, lambda kit, codes: kit.issue("ada", attempt="a"), is_whole, is_own=True),
    "replace": Deed(
        issued,
        lambda kit, codes: kit.issue("ada", replace=True, attempt="a"),
        is_whole,
        is_own=True,
    ),
    "redeem": Deed(
        issued, lambda kit, codes: kit.redeem("ada", codes[0], attempt="a"), is_spent, is_own=True
    ),
    "redeem within": Deed(
        issued,
        lambda kit, codes: kit.redeem("ada", codes[0], attempt="a", within=within(kit)),
        is_spent,
        is_own=True,
    ),
    "guess": Deed(
        issued,
        lambda kit, codes: kit.redeem("ada", WRONG),
        is_counted,
        refusal=RedemptionRefused,
    ),
    "confirm": Deed(
        issued,
        lambda kit, codes: kit.confirm("ada", codes[0]),
        is_in(SetState.ACTIVE),
        policy=replace(POLICY, confirm=True),
    ),
    "status": Deed(issued, lambda kit, codes: kit.status("ada"), is_in(SetState.ACTIVE)),
    "revoke": Deed(issued, lambda kit, codes: kit.revoke("ada"), is_in(SetState.REVOKED)),
    "erase": Deed(issued, lambda kit, codes: kit.erase("ada"), is_in(SetState.NONE)),
    "erase scopes": Deed(issued, lambda kit, codes: kit.erase_scopes("ada"), is_in(SetState.NONE)),
    "unlock": Deed(
        nothing,
        lambda kit, codes: kit.unlock("ada", session="monday"),
        is_open,
        policy=LOCKED,
    ),
    "lock": Deed(
        unlocked, lambda kit, codes: kit.lock("ada", session="monday"), is_closed, policy=LOCKED
    ),
    "import codes": Deed(
        nothing,
        lambda kit, codes: kit.import_codes("ada", BROUGHT, format=CodeFormat.digits(10)),
        is_brought,
        again=("CodesAlreadyIssued",),
        policy=replace(POLICY, accept=POLICY.accept | {"N4-SRC-64"}),
    ),
    "reseal": Deed(
        issued,
        lambda kit, codes: kit.reseal(),
        is_resealed,
        keyring=Keyring({"old": OLD}),
    ),
    "purge": Deed(
        revoked_long_ago,
        lambda kit, codes: kit.purge(before=START + timedelta(days=50)),
        is_purged,
    ),
}


def attempt(deed: Deed, plan: FaultPlan, **options):
    """Do a deed while things go wrong, and again until they no longer do: see what it promises."""
    trial = Trial(policy=deed.policy, keyring=deed.keyring, **options)
    codes = deed.before(trial.truth, trial.clock)
    before = trial.record()
    newer = deed.keyring and Keyring({"old": OLD, "new": NEW}, primary="new")
    kit, storage = trial.faulty(plan, newer)
    trial.truth = trial.kit(trial.storage, newer)

    told = outcome_of(lambda: deed.act(kit, codes))
    if type(told) is StorageError:
        assert trial.record() == before, "it failed for certain, and has landed"
    is_believed = deed.is_own or not STALE & {*plan.loads}
    for _ in range(LONGEST):
        if is_success(deed, told) and is_believed:
            break
        told = outcome_of(lambda: deed.act(kit, codes))
    assert is_success(deed, told), f"ended in {type(told).__name__}"
    trial.land(storage)
    deed.holds(trial, codes, told)
    if deed.is_own:
        never_twice(trial, kit, told, codes)


def is_success(deed, told):
    """Whether a call has told what it tells where nothing goes wrong."""
    if deed.refusal is not None:
        return isinstance(told, deed.refusal)
    return not isinstance(told, RecoveryKitError) or type(told).__name__ in deed.again


def never_twice(trial, kit, told, codes):
    """What was told to be spent is spent, whoever asks; and the same kit goes on working."""
    code = told.codes[1] if isinstance(told, Issued) else codes[0]
    for each in (trial.truth, kit):
        error = StorageError()
        while isinstance(error, StorageError):
            error = outcome_of(partial(each.redeem, "ada", code))
        assert isinstance(error, RedemptionRefused), f"spent twice: {type(error).__name__}"
