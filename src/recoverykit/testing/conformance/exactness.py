"""What was committed comes back as it was: S1, S2, S9, S11 and S14."""

from copy import copy
from typing import Final

from recoverykit.core.record import MAX_DOCUMENT_BYTES, Record
from recoverykit.core.subject import Subject
from recoverykit.testing.conformance.bench import Bench
from recoverykit.testing.conformance.changes import DOCUMENTS, document_of
from recoverykit.testing.conformance.deviation import Deviation
from recoverykit.testing.conformance.failing import cancellations, failures
from recoverykit.testing.conformance.looks import looks, while_read, while_written
from recoverykit.testing.conformance.races import Kind
from recoverykit.testing.conformance.subjects import HOSTILE

ADA: Final = Subject("ada")
BEN: Final = Subject("ben", tenant="school", scope="phone")
ALICE: Final = Subject("alice")
# Whoever confuses events of a subject with those of another one begins with these.
_NEIGHBOURS: Final = (
    *(Subject(text) for text in ("Alice", "alice ", "al\u00edce", "alice\n", "ali\u200bce", "%")),
    *(Subject("alice", tenant=text) for text in ("alice", "A", "i", "I")),
    *(Subject("alice", scope=text) for text in ("alice", "A", "i", "I")),
)
_SIZES: Final = (255, 256, 4_096, 65_535 - 1, MAX_DOCUMENT_BYTES - 1, MAX_DOCUMENT_BYTES)


def unknown_is_none(bench: Bench) -> None:
    """S1: nobody is there before anybody was stored."""
    for subject in (ADA, BEN, Subject("nobody")):
        record, trail = bench.handle.state(subject)
        bench.expect(record, None, "it should have been None")
        bench.expect(trail, (), "there should have been no events: is the storage a fresh one?")


def loads_back(bench: Bench) -> None:
    """S2: documents and revisions come back as they went, inserted and updated."""
    for subject in (ADA, BEN):
        standing = None
        for document in DOCUMENTS:
            bench.steps.begin()
            change = bench.changes.put(subject, on=standing, document=document)
            bench.handle.win(subject, change)
            loaded = bench.handle.load(subject)
            _expect_exactly(bench, loaded, Record(revision=change.revision, document=document))
            standing = change.revision
    for held_up in (while_written, while_read):
        for look in looks(bench, Kind.UPDATE, held_up):
            look.expect_whole()
    for failure in failures(bench):
        if failure.answer is True:
            failure.expect(failure.has_landed, "it was told to be written, and is not there")
    for failure in cancellations(bench):
        failure.expect(failure.is_whole, "it should have been the old record, or the new one")


def holds_the_largest(bench: Bench) -> None:
    """S14: documents of every size up to the largest come back whole."""
    standing = None
    for size in (*_SIZES, *reversed(_SIZES)):
        bench.steps.begin()
        change = bench.changes.put(ADA, on=standing, document=document_of(size))
        bench.handle.win(ADA, change)
        loaded = bench.handle.load(ADA)
        if loaded is None or loaded.document != change.document:
            raise Deviation(f"it should have been a document of {size:,} bytes: {_cut(loaded)}")
        standing = change.revision


def keeps_apart(bench: Bench) -> None:
    """S9: each hostile subject has a document and events of its own."""
    changes = {each: bench.changes.put(each, on=None, events=1) for each in HOSTILE}
    owners = {change.document: subject for subject, change in changes.items()}
    for place, (subject, change) in enumerate(changes.items()):
        if place:  # whether an empty storage can be read is S1's to ask
            _expect_none(subject, bench.handle.load(subject), owners)
        bench.handle.win(subject, change)
    for subject, change in changes.items():
        _expect_own(bench, subject, change.document, owners)
    near = _NEIGHBOURS if bench.handle.has_trail else ()
    for subject in near:
        ids = {each.id for each in changes[subject].events}
        trail = set(bench.handle.trail(subject))
        bench.expect(trail, ids, "these should have been its own events", subject)
    _expect_erased_alone(bench, changes[ALICE].revision, ALICE, _NEIGHBOURS)


def hands_out_copies(bench: Bench) -> None:
    """S11: nothing that was handed in or out changes by what happens later."""
    first = bench.changes.put(ADA, on=None, events=1)
    kept = copy(first)
    bench.handle.win(ADA, first)
    loaded = bench.handle.load(ADA)
    was = _values(loaded)
    second = bench.changes.put(ADA, on=first.revision, events=1)
    bench.handle.win(ADA, second)
    bench.expect(_values(loaded), was, "the record that was loaded first has changed", ADA)
    again = bench.handle.load(ADA)
    now = _values(again)
    bench.handle.win(ADA, bench.changes.erasure(ADA, on=second.revision))
    bench.expect(_values(again), now, "the record that was loaded last has changed", ADA)
    bench.expect(first, kept, "the change that was handed in has changed", ADA)


def _values(record: Record | None) -> tuple[str, str] | None:
    return (record.revision, record.document) if record else None


def _expect_exactly(bench: Bench, loaded: Record | None, expected: Record) -> None:
    if _values(loaded) != _values(expected):
        raise Deviation(f"it should have been {bench.steps.record(expected)}")


def _expect_none(
    subject: Subject, loaded: Record | None, owners: dict[str | None, Subject]
) -> None:
    if loaded is not None:
        owner = owners.get(loaded.document, subject)
        raise Deviation("nothing was stored for the latter", about=(owner, subject))


def _expect_own(
    bench: Bench, subject: Subject, document: str | None, owners: dict[str | None, Subject]
) -> None:
    loaded = bench.handle.load(subject)
    found = None if loaded is None else loaded.document
    if found != document:
        other = owners.get(found, subject)
        raise Deviation("it should have been its own document", about=(subject, other))


def _expect_erased_alone(
    bench: Bench, revision: str, erased: Subject, others: tuple[Subject, ...]
) -> None:
    before = {each: bench.handle.state(each) for each in others}
    bench.handle.win(erased, bench.changes.erasure(erased, on=revision))
    for other, state in before.items():
        if bench.handle.state(other) != state:
            raise Deviation("the other should have been left alone", about=(erased, other))


def _cut(loaded: Record | None) -> str:
    return "there was none" if loaded is None else f"there were {len(loaded.document):,}"
