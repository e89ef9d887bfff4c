"""A process that commits, and is killed before it can do anything else."""

import multiprocessing
from multiprocessing.connection import Connection
from typing import Final

from recoverykit.core.record import Change
from recoverykit.core.subject import Subject
from recoverykit.testing.conformance.bench import Opener
from recoverykit.testing.conformance.contender import DEADLINE, Answer
from recoverykit.testing.conformance.steps import error_in_words

# Nothing of the threads and locks of the process that checks gets into one that is spawned.
SPAWN: Final = multiprocessing.get_context("spawn")


def killed_after(opener: Opener, subject: Subject, change: Change) -> Answer:
    """Commit in a process, kill it at once, and return the answer that it had got."""
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=_commit, args=(opener, subject, change, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        answer: bool | str = ours.recv() if ours.poll(DEADLINE) else "no answer"
    except EOFError:
        answer = "it ended by itself"
    finally:
        process.kill()
        process.join()
        ours.close()
    return answer if isinstance(answer, bool) else RuntimeError(answer)


def _commit(opener: Opener, subject: Subject, change: Change, pipe: Connection) -> None:
    try:
        with opener() as storage:
            pipe.send(storage.commit(subject, change))
            pipe.recv()  # until it is killed: nothing may be tidied up
    except Exception as error:  # noqa: BLE001 - it is told
        pipe.send(error_in_words(error))
