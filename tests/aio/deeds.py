"""Deeds: each verb of the kit as a call that is prepared, done, looked at, and done again."""

import secrets
from typing import ClassVar

from recoverykit import (
    Argon2idHasher,
    CodeAlreadyUsed,
    CodeFormat,
    CodesAlreadyIssued,
    InvalidCode,
    Issued,
    Keyring,
    ManagementLocked,
    Policy,
    RecoveryKit,
    Redemption,
    Resealed,
    Status,
    Subject,
)
from recoverykit.storage import SetState
from tests.weak import WEAK

_COUNT = 3
_KEYS = {"old": secrets.token_bytes(32), "new": secrets.token_bytes(32)}
_MINE = "the id of a session"


def quick(**fields) -> Policy:
    """A policy that hashes quickly."""
    hasher = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)
    return Policy(count=_COUNT, hasher=hasher, accept=WEAK, **fields)


class Deed:
    """One call, to be done with the subject whose record is prepared.

    Args:
        kit: prepares and looks, over connections of its own.
        subject: whose record.
    """

    policy: ClassVar[Policy] = quick()
    keyring: ClassVar[Keyring | None] = None
    writes: ClassVar[bool] = True

    def __init__(self, kit: RecoveryKit, subject: Subject) -> None:
        self.kit = kit
        self.subject = subject
        self.codes: tuple[str, ...] = ()
        self.prepare()

    def prepare(self):
        """Store what the call needs."""
        self.codes = self.kit.issue(self.subject).codes

    def do(self, kit, within):
        """Begin the call on an asynchronous kit; return what to await."""
        raise NotImplementedError

    def look(self, *, landed):
        """Fail unless all that the call writes is stored, or nothing of it."""

    def judge(self, outcome, *, landed):
        """Fail unless the same call, done again, tells the truth about the first one."""

    @property
    def status(self) -> Status:
        return self.kit.status(self.subject)

    def is_spent(self, code: str) -> bool:
        """Whether a new attempt with the code is refused: it was used, or gave way to another."""
        try:
            self.kit.redeem(self.subject, code)
        except (CodeAlreadyUsed, InvalidCode):
            return True
        return False


class Redeem(Deed):
    """A code that is right."""

    def do(self, kit, within):
        return kit.redeem(self.subject, self.codes[0], attempt="one")

    def look(self, *, landed):
        assert self.status.remaining == _COUNT - landed

    def judge(self, outcome, *, landed):
        assert isinstance(outcome, Redemption)
        assert outcome.replayed is landed
        assert self.status.remaining == _COUNT - 1
        assert self.is_spent(self.codes[0])
        assert not self.is_spent(self.codes[1])


class RedeemWithin(Redeem):
    """A code that is right, with a row of the host's."""

    def do(self, kit, within):
        return kit.redeem(self.subject, self.codes[0], attempt="one", within=within)


class RedeemRotating(Redeem):
    """A code that is right, and replaced."""

    policy = quick(rotate=True)

    def look(self, *, landed):
        status = self.status
        assert status.remaining == _COUNT
        assert sum(code.used_at is not None for code in status.codes) <= landed

    def judge(self, outcome, *, landed):
        assert isinstance(outcome, Redemption)
        assert outcome.replayed is landed
        assert (outcome.replacement is None) is landed
        if outcome.replacement is not None:
            assert not self.is_spent(outcome.replacement.codes[0])
        assert self.is_spent(self.codes[0])


class RedeemWrong(Deed):
    """A code that is wrong: every guess that is judged is counted."""

    def prepare(self):
        super().prepare()
        self.codes = self.kit.issue(f"stranger to {self.subject.id}").codes

    def do(self, kit, within):
        return kit.redeem(self.subject, self.codes[0], attempt="one", within=within)

    def look(self, *, landed):
        assert self.status.failures == landed

    def judge(self, outcome, *, landed):
        assert type(outcome) is InvalidCode
        assert self.status.failures == landed + 1


class RedeemUsed(Deed):
    """A code that another attempt has used."""

    def prepare(self):
        super().prepare()
        self.kit.redeem(self.subject, self.codes[0])

    def do(self, kit, within):
        return kit.redeem(self.subject, self.codes[0], attempt="one", within=within)

    def look(self, *, landed):
        assert self.status.failures == landed

    def judge(self, outcome, *, landed):
        assert type(outcome) is CodeAlreadyUsed
        assert self.status.failures == landed + 1


class Issue(Deed):
    """A first set of codes: who repeats the attempt is shown codes that count."""

    def prepare(self):
        """Nothing is stored yet."""

    def do(self, kit, within):
        return kit.issue(self.subject, attempt="one")

    def look(self, *, landed):
        assert self.status.remaining == _COUNT * landed

    def judge(self, outcome, *, landed):
        assert isinstance(outcome, Issued)
        assert self.status.remaining == _COUNT
        assert not any(self.is_spent(code) for code in outcome.codes)


class Confirm(Deed):
    """The proof that a pending set was kept."""

    policy = quick(confirm=True)

    def do(self, kit, within):
        return kit.confirm(self.subject, self.codes[0])

    def look(self, *, landed):
        assert self.status.state is (SetState.ACTIVE if landed else SetState.PENDING)

    def judge(self, outcome, *, landed):
        assert outcome.state is SetState.ACTIVE
        assert outcome == self.status


class Revoke(Deed):
    """The end of a set."""

    def do(self, kit, within):
        return kit.revoke(self.subject)

    def look(self, *, landed):
        assert self.status.state is (SetState.REVOKED if landed else SetState.ACTIVE)

    def judge(self, outcome, *, landed):
        assert outcome.state is SetState.REVOKED
        assert outcome == self.status


class Unlock(Deed):
    """The beginning of an unlock."""

    policy = quick(management="unlock")

    def prepare(self):
        self.kit.unlock(self.subject, session="another session")
        self.kit.issue(self.subject, session="another session")

    def do(self, kit, within):
        return kit.unlock(self.subject, session=_MINE)

    def judge(self, outcome, *, landed):
        assert self.may_revoke(_MINE)

    def may_revoke(self, session):
        try:
            self.kit.revoke(self.subject, session=session)
        except ManagementLocked:
            return False
        return True


class Lock(Unlock):
    """The end of an unlock."""

    def prepare(self):
        self.kit.unlock(self.subject, session=_MINE)
        self.kit.issue(self.subject, session=_MINE)

    def do(self, kit, within):
        return kit.lock(self.subject, session=_MINE)

    def judge(self, outcome, *, landed):
        assert outcome is None
        assert not self.may_revoke(_MINE)


class Erase(Deed):
    """The end of all that is stored."""

    def do(self, kit, within):
        return kit.erase(self.subject)

    def look(self, *, landed):
        assert self.status.state is (SetState.NONE if landed else SetState.ACTIVE)

    def judge(self, outcome, *, landed):
        assert outcome is None
        assert self.status.state is SetState.NONE


class Look(Deed):
    """The status, which writes nothing."""

    writes = False

    def do(self, kit, within):
        return kit.status(self.subject)

    def judge(self, outcome, *, landed):
        assert outcome == self.status


class Import(Deed):
    """Codes of another system."""

    format = CodeFormat.base32(16)

    def prepare(self):
        """Nothing is stored yet."""
        self.codes = tuple(letter * 16 for letter in "ABC")

    def do(self, kit, within):
        return kit.import_codes(self.subject, self.codes, format=self.format)

    def look(self, *, landed):
        assert self.status.remaining == _COUNT * landed

    def judge(self, outcome, *, landed):
        assert type(outcome) is (CodesAlreadyIssued if landed else Status)
        assert self.status.remaining == _COUNT
        assert not any(map(self.is_spent, self.codes))


class Reseal(Deed):
    """Documents under a former seal."""

    keyring = Keyring(_KEYS, primary="new")

    def prepare(self):
        former = Keyring(_KEYS, primary="old")
        kit = RecoveryKit(self.kit._runner._shell.storage, policy=self.policy, keyring=former)
        self.codes = kit.issue(self.subject).codes

    def do(self, kit, within):
        return kit.reseal()

    def judge(self, outcome, *, landed):
        assert outcome == Resealed(count=not landed, failed=(), last=None)
        assert not self.is_spent(self.codes[0])


DEEDS = (
    Redeem,
    RedeemWithin,
    RedeemRotating,
    RedeemWrong,
    RedeemUsed,
    Issue,
    Confirm,
    Revoke,
    Unlock,
    Lock,
    Erase,
    Look,
    Import,
    Reseal,
)
