"""Who wins: S3, S4 and S5."""

from itertools import chain
from typing import Final

from recoverykit.core.subject import Subject
from recoverykit.testing.conformance.bench import Bench
from recoverykit.testing.conformance.races import Kind, Round, rounds, rounds_of_handles

ADA: Final = Subject("ada")
BEN: Final = Subject("ben")


def inserts_where_nothing_is(bench: Bench) -> None:
    """S3: an insert wins once, and never over what stands."""
    handle, changes = bench.handle, bench.changes
    first = changes.put(ADA, on=None)
    handle.win(ADA, first)
    handle.lose(ADA, changes.put(ADA, on=None))
    handle.lose(ADA, changes.put(ADA, on=None, document=first.document))
    handle.lose(ADA, changes.put(ADA, on=None, events=2))
    handle.lose(ADA, changes.erasure(ADA, on=None))
    handle.win(ADA, second := changes.put(ADA, on=first.revision))
    handle.lose(ADA, changes.put(ADA, on=None))
    handle.lose(ADA, changes.put(ADA, on=None, revision=second.revision))
    handle.win(BEN, changes.put(BEN, on=None))
    for each in chain(rounds(bench, Kind.INSERT), rounds_of_handles(bench, Kind.INSERT)):
        _expect_one(each)


def swaps_where_it_stands(bench: Bench) -> None:
    """S4: an update and an erasure win on the revision that stands, and on no other."""
    handle, changes = bench.handle, bench.changes
    first = changes.put(ADA, on=None)
    handle.win(ADA, first)
    handle.win(BEN, other := changes.put(BEN, on=None))
    for wrong in (*_like(first.revision), other.revision, changes.token(), ""):
        handle.lose(ADA, changes.put(ADA, on=wrong))
        handle.lose(ADA, changes.erasure(ADA, on=wrong))
    handle.win(ADA, second := changes.put(ADA, on=first.revision))
    handle.lose(ADA, changes.put(ADA, on=first.revision))
    handle.lose(ADA, changes.erasure(ADA, on=first.revision))
    handle.win(ADA, third := changes.put(ADA, on=second.revision, document=first.document))
    handle.lose(ADA, changes.put(ADA, on=first.revision, document=first.document))
    handle.win(ADA, changes.erasure(ADA, on=third.revision))
    for gone in (first, second, third):
        handle.lose(ADA, changes.put(ADA, on=gone.revision))
        handle.lose(ADA, changes.erasure(ADA, on=gone.revision))
    _expect_no_return(bench, gone=(first.revision, second.revision, third.revision))


def one_of_many_wins(bench: Bench) -> None:
    """S5: of those that commit on one revision at once, one wins."""
    for each in chain(
        rounds(bench, Kind.UPDATE),
        rounds(bench, Kind.ERASE),
        rounds_of_handles(bench, Kind.UPDATE),
    ):
        _expect_one(each)


def _expect_no_return(bench: Bench, *, gone: tuple[str, ...]) -> None:
    """Recreate what was erased, as often as it had revisions: none of them stands again."""
    handle, changes = bench.handle, bench.changes
    standing = None
    for _ in gone:
        change = changes.put(ADA, on=standing)
        if not handle.commit(ADA, change):
            return  # whether there is a way back from an erasure is S8's to ask
        standing = change.revision
        for revision in gone:
            handle.lose(ADA, changes.put(ADA, on=revision))
            handle.lose(ADA, changes.erasure(ADA, on=revision))


def _like(revision: str) -> tuple[str, ...]:
    """Return revisions that differ by what a database may not look at."""
    last = "0" if revision[-1] != "0" else "1"
    return (revision[:-1] + last, revision[:-1], revision.upper(), revision[:32])


def _expect_one(each: Round) -> None:
    each.expect(each.wins == 1, f"one should have won, and {each.wins} did")
