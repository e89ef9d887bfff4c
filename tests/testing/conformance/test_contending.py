"""Who contends: threads that are held up at a line, tasks where they wait, and processes."""

import os
from functools import partial
from multiprocessing import Pipe
from threading import Thread

import pytest

from recoverykit import Subject
from recoverykit.testing.conformance import CLAUSES, ConformanceError, check_storage, processes
from recoverykit.testing.conformance.bench import Bench, Rig, set_up
from recoverykit.testing.conformance.changes import Changes
from recoverykit.testing.conformance.contender import NoAnswer, ThreadContender
from recoverykit.testing.conformance.stage import Doorway
from recoverykit.testing.conformance.steps import Steps
from recoverykit.testing.conformance.tasks import _stepped
from tests.testing.conformance import dicts, sqlites

ADA = Subject("ada")


def test_a_thread_is_held_up_at_a_line():
    """White box, for no other tracer sees a tracer: it counts lines, and waits at its own."""
    contender = ThreadContender(lambda: True, hold_at=2)
    contender.release()

    assert contender.trace(None, "call", None) == contender.trace
    assert contender.trace(None, "line", None) == contender.trace
    contender.trace(None, "line", None)

    assert contender.places == 2
    contender.wait_until_held()


def test_a_task_is_stepped_through():
    """What is thrown into a coroutine that is stepped through arrives there."""
    stepped = []

    class Turn:
        def __await__(self):
            yield "waiting"

    async def awaited():
        try:
            await Turn()
        except KeyError:
            return "caught"

    async def step():
        stepped.append(1)

    coroutine = _stepped(awaited(), step)

    assert coroutine.send(None) == "waiting"
    with pytest.raises(StopIteration) as end:
        coroutine.throw(KeyError())
    assert end.value.value == "caught"
    assert len(stepped) == 2


def test_a_process_serves_until_nobody_is_there():
    """White box, in a thread: it opens, commits, is held up, closes, and opens the next one."""
    ours, theirs = Pipe()
    thread = Thread(target=processes._serve, args=(theirs,))
    thread.start()
    change = Changes().put(ADA, on=None)
    for hold_at in (0, 1):
        ours.send(Doorway(opener=partial(sqlites.opened, sqlites.Rows, ":memory:"), backend=None))
        rival = processes.Rival(ours)
        contender = rival.begin((ADA, change), hold_at=hold_at)
        if hold_at:
            contender.wait_until_held()
            contender.release()
        contender.wait(1)
        assert isinstance(contender.join(), NoAnswer)  # each connection has its own memory
        rival.close()
    ours.close()
    thread.join()


def test_a_process_that_cannot_open_says_so():
    """White box, in a thread: its last word is the kind of what was raised."""
    ours, theirs = Pipe()
    thread = Thread(target=processes._serve, args=(theirs,))
    thread.start()
    ours.send(Doorway(opener=partial(sqlites.opened, sqlites.Rows, "/no such/file"), backend=None))

    assert "OperationalError" in str(processes.Rival(ours).join())
    thread.join()
    ours.close()


def test_a_process_that_says_nothing_is_not_waited_for_for_ever(monkeypatch):
    """After the deadline nobody knows what became of its commit."""
    monkeypatch.setattr(processes, "DEADLINE", 0.01)
    ours, theirs = Pipe()

    assert "no answer" in str(processes.Rival(ours).join())
    ours.close()
    theirs.close()


class EndsElsewhere(sqlites.Rows):
    """Ends every process but the one that made it."""

    def commit(self, subject, change):
        if "RECOVERYKIT_MAKER" in os.environ and os.environ["RECOVERYKIT_MAKER"] != str(
            os.getpid()
        ):
            os._exit(1)
        return super().commit(subject, change)


def test_a_process_that_ends_is_told(monkeypatch):
    """A storage may take its process with it."""
    monkeypatch.setenv("RECOVERYKIT_MAKER", str(os.getpid()))
    with pytest.raises(ConformanceError, match="the process ended"):
        check_storage(
            sqlites.made(EndsElsewhere),
            reopen=sqlites.reopened,
            events=sqlites.Rows.ids,
            clauses=[each for each in CLAUSES if each.id == "S10"],
        )


def test_a_bench_without_a_way_back_says_so():
    """A clause that needs another handle is not run where there is none."""
    doorway = Doorway(opener=dicts.made(dicts.Dicts), backend=None)
    with set_up(Rig(doorway=doorway), Steps()) as bench, pytest.raises(LookupError):
        Bench.doorway(bench)
