"""The gate: who is inside gets in again, who is not waits, and closing waits for the others."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from recoverykit.gate import Gate
from recoverykit.per_process import _Process, keep_from_forking

SECONDS = 20  # a deadline that is never reached


def test_threads_are_inside_together():
    """An open gate holds nobody back."""
    gate, both = Gate(), threading.Barrier(2)

    def enter():
        with gate:
            return both.wait(SECONDS)

    with ThreadPoolExecutor(2) as threads:
        entering = [threads.submit(enter) for _ in range(2)]
        assert sorted(each.result(SECONDS) for each in entering) == [0, 1]


def test_closing_waits_for_who_is_inside_and_holds_back_who_is_not():
    """Whoever is inside may enter again; a newcomer waits until the gate is opened."""
    gate = Gate()
    inside, leave, closed, reopen = (threading.Event() for _ in range(4))
    order = []

    def stay():
        with gate:
            inside.set()
            leave.wait(SECONDS)
            with gate:
                order.append("again")

    def close():
        gate.close()
        order.append("closed")
        closed.set()
        assert reopen.wait(SECONDS)
        with gate:
            order.append("opened")
        gate.open()

    def come():
        with gate:
            order.append("newcomer")

    with ThreadPoolExecutor(3) as threads:
        staying = threads.submit(stay)
        assert inside.wait(SECONDS)
        closing = threads.submit(close)
        while not gate._closers:
            pass
        leave.set()
        staying.result(SECONDS)
        assert closed.wait(SECONDS)
        coming = threads.submit(come)
        reopen.set()
        closing.result(SECONDS)
        coming.result(SECONDS)
    assert order == ["again", "closed", "opened", "newcomer"]


def test_who_is_inside_can_close():
    """A thread does not wait for itself; every closing needs an opening of its own."""
    gate = Gate()
    with gate:
        gate.close()
        gate.close()
        gate.open()
        gate.open()
    with gate:
        pass


def test_threads_that_close_do_not_wait_for_each_other():
    """Each is inside, and closes: neither can come out before it has closed."""
    gate, both = Gate(), threading.Barrier(2)

    def close_inside():
        with gate:
            both.wait(SECONDS)
            gate.close()
            gate.open()

    with ThreadPoolExecutor(2) as threads:
        for each in [threads.submit(close_inside) for _ in range(2)]:
            each.result(SECONDS)
    with gate:
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
def test_a_fork_waits_for_the_others():
    """While a thread keeps the process from forking, another's fork does not happen."""
    inside, leave, forked = threading.Event(), threading.Event(), []

    def stay():
        with keep_from_forking():
            inside.set()
            leave.wait(SECONDS)
            return list(forked)

    def fork():
        child = os.fork()
        if child == 0:
            with keep_from_forking():  # the child's own gate is open
                os._exit(0)
        forked.append(child)
        return os.waitpid(child, 0)[1]

    with ThreadPoolExecutor(2) as threads:
        staying = threads.submit(stay)
        assert inside.wait(SECONDS)
        forking = threads.submit(fork)
        while not _Process.generation.gate._closers and not forked:
            pass
        leave.set()
        assert staying.result(SECONDS) == []
        assert forking.result(SECONDS) == 0
