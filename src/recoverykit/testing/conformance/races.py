"""Races: commits on one revision, one of them held up wherever it may be, or all at once.

A storage that reads, decides and writes without holding anybody off has a moment between the two.
A commit is stopped at one of its lines; another one is let past; then the first goes on. Where the
second has to wait for the first, the first goes on at once. So the moment is found by looking for
it, and not by luck.
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
from recoverykit.testing.conformance.contender import Answer, Contender
from recoverykit.testing.conformance.deviation import Deviation
from recoverykit.testing.conformance.stage import Move
from recoverykit.testing.conformance.steps import error_in_words

_POINTS: Final = 10  # lines at which a commit is held up
# Whoever has not answered in four times the time of a lone commit waits for the other; in seconds.
_PATIENCE: Final = 4
_LEAST: Final = 0.004
_MOST: Final = 0.05
_CROWD: Final = 8  # who begin at the same moment
_CROWDS: Final = 5  # rounds
_SWITCH: Final = 1e-5  # seconds between two threads, instead of the interpreter's 5 ms


class _Begin(Protocol):
    def __call__(self, move: Move, *, hold_at: int) -> Contender: ...


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
        before: the events that stood before.
        record: what stood afterwards.
        trail: the events that stood afterwards.
    """

    subject: Subject
    changes: tuple[Change, ...]
    answers: tuple[Answer, ...]
    before: frozenset[str]
    record: Record | None
    trail: tuple[str, ...]

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
    yield from _overtaken(bench, kind, bench.stage.begin, _POINTS)
    with _switching_often():
        for _ in range(_CROWDS):
            yield _race(bench, kind, bench.stage.at_once, _CROWD)


def rounds_of_processes(bench: Bench, kind: Kind) -> Iterator[Round]:
    """Race for a new subject each time: another process is held up, and this one let past."""
    if bench.rig.processes is not None:
        with bench.rig.processes.rival(bench.doorway()) as process:
            yield from _overtaken(bench, kind, process.begin, _POINTS)


def _overtaken(bench: Bench, kind: Kind, begin: _Begin, points: int) -> Iterator[Round]:
    places: list[int] = []
    seconds: list[float] = []

    def alone(moves: Sequence[Move]) -> tuple[Answer, ...]:
        begun = monotonic()
        contender = begin(moves[0], hold_at=0)
        answer = contender.join()
        seconds.append(monotonic() - begun)
        places.append(contender.places)
        return (answer,)

    def held_up(place: int, moves: Sequence[Move]) -> tuple[Answer, ...]:
        first = begin(moves[0], hold_at=place)
        first.wait_until_held()
        second = bench.stage.begin(moves[1])
        second.wait(min(max(_LEAST, _PATIENCE * seconds[-1]), _MOST))
        first.release()
        return (first.join(), second.join())

    yield _race(bench, kind, alone, 1)
    yield _race(bench, kind, alone, 1)  # the first one may have had to connect
    for place in _spread(places[-1], points):
        yield _race(bench, kind, partial(held_up, place), 2)


def _race(
    bench: Bench, kind: Kind, run: Callable[[Sequence[Move]], tuple[Answer, ...]], count: int
) -> Round:
    subject = bench.changes.subject(kind.value)
    bench.steps.begin()
    prepared = _prepared(bench, subject, kind)
    standing = prepared.revision if prepared else None
    changes = tuple(_change(bench, subject, kind, standing, place) for place in range(count))
    answers = run([(subject, change) for change in changes])
    for change, answer in zip(changes, answers, strict=True):
        told = error_in_words(answer) if isinstance(answer, BaseException) else answer
        bench.steps.add(f"at once: {bench.steps.change(change)}: {told}", about=subject)
    record, trail = bench.handle.state(subject)
    return Round(
        subject=subject,
        changes=changes,
        answers=answers,
        before=frozenset(event.id for event in prepared.events) if prepared else frozenset(),
        record=record,
        trail=trail,
    )


def _prepared(bench: Bench, subject: Subject, kind: Kind) -> Change | None:
    if kind is Kind.INSERT:
        return None
    change = bench.changes.put(subject, on=None, events=1)
    bench.handle.win(subject, change)
    return change


def _change(bench: Bench, subject: Subject, kind: Kind, standing: str | None, place: int) -> Change:
    if kind is Kind.ERASE and place:
        return bench.changes.erasure(subject, on=standing, events=1)
    return bench.changes.put(subject, on=standing, events=2)


def _spread(places: int, points: int) -> list[int]:
    """Return at which of the places to hold up: all of a few, some of many."""
    if places <= points:
        return list(range(1, places + 1))
    return sorted({1 + point * (places - 1) // (points - 1) for point in range(points)})


@contextmanager
def _switching_often() -> Generator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
