"""What outlasts a handle, and what a handle outlasts: S10, S12 and S13."""

from typing import Final

from recoverykit.core.subject import Subject
from recoverykit.testing.conformance.bench import Bench
from recoverykit.testing.conformance.deviation import Deviation
from recoverykit.testing.conformance.failing import failures, patiently
from recoverykit.testing.conformance.steps import error_in_words
from recoverykit.testing.conformance.processes import killed_after

ADA: Final = Subject("ada")


def outlasts_its_process(bench: Bench) -> None:
    """S10: what was answered by True is there when the process that wrote it is killed."""
    changes = bench.changes
    standing = None
    for kind in ("insert", "update", "erase"):
        change = (
            changes.erasure(ADA, on=standing)
            if kind == "erase"
            else changes.put(ADA, on=standing, events=1)
        )
        answer = killed_after(bench.doorway(), ADA, change)
        told = error_in_words(answer) if isinstance(answer, BaseException) else answer
        bench.steps.add(f"a process {bench.steps.change(change)}: {told}; then it is killed")
        if answer is not True:
            raise Deviation("this commit should have won")
        with bench.another() as reader:
            loaded = reader.load(ADA)
        standing = None if loaded is None else loaded.revision
        expected = None if change.document is None else change.revision
        bench.expect(standing, expected, f"it should have been {bench.steps.revision(expected)}")


def others_read_it(bench: Bench) -> None:
    """S12: two handles see the same, whoever has written."""
    changes, steps = bench.changes, bench.steps
    with bench.another() as other:
        standing, writers = None, (bench.handle, other)
        bench.handle.commit(Subject("ben"), changes.put(Subject("ben"), on=None))
        other.load(ADA)
        bench.handle.load(ADA)
        for turn in range(5):
            writer, reader = writers[turn % 2], writers[1 - turn % 2]
            change = (
                changes.erasure(ADA, on=standing)
                if turn == 3  # noqa: PLR2004 - once in the middle
                else changes.put(ADA, on=standing)
            )
            if not writer.commit(ADA, change):
                raise Deviation("its expected revision stands: it should have won")
            loaded = reader.load(ADA)
            standing = None if loaded is None else loaded.revision
            expected = None if change.document is None else change.revision
            bench.expect(standing, expected, f"it should have been {steps.revision(expected)}")
            writer.load(ADA)


def survives_failures(bench: Bench) -> None:
    """S13: after a commit that went wrong the handle loads and commits as before."""
    for failure in failures(bench):
        if failure.after is None:
            raise Deviation("after this commit the handle should still be usable")
        if isinstance(failure.answer, bool):
            continue
        subject = bench.changes.subject("afterwards")
        change = bench.changes.put(subject, on=None, events=1)
        try:
            won = patiently(lambda: bench.handle.commit(subject, change))  # noqa: B023 - called at once
            loaded = patiently(lambda: bench.handle.load(subject))  # noqa: B023
        except Exception as error:
            raise Deviation(f"the handle is not usable: {error_in_words(error)}") from None
        if not won or loaded is None or loaded.revision != change.revision:
            raise Deviation("the handle should have written and read this as any other")
