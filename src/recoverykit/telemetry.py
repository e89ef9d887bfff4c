"""Spans and figures of the calls of a kit, by OpenTelemetry (extra ``telemetry``).

Nothing that tells one user from another gets into them: no code, digest, key, session or context,
and no subject or attempt either, for these are personal data.
"""

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from importlib.metadata import version
from time import perf_counter
from typing import Final, TypeAlias

from recoverykit.errors import MissingExtra
from recoverykit.observer import ObservedCall, ObservedStep, StepKind

try:
    import_module("opentelemetry")
except ModuleNotFoundError:
    raise MissingExtra("telemetry") from None

from opentelemetry.metrics import Histogram, Meter, MeterProvider, get_meter
from opentelemetry.trace import Span, StatusCode, TracerProvider, get_tracer, use_span

Attributes: TypeAlias = dict[str, str | bool | int | float]

_SCOPE: Final = "recoverykit"
# From a commit in memory to a call that waits for many hashes; the SDK's own are milliseconds.
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Telemetry:
    """An observer that tells OpenTelemetry: hand it to a kit as its ``observer``.

    Each call of a verb is a span, a child of the one that is current where it is called, and its
    steps are spans below it. Errors are named by their class alone, never by what they say. One
    instance serves any number of kits.

    Args:
        tracer_provider: makes the spans; None for the global one.
        meter_provider: makes the figures; None for the global one.
    """

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        release = version(_SCOPE)
        self._tracer = get_tracer(_SCOPE, release, tracer_provider)
        self._figures = _Figures(get_meter(_SCOPE, release, meter_provider))

    @contextmanager
    def call(self, call: ObservedCall, /) -> Generator[None]:
        """Make a span of a call, and count it."""
        with self._span(call.verb.value, _origin(call)) as span:
            began = perf_counter()
            yield
            self._figures.count_call(call, perf_counter() - began)
            if call.is_failure:
                span.set_status(StatusCode.ERROR)
            if span.is_recording():
                span.set_attributes(_ending(call) | _counts(call))

    @contextmanager
    def step(self, step: ObservedStep, /) -> Generator[None]:
        """Make a span of a step, and count what was done in it."""
        with self._span(step.kind.value, _origin(step.call)) as span:
            began = perf_counter()
            self._figures.begin_step(step)
            yield
            self._figures.count_step(step, perf_counter() - began)
            if step.error:
                span.set_status(StatusCode.ERROR)
            if span.is_recording():
                span.set_attributes(_findings(step))

    def _span(self, name: str, attributes: Attributes) -> AbstractContextManager[Span]:
        span = self._tracer.start_span(f"{_SCOPE}.{name}", attributes=attributes)
        if not span.get_span_context().is_valid:
            # There is no SDK: making the span current would cost, and do nothing.
            return nullcontext(span)
        # What an exception says may be the host's own secret, so no span is to see one.
        return use_span(
            span, end_on_exit=True, record_exception=False, set_status_on_exception=False
        )


class _Figures:
    """The counters and histograms."""

    def __init__(self, meter: Meter) -> None:
        self._calls = meter.create_counter(
            "recoverykit.calls", "{call}", "Calls of a verb that have ended."
        )
        self._commits = meter.create_counter(
            "recoverykit.commits", "{commit}", "Commits that were tried."
        )
        self._hashes = meter.create_counter(
            "recoverykit.hashes", "{hash}", "Hashes that were evaluated."
        )
        self._hashing = meter.create_up_down_counter(
            "recoverykit.hash.active_calls", "{call}", "Calls that hash, or wait for their turn."
        )
        self._call_time = _histogram(meter, "call", "How long a call of a verb took.")
        self._wait_time = _histogram(meter, "hash.wait", "How long a call waited for its turn.")
        self._hash_time = _histogram(meter, "hash", "How long one hash took.")
        self._storage_times = {
            StepKind.LOAD: _histogram(meter, "load", "How long a load took."),
            StepKind.COMMIT: _histogram(meter, "commit", "How long a commit took."),
        }

    def count_call(self, call: ObservedCall, seconds: float) -> None:
        attributes = _verb(call) | _ending(call)
        self._calls.add(1, attributes)
        self._call_time.record(seconds, attributes)

    def begin_step(self, step: ObservedStep) -> None:
        if step.kind is StepKind.HASH:
            self._hashing.add(1, _verb(step.call))

    def count_step(self, step: ObservedStep, seconds: float) -> None:
        attributes = _verb(step.call)
        if step.kind is StepKind.HASH:
            self._hashing.add(-1, attributes)
            self._count_hashes(step, attributes)
        if step.kind is StepKind.COMMIT:
            self._commits.add(1, attributes | _result(step))
        if times := self._storage_times.get(step.kind):
            times.record(seconds, attributes | _result(step))

    def _count_hashes(self, step: ObservedStep, attributes: Attributes) -> None:
        if step.waited is None:
            return
        self._hashes.add(len(step.evaluations), attributes)
        self._wait_time.record(step.waited, attributes)
        for seconds in step.evaluations:
            self._hash_time.record(seconds, attributes)


def _histogram(meter: Meter, name: str, description: str) -> Histogram:
    return meter.create_histogram(
        f"{_SCOPE}.{name}.duration",
        "s",
        description,
        explicit_bucket_boundaries_advisory=_SECONDS,
    )


def _verb(call: ObservedCall) -> Attributes:
    return {"recoverykit.verb": call.verb.value}


def _origin(call: ObservedCall) -> Attributes:
    return {"recoverykit.verb": call.verb.value, "recoverykit.storage.type": call.storage}


def _ending(call: ObservedCall) -> Attributes:
    outcome = str(call.outcome)
    ending: Attributes = {"recoverykit.outcome": outcome}
    return ending | {"error.type": outcome} if call.is_failure else ending


def _counts(call: ObservedCall) -> Attributes:
    return {
        "recoverykit.commit.count": call.commits,
        "recoverykit.commit.lost": call.lost,
        "recoverykit.commit.unknown": call.unknown,
        "recoverykit.hash.count": call.hashes,
    }


def _result(step: ObservedStep) -> Attributes:
    result: Attributes = {"error.type": step.error} if step.error else {}
    return result | {"recoverykit.commit.answer": step.answer.value} if step.answer else result


def _findings(step: ObservedStep) -> Attributes:
    findings = _result(step)
    if step.kind is StepKind.COMMIT:
        findings["recoverykit.commit.hosted"] = step.hosted
    if step.waited is not None:
        findings["recoverykit.hash.count"] = len(step.evaluations)
        findings["recoverykit.hash.wait_time"] = step.waited
        findings["recoverykit.hash.evaluation_time"] = sum(step.evaluations)
    return findings


__all__ = ["Telemetry"]
