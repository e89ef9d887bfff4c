"""What is explored: each verb as a value that begins its flow anew, and families of such calls."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

from recoverykit.core import flows
from recoverykit.core.call import Call, Outcome, Setup
from recoverykit.core.hasher import Argon2idHasher
from recoverykit.core.importing import plain_codes
from recoverykit.core.keyring import Keyring
from recoverykit.core.masked import Masked
from recoverykit.core.policy import Policy
from recoverykit.core.subject import Subject
from recoverykit.testing.explorer import Explored, Faults, explore, play
from recoverykit.testing.history import Landed, Raised, Returned
from tests.oracle import FIRST_DELAY

ALICE = Subject("alice")
POLICY = Policy(count=3, hasher=Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1))

NONE = Faults()
PROMISED = {
    "no fault": NONE,
    "a crash": Faults(crashes=1),
    "a lost answer": Faults(lost_answers=1),
    "a stale load": Faults(stale_loads=1),
    "a crash and a lost answer": Faults(crashes=1, lost_answers=1),
}
COSTLY = {
    "two crashes": Faults(crashes=2),
    "two lost answers": Faults(lost_answers=2),
    "two stale loads": Faults(stale_loads=2),
    "a lost answer and a stale load": Faults(lost_answers=1, stale_loads=1),
    "a lost answer and a failing storage": Faults(lost_answers=1, errors=1),
    "a lost answer and a delay that ends": Faults(lost_answers=1, clock_moves=(FIRST_DELAY,)),
    "a crash, a lost answer and a stale load": Faults(crashes=1, lost_answers=1, stale_loads=1),
}
ALL = PROMISED | COSTLY

# By how much a kind of fault multiplies the states at the least: a sweep that has lost its faults
# by mistake would pass every check.
GROWTH = {"no fault": 1, "a crash": 2, "a lost answer": 5, "a stale load": 1.5}
GROWTH["a crash and a lost answer"] = 10


@dataclass(frozen=True)
class Code:
    """A code as it was shown, and the set that it was shown of; None for one that is imported."""

    text: str
    set_id: str | None


@dataclass(frozen=True)
class Verb:
    """One call, by its name; it begins its flow whenever it is handed entropy."""

    name: str
    verb: str
    kit: "Kit"
    code: Code | None = None
    session: str | None = None
    attempt: str | None = None
    options: dict[str, object] = field(default_factory=dict)

    def __call__(self, entropy):
        arguments = [Masked(self.code.text)] if self.code else []
        call, options = self._call(entropy), dict(self.options)
        if self.verb == "install":
            codes = [Masked(text) for text in options.pop("codes")]
            arguments = [plain_codes(call, codes, self.kit.policy.format)]
        if self.verb in {"issue", "install", "revoke", "unlock", "lock"}:
            options["session"] = self.session and Masked(self.session)
        return getattr(flows, self.verb)(call, *arguments, **options)

    def _call(self, entropy):
        setup = Setup(policy=self.kit.policy, keyring=self.kit.keyring, entropy=entropy)
        return Call(setup=setup, subject=ALICE, attempt=self.attempt or self.name, context={})


@dataclass(frozen=True)
class InTurn:
    """Two verbs one after the other, as one caller would; what the first got makes the second.

    Where that makes nothing, the caller stops.
    """

    name: str
    first: Verb
    then: Callable[[object], Verb | None]

    @property
    def kit(self):
        return self.first.kit

    @property
    def code(self):
        return self.first.code

    def __call__(self, entropy):
        first = yield from self.first(entropy)
        then = self.then(first.value)
        return (first, (yield from then(entropy))) if then else (first,)


@dataclass(frozen=True)
class Kit:
    """A policy and a keyring, and the verbs under them."""

    policy: Policy = POLICY
    keyring: Keyring | None = None

    def but(self, **policy):
        return replace(self, policy=replace(self.policy, **policy))

    def issue(self, name, *, replacing=False, **options):
        return Verb(name, "issue", self, options={"replacing": replacing}, **options)

    def import_codes(self, name, codes, *, replacing=False, **options):
        """Import codes, which have the format of the policy."""
        brought = {"codes": codes, "replacing": replacing}
        return Verb(name, "install", self, options=brought, **options)

    def confirm(self, name, code):
        return Verb(name, "confirm", self, code)

    def redeem(self, name, code, **options):
        return Verb(name, "redeem", self, code, **options)

    def revoke(self, name, **options):
        return Verb(name, "revoke", self, **options)

    def unlock(self, name, session):
        return Verb(name, "unlock", self, session=session)

    def lock(self, name, session):
        return Verb(name, "lock", self, session=session)

    def reseal(self, name):
        return Verb(name, "reseal", self)

    def erase(self, name):
        return Verb(name, "erase", self)

    def redemptions(self, *codes):
        return [self.redeem(name, code) for name, code in zip("ABC", codes, strict=False)]


def by_name(*calls):
    """Return calls as the explorer takes them."""
    return {call.name: call for call in calls}


def played(*calls, before=()):
    """Return all that has landed when the calls have run one after the other, and their history."""
    keyring = calls[0].kit.keyring
    history = play(by_name(*calls), before=before, keyring=keyring)
    return history.before + history.landed, history


def codes_of(history, name):
    """Return the codes that a call was shown."""
    issued = history.ends[name].value.value
    return tuple(Code(text, issued.set_id) for text in issued.codes)


def told_to(end):
    """Return the values that the caller has got: several, where the call ran several verbs."""
    if not isinstance(end, Returned):
        return []
    outcomes = end.value if isinstance(end.value, tuple) else (end.value,)
    assert all(isinstance(outcome, Outcome) for outcome in outcomes)
    return [outcome.value for outcome in outcomes]


def in_a_word(end):
    """Return the name of what the caller has got last."""
    last = end.error if isinstance(end, Raised) else told_to(end)[-1]
    return type(last).__name__ + (" again" if getattr(last, "replayed", False) else "")


def names(history):
    """Return how the calls ended, in a word each, sorted."""
    return sorted(in_a_word(end) for end in history.ends.values())


@dataclass(frozen=True)
class Family:
    """Some calls, what stands before them, what is exact without faults, and how many states."""

    calls: dict[str, Verb | InTurn]
    also: Callable | None = None
    before: tuple[Landed, ...] = ()
    states: int = 100
    """A floor for the states without faults."""
    clock: tuple[timedelta, ...] = ()
    """By how much the clock may move, whatever the faults."""

    def sweep(self, faults: Faults, check) -> Explored:
        faults = replace(faults, clock_moves=(*self.clock, *faults.clock_moves))
        # Any of them: what a code is bound to is named in its request, and all hold the same keys.
        keyring = next(call.kit.keyring for call in self.calls.values())
        return explore(
            self.calls,
            check=partial(check, family=self, faults=faults),
            before=self.before,
            faults=faults,
            keyring=keyring,
        )
