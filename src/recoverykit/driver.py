"""The driver: takes a flow from effect to effect, and judges what storage, hashes and clock answer.

It carries nothing out itself: it yields what it needs, and a shell, which may wait in a thread or
on an event loop, sends back what it got. So every shell judges alike.
"""

import secrets
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from inspect import isawaitable, iscoroutine
from typing import Final, TypeAlias, TypeVar, assert_never, cast

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
from recoverykit.errors import (
    InvalidArgument,
    MissingExtra,
    OutcomeUnknown,
    Overloaded,
    RecoveryKitError,
    StorageError,
)
from recoverykit.storage import HostRefused

Clock: TypeAlias = Callable[[], datetime]
Job: TypeAlias = Callable[[], Masked[bytes]]
_Result = TypeVar("_Result")

# Room for the longest lifetime of a set, so that no time that is stored is past what is read back.
_LATEST_NOW: Final = LATEST - timedelta(days=100_000)
_FIRST_PAUSE: Final = 0.002  # seconds: about one commit on a local database
_LONGEST_PAUSE: Final = 0.064


@dataclass(frozen=True, slots=True, kw_only=True)
class Hash:
    """Run the jobs within the limits of the kit; answered by their results, in order."""

    jobs: tuple[Job, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Wait for a while, in seconds."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Surrender:
    """Raise what the host's function raised: it ends the call, and is never answered.

    A generator cannot: of all exceptions `StopIteration` would not get out of it.
    """

    error: BaseException


Need: TypeAlias = Load | Commit | Hash | Pause | Surrender
Performing: TypeAlias = Generator[Need, object, Reply]


class Raised:
    """An exception in the place of an answer.

    Its repr shows nothing: what a storage raises may quote the document.
    """

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error: Exception = error


class Host:
    """The host's function in our transaction, and what it raised: that is never ours to judge."""

    raised: BaseException | None = None


Perform: TypeAlias = Callable[[Effect | Pause, Host | None], Performing]
Around: TypeAlias = Callable[[Perform, Effect | Pause, Host | None], Performing]
"""Performs a step, and may watch it: what it yields, is sent, returns and raises is that of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """Drives the flows of one kit.

    Attributes:
        keyring: binds codes before they are hashed; None for none.
        clock: tells the time.
    """

    keyring: Keyring | None
    clock: Clock

    def drive(
        self, flow: Flow[_Result], *, host: Host | None, around: Around | None = None
    ) -> Generator[Need, object, _Result]:
        """Drive a flow to its end and return its result.

        A shell answers `Load` and `Commit` by what its storage returned, or by `Raised`.

        Args:
            flow: the flow. The shell closes it, whatever happens.
            host: runs inside the commits that are hosted; None for nobody.
            around: watches each step; None for nobody.

        Raises:
            InvalidArgument: the clock returns what is no time.
            RecoveryKitError: the flow ended in it.
        """
        perform: Perform = self._perform if around is None else partial(around, self._perform)
        step: Callable[[], Effect] = partial(next, flow)
        lost = 0
        while True:
            try:
                effect = step()
            except StopIteration as end:
                result: _Result = end.value
                return result
            try:
                reply = yield from perform(effect, host)
            except RecoveryKitError as error:
                step = partial(flow.throw, error)
            else:
                if reply is Answer.LOST:
                    lost += 1
                    yield from perform(_pause(lost), host)
                step = partial(flow.send, reply)

    def _perform(self, effect: Effect | Pause, host: Host | None) -> Performing:
        match effect:
            case Load():
                return Loaded(record=_loaded((yield effect)), now=self.now())
            case Derive(requests=requests):
                jobs = tuple(partial(self._digest, request) for request in requests)
                digests = _hashed((yield Hash(jobs=jobs)))
                return Derived(digests=digests, now=self.now())
            case Commit():
                answer = _committed((yield effect), host if effect.hosted else None)
                while isinstance(answer, Surrender):
                    yield answer
                return answer
            case Pause():
                yield effect
                return Answer.LOST  # what it came after
            case _:
                assert_never(effect)

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

    def past(self, time: object) -> datetime:
        """Return a time that has been, in UTC.

        Raises:
            InvalidArgument: it is none, before 1970, or after now; or the clock returns none.
        """
        if not isinstance(time, datetime) or time.utcoffset() is None:
            raise InvalidArgument("before must be a time that is aware of its zone")
        if not EARLIEST <= time <= self.now():
            raise InvalidArgument("before must be after 1970 and not after now")
        return time.astimezone(UTC)


def _loaded(answer: object) -> Record | None:
    """Judge what a storage has loaded."""
    if isinstance(answer, Raised):
        raise failure_of(answer.error, "could not load")
    if answer is None or (isinstance(answer, Record) and isinstance(answer.revision, str)):
        return answer
    refuse_awaitable(answer, "a storage that is awaited must have its methods by async def")
    raise StorageError("the storage could not load: it returned no record")


def failure_of(error: Exception, what: str = "failed") -> RecoveryKitError:
    """Return what a kit raises where a storage, asked for anything but a commit, has raised this.

    It is to be raised where the other is no longer being handled: what a storage raises may show
    a document, so nothing chains it.
    """
    if isinstance(error, (StorageError, MissingExtra, InvalidArgument)):
        return error
    return StorageError(f"the storage {what}: {type(error).__name__}")


def refuse_awaitable(result: object, reason: str) -> None:
    """Refuse what would have had to be awaited: it has done nothing yet, and does nothing more.

    Raises:
        InvalidArgument: it is awaitable; with the reason.
    """
    if iscoroutine(result):
        result.close()
    if isawaitable(result):
        raise InvalidArgument(reason)


def _hashed(answer: object) -> tuple[Masked[bytes], ...]:
    if isinstance(answer, Raised):
        raise answer.error
    return cast("tuple[Masked[bytes], ...]", answer)


def _committed(answer: object, host: Host | None) -> Answer | Surrender:
    """Judge what a storage has said of a commit, and what the host's function has raised in it."""
    its_error = host.raised if host else None
    if isinstance(answer, Raised):
        if isinstance(answer.error, HostRefused):
            return Surrender(error=answer.error.error)
        if its_error is None and _is_failure(answer.error):
            raise answer.error
    if its_error is not None:
        return Surrender(error=its_error)  # though a storage may have swallowed or disguised it
    if answer is True:
        return Answer.WON
    # Anything but a bool is an answer that does not say what happened.
    return Answer.LOST if answer is False else Answer.UNKNOWN


def _is_failure(error: Exception) -> bool:
    """Say whether a storage has told that nothing landed; anything else leaves it unknown."""
    return isinstance(error, StorageError) and not isinstance(error, OutcomeUnknown)


def _pause(lost: int) -> Pause:
    """Return a random while, so that writers who lost together do not race again together."""
    longest = min(_FIRST_PAUSE * 2**lost, _LONGEST_PAUSE)
    return Pause(seconds=longest * secrets.randbelow(1_000) / 1_000)
