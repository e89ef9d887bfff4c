"""Processes that open a storage by themselves: rivals in a race, and victims that are killed."""

import multiprocessing
import pickle
from collections.abc import Generator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Final

from recoverykit.testing.conformance.contender import DEADLINE, Answer, Contender, NoAnswer, Place
from recoverykit.testing.conformance.stage import Doorway, Move, Stage
from recoverykit.testing.conformance.steps import error_in_words

# Nothing of the threads and locks of the process that checks gets into one that is spawned.
_SPAWN: Final = multiprocessing.get_context("spawn")
_ENDED: Final = "the process ended"
_PATIENCE: Final = 5.0  # seconds to end in: whatever watches the process may have data to write


class Unstartable(Exception):
    """Raised where a process has ended before it has opened a storage."""

    def __init__(self) -> None:
        super().__init__(
            "reopen: the other process could not start, or find what opens the storage; "
            'a script that runs a check must do so behind `if __name__ == "__main__":`'
        )


def is_portable(doorway: Doorway) -> bool:
    """Whether another process can be told how to open a storage."""
    try:
        pickle.dumps(doorway)
    except Exception:  # noqa: BLE001 - whatever an object raises when it is pickled
        return False
    return True


class Processes:
    """The one process that opens what another one has made, started when first asked for."""

    def __init__(self) -> None:
        self._started: tuple[SpawnProcess, Connection] | None = None
        self._is_lent = False

    @contextmanager
    def rival(self, doorway: Doorway) -> Generator["Rival"]:
        """Let the process open a storage, and close it in the end."""
        if self._is_lent:
            self.close()  # a race has ended in the middle: who knows what it is doing
        started = self._started = self._started or _started()
        self._is_lent = True
        rival = Rival(started[1])
        _tell(started[1], doorway)
        rival.open()
        yield rival
        if self._started is started:
            rival.close()
            self._is_lent = False

    def kill(self) -> None:
        """Kill the process, whatever it is doing; another one is started for the next rival."""
        self._end(by_force=True)

    def close(self) -> None:
        """Let the process end by itself, if it does."""
        self._end(by_force=False)

    def _end(self, *, by_force: bool) -> None:
        if self._started is not None:
            process, pipe = self._started
            if by_force:
                process.kill()
            pipe.close()
            process.join(_PATIENCE)
            process.kill()  # where it hangs
            process.join()
            process.close()
        self._started = None
        self._is_lent = False


def _started() -> tuple[SpawnProcess, Connection]:
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    return process, ours


class Rival:
    """A process with a handle of its own, as seen from the one that checks."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._answer: Answer | None = None
        self.places: tuple[Place, ...] = ()

    def begin(self, move: Move, *, hold_at: Place | None = None) -> Contender[bool]:
        """Let the process begin a commit."""
        self._answer = None
        self._send((move, hold_at))
        return self

    def wait_until_held(self) -> None:
        """Return when it is held up, or has ended before it came that far."""
        self._hear()

    def wait(self, seconds: float) -> bool:
        """Wait so many seconds, and return whether it has something to say."""
        return self._pipe.poll(seconds)

    def release(self) -> None:
        """Let it go on."""
        self._send(None)

    def join(self) -> Answer:
        """Return its answer."""
        while self._answer is None:
            self._hear()
        return self._answer

    def open(self) -> None:
        """Wait until it has opened the storage.

        Raises:
            NoAnswer: it says that it cannot.
            Unstartable: it has ended before.
        """
        self._hear()
        if isinstance(self._answer, NoAnswer):
            raise Unstartable if str(self._answer) == _ENDED else self._answer

    def close(self) -> None:
        """Let it close what it has opened."""
        self._send(None)
        self._hear()

    def _send(self, order: tuple[Move, Place | None] | None) -> None:
        _tell(self._pipe, order)

    def _hear(self) -> None:
        try:
            if self._pipe.poll(DEADLINE):
                answer, self.places = self._pipe.recv()
            else:
                answer = f"no answer within {DEADLINE:.0f} s"
        except (EOFError, OSError):
            answer = _ENDED
        self._answer = NoAnswer(answer) if isinstance(answer, str) else answer


def _tell(pipe: Connection, order: object) -> None:
    with suppress(OSError):  # it has ended: what it had to say is still to be heard
        pipe.send(order)


def _serve(pipe: Connection) -> None:
    """Open what comes through the pipe, one after the other, until nobody is there any more."""
    with suppress(EOFError, OSError):
        while True:
            doorway: Doorway = pipe.recv()
            try:
                with doorway.open() as stage:
                    pipe.send((True, ()))
                    _contend(stage, pipe)
            except Exception as error:  # noqa: BLE001 - it is told
                pipe.send((error_in_words(error), ()))
                return
            pipe.send((True, ()))


def _contend(stage: Stage, pipe: Connection) -> None:
    while order := pipe.recv():
        move, hold_at = order
        contender = stage.begin(move, hold_at=hold_at)
        if hold_at is not None:
            contender.wait_until_held()
            pipe.send((None, ()))
            pipe.recv()
            contender.release()
        answer = contender.join()
        told = error_in_words(answer) if isinstance(answer, BaseException) else answer
        pipe.send((told, tuple(contender.places)))
