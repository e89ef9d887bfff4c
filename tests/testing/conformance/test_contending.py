"""Who contends: threads that are held up at a line, tasks where they wait, and processes."""

import os
import subprocess
import sys
import threading
from functools import partial
from multiprocessing import Pipe
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest

from recoverykit import InvalidArgument, Subject
from recoverykit.testing.conformance import CLAUSES, ConformanceError, check_storage, processes
from recoverykit.testing.conformance.bench import Bench, Rig, set_up
from recoverykit.testing.conformance.changes import Changes
from recoverykit.testing.conformance.contender import NoAnswer, ThreadContender
from recoverykit.testing.conformance.races import spread
from recoverykit.testing.conformance.stage import Doorway
from recoverykit.testing.conformance.steps import Steps
from recoverykit.testing.conformance.tasks import _stepped
from tests.testing.conformance import dicts, sqlites

ADA = Subject("ada")
ROOT = Path(__file__).parents[3]
SCRIPT = """
import sys
sys.path.insert(0, ".")
from recoverykit.testing import CLAUSES, check_storage
from tests.testing.conformance import sqlites
check_storage(
    sqlites.made(sqlites.Rows),
    reopen=sqlites.reopened,
    clauses=[each for each in CLAUSES if each.id == "S3"],
)
"""


def test_a_thread_is_held_up_at_a_line():
    """White box, for no other tracer sees a tracer: it counts lines, and waits at its own."""
    code = compile("1", "storage.py", "exec")
    frames = [SimpleNamespace(f_code=code, f_lineno=line) for line in (1, 1, 2)]
    contender = ThreadContender(lambda: True, hold_at=("storage.py", 2))
    contender.release()

    assert contender.trace(frames[0], "call", None) == contender.trace
    for frame in frames:
        assert contender.trace(frame, "line", None) == contender.trace

    assert contender.places == (("storage.py", 1), ("storage.py", 2))
    contender.wait_until_held()


def test_lines_of_the_storage_come_before_those_of_others():
    """All of the storage's own where they are few; of others only as many as are lacking."""
    own = [(__file__, line) for line in range(50)]
    others = [(threading.__file__, line) for line in range(50)]
    installed = [(pytest.__file__, line) for line in range(50)]

    assert spread([*others, *installed, *own[:12]], 0) == own[:12]
    six = [others[point * 50 // 6] for point in range(6)]
    assert spread([*others, *own[:4]], 1) == own[:4] + six
    assert spread(own, 1) == own[::5]
    assert len(spread(own, 0)) == 32
    assert spread(range(1, 4), 1) == [1, 2, 3]


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
    for hold_at in (None, (sqlites.__file__, sqlites.Rows.commit.__code__.co_firstlineno + 1)):
        ours.send(Doorway(opener=partial(sqlites.opened, sqlites.Rows, ":memory:"), backend=None))
        rival = processes.Rival(ours)
        rival.open()
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


def test_a_process_that_ends_before_it_has_opened_is_no_breach():
    """Nothing is known of the storage then: what was handed in cannot be used."""
    with pytest.raises(InvalidArgument, match="could not start"):
        check_storage(
            sqlites.made(sqlites.Rows),
            reopen=lambda _: partial(os._exit, 1),
            events=sqlites.Rows.ids,
            clauses=[each for each in CLAUSES if each.id == "S3"],
        )


def test_a_script_needs_its_guard(tmp_path):
    """A process that is spawned runs the script once more, which is told how not to."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    ended = subprocess.run(
        [sys.executable, script], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert "InvalidArgument: reopen: the other process could not start" in ended.stderr
    assert 'if __name__ == "__main__":' in ended.stderr


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


@pytest.mark.parametrize("clause", ["S3", "S5"])
def test_handles_race_where_no_process_can_open_the_storage(clause):
    """A lock of one handle is found where that handle cannot travel either."""
    with pytest.raises(ConformanceError) as caught:
        check_storage(
            dicts.made(dicts.LocksItsOwnHandle),
            reopen=lambda storage: dicts.made(partial(dicts.LocksItsOwnHandle, storage)),
            events=dicts.Dicts.ids,
            without={"S10": "it lasts as long as its process"},
            clauses=[each for each in CLAUSES if each.id == clause],
        )

    (breach,) = caught.value.breaches
    assert breach.steps[-1] == "one should have won, and 2 did"


def test_a_bench_without_a_way_back_says_so():
    """A clause that needs another handle is not run where there is none."""
    doorway = Doorway(opener=dicts.made(dicts.Dicts), backend=None)
    with set_up(Rig(doorway=doorway), Steps()) as bench:
        for needed in (Bench.doorway, Bench.processes):
            with pytest.raises(LookupError):
                needed(bench)
