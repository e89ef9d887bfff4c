"""Races: commits on one revision, one of them held up in every part of what it does, or all at once.

A storage that reads, decides and writes without holding anybody off has a moment between the two.
A commit is stopped at one of its lines; another one is let past; then the first goes on. Where the
second has to wait for the first, the first goes on at once. So the moment is found by looking for
it, and not by luck.
"""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import partial
from threading import Barrier
from typing import Final, TypeAlias

from recoverykit.core.record import Change, Record
from recoverykit.core.subject import Subject
from recoverykit.testing.conformance.bench import Bench
from recoverykit.testing.conformance.contender import Answer, Contender
from recoverykit.testing.conformance.deviation import Deviation
from recoverykit.testing.conformance.steps import error_in_words

_POINTS: Final = 12  # lines at which a commit is held up
_PATIENCE: Final = 0.05  # seconds after which whoever does not answer waits for the other
_CROWD: Final = 8  # who begin at the same moment
_CROWDS: Final = 5  # rounds
_SWITCH: Final = 1e-5  # seconds between two threads, instead of the interpreter's 5 ms


_Calls: TypeAlias = tuple[Callable[[], bool], ...]
_Run: TypeAlias = Callable[[_Calls], tuple[Answer, ...]]


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
        record: what stood afterwards.
        trail: the events that stood afterwards.
    """

    subject: Subject
    changes: tuple[Change, ...]
    answers: tuple[Answer, ...]
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
    """Race for a new subject each time."""
    commit = bench.handle.storage.commit

    def race(run: _Run, count: int) -> Round:
        subject = bench.changes.subject(kind.value)
        bench.steps.begin()
        standing = _prepared(bench, subject, kind)
        changes = tuple(_change(bench, subject, kind, standing, place) for place in range(count))
        answers = run(tuple(partial(commit, subject, change) for change in changes))
        for change, answer in zip(changes, answers, strict=True):
            told = error_in_words(answer) if isinstance(answer, BaseException) else str(answer)
            bench.steps.add(f"at once: {bench.steps.change(change)}: {told}", about=subject)
        record, trail = bench.handle.state(subject)
        return Round(subject=subject, changes=changes, answers=answers, record=record, trail=trail)

    lines: list[int] = []
    yield race(partial(_measured, lines), 1)
    for point in _spread(lines[0]):
        yield race(partial(_overtaken, point), 2)
    with _switching_often():
        for _ in range(_CROWDS):
            yield race(_all_at_once, _CROWD)


def _prepared(bench: Bench, subject: Subject, kind: Kind) -> str | None:
    if kind is Kind.INSERT:
        return None
    change = bench.changes.put(subject, on=None, events=1)
    bench.handle.win(subject, change)
    return change.revision


def _change(bench: Bench, subject: Subject, kind: Kind, standing: str | None, place: int) -> Change:
    if kind is Kind.ERASE and place:
        return bench.changes.erasure(subject, on=standing, events=1)
    return bench.changes.put(subject, on=standing, events=2)


def _measured(lines: list[int], calls: _Calls) -> tuple[Answer, ...]:
    contender = Contender(calls[0]).start()
    answer = contender.join()
    lines.append(contender.lines)
    return (answer,)


def _overtaken(point: int, calls: _Calls) -> tuple[Answer, ...]:
    """Hold up the first at its line, and let the second past."""
    first = Contender(calls[0], hold_at=point).start()
    first.held.wait()
    second = Contender(calls[1]).start()
    second.done.wait(_PATIENCE)
    first.release()
    return (first.join(), second.join())


def _all_at_once(calls: _Calls) -> tuple[Answer, ...]:
    barrier = Barrier(len(calls))

    def run(call: Callable[[], bool]) -> Answer:
        barrier.wait()
        try:
            return call()
        except BaseException as error:  # noqa: BLE001 - it is told
            return error

    with ThreadPoolExecutor(len(calls)) as threads:
        return tuple(threads.map(run, calls))


def _spread(lines: int) -> list[int]:
    """Return at which of the lines to hold up: all of a few, some of many."""
    if lines <= _POINTS:
        return list(range(1, lines + 1))
    return sorted({1 + place * (lines - 1) // (_POINTS - 1) for place in range(_POINTS)})


@contextmanager
def _switching_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
