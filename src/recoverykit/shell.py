"""The shell: carries out the effects of a flow over a storage, in the thread that calls."""

import secrets
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, TypeAlias, TypeVar, assert_never

from argon2.exceptions import HashingError

from recoverykit.core.effects import (
    Answer,
    Commit,
    Derive,
    Derived,
    Effect,
    Flow,
    Load,
    Loaded,
    Reply,
)
from recoverykit.core.keyring import Keyring, bind
from recoverykit.core.masked import Masked
from recoverykit.core.probe import ForeignRequest, HashRequest, Request
from recoverykit.core.record import Record
from recoverykit.core.state import EARLIEST, LATEST
from recoverykit.core.subject import Subject
from recoverykit.errors import (
    InvalidArgument,
    MissingExtra,
    OutcomeUnknown,
    Overloaded,
    RecoveryKitError,
    StorageError,
)
from recoverykit.limiter import Limiter
from recoverykit.storage import HostRefused, Storage, TransactionalStorage

Clock: TypeAlias = Callable[[], datetime]
HostFunction: TypeAlias = Callable[..., object]
_Result = TypeVar("_Result")

# Room for the longest lifetime of a set, so that no time that is stored is past what is read back.
_LATEST_NOW: Final = LATEST - timedelta(days=100_000)
_FIRST_PAUSE: Final = 0.002  # seconds: about one commit on a local database
_LONGEST_PAUSE: Final = 0.064


class Host:
    """The host's function in our transaction, and what it raised: that is never ours to judge."""

    def __init__(self, function: HostFunction) -> None:
        self._function = function
        self.raised: BaseException | None = None

    def __call__(self, connection: object) -> None:
        """Call the function, and remember what it raises while it passes through."""
        self.raised = None
        try:
            self._function(connection)
        except BaseException as error:
            self.raised = error
            raise


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Everything outside the pure core that a flow needs.

    Attributes:
        storage: where records are loaded and changes committed.
        keyring: binds codes before they are hashed; None for none.
        limiter: runs the hashes.
        clock: tells the time.
    """

    storage: Storage
    keyring: Keyring | None
    limiter: Limiter
    clock: Clock

    def run(self, flow: Flow[_Result], *, within: HostFunction | None = None) -> _Result:
        """Drive a flow to its end and return its result.

        Raises:
            InvalidArgument: the storage has no transaction for ``within``, or the clock returns
                what is no time.
            RecoveryKitError: the flow ended in it.
            Exception: whatever ``within`` raised.
        """
        if within is not None and not callable(within):
            raise InvalidArgument("within must be a function that takes a connection")
        if within is not None and not isinstance(self.storage, TransactionalStorage):
            raise InvalidArgument("this storage cannot run a function in its transaction")
        host = Host(within) if within is not None else None
        with closing(flow):
            return self._drive(flow, host)

    def _drive(self, flow: Flow[_Result], host: Host | None) -> _Result:
        step: Callable[[], Effect] = partial(next, flow)
        lost = 0
        while True:
            try:
                effect = step()
            except StopIteration as end:
                result: _Result = end.value
                return result
            try:
                reply = self._perform(effect, host)
            except RecoveryKitError as error:
                if host and host.raised is error:
                    raise
                step = partial(flow.throw, error)
            else:
                if reply is Answer.LOST:
                    lost += 1
                    _pause(lost)
                step = partial(flow.send, reply)

    def _perform(self, effect: Effect, host: Host | None) -> Reply:
        match effect:
            case Load(subject=subject):
                return Loaded(record=self._load(subject), now=self.now())
            case Derive(requests=requests):
                jobs = [partial(self._digest, request) for request in requests]
                return Derived(digests=self.limiter.run(jobs), now=self.now())
            case Commit():
                return self._commit(effect, host if effect.hosted else None)
            case _:
                assert_never(effect)

    def _load(self, subject: Subject) -> Record | None:
        try:
            record = self.storage.load(subject)
        except (StorageError, MissingExtra):
            raise
        except Exception as error:  # noqa: BLE001  # a storage of the host's may raise anything
            cause = type(error).__name__
        else:
            if record is None or (isinstance(record, Record) and isinstance(record.revision, str)):
                return record
            cause = "it returned no record"
        # Outside the handler: what a storage raises may show the document, so nothing chains it.
        raise StorageError(f"the storage could not load: {cause}")

    def _commit(self, effect: Commit, host: Host | None) -> Answer:
        its_error: BaseException | None
        try:
            if host and isinstance(self.storage, TransactionalStorage):
                won = self.storage.commit_within(effect.subject, effect.change, host)
            else:
                won = self.storage.commit(effect.subject, effect.change)
        except HostRefused as refused:
            won, its_error = None, refused.error
        except Exception as error:
            its_error = host.raised if host else None
            if error is its_error or (its_error is None and _is_failure(error)):
                raise
            won = None
        else:
            its_error = host.raised if host else None
        if its_error is not None:
            raise its_error  # refused at COMMIT; or a storage has swallowed or disguised it
        if won is True:
            return Answer.WON
        # Anything but a bool is an answer that does not say what happened.
        return Answer.LOST if won is False else Answer.UNKNOWN

    def _digest(self, request: Request) -> Masked[bytes]:
        try:
            match request:
                case HashRequest():
                    bound = bind(self.keyring, request.key_id, request.message)
                    return request.hasher.derive(bound, request.salt)
                case ForeignRequest():
                    return request.hash.derive(request.secret)
                case _:
                    assert_never(request)
        except (HashingError, MemoryError) as error:
            cause = type(error).__name__
        raise Overloaded(f"a hash could not be computed: {cause}")

    def now(self) -> datetime:
        """Return the time, in UTC.

        Raises:
            InvalidArgument: the clock returns what is no time.
        """
        now = self.clock()
        if not isinstance(now, datetime) or now.utcoffset() is None:
            raise InvalidArgument("the clock must return a time that is aware of its zone")
        if not EARLIEST <= now <= _LATEST_NOW:
            raise InvalidArgument("the clock is before 1970 or past 8726")
        return now.astimezone(UTC)


def _is_failure(error: Exception) -> bool:
    """Say whether a storage has told that nothing landed; anything else leaves it unknown."""
    return isinstance(error, StorageError) and not isinstance(error, OutcomeUnknown)


def _pause(lost: int) -> None:
    """Wait for a random while, so that writers who lost together do not race again together."""
    longest = min(_FIRST_PAUSE * 2**lost, _LONGEST_PAUSE)
    time.sleep(longest * secrets.randbelow(1_000) / 1_000)
