"""Commits that go wrong in the storage's hands: how they are provoked, and what is seen of them.

A kit cannot pull a plug. But it can hand in a change that most storages cannot write to the end: an
event whose id stands already, and events that break off while they are read. A storage that
writes such a change nevertheless is right as well. And it can cancel who awaits a commit.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from threading import Thread
from time import monotonic
from typing import Final, TypeAlias, TypeVar

from recoverykit.core.events import Event
from recoverykit.core.record import Change, Record
from recoverykit.core.subject import Subject
from recoverykit.testing.conformance.bench import Bench
from recoverykit.testing.conformance.contender import Answer, Cancellable, NoAnswer, Place
from recoverykit.testing.conformance.deviation import Deviation
from recoverykit.testing.conformance.races import spread, written
from recoverykit.testing.conformance.steps import error_in_words

_Value = TypeVar("_Value")

State: TypeAlias = tuple[Record | None, tuple[str, ...]]
"""What is seen of a subject: its record, and the ids of its events."""

PATIENCE: Final = 5.0  # seconds: whoever has not answered by then waits for what never comes

WITNESS: Final = Subject("witness")


class Unusable(Exception):
    """Raised where nothing more can be tried after a commit that failed: S13 asks for that."""


class BrokenOff(Exception):
    """Raised while a storage reads the events of a change."""


class Interrupted(KeyboardInterrupt):
    """Raised while a storage reads the events of a change, as Ctrl+C would be."""


class _BreakingOff(tuple[Event, ...]):
    """Events of which only the first can be had."""

    __slots__ = ()
    error: type[BaseException] = BrokenOff

    def __iter__(self) -> Iterator[Event]:
        yield self[0]
        raise self.error("the events break off here")


class _Interrupting(_BreakingOff):
    __slots__ = ()
    error = Interrupted


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spoil:
    """How a change is made one that most storages cannot write."""

    how: str
    spoiled: Callable[[Change], Change]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A commit that was to go wrong.

    Attributes:
        subject: whose.
        change: what was to be written.
        fresh: the events that stood nowhere before.
        answer: what the storage said.
        before: what was seen before.
        after: what was seen afterwards.
    """

    subject: Subject
    change: Change
    fresh: set[str]
    answer: Answer
    before: State
    after: State

    @property
    def has_landed(self) -> bool:
        """Whether the document is as the change would have it."""
        record, _ = self.after
        erases = self.change.document is None
        return (record and record.revision) == (None if erases else self.change.revision)

    @property
    def is_whole(self) -> bool:
        """Whether the record is the one from before, or as the change would have it."""
        record, _ = self.after
        is_new = written(self.change) == (record and (record.revision, record.document))
        return is_new or record == self.before[0]

    def expect(self, holds: object, what: str) -> None:
        """Require something of it.

        Raises:
            Deviation: it does not hold.
        """
        if not holds:
            raise Deviation(what, about=(self.subject,))


def failures(bench: Bench) -> Iterator[Failure]:
    """Provoke a failure in an insert, in an update and in an erasure, in each way.

    Raises:
        Unusable: nothing can be seen after one of them.
    """
    changes = bench.changes
    bench.steps.begin()
    told = changes.event(WITNESS)
    bench.handle.commit(WITNESS, changes.put(WITNESS, on=None, events=(told,)))
    for spoil in _spoils(told, is_awaited=bench.rig.doorway.backend is not None):
        for verb in ("insert", "update", "erase"):
            subject = changes.subject(verb)
            bench.steps.begin()
            standing = None
            if verb != "insert":
                bench.handle.commit(subject, was := changes.put(subject, on=None, events=1))
                standing = was.revision
            plain = (
                changes.erasure(subject, on=standing, events=2)
                if verb == "erase"
                else changes.put(subject, on=standing, events=2)
            )
            yield _failed(bench, subject, plain, spoil)


def cancellations(bench: Bench) -> Iterator[Failure]:
    """Cancel an update at one await after the other; none where commits are not awaited.

    Raises:
        Unusable: nothing can be seen after one of them.
    """
    if bench.rig.doorway.backend is None:
        return
    places: list[Place | None] = [None]  # at first nowhere, to learn where there are any
    while places:
        subject = bench.changes.subject("cancelled")
        bench.steps.begin()
        was = bench.changes.put(subject, on=None, events=1)
        plain = bench.changes.put(subject, on=was.revision, events=2)
        before = _prepared(bench, subject, was)
        begun = monotonic()
        place = places.pop()
        contender = bench.stage.begin((subject, plain), hold_at=place)
        contender.wait_until_held()
        if place is not None and isinstance(contender, Cancellable):
            contender.cancel()
        answer = contender.join()
        told = error_in_words(answer) if isinstance(answer, BaseException) else answer
        when = f"cancelled at await {place}" if place else "left alone"
        bench.steps.add(f"{bench.steps.change(plain)}, {when}: {told}", about=subject)
        if place is None:
            places += spread(contender.places, monotonic() - begun)
        yield _seen(bench, subject, plain, answer, before)


def _prepared(bench: Bench, subject: Subject, was: Change) -> State:
    """Write what is to be changed, with a handle of which somebody may just have been cancelled."""
    try:
        patiently(lambda: bench.handle.commit(subject, was))
        return patiently(lambda: bench.handle.state(subject))
    except Exception:  # noqa: BLE001 - a storage may raise anything
        raise Unusable from None


def _failed(bench: Bench, subject: Subject, plain: Change, spoil: _Spoil) -> Failure:
    before = bench.handle.state(subject)
    noted = f"{bench.steps.change(plain)}, {spoil.how}"
    try:
        answer: Answer = bench.handle.commit(subject, spoil.spoiled(plain), noted=noted)
    except (Exception, Interrupted) as error:  # noqa: BLE001 - a storage may raise anything
        answer = error
    return _seen(bench, subject, plain, answer, before)


def _seen(
    bench: Bench,
    subject: Subject,
    plain: Change,
    answer: Answer,
    before: State,
) -> Failure:
    try:
        after = patiently(lambda: bench.handle.state(subject))
    except Exception:  # noqa: BLE001 - a storage may raise anything
        raise Unusable from None
    return Failure(
        subject=subject,
        change=plain,
        fresh={event.id for event in plain.events},
        answer=answer,
        before=before,
        after=after,
    )


def patiently(call: Callable[[], _Value]) -> _Value:
    """Return what a call returns, or raise `NoAnswer` where it hangs."""
    results: list[_Value] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:  # noqa: BLE001 - it is raised below
            errors.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if errors:
        raise errors[0]
    if not results:
        raise NoAnswer(f"no answer within {PATIENCE:.0f} s")
    return results[0]


def _spoils(told: Event, *, is_awaited: bool) -> tuple[_Spoil, ...]:
    def repeating(change: Change) -> Change:
        first, *rest = change.events
        return replace(change, events=(first, told, *rest))

    def breaking_off(change: Change) -> Change:
        return replace(change, events=_BreakingOff(change.events))

    def interrupting(change: Change) -> Change:
        return replace(change, events=_Interrupting(change.events))

    spoils = (
        _Spoil(how="and once more an event that stands already", spoiled=repeating),
        _Spoil(how="which break off behind the first", spoiled=breaking_off),
        _Spoil(how="interrupted behind the first", spoiled=interrupting),
    )
    # An interrupt would end the event loop of a storage that is awaited, whatever it does.
    return spoils[:2] if is_awaited else spoils
