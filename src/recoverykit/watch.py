"""A watch over one call: it shows an observer how the call goes, and lets nothing of it through."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from contextvars import copy_context
from functools import partial
from time import perf_counter
from types import TracebackType
from typing import Final, Self, TypeVar

from recoverykit.core.effects import Answer, Commit, Derive, Effect, Load, Reply
from recoverykit.core.masked import Masked
from recoverykit.core.results import Redemption
from recoverykit.driver import Hash, Host, Job, Need, Pause, Perform, Performing, Raised, Surrender
from recoverykit.errors import (
    CodesAlreadyIssued,
    ManagementLocked,
    RecoveryKitError,
    RedemptionRefused,
    SwitchedOff,
)
from recoverykit.observer import ObservedCall, ObservedStep, Observer, StepKind

_Result = TypeVar("_Result")

_KINDS: Final = {
    Load: StepKind.LOAD,
    Derive: StepKind.HASH,
    Commit: StepKind.COMMIT,
    Pause: StepKind.PAUSE,
}
_ANSWERS: Final = (CodesAlreadyIssued, ManagementLocked, SwitchedOff)  # nothing has failed

_LOG: Final = logging.getLogger("recoverykit")


class Watch:
    """Watches one call, from when it is entered until it is left.

    Args:
        observer: is shown the call and its steps.
        call: the call.
    """

    def __init__(self, observer: Observer, call: ObservedCall) -> None:
        self._observer = observer
        self._call = call
        self._context = _Guarded(partial(observer.call, call))

    def __enter__(self) -> Self:
        self._context.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._call.outcome, self._call.is_failure = _outcome_of(error)
        self._context.__exit__()

    def told(self, value: _Result) -> _Result:
        """Note what the call returns, and return it."""
        is_replay = isinstance(value, Redemption) and value.replayed
        self._call.outcome = "replayed" if is_replay else "success"
        return value

    def around(self, perform: Perform, effect: Effect | Pause, host: Host | None) -> Performing:
        """Perform a step of the call while the observer watches; for `Driver.drive`.

        Raises:
            RecoveryKitError: the step ended in it.
        """
        hosted = host is not None and isinstance(effect, Commit) and effect.hosted
        step = ObservedStep(call=self._call, kind=_KINDS[type(effect)], hosted=hosted)
        with (
            _Guarded(partial(self._observer.step, step)),
            _Notes(step) as notes,
            closing(perform(effect, host)) as performing,
        ):
            return (yield from notes.taken_of(performing))


class _Notes:
    """What comes out of one step; written down when it is left, however it ends."""

    def __init__(self, step: ObservedStep) -> None:
        self._step = step
        self._asked_at = 0.0
        # Threads that hash append to it, which is safe; nobody reads before all of them are done.
        self._evaluations: list[tuple[float, float]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        step, call = self._step, self._step.call
        if self._evaluations:
            step.waited = min(began for began, _ in self._evaluations) - self._asked_at
            step.evaluations = tuple(ended - began for began, ended in self._evaluations)
            call.hashes += len(step.evaluations)
        call.commits += step.kind is StepKind.COMMIT
        call.lost += step.answer is Answer.LOST
        call.unknown += step.answer is Answer.UNKNOWN

    def taken_of(self, performing: Performing) -> Performing:
        """Perform the step, and note what is asked, answered and raised."""
        advance: Callable[[], Need] = partial(next, performing)
        while True:
            try:
                need = advance()
            except StopIteration as end:
                return self._replied(end.value)
            except RecoveryKitError as error:
                self._step.error = self._step.error or type(error).__name__
                raise
            answer = yield self._asked(need)
            if isinstance(answer, Raised):
                self._step.error = type(answer.error).__name__
            advance = partial(performing.send, answer)

    def _asked(self, need: Need) -> Need:
        if isinstance(need, Surrender):
            self._step.error = type(need.error).__name__
        if isinstance(need, Hash):
            self._asked_at = perf_counter()
            return Hash(jobs=tuple(map(self._timed, need.jobs)))
        return need

    def _replied(self, reply: Reply) -> Reply:
        if self._step.kind is StepKind.COMMIT and isinstance(reply, Answer):
            self._step.answer = reply
        return reply

    def _timed(self, job: Job) -> Job:
        # A copy for each job: threads cannot share one, and a pool of threads hands none on.
        context = copy_context()
        return lambda: context.run(self._evaluate, job)

    def _evaluate(self, job: Job) -> Masked[bytes]:
        began = perf_counter()
        try:
            return job()
        finally:
            self._evaluations.append((began, perf_counter()))


class _Guarded:
    """A context of the observer's, of which no exception gets out, and none gets in."""

    def __init__(self, make: Callable[[], AbstractContextManager[object]]) -> None:
        self._make = make
        self._context: AbstractContextManager[object] | None = None

    def __enter__(self) -> None:
        try:
            context = self._make()
            context.__enter__()
            self._context = context
        except Exception as error:  # noqa: BLE001  # nothing that an observer does changes a call
            _log(error)

    def __exit__(self, *_: object) -> None:
        if self._context is None:
            return
        try:
            self._context.__exit__(None, None, None)
        except Exception as error:  # noqa: BLE001  # as above
            _log(error)


def _outcome_of(error: BaseException) -> tuple[str, bool]:
    """Return the outcome of a call that raises, and whether it is a failure."""
    if isinstance(error, RedemptionRefused):
        return error.reason.value, False
    if not isinstance(error, Exception):
        return "cancelled", False  # each event loop has a class of its own for it
    return type(error).__name__, not isinstance(error, _ANSWERS)


def _log(error: Exception) -> None:
    """Log what an observer has raised, without what it says: as for ``on_event``."""
    _LOG.error("the observer raised %s", type(error).__name__)
