"""A search over sequences of steps: a storage and an oracle are asked the same.

The clauses are tried by steps that somebody thought of. The search tries steps that nobody did, on
subjects that are easily confused, and tells the shortest sequence that shows a difference.
"""

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum
from typing import Final

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from recoverykit.core.record import MAX_DOCUMENT_BYTES, Change, Record
from recoverykit.core.subject import Subject
from recoverykit.testing.conformance.bench import Rig, set_up
from recoverykit.testing.conformance.changes import DOCUMENTS, Changes, document_of
from recoverykit.testing.conformance.deviation import Deviation
from recoverykit.testing.conformance.handle import Handle
from recoverykit.testing.conformance.oracle import Oracle
from recoverykit.testing.conformance.steps import Steps, error_in_words, subject_in_words

# Slow storages and large documents are what they are, and a check may run inside another test.
_HEALTH_CHECKS: Final = (
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.large_base_example,
    HealthCheck.nested_given,
    HealthCheck.too_slow,
)
_STEPS: Final = 40  # of one sequence: enough that the same subject is written several times
_SHRINKS: Final = 150  # sequences beside the one that was found: each wants a fresh storage
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


class _Enough(BaseException):
    """Raised to end the search, or replaced by what Hypothesis thinks of such an end."""


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


def search(rig: Rig, *, examples: int, without: frozenset[str]) -> Found | None:
    """Try sequences of steps; return the shortest one that shows a difference, if there is any.

    Args:
        rig: what the author of the storage has handed in.
        examples: how many sequences.
        without: the clauses that are not to be checked.
    """
    found: list[Found] = []
    left = _SHRINKS

    def machine() -> RuleBasedStateMachine:  # Hypothesis takes its seed from this source
        nonlocal left
        left -= bool(found)
        if not left:
            raise _Enough
        return _Machine(rig=rig, without=without, found=found)

    try:
        run: Callable[..., None] = run_state_machine_as_test  # its types want a class
        run(machine, settings=_settings(examples))
    except (Exception, _Enough):
        if not found:
            raise
    return min(found, key=lambda each: len(each.steps), default=None)


def _settings(examples: int) -> settings:
    # Whatever profile is loaded: a check finds the same wherever it runs.
    return settings(
        max_examples=examples,
        stateful_step_count=_STEPS,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        verbosity=Verbosity.quiet,
        suppress_health_check=_HEALTH_CHECKS,
        report_multiple_bugs=False,
        print_blob=False,
    )


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)
_SMALL = st.sampled_from(DOCUMENTS) | _VALUES.map(json.dumps)
_SIZED = st.integers(32, MAX_DOCUMENT_BYTES).map(document_of)
_ONS = st.sampled_from([_On.STANDING] * 5 + list(_On))  # most of what is tried should win
_PLACES = st.integers(0, 9)
_FIRST: Final = 3  # of these places, beside 0, mean the first subject


class _Machine(RuleBasedStateMachine):
    """A fresh storage beside an oracle."""

    def __init__(self, *, rig: Rig, without: frozenset[str], found: list[Found]) -> None:
        super().__init__()
        self._found = found
        self._steps = Steps()
        self._oracle = Oracle()
        self._changes = Changes()
        self._subjects = _PLAIN if "S9" in without else _CONFUSING
        self._sizes_matter = "S14" not in without
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
        document=_SMALL | _SIZED,
        events=st.integers(0, 2),
    )
    def write(self, *, who: int, by: int, on: _On, place: int, document: str, events: int) -> None:
        """Write a document."""
        subject = self._subject(who)
        if not self._sizes_matter and len(document) > _LARGE:
            document = document_of(_LARGE)
        expected = self._expected(subject, on, place)
        self._commit(
            by, subject, self._changes.put(subject, on=expected, document=document, events=events)
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
        with _Telling(self, subject):
            self._compare(self._handle(by), subject, clause=self._meaning_of(subject))

    def _commit(self, by: int, subject: Subject, change: Change) -> None:
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
                raise Deviation(f"this commit should have {should}", clause=clause)
            self._compare(handle, subject, clause=_clause_of(change, won=answer))

    def _compare(self, handle: Handle, subject: Subject, *, clause: str) -> None:
        loaded = handle.load(subject)
        standing = self._oracle.standing.get(subject_in_words(subject))
        if (loaded and (loaded.revision, loaded.document)) != standing:
            expected = standing and Record(revision=standing[0], document=standing[1])
            should = self._steps.record(expected or None)
            raise Deviation(f"it should have been {should}", clause=clause)
        if handle.has_trail:
            told = tuple(sorted(self._oracle.told.get(subject_in_words(subject), [])))
            if handle.trail(subject) != told:
                should = self._steps.trail(told)
                meant = "S7" if clause in {"S2", "S14"} else clause
                raise Deviation(f"the events should have been {should}", clause=meant)

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

    def note(self, subject: Subject, deviation: Deviation) -> None:
        """Keep what was found, with the steps that led there."""
        steps = (*self._steps.told(), f"{subject_in_words(subject)}: {deviation}")
        self._found.append(Found(clause=deviation.clause, steps=steps))


class _Telling:
    """What is found inside is noted, and ends the sequence."""

    def __init__(self, machine: _Machine, subject: Subject) -> None:
        self._machine = machine
        self._subject = subject

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, Deviation):
            self._machine.note(self._subject, error)
        elif isinstance(error, Exception):
            told = Deviation(f"{error_in_words(error)} was raised", clause="S2")
            self._machine.note(self._subject, told)


def _clause_of(change: Change, *, won: bool) -> str:
    if not won:
        return "S6"
    if change.document is None:
        return "S8"
    return "S14" if len(change.document) > _LARGE else "S2"
