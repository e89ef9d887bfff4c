"""Processes that open a storage by themselves: rivals in a race, and victims that are killed."""

import multiprocessing
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Final

from recoverykit.core.record import Change
from recoverykit.core.subject import Subject
from recoverykit.testing.conformance.contender import DEADLINE, Answer, Contender
from recoverykit.testing.conformance.stage import Doorway, Move
from recoverykit.testing.conformance.steps import error_in_words

# Nothing of the threads and locks of the process that checks gets into one that is spawned.
_SPAWN: Final = multiprocessing.get_context("spawn")


class ProcessFailed(Exception):
    """Raised where a process could not do what it was told, by what it had to say."""


def is_portable(doorway: Doorway) -> bool:
    """Whether another process can be told how to open a storage."""
    try:
        pickle.dumps(doorway)
    except Exception:  # noqa: BLE001 - whatever an object raises when it is pickled
        return False
    return True


def killed_after(doorway: Doorway, subject: Subject, change: Change) -> Answer:
    """Commit in a process, kill it at once, and return the answer that it had got."""
    with rival(doorway) as process:
        return process.begin((subject, change)).join()


@contextmanager
def rival(doorway: Doorway) -> Iterator["Rival"]:
    """Start a process that opens a storage; it is killed in the end."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_serve, args=(doorway, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Rival(ours)
    finally:
        process.kill()
        process.join()
        ours.close()


class Rival:
    """A process with a handle of its own, as seen from the one that checks."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._answer: Answer | None = None
        self.places = 0

    def begin(self, move: Move, *, hold_at: int = 0) -> Contender:
        """Let the process begin a commit."""
        self._answer = None
        self._pipe.send((move, hold_at))
        return self

    def wait_until_held(self) -> None:
        """Return when it is held up, or has ended before it came that far."""
        self._hear()

    def wait(self, seconds: float) -> None:
        """Return when it has something to say, or after so many seconds."""
        self._pipe.poll(seconds)

    def release(self) -> None:
        """Let it go on."""
        self._pipe.send("go on")

    def join(self) -> Answer:
        """Return its answer."""
        while self._answer is None:
            self._hear()
        return self._answer

    def _hear(self) -> None:
        try:
            if not self._pipe.poll(DEADLINE):
                self._answer = ProcessFailed(f"no answer within {DEADLINE:.0f} s")
                return
            told: tuple[bool | str | None, int] = self._pipe.recv()
        except (EOFError, ConnectionError):
            told = ("the process ended", 0)
        answer, self.places = told
        self._answer = ProcessFailed(answer) if isinstance(answer, str) else answer


def _serve(doorway: Doorway, pipe: Connection) -> None:
    """Open the storage, and commit what the pipe brings, until the process is killed."""
    try:
        with doorway.open() as stage:
            while True:
                move, hold_at = pipe.recv()
                contender = stage.begin(move, hold_at=hold_at)
                if hold_at:
                    contender.wait_until_held()
                    pipe.send((None, 0))
                    pipe.recv()
                    contender.release()
                answer = contender.join()
                told = error_in_words(answer) if isinstance(answer, BaseException) else answer
                pipe.send((told, contender.places))
    except Exception as error:  # noqa: BLE001 - it is told
        pipe.send((error_in_words(error), 0))
