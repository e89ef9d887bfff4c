"""Storages that are broken on purpose, and the clauses that name what is wrong with each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from recoverykit.testing.conformance import Report, check_async_storage, check_storage
from tests.testing.conformance import dicts, files, sqlites, tasks

IN_MEMORY = {"S10": "it lasts as long as its process", "S12": "it has one handle"}


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A broken storage.

    Attributes:
        kind: what it is.
        caught: the clauses that must catch it.
        alone: whether no other may.
        make: makes fresh ones.
        means: what the check needs beside.
        check: the check.
    """

    kind: type
    caught: frozenset[str]
    alone: bool
    make: Callable[[], Any]
    means: dict[str, Any]
    check: Callable[..., Report] = check_storage

    def __str__(self):
        return self.kind.__name__


def _ids(storage, subject):
    return storage.ids(subject)


def _told(storage, subject):
    return [event.id for event in storage.events(subject)]


def over_dicts(kind, *caught, alone=True, events=_ids):
    means = {"events": events, "without": IN_MEMORY}
    return Broken(
        kind=kind, caught=frozenset(caught), alone=alone, make=dicts.made(kind), means=means
    )


OVER_DICTS = [
    over_dicts(dicts.NobodyHeldOff, "S3", "S5", alone=False),
    over_dicts(dicts.MemoryWithoutItsLock, "S3", "S5", alone=False, events=_told),
    over_dicts(dicts.WorksForLong, "S3", "S5", alone=False),
    over_dicts(dicts.InsertsCheckedBefore, "S3"),
    over_dicts(dicts.UpdatesCheckedBefore, "S5"),
    over_dicts(dicts.InsertsOverWhatStands, "S3"),
    over_dicts(dicts.ErasesWhateverStands, "S4", alone=False),
    over_dicts(dicts.UpdatesWhateverStands, "S4", "S5", alone=False),
    over_dicts(dicts.ComparesTheBeginning, "S4"),
    over_dicts(dicts.ComparesWithoutCase, "S4"),
    over_dicts(dicts.CountsVersions, "S4"),
    over_dicts(dicts.NothingExpectedIsAlwaysRight, "S4", alone=False),
    over_dicts(dicts.FoldsCase, "S9"),
    over_dicts(dicts.IgnoresTrailingBlanks, "S9"),
    over_dicts(dicts.FoldsAccents, "S9"),
    over_dicts(dicts.Normalises, "S9"),
    over_dicts(dicts.CutsLongKeys, "S9"),
    over_dicts(dicts.CutsTheWholeKey, "S9"),
    over_dicts(dicts.RefusesLongKeys, "S9"),
    over_dicts(dicts.RequiresOrdinals, "S7", alone=False),
    over_dicts(dicts.CutsContexts, "S7", alone=False),
    over_dicts(dicts.KnowsFewKinds, "S7", alone=False),
    over_dicts(dicts.RequiresDates, "S2", alone=False),
    over_dicts(dicts.KnowsOneKey, "S2", alone=False),
    over_dicts(dicts.ReadsNumbers, "S9"),
    over_dicts(dicts.ForgetsTheTenant, "S9"),
    over_dicts(dicts.ForgetsTheScope, "S9"),
    over_dicts(dicts.JoinsTheParts, "S9"),
    over_dicts(dicts.ReplacesNeighbours, "S9"),
    over_dicts(dicts.ErasesNeighbours, "S9"),
    over_dicts(dicts.EventsOfAllScopes, "S9", alone=False),
    over_dicts(dicts.CutsAt, "S14"),
    over_dicts(dicts.CutsAtFourKibibytes, "S14"),
    over_dicts(dicts.RefusesLargeOnes, "S14"),
    over_dicts(dicts.WritesAnew, "S2"),
    over_dicts(dicts.TrimsDocuments, "S2"),
    over_dicts(dicts.CutsRevisions, "S2", alone=False),
    over_dicts(dicts.HandsOutItsRows, "S11"),
    over_dicts(dicts.TidiesTheChange, "S11"),
    over_dicts(dicts.WritesEventsOfLostCommits, "S6"),
    over_dicts(dicts.WritesTheDocumentFirst, "S2", "S6", alone=False),
    over_dicts(dicts.LosesAndWrites, "S6"),
    over_dicts(dicts.WritesInTwoSteps, "S2", alone=False),
    over_dicts(dicts.ReadsInTwoSteps, "S2"),
    over_dicts(dicts.TakesTheRowAway, "S2", alone=False),
    over_dicts(dicts.LetsReadWhatHasNoEventsYet, "S7"),
    over_dicts(dicts.SwallowsErrors, "S2"),
    over_dicts(dicts.WritesEventsAfterwards, "S7"),
    over_dicts(dicts.WritesEventsBefore, "S7"),
    over_dicts(dicts.KeepsOneEvent, "S7"),
    over_dicts(dicts.ForgetsEarlierEvents, "S7"),
    over_dicts(dicts.TellsEventsTwice, "S7"),
    over_dicts(dicts.KeepsEventsOfTheErased, "S8"),
    over_dicts(dicts.LosesTheEventOfTheErasure, "S7"),
    over_dicts(dicts.LeavesTombstones, "S8"),
    over_dicts(dicts.LeavesEmptyRecords, "S8", alone=False),
    over_dicts(dicts.MissesTheFirstFile, "S1"),
    over_dicts(dicts.LoadsEmptyRecords, "S1", alone=False),
    over_dicts(dicts.GivesUpAfterAFailure, "S13"),
    over_dicts(dicts.LosesAllAfterAFailure, "S13", alone=False),
    over_dicts(dicts.KeepsItsLock, "S13", alone=False),
    over_dicts(dicts.AnswersByNumbers, "S2", alone=False),
    over_dicts(dicts.LoadsTuples, "S2", alone=False),
]


def over_files(module, kind, *caught, alone=True):
    return Broken(
        kind=kind,
        caught=frozenset(caught),
        alone=alone,
        make=module.made(kind),
        means={"events": _ids, "reopen": module.reopened},
    )


OVER_SQLITE = [
    over_files(sqlites, sqlites.ReadsBeforeItBegins, "S3", "S5", alone=False),
    over_files(sqlites, sqlites.CommitsTwice, "S7", alone=False),
    over_files(sqlites, sqlites.KeepsItsTransaction, "S13", alone=False),
    over_files(sqlites, sqlites.IgnoresCase, "S9", alone=False),
    over_files(sqlites, sqlites.IgnoresBlanks, "S9", alone=False),
    over_files(sqlites, sqlites.CountsNoRows, "S4", "S5", alone=False),
    over_files(sqlites, sqlites.InsertsOrReplaces, "S3", alone=False),
    over_files(sqlites, sqlites.InsertsOrIgnores, "S3", alone=False),
    over_files(sqlites, sqlites.IgnoresEventsThatStand, "S7", alone=False),
    over_files(sqlites, sqlites.SaysThatItFailed, "S10"),
    over_files(sqlites, sqlites.ComparesWithWhatItLoaded, "S12", alone=False),
    over_files(sqlites, sqlites.RemembersWhatItLoaded, "S12"),
]

OVER_FILES = [
    over_files(files, files.LocksItsOwnProcess, "S3", "S5", alone=False),
    over_files(files, files.LocksNobodyOut, "S3", "S5", alone=False),
    over_files(files, files.WritesTheDocumentFirst, "S6", alone=False),
    over_files(files, files.RemembersForItsProcess, "S12", alone=False),
    over_files(files, files.TranslatesLines, "S2", alone=False),
    over_files(files, files.NamesFilesByIds, "S9", alone=False),
    over_files(files, files.WritesLater, "S10"),
    over_files(files, files.WritesLaterAndGivesUp, "S10", alone=False),
]


def over_tasks(kind, *caught, alone=True):
    return Broken(
        kind=kind,
        caught=frozenset(caught),
        alone=alone,
        make=tasks.made(kind),
        means={"events": _ids, "without": IN_MEMORY},
        check=check_async_storage,
    )


OVER_TASKS = [
    over_tasks(tasks.GivesWayInBetween, "S3", "S5", alone=False),
    over_tasks(tasks.ReadsInTwoSteps, "S2"),
    over_tasks(tasks.WritesTheDocumentFirst, "S6", alone=False),
    over_tasks(tasks.SharesItsEvents, "S6", alone=False),
    over_tasks(tasks.LosesItsLock, "S13", alone=False),
    over_tasks(tasks.TellsAfterGivingWay, "S7", alone=False),
]

BROKEN = [*OVER_DICTS, *OVER_SQLITE, *OVER_FILES, *OVER_TASKS]
