"""Storages that are broken on purpose, and the clauses that name what is wrong with each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from recoverykit.testing.conformance import Report, check_async_storage, check_storage
from tests.testing.conformance import (
    answers,
    contents,
    dicts,
    files,
    keys,
    orders,
    sqlites,
    swaps,
    tasks,
    trails,
)

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
    over_dicts(swaps.NobodyHeldOff, "S3", "S5", alone=False),
    over_dicts(swaps.MemoryWithoutItsLock, "S3", "S5", alone=False, events=_told),
    over_dicts(swaps.WorksForLong, "S3", "S5", alone=False),
    over_dicts(swaps.InsertsCheckedBefore, "S3"),
    over_dicts(swaps.UpdatesCheckedBefore, "S5"),
    over_dicts(swaps.InsertsOverWhatStands, "S3"),
    over_dicts(swaps.ErasesWhateverStands, "S4", alone=False),
    over_dicts(swaps.UpdatesWhateverStands, "S4", "S5", alone=False),
    over_dicts(swaps.ComparesTheBeginning, "S4"),
    over_dicts(swaps.ComparesWithoutCase, "S4"),
    over_dicts(swaps.CountsVersions, "S4"),
    over_dicts(swaps.NothingExpectedIsAlwaysRight, "S4", alone=False),
    over_dicts(keys.FoldsCase, "S9"),
    over_dicts(keys.IgnoresTrailingBlanks, "S9"),
    over_dicts(keys.FoldsAccents, "S9"),
    over_dicts(keys.Normalises, "S9"),
    over_dicts(keys.CutsLongKeys, "S9"),
    over_dicts(keys.CutsTheWholeKey, "S9"),
    over_dicts(keys.RefusesLongKeys, "S9"),
    over_dicts(keys.RequiresOrdinals, "S7", alone=False),
    over_dicts(keys.CutsContexts, "S7", alone=False),
    over_dicts(keys.KnowsFewKinds, "S7", alone=False),
    over_dicts(keys.RequiresDates, "S2", alone=False),
    over_dicts(keys.KnowsOneKey, "S2", alone=False),
    over_dicts(keys.ReadsNumbers, "S9"),
    over_dicts(keys.ForgetsTheTenant, "S9"),
    over_dicts(keys.ForgetsTheScope, "S9"),
    over_dicts(keys.JoinsTheParts, "S9"),
    over_dicts(keys.ReplacesNeighbours, "S9"),
    over_dicts(keys.ErasesNeighbours, "S9"),
    over_dicts(keys.EventsOfAllScopes, "S9", alone=False),
    over_dicts(contents.CutsAt, "S14"),
    over_dicts(contents.CutsAtFourKibibytes, "S14"),
    over_dicts(contents.RefusesLargeOnes, "S14"),
    over_dicts(contents.WritesAnew, "S2"),
    over_dicts(contents.TrimsDocuments, "S2"),
    over_dicts(contents.CutsRevisions, "S2", alone=False),
    over_dicts(contents.HandsOutItsRows, "S11"),
    over_dicts(contents.TidiesTheChange, "S11"),
    over_dicts(orders.WritesEventsOfLostCommits, "S6"),
    over_dicts(orders.WritesTheDocumentFirst, "S2", "S6", alone=False),
    over_dicts(orders.LosesAndWrites, "S6"),
    over_dicts(orders.WritesInTwoSteps, "S2", alone=False),
    over_dicts(orders.ReadsInTwoSteps, "S2"),
    over_dicts(orders.TakesTheRowAway, "S2", alone=False),
    over_dicts(orders.LetsReadWhatHasNoEventsYet, "S7"),
    over_dicts(orders.SwallowsErrors, "S2"),
    over_dicts(orders.WritesEventsAfterwards, "S7"),
    over_dicts(orders.WritesEventsBefore, "S7"),
    over_dicts(trails.KeepsOneEvent, "S7"),
    over_dicts(trails.ForgetsEarlierEvents, "S7"),
    over_dicts(trails.TellsEventsTwice, "S7"),
    over_dicts(trails.KeepsEventsOfTheErased, "S8"),
    over_dicts(trails.LosesTheEventOfTheErasure, "S7"),
    over_dicts(answers.LeavesTombstones, "S8"),
    over_dicts(answers.LeavesEmptyRecords, "S8", alone=False),
    over_dicts(answers.MissesTheFirstFile, "S1"),
    over_dicts(answers.LoadsEmptyRecords, "S1", alone=False),
    over_dicts(answers.GivesUpAfterAFailure, "S13"),
    over_dicts(answers.LosesAllAfterAFailure, "S13", alone=False),
    over_dicts(answers.KeepsItsLock, "S13", alone=False),
    over_dicts(answers.AnswersByNumbers, "S2", alone=False),
    over_dicts(answers.LoadsTuples, "S2", alone=False),
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
    over_tasks(tasks.KeepsItsLockWhenCancelled, "S13"),
    over_tasks(tasks.LeavesHalfWhenCancelled, "S7"),
    over_tasks(tasks.LeavesTheOldDocumentWhenCancelled, "S2"),
    over_tasks(tasks.TellsAfterGivingWay, "S7", alone=False),
]

BROKEN = [*OVER_DICTS, *OVER_SQLITE, *OVER_FILES, *OVER_TASKS]
