"""The bench on which one clause tries one fresh storage."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from recoverykit.core.subject import Subject
from recoverykit.testing.conformance.changes import Changes
from recoverykit.testing.conformance.deviation import Deviation
from recoverykit.testing.conformance.handle import Handle, Trail
from recoverykit.testing.conformance.processes import Processes
from recoverykit.testing.conformance.stage import Doorway, Stage
from recoverykit.testing.conformance.steps import Steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """What the author of a storage has handed in.

    Attributes:
        doorway: the way to a fresh storage, with nothing in it.
        reopen: returns what opens another handle on a storage's data; None where nothing can.
        trail: reads the ids of a subject's events; None where they cannot be read.
        processes: opens the storage elsewhere; None where other processes cannot.
    """

    doorway: Doorway
    reopen: Callable[[Any], Callable[[], Any]] | None = None
    trail: Trail | None = None
    processes: Processes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A fresh storage, and what its clause may do with it.

    Attributes:
        handle: the storage.
        stage: the same, for races.
        rig: what its author has handed in.
        changes: makes the changes.
        steps: what was done so far.
    """

    handle: Handle
    stage: Stage
    rig: Rig
    changes: Changes = field(default_factory=Changes)

    @property
    def steps(self) -> Steps:
        """What was done so far."""
        return self.handle.steps

    @contextmanager
    def another(self) -> Generator[Handle]:
        """Open another handle on the same data."""
        with self.doorway().open() as stage:
            yield Handle(stage.storage, trail=self.rig.trail, steps=self.steps, name="B")

    def doorway(self) -> Doorway:
        """Return the way to the same data, for this process and for others."""
        if self.rig.reopen is None:
            raise LookupError("a clause was run without what it needs")
        opener = self.rig.reopen(self.stage.given)
        return Doorway(opener=opener, backend=self.rig.doorway.backend)

    def processes(self) -> Processes:
        """Return what opens the same data elsewhere."""
        if self.rig.processes is None:
            raise LookupError("a clause was run without what it needs")
        return self.rig.processes

    def expect(self, actual: object, expected: object, what: str, *about: Subject) -> None:
        """Require that two things are equal.

        Raises:
            Deviation: they are not.
        """
        if actual != expected:
            raise Deviation(what, about=about)


@contextmanager
def set_up(rig: Rig, steps: Steps) -> Generator[Bench]:
    """Make a fresh storage, and a bench around it."""
    with rig.doorway.open() as stage:
        handle = Handle(stage.storage, trail=rig.trail, steps=steps)
        yield Bench(handle=handle, stage=stage, rig=rig)
