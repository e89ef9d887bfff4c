"""The limits on hashing: how many at a time, how many may wait, and who is turned away."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from recoverykit import HashLimits, Overloaded, PolicyError
from recoverykit.limiter import Limiter


class Gauge:
    """Counts how many jobs run at the same time, and holds them until they are let go."""

    def __init__(self):
        self.lock = threading.Condition()
        self.running = self.peak = self.done = 0
        self.is_open = False

    def job(self):
        with self.lock:
            self.running += 1
            self.peak = max(self.peak, self.running)
            self.lock.notify_all()
            assert self.lock.wait_for(lambda: self.is_open, timeout=30)
            self.running -= 1
            self.done += 1
            return self.done

    def wait_for(self, running):
        with self.lock:
            assert self.lock.wait_for(lambda: self.running >= running, timeout=30)

    def open(self):
        with self.lock:
            self.is_open = True
            self.lock.notify_all()


def test_results_come_in_the_order_of_the_jobs():
    """However the threads finish."""
    limiter = Limiter(HashLimits(concurrency=3))
    assert limiter.run([lambda n=n: n * n for n in range(10)]) == tuple(n * n for n in range(10))
    assert limiter.run([lambda: "alone"]) == ("alone",)


def test_a_lone_job_stays_in_its_callers_thread():
    """A hand-over to another thread would only cost time."""
    limiter = Limiter(HashLimits(concurrency=1))
    assert limiter.run([threading.get_ident]) == (threading.get_ident(),)


def test_no_more_run_at_a_time_than_the_limit_says():
    """Calls with one job and calls with many share the same slots."""
    gauge, limiter = Gauge(), Limiter(HashLimits(concurrency=2, queue=8))
    with ThreadPoolExecutor(4) as callers:
        calls = [callers.submit(limiter.run, [gauge.job] * jobs) for jobs in (5, 1, 1, 5)]
        gauge.wait_for(running=2)
        gauge.open()
        assert sum(len(call.result()) for call in calls) == 12
    assert gauge.peak == 2


def test_a_call_past_the_queue_is_turned_away_at_once():
    """The queue counts calls, and an issue of ten hashes takes one place of it."""
    gauge, limiter = Gauge(), Limiter(HashLimits(concurrency=1, queue=1))
    with ThreadPoolExecutor(2) as callers:
        first = callers.submit(limiter.run, [gauge.job] * 10)
        gauge.wait_for(running=1)
        second = callers.submit(limiter.run, [gauge.job])
        while limiter._desk.get()._calls < 2:
            pass
        with pytest.raises(Overloaded):
            limiter.run([gauge.job])
        gauge.open()
        assert len(first.result()) + len(second.result()) == 11
    assert limiter.run([lambda: "free again"]) == ("free again",)


def test_a_failing_job_gives_its_place_back_and_leaves_no_thread_behind():
    """When a call returns, none of its jobs is running any more."""
    limiter = Limiter(HashLimits(concurrency=2, queue=0))
    ran = []

    def fail():
        raise LookupError

    for _ in range(5):
        with pytest.raises(LookupError):
            limiter.run([fail] + [lambda: ran.append(1)] * 20)
        before = len(ran)
        with pytest.raises(LookupError):
            limiter.run([fail])
        assert len(ran) == before


@pytest.mark.parametrize(
    "wrong", [{"concurrency": 0}, {"concurrency": 1_025}, {"queue": -1}, {"queue": None}]
)
def test_limits_out_of_bounds_are_refused(wrong):
    """A limit that limits nothing, or admits nothing, is a `PolicyError`."""
    with pytest.raises(PolicyError):
        HashLimits(**wrong)


def test_the_default_is_the_usable_cores(monkeypatch):
    """Where the system cannot say which cores are ours, all of them are."""
    assert Limiter(HashLimits()).concurrency >= 1
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 7)
    assert Limiter(HashLimits()).concurrency == 7
    monkeypatch.setattr("os.cpu_count", lambda: None)
    assert Limiter(HashLimits()).concurrency == 1
