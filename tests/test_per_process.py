"""A value that each process makes for itself."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from recoverykit.per_process import PerProcess, _Process, keep_from_forking

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")

FORK_WITH_A_BUSY_LOCK = """
import os, threading
from recoverykit.per_process import PerProcess

making, leave = threading.Event(), threading.Event()
pids = []

def make():
    pids.append(os.getpid())
    if len(pids) == 1:
        making.set()
        leave.wait(20)
    return os.getpid()

value = PerProcess(make)
thread = threading.Thread(target=value.get)
thread.start()
assert making.wait(20)
child = os.fork()
if child == 0:
    os._exit(0 if value.get() == os.getpid() else 1)
status = os.waitpid(child, 0)[1]
leave.set()
thread.join()
assert value.get() == os.getpid()
raise SystemExit(status)
"""

GRANDCHILD = """
import os
from recoverykit.per_process import PerProcess

class Closing:
    def __init__(self): self.pid = os.getpid()
    def __del__(self): assert self.pid == os.getpid(), "finalised in a child"

value = PerProcess(Closing)
def check(depth):
    first = value.get()
    assert first.pid == os.getpid() and value.get() is first
    del first
    if depth:
        child = os.fork()
        if child == 0:
            check(depth - 1)
            assert value.take().pid == os.getpid()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert value.get().pid == os.getpid()
check(3)
"""


def test_it_is_made_when_first_asked_for():
    """Nothing is made before, and nothing a second time."""
    made = []
    value = PerProcess(lambda: made.append(1) or object())
    assert made == []
    assert value.get() is value.get()
    assert made == [1]


def test_threads_share_one_value():
    """Threads that ask at the same time get the same one."""
    barrier = threading.Barrier(8)
    made = []

    def make():
        made.append(1)
        return object()

    value = PerProcess(make)

    def ask(_):
        barrier.wait(20)
        return value.get()

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(ask, range(8)))) == 1
    assert made == [1]


def test_the_second_of_two_threads_waits_for_the_first():
    """A thread that asks while another makes the value gets that value."""
    making, leave = threading.Event(), threading.Event()

    def make():
        making.set()
        assert leave.wait(20)
        return object()

    value = PerProcess(make)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(value.get)
        assert making.wait(20)
        second = threads.submit(value.get)
        leave.set()
        assert first.result(20) is second.result(20)


def test_making_one_value_may_ask_for_another():
    """The lock does not stand in its own way."""
    inner = PerProcess(object)
    outer = PerProcess(lambda: [inner.get()])
    assert outer.get() == [inner.get()]


def test_what_was_taken_is_made_anew():
    """Taking hands over the value for closing; there is none before the first use."""
    value = PerProcess(object)
    assert value.take() is None
    first = value.get()
    assert value.take() is first
    assert value.take() is None
    assert value.get() is not first


def test_a_failed_making_is_tried_again():
    """An exception passes through, and the next call makes the value."""
    answers = iter([None])
    value = PerProcess(lambda: next(answers) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        value.get()
    with pytest.raises(StopIteration):
        value.get()


def test_a_fork_hook_lays_the_old_value_aside_white_box(monkeypatch):
    """What a child inherits is kept, so that it is never finalised there."""
    kept = []
    monkeypatch.setattr(_Process, "inherited", kept)
    monkeypatch.setattr(_Process, "generation", _Process.generation)
    value, taken = PerProcess(object), PerProcess(object)
    old = value.get(), taken.get()
    _Process.after_fork_in_child()
    assert value.get() is not old[0]
    assert taken.take() is None
    assert [made for _, made in kept] == list(old)


@needs_fork
@pytest.mark.parametrize("program", [FORK_WITH_A_BUSY_LOCK, GRANDCHILD])
def test_a_forked_process_makes_its_own(program):
    """Even where a thread of the parent held the lock; the parent keeps its own."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_what_a_child_must_not_inherit_is_let_go_of_before_a_fork():
    """Only what was made is handed over, and only where somebody asked for it."""
    let_go = []
    made = PerProcess(lambda: "made", before_fork=let_go.append)
    unmade = PerProcess(lambda: "unmade", before_fork=let_go.append)
    made.get()
    _Process.before_fork()
    _Process.after_fork_in_parent()
    assert let_go == ["made"]
    assert made.get() == "made"
    assert unmade.get() == "unmade"


def test_a_hook_that_runs_before_ours_finds_an_open_gate_white_box(monkeypatch):
    """In a child whose own gate is not made yet, whoever asks for it makes it."""
    monkeypatch.setattr(_Process, "generation", _Process.generation)
    parents = _Process.generation
    monkeypatch.setattr(parents, "pid", parents.pid + 1)
    with keep_from_forking():
        assert _Process.generation is not parents
    assert _Process.generation.pid == os.getpid()
