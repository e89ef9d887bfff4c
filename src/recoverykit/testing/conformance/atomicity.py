"""Document and events change together: S6, S7 and S8."""

from itertools import chain
from typing import Final

from recoverykit.core.record import Change
from recoverykit.core.subject import Subject
from recoverykit.testing.conformance.bench import Bench
from recoverykit.testing.conformance.failing import Failure, cancellations, failures
from recoverykit.testing.conformance.looks import looks, while_written
from recoverykit.testing.conformance.races import Kind, rounds, rounds_of_handles

ADA: Final = Subject("ada")


def lost_changes_nothing(bench: Bench) -> None:
    """S6: where the answer is False, all is as it was."""
    handle, changes = bench.handle, bench.changes
    gone = changes.put(ADA, on=None, events=1)
    handle.win(ADA, gone)
    _lost(bench, changes.put(ADA, on=None, events=2))
    _lost(bench, changes.put(ADA, on=changes.token(), events=2))
    _lost(bench, changes.erasure(ADA, on=changes.token(), events=1))
    _lost(bench, changes.erasure(ADA, on=None, events=1))
    handle.commit(ADA, standing := changes.put(ADA, on=gone.revision, events=1))
    _lost(bench, changes.put(ADA, on=gone.revision, events=2))
    handle.commit(ADA, changes.erasure(ADA, on=standing.revision, events=1))
    _lost(bench, changes.put(ADA, on=standing.revision, events=2))
    _lost(bench, changes.erasure(ADA, on=standing.revision, events=1))
    for each in chain(
        rounds(bench, Kind.UPDATE),
        rounds_of_handles(bench, Kind.UPDATE),
    ):
        landed = each.events(of_winners=False) & set(each.trail)
        each.expect(not landed, "events of a lost commit should not be there")
        stands = each.record and (each.record.revision, each.record.document)
        is_due = each.wins > 1 or stands in each.due  # who else has won is S5's to ask
        each.expect(is_due, "what stands should be as the one that won has left it")
    for failure in failures(bench):
        if failure.answer is False:
            is_kept = failure.after == failure.before
            failure.expect(is_kept, "it was lost, and has changed something")


def events_land_together(bench: Bench) -> None:
    """S7: the events of a change are there if its document is, and only then."""
    handle, changes = bench.handle, bench.changes
    standing, told = None, set[str]()
    for count in (1, 0, 3, 64):
        bench.steps.begin()
        change = changes.put(ADA, on=standing, events=count)
        handle.win(ADA, change)
        standing = change.revision
        told |= {each.id for each in change.events}
        bench.expect(handle.trail(ADA), tuple(sorted(told)), "each event should be there once")
    handle.win(ADA, erasure := changes.erasure(ADA, on=standing, events=1))
    missing = _ids(erasure) - set(handle.trail(ADA))
    bench.expect(len(missing), 0, "the event of the erasure should be there")
    for kind in (Kind.UPDATE, Kind.ERASE):
        for look in looks(bench, kind, while_written):
            look.expect_its_trail()
    for each in rounds(bench, Kind.UPDATE):
        missing = each.events(of_winners=True) - set(each.trail)
        each.expect(each.wins != 1 or not missing, "the winner's events should be there")
    for failure in chain(failures(bench), cancellations(bench)):
        _expect_whole(failure)


def erases(bench: Bench) -> None:
    """S8: nothing is left of what was erased, and there is a way back."""
    handle, changes = bench.handle, bench.changes
    handle.win(ADA, first := changes.put(ADA, on=None, events=2))
    earlier = _ids(first)
    handle.commit(ADA, standing := changes.put(ADA, on=first.revision, events=1))
    for events in (1, 0, 1):
        earlier |= _ids(standing)
        handle.win(ADA, erasure := changes.erasure(ADA, on=standing.revision, events=events))
        bench.expect(handle.load(ADA), None, "it should have been None: it is erased")
        _expect_gone(bench, earlier)
        earlier |= _ids(erasure)
        handle.win(ADA, standing := changes.put(ADA, on=None, events=1))
        _expect_gone(bench, earlier - _ids(erasure))
    for each in rounds(bench, Kind.ERASE):
        winners = [
            change for change, won in zip(each.changes, each.answers, strict=True) if won is True
        ]
        if [change.document for change in winners] == [None]:
            each.expect(each.record is None, "it is erased: it should have been None")
            left = each.before & set(each.trail)
            each.expect(not left, "the events from before should have gone")


def _lost(bench: Bench, change: Change) -> None:
    before = bench.handle.state(ADA)
    if not bench.handle.commit(ADA, change):
        bench.expect(bench.handle.state(ADA), before, "it was lost, and has changed something")


def _ids(change: Change) -> set[str]:
    return {event.id for event in change.events}


def _expect_gone(bench: Bench, earlier: set[str]) -> None:
    left = earlier & set(bench.handle.trail(ADA))
    told = bench.steps.trail(tuple(sorted(left)))
    bench.expect(len(left), 0, f"what was before the erasure should have gone: {told}")


def _expect_whole(failure: Failure) -> None:
    """Whatever the answer was: all of the change is there, or none of it."""
    (_, trail), (_, before) = failure.after, failure.before
    told = set(trail) & failure.fresh
    if failure.has_landed:
        failure.expect(told == failure.fresh, "the document is there, and its events are not")
    else:
        failure.expect(not told, "events are there, and their document is not")
        failure.expect(set(before) <= set(trail), "events from before have gone")
