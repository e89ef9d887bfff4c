"""Races: commits on one revision, one of them held up wherever it may be, or all at once.

A storage that reads, decides and writes without holding anybody off has a moment between the two.
A commit is stopped at one of its lines; another one is let past; then the first goes on. Where the
second has to wait for the first, the first goes on at once. The lines are the storage's own, each
once. Of a storage that has more of them than a race has rounds, some are tried, evenly spread: a
moment of one line among hundreds may be missed.
"""

import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import partial
from time import monotonic
from typing import Final, Protocol

from recoverykit.core.record import Change, Record
from recoverykit.core.subject import Subject
from recoverykit.testing.conformance.bench import Bench
from recoverykit.testing.conformance.contender import Answer, Contender, Place, is_own
from recoverykit.testing.conformance.deviation import Deviation
from recoverykit.testing.conformance.stage import Move
from recoverykit.testing.conformance.steps import error_in_words

_POINTS: Final = 10  # lines at which a commit is held up
_POINTS_IF_QUICK: Final = 32
_QUICK: Final = 0.002  # seconds: a commit in memory, traced
# Whoever has not answered in four times the time of a lone commit waits for the other; in seconds.
_PATIENCE: Final = 4
_LEAST: Final = 0.004
_MOST: Final = 0.05
_CROWD: Final = 8  # who begin at the same moment
_CROWDS: Final = 5  # rounds
_SWITCH: Final = 1e-5  # seconds between two threads, instead of the interpreter's 5 ms


class _Begin(Protocol):
    def __call__(self, move: Move, *, hold_at: Place | None = None) -> Contender[bool]: ...


class Kind(Enum):
    """What the contenders try."""

    INSERT = "insert"
    UPDATE = "update"
    ERASE = "erase"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What came of one race.

    Attributes:
        subject: whose record it was about.
        changes: what each contender asked for.
        answers: what each was told.
        prepared: what was written before; None for nothing.
        record: what stood afterwards.
        trail: the events that stood afterwards.
    """

    subject: Subject
    changes: tuple[Change, ...]
    answers: tuple[Answer, ...]
    prepared: Change | None
    record: Record | None
    trail: tuple[str, ...]

    @property
    def before(self) -> set[str]:
        """The events that stood before."""
        return {event.id for event in self.prepared.events} if self.prepared else set()

    @property
    def due(self) -> list[tuple[str, str] | None]:
        """What may stand afterwards: what the winner wrote, or else nothing new.

        Where nobody was told to have won, whoever was told nothing may have.
        """
        pairs = list(zip(self.changes, self.answers, strict=True))
        won = [change for change, answer in pairs if answer is True]
        unknown = [change for change, answer in pairs if isinstance(answer, BaseException)]
        return [written(change) for change in won or (self.prepared, *unknown)]

    @property
    def wins(self) -> int:
        """How many were told that they had won."""
        return sum(answer is True for answer in self.answers)

    def events(self, *, of_winners: bool) -> set[str]:
        """Return the events of those that won, or of those that were told that they had lost."""
        pairs = zip(self.changes, self.answers, strict=True)
        return {event.id for change, won in pairs if won is of_winners for event in change.events}

    def expect(self, holds: object, what: str) -> None:
        """Require something of the race.

        Raises:
            Deviation: it does not hold.
        """
        if not holds:
            raise Deviation(what, about=(self.subject,))


def rounds(bench: Bench, kind: Kind) -> Iterator[Round]:
    """Race for a new subject each time: held up in turn, then all at once."""
    yield from _overtaken(bench, kind, bench.stage.begin)
    with _switching_often():
        for _ in range(_CROWDS):
            yield _race(bench, kind, bench.stage.at_once, _CROWD)


def rounds_of_handles(bench: Bench, kind: Kind) -> Iterator[Round]:
    """Race for a new subject each time: another handle is held up, and this one let past.

    It is that of another process; where none can be told how to open it, another one of this.
    """
    if bench.rig.processes is not None:
        with bench.rig.processes.rival(bench.doorway()) as process:
            yield from _overtaken(bench, kind, process.begin)
    elif bench.rig.reopen is not None:
        with bench.doorway().open() as stage:
            yield from _overtaken(bench, kind, stage.begin)


def _overtaken(bench: Bench, kind: Kind, begin: _Begin) -> Iterator[Round]:
    places: list[Place] = []
    seconds: list[float] = []

    def alone(moves: Sequence[Move]) -> tuple[Answer, ...]:
        begun = monotonic()
        contender = begin(moves[0])
        answer = contender.join()
        seconds.append(monotonic() - begun)
        places[:] = contender.places
        return (answer,)

    def held_up(place: Place, moves: Sequence[Move]) -> tuple[Answer, ...]:
        first = begin(moves[0], hold_at=place)
        first.wait_until_held()
        second = bench.stage.begin(moves[1])
        second.wait(patience_for(seconds[-1]))
        first.release()
        return (first.join(), second.join())

    yield _race(bench, kind, alone, 1)
    yield _race(bench, kind, alone, 1)  # the first one may have had to connect
    for place in spread(places, seconds[-1]):
        yield _race(bench, kind, partial(held_up, place), 2)


def _race(
    bench: Bench, kind: Kind, run: Callable[[Sequence[Move]], tuple[Answer, ...]], count: int
) -> Round:
    subject = bench.changes.subject(kind.value)
    bench.steps.begin()
    prepared = prepare(bench, subject, kind)
    standing = prepared.revision if prepared else None
    changes = tuple(change_of(bench, subject, kind, standing, place) for place in range(count))
    answers = run([(subject, change) for change in changes])
    for change, answer in zip(changes, answers, strict=True):
        told = error_in_words(answer) if isinstance(answer, BaseException) else answer
        bench.steps.add(f"at once: {bench.steps.change(change)}: {told}", about=subject)
    record, trail = bench.handle.state(subject)
    return Round(
        subject=subject,
        changes=changes,
        answers=answers,
        prepared=prepared,
        record=record,
        trail=trail,
    )


def prepare(bench: Bench, subject: Subject, kind: Kind) -> Change | None:
    """Write what is to be changed, where it is not an insert."""
    if kind is Kind.INSERT:
        return None
    change = bench.changes.put(subject, on=None, events=1)
    bench.handle.win(subject, change)
    return change


def change_of(
    bench: Bench, subject: Subject, kind: Kind, standing: str | None, place: int
) -> Change:
    """Return the change of one of the contenders, counted from 0."""
    if kind is Kind.ERASE and place:
        return bench.changes.erasure(subject, on=standing, events=1)
    return bench.changes.put(subject, on=standing, events=2)


def spread(places: Sequence[Place], seconds: float) -> list[Place]:
    """Return at which of the places to hold up, the storage's own first.

    Args:
        places: all of them.
        seconds: how long a lone commit takes.
    """
    points = _POINTS_IF_QUICK if seconds < _QUICK else _POINTS
    own = [place for place in places if is_own(place)]
    others = [place for place in places if not is_own(place)]
    chosen = _evenly(own, points)
    return chosen + _evenly(others, max(0, _POINTS - len(chosen)))


def patience_for(seconds: float) -> float:
    """Return how long to wait for who may be waiting, where a lone commit takes so many seconds."""
    return min(max(_LEAST, _PATIENCE * seconds), _MOST)


def _evenly(places: Sequence[Place], points: int) -> list[Place]:
    """Return all of a few, some of many."""
    if len(places) <= points:
        return list(places)
    return [places[point * len(places) // points] for point in range(points)]


def written(change: Change | None) -> tuple[str, str] | None:
    """Return what stands after a change: the revision and the document, or None."""
    if change is None or change.document is None:
        return None
    return change.revision, change.document


@contextmanager
def _switching_often() -> Generator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
