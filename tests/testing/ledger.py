"""What a host has been told, call by call, and what must be true because of it."""

from dataclasses import dataclass, field
from functools import partial

from recoverykit import (
    CodesAlreadyIssued,
    Issued,
    RecoveryKitError,
    Redemption,
    RedemptionRefused,
    StorageError,
)
from tests.testing.trial import WRONG, Trial, outcome_of


@dataclass
class Ledger:
    """A host that issues and redeems, and writes down what it was told."""

    trial: Trial
    kit: object
    storage: object
    codes: list[str] = field(default_factory=list)
    """All that it was ever shown."""
    spent: set[str] = field(default_factory=set)
    calls: int = 0

    def issue(self, _place):
        told = self._told(partial(self.kit.issue, "ada", replace=True))
        if isinstance(told, Issued):
            assert self.trial.status.total == len(told.codes), "issued, and not stored"
            self.codes += told.codes

    def redeem(self, place):
        if self.codes:
            self._redeem(self.codes[-1 - place % len(self.codes)])

    def redeem_and_retry(self, place):
        """Redeem until it is known what became of it, under one attempt id."""
        if self.codes:
            code, attempt = self.codes[-1 - place % len(self.codes)], f"again {self.calls}"
            decided(partial(self._redeem, code, attempt))

    def guess(self, _place):
        before = self.trial.status.failures
        told = self._told(partial(self.kit.redeem, "ada", WRONG))
        if type(told).__name__ == "InvalidCode":
            assert self.trial.status.failures > before, "judged, and not counted"

    def revoke(self, _place):
        self._told(partial(self.kit.revoke, "ada"))

    def land(self, _place):
        self.trial.land(self.storage)

    def close(self):
        """Whatever is still on its way, and however long it took: what was spent is spent."""
        self.trial.land(self.storage)
        for code in self.spent:
            told = outcome_of(partial(self.trial.truth.redeem, "ada", code))
            assert isinstance(told, RedemptionRefused), "spent twice"
            self._pass_delay()
        self._works()

    def _works(self):
        """The handle that met all the faults is as good as new, once there are no more."""
        for _ in range(6):  # as many as may go wrong with loads
            outcome_of(partial(self.kit.status, "ada"))
        told = decided(partial(self.kit.issue, "ada", replace=True))
        assert isinstance(told, Issued), "the handle is of no more use"
        told = decided(partial(self.kit.redeem, "ada", told.codes[0], attempt="last"))
        assert isinstance(told, Redemption), "the handle is of no more use"

    def _pass_delay(self):
        if (until := self.trial.status.retry_at) is not None:
            self.trial.clock.advance(until - self.trial.clock())

    def _redeem(self, code, attempt=None):
        told = self._told(partial(self.kit.redeem, "ada", code, attempt=attempt))
        if isinstance(told, Redemption) and not told.replayed:
            assert code not in self.spent, "spent twice"
            self.spent.add(code)
            used = {each.ordinal for each in self.trial.status.codes if each.used_at}
            assert told.ordinal in used, "told, and not spent"
        return told

    def _told(self, act):
        self.calls += 1
        told = outcome_of(act)
        assert not isinstance(told, RecoveryKitError) or isinstance(
            told, (RedemptionRefused, StorageError, CodesAlreadyIssued)
        )
        return told


def decided(act):
    """Call again until it is known what became of it; a plan has fewer faults than this."""
    for _ in range(20):
        if not isinstance(told := outcome_of(act), StorageError):
            break
    return told


DEEDS = ("issue", "redeem", "redeem_and_retry", "guess", "revoke", "land")


def keep(trial, plan, deeds):
    """Let a host do things while others go wrong, and hold against it what it was told."""
    kit, storage = trial.faulty(plan)
    ledger = Ledger(trial, kit, storage)
    ledger.codes += trial.truth.issue("ada").codes
    for name, place in deeds:
        ledger._pass_delay()
        getattr(ledger, name)(place)
    ledger._pass_delay()
    ledger.close()
    return ledger
