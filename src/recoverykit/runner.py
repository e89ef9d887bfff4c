"""The runner: makes the calls of one kit, runs their flows, and announces what has happened."""

import logging
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Final, TypeVar

from recoverykit.core.call import Call, Outcome, Setup
from recoverykit.core.document import prepare
from recoverykit.core.effects import Flow
from recoverykit.core.events import Event, checked_context
from recoverykit.core.keyring import Keyring
from recoverykit.core.policy import Policy
from recoverykit.core.subject import Subject
from recoverykit.errors import InvalidArgument
from recoverykit.limiter import HashLimits, Limiter
from recoverykit.shell import Clock, HostFunction, Shell
from recoverykit.storage import EnumerableStorage, PurgeableStorage, Storage

_Result = TypeVar("_Result")

_LOG: Final = logging.getLogger("recoverykit")
_MAX_ATTEMPT: Final = 128


class Runner:
    """What every verb of a kit needs. Arguments and errors as for `recoverykit.RecoveryKit`."""

    def __init__(
        self,
        storage: Storage,
        *,
        policy: Policy,
        keyring: Keyring | None,
        hashing: HashLimits,
        clock: Clock | None,
        on_event: Callable[[Event], object] | None,
    ) -> None:
        if not isinstance(storage, Storage):
            raise InvalidArgument("a storage must have the methods load and commit")
        if not isinstance(policy, Policy) or not isinstance(hashing, HashLimits):
            raise InvalidArgument("policy must be a Policy, and hashing HashLimits")
        if not all(each is None or callable(each) for each in (clock, on_event)):
            raise InvalidArgument("clock and on_event must be functions")
        policy.require_sound(peppered=keyring is not None)
        self.setup: Setup = Setup(policy=policy, keyring=keyring, entropy=secrets.token_bytes)
        self._shell = Shell(
            storage=storage,
            keyring=keyring,
            limiter=Limiter(hashing),
            clock=clock or partial(datetime.now, UTC),
        )
        self._on_event = on_event
        prepare()

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

    @property
    def purgeable(self) -> PurgeableStorage:
        """The storage, which can be purged.

        Raises:
            InvalidArgument: it cannot.
        """
        storage = self._shell.storage
        if not isinstance(storage, PurgeableStorage):
            raise InvalidArgument("this storage cannot be purged")
        return storage

    def now(self) -> datetime:
        """Return the time.

        Raises:
            InvalidArgument: the clock returns none.
        """
        return self._shell.now()

    def call(
        self,
        subject: Subject | str,
        *,
        attempt: str | None = None,
        context: Mapping[str, str] | None = None,
    ) -> Call:
        """Return a new call of a verb.

        Raises:
            InvalidArgument: an argument cannot be used.
        """
        return Call(
            setup=self.setup,
            subject=Subject.of(subject),
            attempt=self.setup.token() if attempt is None else _checked_attempt(attempt),
            context=checked_context(context),
        )

    def run(self, flow: Flow[Outcome[_Result]], *, within: HostFunction | None = None) -> _Result:
        """Run a flow to its end, announce what it tells, and return its result."""
        outcome = self._shell.run(flow, within=within)
        for event in outcome.events:
            self._announce(event)
        return outcome.value

    def _announce(self, event: Event) -> None:
        if self._on_event is None:
            return
        try:
            self._on_event(event)
        except Exception as error:  # noqa: BLE001  # nothing that a listener does undoes a commit
            _LOG.error("on_event raised %s", type(error).__name__)


def _checked_attempt(attempt: object) -> str:
    if (
        not isinstance(attempt, str)
        or not 1 <= len(attempt) <= _MAX_ATTEMPT
        or not all(" " <= char <= "~" for char in attempt)
    ):
        raise InvalidArgument("an attempt id is 1 to 128 printable ASCII characters")
    return attempt
