"""What outlasts a handle, and what a handle outlasts: S10, S12 and S13."""

from itertools import chain
from typing import Final

from recoverykit.core.record import Change
from recoverykit.core.subject import Subject
from recoverykit.errors import OutcomeUnknown, StorageError
from recoverykit.testing.conformance.bench import Bench
from recoverykit.testing.conformance.contender import Answer
from recoverykit.testing.conformance.deviation import Deviation
from recoverykit.testing.conformance.failing import (
    Unusable,
    cancellations,
    failures,
    patiently,
)
from recoverykit.testing.conformance.processes import Rival
from recoverykit.testing.conformance.steps import error_in_words, subject_in_words

ADA: Final = Subject("ada")
BEN: Final = Subject("ben")
CLARA: Final = Subject("clara")
_LAST: Final = 4  # turn of two handles; in it the subject is erased


def outlasts_its_process(bench: Bench) -> None:
    """S10: what was answered by True is there when the process that wrote it is killed."""
    bench.steps.begin()
    changes = bench.changes
    inserted = changes.put(ADA, on=None, events=1)
    before = changes.put(BEN, on=None, events=1)
    updated = changes.put(BEN, on=before.revision, events=1)
    stored = changes.put(CLARA, on=None, events=1)
    erased = changes.erasure(CLARA, on=stored.revision)
    processes = bench.processes()
    with processes.rival(bench.doorway()) as process:
        for subject, change in (
            (BEN, before),
            (CLARA, stored),
            (BEN, updated),
            (CLARA, erased),
            (ADA, inserted),
        ):
            _won(bench, subject, change, process.begin((subject, change)).join())
        processes.kill()
    bench.steps.add("the other process is killed")
    with bench.another() as reader:
        for subject, revision in (
            (ADA, inserted.revision),
            (BEN, updated.revision),
            (CLARA, None),
        ):
            loaded = reader.load(subject)
            standing = None if loaded is None else loaded.revision
            bench.expect(
                standing, revision, f"it should have been {bench.steps.revision(revision)}"
            )
    for failure in failures(bench):
        if isinstance(failure.answer, StorageError) and not isinstance(
            failure.answer, OutcomeUnknown
        ):
            failure.expect(not failure.has_landed, "it was told to have failed, and has landed")


def _won(bench: Bench, subject: Subject, change: Change, answer: Answer) -> None:
    told = error_in_words(answer) if isinstance(answer, BaseException) else answer
    who = subject_in_words(subject)
    bench.steps.add(f"another process: commit({who}) {bench.steps.change(change)}: {told}")
    if answer is not True:
        raise Deviation("this commit should have won")


def others_read_it(bench: Bench) -> None:
    """S12: two handles see the same, whoever has written."""
    changes, steps = bench.changes, bench.steps
    with bench.another() as other:
        standing, writers = None, (bench.handle, other)
        bench.handle.commit(BEN, changes.put(BEN, on=None))
        other.load(ADA)
        bench.handle.load(ADA)
        for turn in range(_LAST + 1):
            writer, reader = writers[turn % 2], writers[1 - turn % 2]
            change = (
                changes.erasure(ADA, on=standing)
                if turn == _LAST
                else changes.put(ADA, on=standing)
            )
            writer.win(ADA, change)
            loaded = reader.load(ADA)
            standing = None if loaded is None else loaded.revision
            expected = None if change.document is None else change.revision
            bench.expect(standing, expected, f"it should have been {steps.revision(expected)}")
            writer.load(ADA)
        for writer in (*writers, bench.handle):  # who has not looked since the other has written
            writer.win(ADA, again := changes.put(ADA, on=standing))
            standing = again.revision
    if bench.rig.processes is not None:
        with bench.rig.processes.rival(bench.doorway()) as process:
            _read_after_a_process(bench, process)


def _read_after_a_process(bench: Bench, process: Rival) -> None:
    """Load before and after each commit of another process."""
    changes, steps = bench.changes, bench.steps
    standing = None
    bench.handle.load(CLARA)
    for verb in ("insert", "update", "erase"):
        change = (
            changes.erasure(CLARA, on=standing)
            if verb == "erase"
            else changes.put(CLARA, on=standing)
        )
        _won(bench, CLARA, change, process.begin((CLARA, change)).join())
        loaded = bench.handle.load(CLARA)
        standing = None if change.document is None else change.revision
        seen = loaded and loaded.revision
        bench.expect(seen, standing, f"it should have been {steps.revision(standing)}")


def survives_failures(bench: Bench) -> None:
    """S13: after a commit that went wrong or was cancelled the handle is as usable as before."""
    try:
        for failure in chain(failures(bench), cancellations(bench)):
            if isinstance(failure.answer, BaseException):
                _expect_usable(bench)
    except Unusable:
        raise Deviation("after this commit the handle should still be usable") from None


def _expect_usable(bench: Bench) -> None:
    subject = bench.changes.subject("afterwards")
    change = bench.changes.put(subject, on=None, events=1)
    try:
        won = patiently(lambda: bench.handle.commit(subject, change))
        loaded = patiently(lambda: bench.handle.load(subject))
    except Exception as error:  # noqa: BLE001 - a storage may raise anything
        raise Deviation(f"the handle is not usable: {error_in_words(error)}") from None
    if not won or loaded is None or loaded.revision != change.revision:
        raise Deviation("the handle should have written and read this as any other")
