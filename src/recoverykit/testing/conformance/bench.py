"""The bench on which one clause tries one fresh storage."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from recoverykit.core.subject import Subject
from recoverykit.storage import Storage
from recoverykit.testing.conformance.changes import Changes
from recoverykit.testing.conformance.deviation import Deviation
from recoverykit.testing.conformance.handle import Handle, Trail
from recoverykit.testing.conformance.steps import Steps

Opener: TypeAlias = Callable[[], AbstractContextManager[Storage]]
"""Opens another handle on what is stored, in any process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """What the author of a storage has handed in.

    Attributes:
        make: gives a fresh storage, with nothing in it.
        reopen: returns what opens another handle on a storage's data; None where nothing can.
        trail: reads the ids of a subject's events; None where they cannot be read.
    """

    make: Callable[[], AbstractContextManager[Storage]]
    reopen: Callable[[Storage], Opener] | None = None
    trail: Trail | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A fresh storage, and what its clause may do with it.

    Attributes:
        handle: the storage.
        rig: what its author has handed in.
        changes: makes the changes.
        steps: what was done so far.
    """

    handle: Handle
    rig: Rig
    changes: Changes = field(default_factory=Changes)

    @property
    def steps(self) -> Steps:
        """What was done so far."""
        return self.handle.steps

    @contextmanager
    def another(self, name: str = "B") -> Iterator[Handle]:
        """Open another handle on the same data."""
        with self.opener()() as storage:
            yield Handle(storage, trail=self.rig.trail, steps=self.steps, name=name)

    def opener(self) -> Opener:
        """Return what opens further handles."""
        if self.rig.reopen is None:
            raise LookupError("a clause was run without what it needs")
        return self.rig.reopen(self.handle.storage)

    def expect(self, actual: object, expected: object, what: str, *about: Subject) -> None:
        """Require that two things are equal.

        Raises:
            Deviation: they are not.
        """
        if actual != expected:
            raise Deviation(what, about=about)


@contextmanager
def set_up(rig: Rig, steps: Steps) -> Iterator[Bench]:
    """Make a fresh storage, and a bench around it."""
    with rig.make() as storage:
        yield Bench(handle=Handle(storage, trail=rig.trail, steps=steps), rig=rig)
