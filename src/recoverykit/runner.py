"""The runner: what a kit was built with, how its flows are run, and how their ends are told."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from inspect import iscoroutinefunction
from typing import Final, TypeAlias, TypeVar

from recoverykit.core.call import Outcome
from recoverykit.core.document import prepare
from recoverykit.core.events import Event
from recoverykit.core.hasher import CheapHasher
from recoverykit.core.keyring import Keyring
from recoverykit.core.policy import Policy
from recoverykit.core.subject import Subject
from recoverykit.driver import Around, Clock, Driver
from recoverykit.errors import InvalidArgument, RedemptionRefused
from recoverykit.limiter import HashLimits, Limiter
from recoverykit.observer import ObservedCall, Observer
from recoverykit.permit import require_tests
from recoverykit.shell import HostFunction, Shell
from recoverykit.storage import (
    AnyStorage,
    EnumerableStorage,
    Outdated,
    PurgeableStorage,
    Storage,
    is_async,
    is_storage,
)
from recoverykit.verbs import Verb, Verbs
from recoverykit.watch import Watch

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
        observer: Observer | None,
    ) -> None:
        if not isinstance(policy, Policy) or not isinstance(hashing, HashLimits):
            raise InvalidArgument("policy must be a Policy, and hashing HashLimits")
        if not all(each is None or callable(each) for each in (clock, on_event)):
            raise InvalidArgument("clock and on_event must be functions")
        if observer is not None and not _is_observer(observer):
            raise InvalidArgument("an observer must have the methods call and step")
        policy.require_sound(peppered=keyring is not None)
        if isinstance(policy.hasher, CheapHasher):
            require_tests("the cheap hasher")
        self.verbs: Verbs = Verbs(policy=policy, keyring=keyring)
        self.driver: Driver = Driver(keyring=keyring, clock=clock or partial(datetime.now, UTC))
        self.hashing: HashLimits = hashing
        self.on_event: Listener | None = on_event
        self.observer: Observer | None = observer
        prepare()


class Runner:
    """Runs flows over a storage, in the thread that calls."""

    def __init__(self, storage: Storage, equipment: Equipment) -> None:
        if not is_storage(storage) or is_async(storage):
            raise InvalidArgument("a storage must have the methods load and commit, not awaited")
        self._shell = Shell(
            storage=storage, limiter=Limiter(equipment.hashing), driver=equipment.driver
        )
        if iscoroutinefunction(equipment.on_event):
            raise InvalidArgument("on_event must be a function that is not awaited")
        self._on_event = equipment.on_event
        self._observer = equipment.observer

    def scopes(self, subject: Subject) -> tuple[Subject, ...]:
        """Return the scopes of a subject; see `EnumerableStorage.scopes`."""
        return self._shell.ask(enumerable_of(self._shell.storage).scopes, subject)

    def sealed_otherwise(
        self, seal_key_id: str | None, *, after: Subject | None, limit: int
    ) -> tuple[Subject, ...]:
        """Return what another key seals; see `EnumerableStorage.sealed_otherwise`."""
        method = enumerable_of(self._shell.storage).sealed_otherwise
        return self._shell.ask(method, seal_key_id, after=after, limit=limit)

    def purge_events(self, *, before: datetime, limit: int) -> int:
        """Delete old events; see `PurgeableStorage.purge_events`."""
        method = purgeable_of(self._shell.storage).purge_events
        return self._shell.ask(method, before=before, limit=limit)

    def outdated(
        self, *, before: datetime, after: Subject | None, limit: int
    ) -> tuple[Outdated, ...]:
        """Return what may be purged; see `PurgeableStorage.outdated`."""
        method = purgeable_of(self._shell.storage).outdated
        return self._shell.ask(method, before=before, after=after, limit=limit)

    def past(self, time: object) -> datetime:
        """Return a time that has been; see `Driver.past`."""
        return self._shell.driver.past(time)

    def run(
        self, verb: Verb[_Result | RedemptionRefused], *, within: HostFunction | None = None
    ) -> _Result:
        """Run a verb to its end, announce what it tells, and return its result.

        Raises:
            RedemptionRefused: it is the result.
        """
        if self._observer is None:
            return self._run(verb, within)
        with watch_over(verb, self._shell.storage, self._observer) as watch:
            return watch.told(self._run(verb, within, around=watch.around))

    def _run(
        self,
        verb: Verb[_Result | RedemptionRefused],
        within: HostFunction | None,
        *,
        around: Around | None = None,
    ) -> _Result:
        outcome = self._shell.run(verb.flow, within=within, around=around)
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


def watch_over(verb: Verb[object], storage: object, observer: Observer) -> Watch:
    """Return a watch over one call of a verb, to be entered before it runs."""
    return Watch(observer, ObservedCall(verb=verb.name, storage=type(storage).__name__))


def enumerable_of(storage: AnyStorage) -> EnumerableStorage:
    """Return a storage that can list what it holds, awaited or not.

    Raises:
        InvalidArgument: it cannot.
    """
    if not isinstance(storage, EnumerableStorage):
        raise InvalidArgument("this storage cannot list what it holds")
    return storage


def purgeable_of(storage: AnyStorage) -> PurgeableStorage:
    """Return a storage that can be purged, awaited or not.

    Raises:
        InvalidArgument: it cannot.
    """
    if not isinstance(storage, PurgeableStorage):
        raise InvalidArgument("this storage cannot be purged")
    return storage


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


def _is_observer(observer: object) -> bool:
    methods = (getattr(observer, name, None) for name in ("call", "step"))
    return all(map(callable, methods)) and not isinstance(observer, type)
