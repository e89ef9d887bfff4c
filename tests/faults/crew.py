"""The clients, each a process, and who starts them, kills them and starts them again."""

import signal
import time
from collections.abc import Callable, Iterable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Self

from tests.faults.client import Place, run
from tests.forkserver import FORKSERVER

_SECONDS = 120.0
_POLL_SECONDS = 0.02
_ENDINGS = (b'"told": {"ending": "failed"', b'"told": {"ending": "unknown"')


class CrewFailed(AssertionError):
    """A client ended by itself, or nothing gets on."""


class Crew:
    """Clients at work. Usable as a context manager, which stops them.

    Args:
        folder: an empty folder for their logs.
        places: what each of them is given.
    """

    def __init__(self, folder: Path, places: Iterable[Place]) -> None:
        self._places = {place.name: place for place in places}
        self._processes: dict[str, BaseProcess] = {}
        self._offsets: dict[str, int] = dict.fromkeys(self._places, 0)
        self._answered = 0
        self._stop = folder / "stop"
        (folder / "board").mkdir()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the clients."""
        return tuple(self._places)

    def __enter__(self) -> Self:
        for name in self._places:
            self._start(name)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stop.touch()
        deadline = time.monotonic() + (_SECONDS if kind is None else 1)
        for process in self._processes.values():
            process.join(max(0.0, deadline - time.monotonic()))
        late = [name for name, each in self._processes.items() if each.is_alive()]
        for process in self._processes.values():
            process.kill()
            process.join()
        if kind is None and late:
            raise CrewFailed(f"clients that do not stop: {', '.join(late)}")

    def kill(self, name: str) -> None:
        """Kill a client wherever it is, and start it again."""
        process = self._processes[name]
        process.kill()
        process.join()
        if process.exitcode != -signal.SIGKILL:
            raise CrewFailed(f"client {name} had ended by itself: {process.exitcode}")
        self._start(name)

    def advance(self, calls: int) -> None:
        """Return once so many more calls were answered.

        Raises:
            CrewFailed: they were not in time, or a client has ended.
        """
        goal = self.answered() + calls
        self.wait(lambda: self.answered() >= goal, f"{calls} more answers")

    def wait(self, holds: Callable[[], bool], what: str) -> None:
        """Return once something holds.

        Raises:
            CrewFailed: it did not in time, or a client has ended.
        """
        deadline = time.monotonic() + _SECONDS
        while not holds():
            for name, process in self._processes.items():
                if not process.is_alive():
                    raise CrewFailed(f"client {name} has ended: {process.exitcode}")
            if time.monotonic() > deadline:
                raise CrewFailed(f"not in {_SECONDS:.0f} s: {what}")
            time.sleep(_POLL_SECONDS)

    def answered(self) -> int:
        """Return how many calls were answered so far, failures left out."""
        for name, place in self._places.items():
            if place.log.exists():
                with place.log.open("rb") as file:
                    file.seek(self._offsets[name])
                    new = file.read()
                self._offsets[name] += len(new)
                self._answered += new.count(b'"told": ') - sum(map(new.count, _ENDINGS))
        return self._answered

    def _start(self, name: str) -> None:
        process = FORKSERVER.Process(target=run, args=(self._places[name],), daemon=True)
        process.start()
        self._processes[name] = process
