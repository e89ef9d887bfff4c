"""The shell: carries out what a flow needs, in the thread that calls."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, TypeAlias, TypeVar, assert_never

from recoverykit.core.effects import Commit, Flow, Load
from recoverykit.driver import (
    Around,
    Driver,
    Hash,
    Host,
    Need,
    Pause,
    Raised,
    Surrender,
    failure_of,
    refuse_awaitable,
)
from recoverykit.errors import InvalidArgument
from recoverykit.limiter import Limiter
from recoverykit.storage import Storage, TransactionalStorage

HostFunction: TypeAlias = Callable[..., object]
_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


class SyncHost(Host):
    """A host's function that runs in the thread that commits."""

    def __init__(self, function: HostFunction) -> None:
        self._function = function

    def __call__(self, connection: object) -> None:
        """Call the function, and remember what it raises while it passes through.

        Raises:
            InvalidArgument: the function would have to be awaited: it has written nothing.
        """
        self.raised = None
        try:
            result = self._function(connection)
            refuse_awaitable(result, "within must be a function that is not awaited")
        except BaseException as error:
            self.raised = error
            raise


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Everything outside the pure core that a flow needs.

    Attributes:
        storage: where records are loaded and changes committed.
        limiter: runs the hashes.
        driver: judges what both answer.
    """

    storage: Storage
    limiter: Limiter
    driver: Driver

    def run(
        self,
        flow: Flow[_Result],
        *,
        within: HostFunction | None = None,
        around: Around | None = None,
    ) -> _Result:
        """Run a flow to its end and return its result.

        Args:
            flow: the flow.
            within: runs in the transaction of the commits that are hosted; None for nothing.
            around: watches each step; None for nobody.

        Raises:
            InvalidArgument: the storage has no transaction for ``within``, or the clock returns
                what is no time.
            RecoveryKitError: the flow ended in it.
            BaseException: whatever ``within`` raised.
        """
        with closing(flow):
            host = self._host(within)
            with closing(self.driver.drive(flow, host=host, around=around)) as driven:
                step: Callable[[], Need] = partial(next, driven)
                while True:
                    try:
                        need = step()
                    except StopIteration as end:
                        result: _Result = end.value
                        return result
                    if isinstance(need, Surrender):
                        raise need.error
                    step = partial(driven.send, self._carry_out(need, host))

    def ask(
        self, method: Callable[_Given, _Result], *given: _Given.args, **named: _Given.kwargs
    ) -> _Result:
        """Return what a method of the storage answers.

        Raises:
            StorageError: the storage failed, in whatever words.
        """
        try:
            return method(*given, **named)
        except Exception as error:  # noqa: BLE001  # a storage of the host's may raise anything
            failure = failure_of(error)
        raise failure

    def _host(self, within: HostFunction | None) -> SyncHost | None:
        if within is None:
            return None
        if not callable(within):
            raise InvalidArgument("within must be a function that takes a connection")
        if not isinstance(self.storage, TransactionalStorage):
            raise InvalidArgument("this storage cannot run a function in its transaction")
        return SyncHost(within)

    def _carry_out(self, need: Load | Commit | Hash | Pause, host: SyncHost | None) -> object:
        try:
            match need:
                case Load(subject=subject):
                    return self.storage.load(subject)
                case Commit(subject=subject, change=change, hosted=hosted):
                    if hosted and host and isinstance(self.storage, TransactionalStorage):
                        return self.storage.commit_within(subject, change, host)
                    return self.storage.commit(subject, change)
                case Hash(jobs=jobs):
                    return self.limiter.run(jobs)
                case Pause(seconds=seconds):
                    time.sleep(seconds)
                    return None
                case _:
                    assert_never(need)
        except Exception as error:  # noqa: BLE001  # a storage of the host's may raise anything
            return Raised(error)
