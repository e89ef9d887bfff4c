"""The steps of a call, as OpenTelemetry is told them, in threads and on event loops."""

from functools import partial
from itertools import count
from threading import Thread

import anyio
import argon2.low_level
import pytest
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from recoverykit import AsyncRecoveryKit, Overloaded, Policy, StorageError, Subject
from recoverykit.storage.memory import AsyncMemoryStorage, MemoryStorage
from tests.watching import (
    CHEAP,
    SHELLS,
    WEAK,
    Collector,
    Scene,
    broken,
    corrupt,
    lost,
    raising,
    redeem,
    unknown,
    while_it,
)


@pytest.fixture(params=SHELLS)
def scene(request, monkeypatch):
    scene = Scene(request.param, monkeypatch)
    yield scene
    scene.collector.close()


def test_steps_are_children_of_the_call_and_the_call_of_the_hosts_span(scene):
    """Load, hash and commit; and afterwards the host's span is the current one again."""
    call = redeem(scene)
    tracer = scene.collector.tracers.get_tracer("host")
    with tracer.start_as_current_span("request") as request:
        call()
        assert trace.get_current_span() is request

    span = scene.collector.span("recoverykit.redeem")
    assert span.parent.span_id == request.get_span_context().span_id
    below = scene.collector.names_below(span)
    assert below == ["recoverykit.load", "recoverykit.hash", "recoverykit.commit"]


def test_what_storage_host_and_listener_do_is_below_its_step(scene):
    """Spans of a database, of the function of `within` and of `on_event` find their parents."""
    seen = {}

    def see(name, then=lambda: None):
        def function(*_args):
            seen.setdefault(name, trace.get_current_span().name)
            return then()

        return function

    kit = scene.open(events=see("event"))
    code = scene.codes()[0]
    scene.storage.loading = see(
        "load", partial(MemoryStorage.load, scene.storage, Subject("alice"))
    )
    kit.redeem("alice", code, within=see("within"))

    assert seen == {
        "load": "recoverykit.load",
        "within": "recoverykit.commit",
        "event": "recoverykit.redeem",
    }
    assert scene.collector.span("recoverykit.commit").attributes["recoverykit.commit.hosted"]


@pytest.mark.parametrize("verb", ["issue", "redeem"])
def test_a_hash_in_a_thread_knows_its_span(scene, verb):
    """One hash or several, in the thread of the caller or in threads of ours."""
    seen = set()
    hash_secret_raw = argon2.low_level.hash_secret_raw

    def seeing(*args, **named):
        seen.add(trace.get_current_span().name)
        return hash_secret_raw(*args, **named)

    call = redeem(scene) if verb == "redeem" else partial(scene.kit.issue, "alice")
    scene.monkeypatch.setattr(argon2.low_level, "hash_secret_raw", seeing)
    call()
    assert seen == {"recoverykit.hash"}


def test_hashes_are_counted_and_their_wait_is_told_apart(scene):
    """By a clock that ticks: asked at 0, begun at 1, ended at 2."""
    call = redeem(scene)
    assert scene.collector.figure("recoverykit.hashes", verb="issue") == 3
    assert scene.collector.figure("recoverykit.hash.duration", verb="issue") == 3
    assert scene.collector.figure("recoverykit.hash.wait.duration", verb="issue") == 1

    scene.monkeypatch.setattr("recoverykit.watch.perf_counter", partial(next, count(0.0)))
    call()
    attributes = scene.collector.span("recoverykit.hash").attributes
    assert attributes["recoverykit.hash.count"] == 1
    assert attributes["recoverykit.hash.wait_time"] == 1.0
    assert attributes["recoverykit.hash.evaluation_time"] == 1.0
    assert scene.collector.span("recoverykit.redeem").attributes["recoverykit.hash.count"] == 1


def test_a_call_that_hashes_is_counted_while_it_does(scene):
    """Up and down again, also where the hash fails."""
    during = []

    def counting(*_args, **_named):
        during.append(scene.collector.figure("recoverykit.hash.active_calls", verb="redeem"))
        raise MemoryError

    call = redeem(scene)
    scene.monkeypatch.setattr(argon2.low_level, "hash_secret_raw", counting)
    with pytest.raises(Overloaded):
        call()
    assert during == [1]
    assert scene.collector.figure("recoverykit.hash.active_calls") == 0
    span = scene.collector.span("recoverykit.hash")
    assert span.attributes["error.type"] == "Overloaded"
    assert span.status.status_code is StatusCode.ERROR


def test_a_call_that_finds_no_place_waits_for_nothing(scene):
    """It is `Overloaded` at once, and no wait is told."""
    scene.monkeypatch.setattr("recoverykit.limiter.Desk.take_place", raising(Overloaded))
    with pytest.raises(Overloaded):
        scene.kit.issue("alice")
    span = scene.collector.span("recoverykit.hash")
    assert "recoverykit.hash.wait_time" not in span.attributes
    assert scene.collector.figure("recoverykit.hash.wait.duration") == 0
    assert scene.collector.figure("recoverykit.calls", outcome="Overloaded") == 1


def test_a_lost_commit_and_an_unknown_one_are_told(scene):
    """Each with its answer, and the pause after the lost one; the call succeeds all the same."""
    call = while_it(scene, committing=[lost, unknown])
    call()
    span = scene.collector.span("recoverykit.redeem")
    commits = [each for each in scene.collector.spans if each.name == "recoverykit.commit"][-3:]
    answers = [each.attributes["recoverykit.commit.answer"] for each in commits]
    assert answers == ["lost", "unknown", "won"]
    assert [each.attributes.get("error.type") for each in commits] == [None, "OutcomeUnknown", None]
    assert scene.collector.names_below(span).count("recoverykit.pause") == 1
    counts = {
        key: span.attributes[f"recoverykit.commit.{key}"] for key in ("count", "lost", "unknown")
    }
    assert counts == {"count": 3, "lost": 1, "unknown": 1}
    for answer in answers:
        commits = scene.collector.figure("recoverykit.commits", verb="redeem", answer=answer)
        assert commits == 1


@pytest.mark.parametrize(
    ("fault", "error"), [({"loading": broken}, "RuntimeError"), ({"loading": corrupt}, None)]
)
def test_what_a_storage_raises_is_named_as_it_was_raised(scene, fault, error):
    """A document that cannot be trusted is the call's error, not the load's."""
    with pytest.raises(StorageError):
        while_it(scene, **fault)()
    span = scene.collector.span("recoverykit.load")
    assert span.attributes.get("error.type") == error
    assert (span.status.status_code is StatusCode.ERROR) is (error is not None)


def test_an_answer_that_is_none_is_the_error_of_its_step(scene):
    """What a storage returns is judged there; and so is what the clock says."""
    with pytest.raises(StorageError):
        while_it(scene, loading=lambda: "no record")()
    assert scene.collector.span("recoverykit.load").attributes["error.type"] == "StorageError"


def test_what_the_hosts_function_raises_is_the_error_of_the_commit(scene):
    """By its class; no answer is told, for there is none."""
    with pytest.raises(LookupError):
        redeem(scene, within=raising(LookupError))()
    attributes = scene.collector.span("recoverykit.commit").attributes
    assert attributes["error.type"] == "LookupError"
    assert "recoverykit.commit.answer" not in attributes


# --- Cancelled, interrupted, in parallel ---------------------------------------------------------


def test_an_interrupted_call_is_told(monkeypatch):
    """A signal is no failure of ours; the context is left behind in order."""
    scene = Scene("sync", monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        while_it(scene, loading=raising(KeyboardInterrupt))()
    span = scene.collector.span("recoverykit.redeem")
    assert span.attributes["recoverykit.outcome"] == "cancelled"
    assert span.status.status_code is StatusCode.UNSET
    assert trace.get_current_span() is trace.INVALID_SPAN
    scene.collector.close()


class Slow(AsyncMemoryStorage):
    """A storage whose loads never end."""

    async def load(self, subject):
        await anyio.sleep_forever()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_call_is_told_whatever_the_loop(backend):
    """By one word; and the span of the task is the current one again."""
    collector = Collector()
    policy = Policy(hasher=CHEAP, accept=WEAK)
    kit = AsyncRecoveryKit(Slow(), policy=policy, observer=collector.telemetry)

    async def cancelled():
        tracer = collector.tracers.get_tracer("host")
        with tracer.start_as_current_span("request") as request:
            with anyio.move_on_after(0.01):
                await kit.status("alice")
            return trace.get_current_span() is request

    assert anyio.run(cancelled, backend=backend)
    span = collector.span("recoverykit.status")
    assert span.attributes["recoverykit.outcome"] == "cancelled"
    assert collector.names_below(span) == ["recoverykit.load"]
    assert collector.figure("recoverykit.calls", outcome="cancelled") == 1
    collector.close()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_calls_in_parallel_keep_their_spans_apart(backend):
    """Each task has its own; over a storage that is awaited, and one that runs in threads."""
    collector = Collector()
    policy = Policy(count=2, hasher=CHEAP, accept=WEAK)
    kits = [
        AsyncRecoveryKit(storage, policy=policy, observer=collector.telemetry)
        for storage in (AsyncMemoryStorage(), MemoryStorage())
    ]

    async def issue(kit, name):
        with collector.tracers.get_tracer("host").start_as_current_span(name):
            await kit.issue(name)

    async def all_of_them():
        async with anyio.create_task_group() as group:
            for number in range(10):
                group.start_soon(issue, kits[number % 2], f"host-{number}")

    anyio.run(all_of_them, backend=backend)
    for number in range(10):
        host = collector.span(f"host-{number}")
        assert collector.names_below(host) == ["recoverykit.issue"]
    issues = [span for span in collector.spans if span.name == "recoverykit.issue"]
    steps = ["recoverykit.load", "recoverykit.hash", "recoverykit.commit"]
    assert [collector.names_below(span) for span in issues] == [steps] * 10
    collector.close()


def test_threads_keep_their_spans_apart(monkeypatch):
    """A kit serves many threads, and so does what watches it."""
    scene = Scene("sync", monkeypatch)
    threads = [Thread(target=scene.kit.issue, args=(f"user {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    issues = [span for span in scene.collector.spans if span.name == "recoverykit.issue"]
    steps = ["recoverykit.load", "recoverykit.hash", "recoverykit.commit"]
    assert [scene.collector.names_below(span) for span in issues] == [steps] * 8
    assert {span.parent for span in issues} == {None}
    scene.collector.close()
