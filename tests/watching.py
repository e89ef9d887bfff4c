"""A kit in any shell with an observer, and all that OpenTelemetry is told by it."""

from datetime import UTC, datetime
from functools import partial
from inspect import iscoroutinefunction

import anyio
import argon2.low_level
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from recoverykit import (
    Argon2idHasher,
    AsyncRecoveryKit,
    Keyring,
    OutcomeUnknown,
    Policy,
    RecoveryKit,
    Throttle,
)
from recoverykit.storage import Record
from recoverykit.storage.memory import MemoryStorage
from recoverykit.telemetry import Telemetry
from recoverykit.testing import ManualClock

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
CHEAP = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)
WEAK = frozenset({"A5-C-KDF"})  # tests shall not take long
KEYS = {"k": b"k" * 16}
SHELLS = ("sync", "asyncio", "trio")


class Awaited:
    """An asynchronous kit whose methods are run to their ends, each on an event loop of its own."""

    def __init__(self, kit, backend):
        self._kit = kit
        self._backend = backend

    def __getattr__(self, name):
        method = getattr(self._kit, name)
        if not iscoroutinefunction(method):
            return method
        return lambda *args, **named: anyio.run(
            partial(method, *args, **named), backend=self._backend
        )


def kit_of(shell, storage, **options):
    """Return a kit that is called alike in each shell."""
    if shell == "sync":
        return RecoveryKit(storage, **options)
    return Awaited(AsyncRecoveryKit(storage, **options), shell)


class Collector:
    """What OpenTelemetry's SDK was told, by one `Telemetry`."""

    def __init__(self):
        self._spans = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self.meters = MeterProvider([self._reader], shutdown_on_exit=False)
        self.telemetry = Telemetry(self.tracers, self.meters)

    def close(self):
        self.meters.shutdown()
        self.tracers.shutdown()

    @property
    def spans(self):
        """All spans that have ended, in the order of their beginnings."""
        return sorted(self._spans.get_finished_spans(), key=lambda span: span.start_time)

    def span(self, name):
        """Return the last span of a name that has ended."""
        return [span for span in self.spans if span.name == name][-1]

    def names_below(self, span):
        """Return the names of a span's children, in order."""
        return [
            each.name
            for each in self.spans
            if each.parent and each.parent.span_id == span.context.span_id
        ]

    @property
    def figures(self):
        """All figures by name: pairs of attributes and what was counted, or how often measured."""
        data = self._reader.get_metrics_data()
        measured = data.resource_metrics if data else []
        scopes = [scope for each in measured for scope in each.scope_metrics]
        return {
            metric.name: [
                (dict(point.attributes), point.value if hasattr(point, "value") else point.count)
                for point in metric.data.data_points
            ]
            for scope in scopes
            for metric in scope.metrics
        }

    def figure(self, name, **attributes):
        """Return the sum of a figure over all attributes but those given, by their last words."""
        return sum(
            value
            for each, value in self.figures.get(name, [])
            if attributes.items() <= {key.rpartition(".")[2]: each[key] for key in each}.items()
        )

    def names(self):
        """Return the names of all spans, figures and attributes."""
        spans, figures = self.spans, self.figures
        attributes = [key for span in spans for key in span.attributes]
        attributes += [key for points in figures.values() for each, _ in points for key in each]
        return {span.name for span in spans} | set(figures) | set(attributes)

    def words(self):
        """Return every text that is the value of an attribute."""
        values = [value for span in self.spans for value in span.attributes.values()]
        points = [each for points in self.figures.values() for each, _ in points]
        values += [value for each in points for value in each.values()]
        return {value for value in values if isinstance(value, str)}

    def texts(self):
        """Return all that an exporter could send, as text."""
        texts = [span.to_json() for span in self.spans]
        texts += [repr(vars(span)) for span in self.spans]
        return [*texts, self._reader.get_metrics_data().to_json()]


class Faulty(MemoryStorage):
    """A storage that does what it is told to, instead of loading or committing."""

    def __init__(self):
        super().__init__()
        self.loading = None
        self.committing = []

    def load(self, subject):
        return self.loading() if self.loading else super().load(subject)

    def commit(self, subject, change):
        if self.committing:
            return self.committing.pop(0)(partial(super().commit, subject, change))
        return super().commit(subject, change)


def lost(_commit):
    return False


def unknown(_commit):
    raise OutcomeUnknown


def broken():
    raise RuntimeError("a document, quoted")


def corrupt():
    return Record(revision="r", document="{}")


class Scene:
    """A subject called ``alice``, a storage that may fail, a clock and kits that are watched."""

    def __init__(self, shell, monkeypatch, collector=None):
        self.shell = shell
        self.monkeypatch = monkeypatch
        # Waiting for other writers, who are not there, shall not take long either.
        monkeypatch.setattr("recoverykit.driver._LONGEST_PAUSE", 0.001)
        self.storage = Faulty()
        self.clock = ManualClock(START)
        self.collector = collector or Collector()
        self.kit = self.open()

    def open(self, *, keys=KEYS, events=None, observer=None, **policy):
        options = {"count": 3, "hasher": CHEAP, "accept": WEAK}
        options["throttle"] = Throttle(free=2, disable_after=3)
        return kit_of(
            self.shell,
            self.storage,
            policy=Policy(**(options | policy)),
            keyring=Keyring(keys, primary=list(keys)[-1]),
            clock=self.clock,
            on_event=events,
            observer=observer or self.collector.telemetry,
        )

    def codes(self):
        return self.kit.issue("alice").codes

    def foreign(self):
        return self.kit.issue("mallory").codes[0]


def redeem(scene, at=0, **options):
    return partial(scene.kit.redeem, "alice", scene.codes()[at], **options)


def while_it(scene, *, loading=None, committing=(), out_of_memory=False):
    call = redeem(scene)
    scene.storage.loading = loading
    scene.storage.committing = list(committing)
    if out_of_memory:
        scene.monkeypatch.setattr(argon2.low_level, "hash_secret_raw", raising(MemoryError))
    return call


def raising(kind, text="the host's own"):
    def function(*_args, **_named):
        raise kind(text)

    return function
