"""Looks at a record while it is written: what is seen is what stood before, or what stands then.

A storage that reads or writes a record in several steps has moments in which half of it is there. A
commit is held up at one of its lines, and the record is looked at; then a look is held up, and a
commit is let past. Where one has to wait for the other, the other goes on at once.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Final, TypeAlias, TypeVar

from recoverykit.core.record import Change, Record
from recoverykit.core.subject import Subject
from recoverykit.errors import StorageError
from recoverykit.testing.conformance.bench import Bench
from recoverykit.testing.conformance.contender import Place, ThreadContender
from recoverykit.testing.conformance.deviation import Deviation
from recoverykit.testing.conformance.races import (
    Kind,
    change_of,
    patience_for,
    prepare,
    spread,
    written,
)
from recoverykit.testing.conformance.steps import error_in_words

_Value = TypeVar("_Value")

_WHOLE: Final = "it should have been what stood before, or what the commit writes, and whole"


_HeldUp: TypeAlias = Callable[[Bench, Kind, Place | None, float], "Look"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was seen of a record while it was written.

    Attributes:
        subject: whose record.
        prepared: what was written before; None for nothing.
        change: what was written meanwhile.
        loaded: what was loaded, or what was raised.
        trail: the events, where they could be read while nothing moved; else None.
        places: where whoever was held up could have been held up.
        seconds: how long that takes.
    """

    subject: Subject
    prepared: Change | None
    change: Change
    loaded: Record | BaseException | None
    trail: frozenset[str] | None
    places: tuple[Place, ...]
    seconds: float

    def expect_whole(self) -> None:
        """Require that a load has seen what stood at some moment.

        Raises:
            Deviation: it has not.
        """
        if isinstance(self.loaded, StorageError):
            return  # it may refuse to be read while somebody writes
        if isinstance(self.loaded, BaseException):
            told = f"{error_in_words(self.loaded)} was raised"
            raise Deviation(told, about=(self.subject,))
        if self._seen not in (written(self.prepared), written(self.change)):
            raise Deviation(_WHOLE, about=(self.subject,))

    def expect_its_trail(self) -> None:
        """Require that the events are those of the document that was loaded.

        Raises:
            Deviation: they are not.
        """
        before, fresh = _ids(self.prepared), _ids(self.change)
        if self.trail is None or self._seen not in (written(self.prepared), written(self.change)):
            return  # whether it was whole is S2's to ask
        due = before
        if self._seen == written(self.change):
            # Whether the earlier ones have gone with an erasure is S8's to ask.
            due = fresh | (self.trail & before if self.change.document is None else before)
        if self.trail != due:
            raise Deviation("these should have been the events of this document")

    @property
    def _seen(self) -> object:
        seen = self.loaded
        return (seen.revision, seen.document) if isinstance(seen, Record) else seen


def looks(bench: Bench, kind: Kind, held_up: _HeldUp) -> Iterator[Look]:
    """Look at a new subject each time, with one of the two held up at one place after the other."""
    yield held_up(bench, kind, None, 0)
    look = held_up(bench, kind, None, 0)  # the first one may have had to connect
    yield look
    for place in spread(look.places, look.seconds):
        yield held_up(bench, kind, place, patience_for(look.seconds))


def while_written(bench: Bench, kind: Kind, place: Place | None, patience: float) -> Look:
    """Look while a commit is held up."""
    subject, prepared, change = _begun(bench, kind)
    begun = monotonic()
    writer = bench.stage.begin((subject, change), hold_at=place)
    writer.wait_until_held()
    seconds = monotonic() - begun
    reader = _reading(partial(_copied, bench, subject))
    has_loaded = reader.wait(patience) and not isinstance(reader.join(), BaseException)
    teller = _reading(partial(bench.handle.ids, subject))
    has_told = has_loaded and teller.wait(patience)
    writer.release()
    writer.join()
    loaded, told = reader.join(), teller.join()
    _note(bench, subject, f"while {bench.steps.change(change)} is held up", loaded)
    trail = told if has_told and isinstance(told, frozenset) else None
    if trail is not None:
        bench.steps.add(f"and its events: {bench.steps.trail(tuple(sorted(trail)))}", about=subject)
    return Look(
        subject=subject,
        prepared=prepared,
        change=change,
        loaded=loaded,
        trail=trail,
        places=tuple(writer.places),
        seconds=seconds,
    )


def while_read(bench: Bench, kind: Kind, place: Place | None, patience: float) -> Look:
    """Let a commit past while a look is held up."""
    subject, prepared, change = _begun(bench, kind)
    begun = monotonic()
    reader = bench.stage.look(subject, hold_at=place)
    reader.wait_until_held()
    seconds = monotonic() - begun
    writer = bench.stage.begin((subject, change))
    writer.wait(patience)
    reader.release()
    writer.join()
    loaded = reader.join()
    _note(bench, subject, f"while it is held up, {bench.steps.change(change)}", loaded)
    return Look(
        subject=subject,
        prepared=prepared,
        change=change,
        loaded=loaded,
        trail=None,
        places=tuple(reader.places),
        seconds=seconds,
    )


def _begun(bench: Bench, kind: Kind) -> tuple[Subject, Change | None, Change]:
    subject = bench.changes.subject(kind.value)
    bench.steps.begin()
    prepared = prepare(bench, subject, kind)
    standing = prepared.revision if prepared else None
    # Whoever comes second in a race is the one that erases.
    return subject, prepared, change_of(bench, subject, kind, standing, 1)


def _copied(bench: Bench, subject: Subject) -> Record | None:
    # What was handed out may change, which is S11's to find.
    record = bench.stage.storage.load(subject)
    return record and Record(revision=record.revision, document=record.document)


def _reading(call: Callable[[], _Value]) -> ThreadContender[_Value]:
    return ThreadContender(call, is_traced=False).start()


def _note(bench: Bench, subject: Subject, when: str, loaded: object) -> None:
    told = (
        error_in_words(loaded)
        if isinstance(loaded, BaseException)
        else bench.steps.record(loaded if isinstance(loaded, Record) else None)
    )
    bench.steps.add(f"load, {when}: {told}", about=subject)


def _ids(change: Change | None) -> frozenset[str]:
    return frozenset(event.id for event in change.events) if change else frozenset()
