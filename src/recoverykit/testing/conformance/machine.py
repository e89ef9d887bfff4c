"""Sequences of steps: a storage and an oracle are asked the same.

What belongs to a clause that is left out is not held against the storage: the oracle goes on from
what stands, so that what comes later is found nevertheless.
"""

import json
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from recoverykit.core.record import MAX_DOCUMENT_BYTES, Change, Record
from recoverykit.core.subject import Subject
from recoverykit.testing.conformance.bench import Rig, set_up
from recoverykit.testing.conformance.changes import DOCUMENTS, Changes, document_of
from recoverykit.testing.conformance.deviation import Deviation
from recoverykit.testing.conformance.handle import Handle
from recoverykit.testing.conformance.oracle import Oracle
from recoverykit.testing.conformance.steps import Steps, error_in_words, subject_in_words

_LARGE: Final = 60_000  # bytes: what is wrong with such a document is S14's
_PLAIN: Final = (Subject("ada"), Subject("ben"), Subject("clara"))
_CONFUSING: Final = (
    Subject("alice"),
    Subject("Alice"),
    Subject("alice "),
    Subject("al\u00edce"),
    Subject("alice", tenant="a"),
    Subject("alice", scope="a"),
    Subject("o'hara\"; --"),
)


class _On(Enum):
    """Which revision a commit expects."""

    STANDING = "the one that stands"
    NOTHING = "none"
    GONE = "one that stood once"
    ELSEWHERE = "the one that stands for another subject"
    UNHEARD = "one that never was"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the search has found: the clause, and the steps that show the difference."""

    clause: str
    steps: tuple[str, ...]


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)
_SMALL = st.sampled_from(DOCUMENTS) | _VALUES.map(json.dumps)
_SIZES = st.integers(32, MAX_DOCUMENT_BYTES)
_ONS = st.sampled_from([_On.STANDING] * 5 + list(_On))  # most of what is tried should win
_PLACES = st.integers(0, 9)
_FIRST: Final = 3  # of these places, beside 0, mean the first subject


class Machine(RuleBasedStateMachine):
    """A fresh storage beside an oracle."""

    def __init__(self, *, rig: Rig, without: frozenset[str], found: list[Found]) -> None:
        super().__init__()
        self._found = found
        self._without = without
        self._is_lost = False
        self._steps = Steps()
        self._oracle = Oracle()
        self._changes = Changes()
        self._subjects = _PLAIN if "S9" in without else _CONFUSING
        self._most = _LARGE if "S14" in without else MAX_DOCUMENT_BYTES
        self._exits = ExitStack()
        bench = self._exits.enter_context(set_up(rig, self._steps))
        self._handles: list[Handle] = [bench.handle]
        if rig.reopen is not None and "S12" not in without:
            self._handles.append(self._exits.enter_context(bench.another()))

    def teardown(self) -> None:
        """Give the storage back."""
        self._exits.close()

    @rule(
        who=_PLACES,
        by=_PLACES,
        on=_ONS,
        place=_PLACES,
        document=_SMALL | _SIZES,
        events=st.integers(0, 2),
    )
    def write(
        self, *, who: int, by: int, on: _On, place: int, document: str | int, events: int
    ) -> None:
        """Write a document, or one of so many bytes."""
        subject = self._subject(who)
        text = document if isinstance(document, str) else document_of(min(document, self._most))
        expected = self._expected(subject, on, place)
        self._commit(
            by, subject, self._changes.put(subject, on=expected, document=text, events=events)
        )

    @rule(who=_PLACES, by=_PLACES, on=_ONS, place=_PLACES, events=st.integers(0, 1))
    def erase(self, *, who: int, by: int, on: _On, place: int, events: int) -> None:
        """Erase a subject."""
        subject = self._subject(who)
        expected = self._expected(subject, on, place)
        self._commit(by, subject, self._changes.erasure(subject, on=expected, events=events))

    @rule(who=_PLACES, by=_PLACES)
    def look(self, *, who: int, by: int) -> None:
        """Look at a subject, whatever was done last."""
        subject = self._subject(who)
        if self._is_lost:
            return
        with _Telling(self, subject):
            self._compare(self._handle(by), subject, clause=self._meaning_of(subject))

    def _commit(self, by: int, subject: Subject, change: Change) -> None:
        if self._is_lost:
            return
        with _Telling(self, subject):
            handle = self._handle(by)
            was_erased = subject_in_words(subject) in self._oracle.erased
            answer = handle.commit(subject, change)
            due = self._oracle.commit(
                subject_in_words(subject),
                expected=change.expected,
                revision=change.revision,
                document=change.document,
                events=[event.id for event in change.events],
            )
            if answer is not due:
                clause = "S3" if change.expected is None else "S4"
                should = "won" if due else "lost"
                clause = "S8" if due and was_erased else clause
                self._require(clause, f"this commit should have {should}")
                self._follow(handle, subject)
            else:
                self._compare(handle, subject, clause=_clause_of(change, won=answer))

    def _compare(self, handle: Handle, subject: Subject, *, clause: str) -> None:
        loaded = handle.load(subject)
        standing = self._oracle.standing.get(subject_in_words(subject))
        if _pair(loaded) != standing:
            expected = standing and Record(revision=standing[0], document=standing[1])
            should = self._steps.record(expected or None)
            self._require(clause, f"it should have been {should}")
            self._oracle.follow(subject_in_words(subject), standing=_pair(loaded))
        if handle.has_trail:
            told = tuple(sorted(self._oracle.told.get(subject_in_words(subject), [])))
            if (trail := handle.trail(subject)) != told:
                should = self._steps.trail(told)
                meant = "S7" if clause in {"S2", "S14"} else clause
                self._require(meant, f"the events should have been {should}")
                self._oracle.told[subject_in_words(subject)] = list(trail)

    def _require(self, clause: str, found: str) -> None:
        """Note what was found, or go on where its clause is left out."""
        if clause not in self._without:
            raise Deviation(found, clause=clause)

    def _follow(self, handle: Handle, subject: Subject) -> None:
        """Let the oracle go on from what stands."""
        record, trail = handle.state(subject)
        name = subject_in_words(subject)
        self._oracle.follow(name, standing=_pair(record))
        self._oracle.told[name] = list(trail)

    def _meaning_of(self, subject: Subject) -> str:
        """Return whose clause it is where a subject is not as its own commits have left it."""
        return "S8" if subject_in_words(subject) in self._oracle.erased else "S9"

    def _subject(self, who: int) -> Subject:
        # Most happens to the first one: some things go wrong only with a subject that has a past.
        return self._subjects[max(0, who - _FIRST) % len(self._subjects)]

    def _handle(self, by: int) -> Handle:
        return self._handles[by % len(self._handles)]

    def _expected(self, subject: Subject, on: _On, place: int) -> str | None:
        if on is _On.NOTHING:
            return None
        if on is _On.STANDING:
            return self._oracle.revision(subject_in_words(subject))
        if on is _On.UNHEARD:
            return self._changes.token()
        others = [revision for revision, _ in self._oracle.standing.values()]
        known = self._oracle.gone[::-1] if on is _On.GONE else others
        return known[place % len(known)] if known else self._changes.token()

    def has_lost(self, subject: Subject, raised: Deviation) -> bool:
        """Note what was raised; where S2 is left out, nothing more can be told of this storage."""
        self._is_lost = raised.clause in self._without
        if not self._is_lost:
            self.note(subject, raised)
        return self._is_lost

    def note(self, subject: Subject, deviation: Deviation) -> None:
        """Keep what was found, with the steps that led there."""
        steps = (*self._steps.told(), f"{subject_in_words(subject)}: {deviation}")
        self._found.append(Found(clause=deviation.clause, steps=steps))


class _Telling:
    """What is found inside is noted, and ends the sequence."""

    def __init__(self, machine: Machine, subject: Subject) -> None:
        self._machine = machine
        self._subject = subject

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> bool:
        if isinstance(error, Deviation):
            self._machine.note(self._subject, error)
        elif isinstance(error, Exception):
            told = Deviation(f"{error_in_words(error)} was raised", clause="S2")
            return self._machine.has_lost(self._subject, told)
        return False


def _pair(record: Record | None) -> tuple[str, str] | None:
    return (record.revision, record.document) if record else None


def _clause_of(change: Change, *, won: bool) -> str:
    if not won:
        return "S6"
    if change.document is None:
        return "S8"
    return "S14" if len(change.document) > _LARGE else "S2"
