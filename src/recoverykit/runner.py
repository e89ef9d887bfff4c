"""The runner: what a kit was built with, how its flows are run, and how their ends are told."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final, TypeAlias, TypeVar

from recoverykit.core.call import Outcome
from recoverykit.core.document import prepare
from recoverykit.core.events import Event
from recoverykit.core.keyring import Keyring
from recoverykit.core.policy import Policy
from recoverykit.driver import Clock, Driver
from recoverykit.errors import InvalidArgument, RedemptionRefused
from recoverykit.limiter import HashLimits, Limiter
from recoverykit.shell import HostFunction, Shell
from recoverykit.storage import EnumerableStorage, Storage, is_async, is_storage
from recoverykit.verbs import Verb, Verbs

Listener: TypeAlias = Callable[[Event], object]
_Result = TypeVar("_Result")

_LOG: Final = logging.getLogger("recoverykit")


class Equipment:
    """What every kit is built with, whichever shell runs its flows.

    Arguments and errors as for `recoverykit.RecoveryKit`.
    """

    def __init__(
        self,
        *,
        policy: Policy,
        keyring: Keyring | None,
        hashing: HashLimits,
        clock: Clock | None,
        on_event: Listener | None,
    ) -> None:
        if not isinstance(policy, Policy) or not isinstance(hashing, HashLimits):
            raise InvalidArgument("policy must be a Policy, and hashing HashLimits")
        if not all(each is None or callable(each) for each in (clock, on_event)):
            raise InvalidArgument("clock and on_event must be functions")
        policy.require_sound(peppered=keyring is not None)
        self.verbs: Verbs = Verbs(policy=policy, keyring=keyring)
        self.driver: Driver = Driver(keyring=keyring, clock=clock or partial(datetime.now, UTC))
        self.hashing: HashLimits = hashing
        self.on_event: Listener | None = on_event
        prepare()


class Runner:
    """Runs flows over a storage, in the thread that calls."""

    def __init__(self, storage: Storage, equipment: Equipment) -> None:
        if not is_storage(storage) or is_async(storage):
            raise InvalidArgument("a storage must have the methods load and commit, not awaited")
        self._shell = Shell(
            storage=storage, limiter=Limiter(equipment.hashing), driver=equipment.driver
        )
        self._on_event = equipment.on_event

    @property
    def enumerable(self) -> EnumerableStorage:
        """The storage, which can list what it holds.

        Raises:
            InvalidArgument: it cannot.
        """
        storage = self._shell.storage
        if not isinstance(storage, EnumerableStorage):
            raise InvalidArgument("this storage cannot list what it holds")
        return storage

    def run(
        self, flow: Verb[_Result | RedemptionRefused], *, within: HostFunction | None = None
    ) -> _Result:
        """Run a flow to its end, announce what it tells, and return its result.

        Raises:
            RedemptionRefused: it is the result.
        """
        outcome = self._shell.run(flow, within=within)
        for event in outcome.events:
            self._announce(event)
        return settled(outcome)

    def _announce(self, event: Event) -> None:
        if self._on_event is None:
            return
        try:
            self._on_event(event)
        except Exception as error:  # noqa: BLE001  # nothing that a listener does undoes a commit
            log_listener(error)


def log_listener(error: Exception) -> None:
    """Log what a listener has raised, without what it says: it may quote what it was told."""
    _LOG.error("on_event raised %s", type(error).__name__)


def settled(outcome: Outcome[_Result | RedemptionRefused]) -> _Result:
    """Return what a verb returns.

    Raises:
        RedemptionRefused: the verb refuses.
    """
    if isinstance(outcome.value, RedemptionRefused):
        raise outcome.value
    return outcome.value
