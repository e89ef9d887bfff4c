"""Storages over dicts: one that is right, and many that are wrong by one thing each."""

import json
import threading
import unicodedata
from contextlib import contextmanager

from recoverykit import StorageError
from recoverykit.storage import Record
from recoverykit.storage.memory import MemoryStorage


class Dicts:
    """A storage that keeps its contract, as far as a process lasts."""

    def __init__(self):
        self.rows = {}
        self.told = {}
        self.lock = threading.Lock()

    def load(self, subject):
        with self.lock:
            row = self.rows.get(self.key(subject))
            return None if row is None else self.record(*row)

    def commit(self, subject, change):
        with self.lock:
            return self.swap(self.key(subject), change)

    def ids(self, subject):
        return list(self.told.get(self.key(subject), ()))

    def key(self, subject):
        return subject.tenant, subject.id, subject.scope

    def record(self, revision, document):
        return Record(revision=revision, document=document)

    def swap(self, key, change):
        if not self.stands(key, change):
            return False
        self.write(key, change)
        return True

    def stands(self, key, change):
        row = self.rows.get(key)
        return change.expected == (row and row[0])

    def write(self, key, change):
        events = [] if change.document is None else self.told.get(key, [])
        events = [*events, *(event.id for event in change.events)]
        self.put(key, change)
        self.told[key] = events

    def put(self, key, change):
        if change.document is None:
            self.rows.pop(key, None)
        else:
            self.rows[key] = self.row(change)

    def row(self, change):
        return change.revision, change.document


class NobodyHeldOff(Dicts):
    """Check, then write, and no lock."""

    def commit(self, subject, change):
        return self.swap(self.key(subject), change)


class MemoryWithoutItsLock(MemoryStorage):
    """The storage that is shipped, but for the lock of its commits."""

    def commit(self, subject, change):
        if not self.stands(subject, change):
            return False
        self._write(subject, change)
        return True


class WorksForLong(Dicts):
    """Nobody is held off for one line, among many that have nothing to do with it."""

    def commit(self, subject, change):
        self.work()
        key = self.key(subject)
        stands = self.stands(key, change)
        if stands:
            with self.lock:
                self.write(key, change)
        self.work()
        return stands

    def work(self):
        for _ in range(300):
            json.dumps({})


class _CheckedBefore(Dicts):
    """Checks some commits before it takes its lock, as if nobody came between."""

    def commit(self, subject, change):
        key = self.key(subject)
        if not self.is_hasty(change):
            return super().commit(subject, change)
        if not self.stands(key, change):
            return False
        with self.lock:
            self.write(key, change)
        return True


class InsertsCheckedBefore(_CheckedBefore):
    def is_hasty(self, change):
        return change.expected is None


class UpdatesCheckedBefore(_CheckedBefore):
    def is_hasty(self, change):
        return change.expected is not None


class InsertsOverWhatStands(Dicts):
    """The revision is ignored on insert."""

    def stands(self, key, change):
        return change.expected is None or super().stands(key, change)


class ErasesWhateverStands(Dicts):
    """The revision is ignored on erase."""

    def stands(self, key, change):
        is_there = change.document is None and change.expected is not None and key in self.rows
        return is_there or super().stands(key, change)


class UpdatesWhateverStands(Dicts):
    """The revision is ignored on update: it is enough that something is there."""

    def stands(self, key, change):
        return (change.expected is not None) == (key in self.rows)


class ComparesTheBeginning(Dicts):
    """Revisions are compared by as much as a narrow column holds."""

    def stands(self, key, change):
        row = self.rows.get(key)
        return (change.expected and change.expected[:32]) == (row and row[0][:32])


class ComparesWithoutCase(Dicts):
    def stands(self, key, change):
        row = self.rows.get(key)
        return (change.expected and change.expected.lower()) == (row and row[0].lower())


class CountsVersions(Dicts):
    """Revisions stand for numbers that begin anew with each record: ABA."""

    def __init__(self):
        super().__init__()
        self.numbers = {}

    def stands(self, key, change):
        row = self.rows.get(key)
        expected = change.expected and self.numbers.get((key, change.expected), -1)
        return expected == (row and self.numbers[key, row[0]])

    def put(self, key, change):
        row = self.rows.get(key)
        self.numbers[key, change.revision] = 1 + (self.numbers[key, row[0]] if row else 0)
        super().put(key, change)


class NothingExpectedIsAlwaysRight(Dicts):
    """An update where nothing stands makes the record: an upsert."""

    def stands(self, key, change):
        return (change.expected is not None and key not in self.rows) or super().stands(key, change)


class _Folding(Dicts):
    def key(self, subject):
        return tuple(self.fold(part) for part in (subject.tenant, subject.id, subject.scope))


class FoldsCase(_Folding):
    def fold(self, part):
        return part.lower()


class IgnoresTrailingBlanks(_Folding):
    def fold(self, part):
        return part.rstrip(" ")


class FoldsAccents(_Folding):
    def fold(self, part):
        parts = unicodedata.normalize("NFD", part)
        return "".join(each for each in parts if not unicodedata.combining(each))


class Normalises(_Folding):
    def fold(self, part):
        return unicodedata.normalize("NFC", part)


class CutsLongKeys(_Folding):
    def fold(self, part):
        return part.encode()[:254]


class CutsTheWholeKey(Dicts):
    """All parts in one column, which holds 767 bytes of them."""

    def key(self, subject):
        key = "".join(f"{len(part)}:{part}" for part in super().key(subject))
        return key.encode()[:767]


class RefusesLongKeys(Dicts):
    """As much as the file system takes in the name of a file."""

    def commit(self, subject, change):
        if sum(len(part.encode()) for part in self.key(subject)) > 512:
            raise OSError
        return super().commit(subject, change)


class RequiresOrdinals(Dicts):
    """A column of the events is NOT NULL, though not every event has something for it."""

    def write(self, key, change):
        if any(event.ordinal is None for event in change.events):
            raise StorageError("NOT NULL")
        super().write(key, change)


class CutsContexts(Dicts):
    """A column of the events is too narrow."""

    def write(self, key, change):
        if any(len(event.details()) > 1_024 for event in change.events):
            raise StorageError("too long for its column")
        super().write(key, change)


class KnowsFewKinds(Dicts):
    """A column of the events has a list of what may stand in it, from an earlier version."""

    def write(self, key, change):
        if any(event.kind.value == "replayed" for event in change.events):
            raise StorageError("CHECK")
        super().write(key, change)


class RequiresDates(Dicts):
    """A column beside the document is NOT NULL, though not every document has something for it."""

    def put(self, key, change):
        if change.summary is not None and change.summary.issued_at is None:
            raise StorageError("NOT NULL")
        super().put(key, change)


class KnowsOneKey(Dicts):
    """There is a column for the key, and a document may need several."""

    def put(self, key, change):
        if change.summary is not None:
            (_,) = change.summary.key_ids
        super().put(key, change)


class ReadsNumbers(_Folding):
    """Parts that look like numbers are compared as numbers."""

    def fold(self, part):
        try:
            return float(part)
        except ValueError:
            return part


class ForgetsTheTenant(Dicts):
    def key(self, subject):
        return subject.id, subject.scope


class ForgetsTheScope(Dicts):
    def key(self, subject):
        return subject.tenant, subject.id


class JoinsTheParts(Dicts):
    def key(self, subject):
        return f"{subject.tenant}:{subject.id}:{subject.scope}"


class EventsOfAllScopes(Dicts):
    """Documents are kept apart, and the trails of two scopes are not."""

    def write(self, key, change):
        super().write(key, change)
        if change.events:
            self.told.setdefault(key[:2], []).extend(event.id for event in change.events)

    def ids(self, subject):
        return list(self.told.get(self.key(subject)[:2], ()))


class _TakesForTheSame(Dicts):
    """Reads by the exact key, and finds by a folded one what a write is to replace."""

    def drop_neighbours(self, key):
        folded = tuple(map(str.lower, key))
        for other in [each for each in self.rows if tuple(map(str.lower, each)) == folded]:
            if other != key:
                del self.rows[other]


class ReplacesNeighbours(_TakesForTheSame):
    def put(self, key, change):
        self.drop_neighbours(key)
        super().put(key, change)


class ErasesNeighbours(_TakesForTheSame):
    def put(self, key, change):
        if change.document is None:
            self.drop_neighbours(key)
        super().put(key, change)


class CutsAt(Dicts):
    """Keeps as much of a document as its column holds."""

    size = 65_535

    def row(self, change):
        return change.revision, change.document[: self.size]


class CutsAtFourKibibytes(CutsAt):
    size = 4_096


class RefusesLargeOnes(CutsAt):
    """A column that is one byte short, in strict mode."""

    def row(self, change):
        if len(change.document) > self.size:
            raise StorageError("too long for its column")
        return super().row(change)


class WritesAnew(Dicts):
    """Keeps what a document means, and writes it anew."""

    def row(self, change):
        return change.revision, json.dumps(json.loads(change.document))


class TrimsDocuments(Dicts):
    def row(self, change):
        return change.revision, change.document.strip()


class CutsRevisions(Dicts):
    """Keeps half of each revision."""

    def row(self, change):
        return change.revision[:32], change.document


class _Live:
    """A record that is a view of the row."""

    def __new__(cls, rows, key):
        class View(Record):
            revision = property(lambda _: rows[key][0] if key in rows else None)
            document = property(lambda _: rows[key][1] if key in rows else None)

            def __init__(self):
                pass

        return View()


class HandsOutItsRows(Dicts):
    """What was loaded shows what stands now."""

    def load(self, subject):
        with self.lock:
            key = self.key(subject)
            return _Live(self.rows, key) if key in self.rows else None


class TidiesTheChange(Dicts):
    """Takes the events out of the change that it was handed."""

    def write(self, key, change):
        super().write(key, change)
        if change.expected is None:
            object.__setattr__(change, "summary", None)


class WritesEventsOfLostCommits(Dicts):
    """Lays down the events first."""

    def swap(self, key, change):
        if change.document is not None and not self.stands(key, change):
            self.told.setdefault(key, []).extend(event.id for event in change.events)
        return super().swap(key, change)


class WritesInTwoSteps(Dicts):
    """The revision, and then the document; and who loads waits for nobody."""

    def __init__(self):
        super().__init__()
        self.documents = {}

    def load(self, subject):
        key = self.key(subject)
        row = self.rows.get(key)
        return row and self.record(row[0], self.documents.get(key, "{}"))

    def put(self, key, change):
        super().put(key, change)
        self.documents[key] = change.document


class ReadsInTwoSteps(Dicts):
    """The revision, and then the document; and who comes between is not held off."""

    def load(self, subject):
        with self.lock:
            row = self.rows.get(self.key(subject))
        if row is None:
            return None
        with self.lock:
            return self.record(row[0], self.rows[self.key(subject)][1])


class TakesTheRowAway(Dicts):
    """The old row goes, and then the new one comes; who looks between the two finds a riddle."""

    def load(self, subject):
        key = self.key(subject)
        return self.record(*self.rows[key]) if key in self.told else None

    def put(self, key, change):
        self.rows.pop(key, None)
        super().put(key, change)


class LetsReadWhatHasNoEventsYet(Dicts):
    """The document, and then its events; and who loads waits for nobody."""

    def load(self, subject):
        row = self.rows.get(self.key(subject))
        return row and self.record(*row)


class MayBeBusy(Dicts):
    """It keeps its contract: whoever comes while another one is at work is told to come again."""

    def load(self, subject):
        self.begin()
        try:
            row = self.rows.get(self.key(subject))
            return row and self.record(*row)
        finally:
            self.lock.release()

    def commit(self, subject, change):
        self.begin()
        try:
            return self.swap(self.key(subject), change)
        finally:
            self.lock.release()

    def begin(self):
        if not self.lock.acquire(blocking=False):
            raise StorageError("another one is at work")


class WritesTheDocumentFirst(Dicts):
    """Looks, lays down the document, and then swaps the revision under its lock."""

    def __init__(self):
        super().__init__()
        self.documents = {}

    def load(self, subject):
        with self.lock:
            row = self.rows.get(self.key(subject))
            return row and self.record(row[0], self.documents[self.key(subject)])

    def commit(self, subject, change):
        key = self.key(subject)
        with self.lock:
            if not self.stands(key, change):
                return False
        if change.document is not None:
            self.documents[key] = change.document
        return super().commit(subject, change)


class LosesAndWrites(Dicts):
    """Where a commit of its own fails, it says that another one was first."""

    def swap(self, key, change):
        try:
            return super().swap(key, change)
        except Exception:  # noqa: BLE001 - what this one does wrong
            self.put(key, change)
            self.told[key] = [*self.told.get(key, ()), *map(_id, tuple.__iter__(change.events))]
            return False


class SwallowsErrors(Dicts):
    """Whatever goes wrong, it is told to be well."""

    def swap(self, key, change):
        try:
            return super().swap(key, change)
        except Exception:  # noqa: BLE001 - what this one does wrong
            return True


class WritesEventsAfterwards(Dicts):
    """The document first, and then one event after the other."""

    def write(self, key, change):
        self.put(key, change)
        told = self.told.setdefault(key, [])
        if change.document is None:
            told.clear()
        for event in change.events:
            told.append(event.id)


class WritesEventsBefore(Dicts):
    """One event after the other, and then the document."""

    def write(self, key, change):
        if change.document is None:
            self.told.pop(key, None)
        told = self.told.setdefault(key, [])
        for event in change.events:
            told.append(event.id)
        self.put(key, change)


class KeepsOneEvent(Dicts):
    """Of several events of one change it keeps the first."""

    def write(self, key, change):
        ids = tuple(change.events)[1:]
        super().write(key, change)
        gone = set(map(_id, ids))
        self.told[key] = [each for each in self.told[key] if each not in gone]


class ForgetsEarlierEvents(Dicts):
    """The events of a change take the place of those before."""

    def write(self, key, change):
        if change.events:
            self.told.pop(key, None)
        super().write(key, change)


class TellsEventsTwice(Dicts):
    def write(self, key, change):
        super().write(key, change)
        self.told[key] += [event.id for event in change.events]


class KeepsEventsOfTheErased(Dicts):
    def write(self, key, change):
        before = self.told.get(key, [])
        super().write(key, change)
        if change.document is None:
            self.told[key] = [*before, *self.told[key]]


class LosesTheEventOfTheErasure(Dicts):
    def write(self, key, change):
        super().write(key, change)
        if change.document is None:
            del self.told[key]


class LeavesTombstones(Dicts):
    """Whoever was erased stays erased."""

    def __init__(self):
        super().__init__()
        self.gone = set()

    def swap(self, key, change):
        return key not in self.gone and super().swap(key, change)

    def put(self, key, change):
        super().put(key, change)
        if change.document is None:
            self.gone.add(key)


class LeavesEmptyRecords(Dicts):
    """An erased record is one without a document."""

    def put(self, key, change):
        if change.document is None:
            self.rows[key] = (change.revision, "")
        else:
            super().put(key, change)

    def stands(self, key, change):
        if change.expected is None and self.rows.get(key, ("", None))[1] == "":
            return True
        return super().stands(key, change)


class MissesTheFirstFile(Dicts):
    """It cannot be read before anything was written."""

    def load(self, subject):
        if not self.rows and not self.told:
            raise FileNotFoundError
        return super().load(subject)


class LoadsEmptyRecords(Dicts):
    """Who is not known has a record with nothing in it."""

    def load(self, subject):
        return super().load(subject) or Record(revision="", document="{}")


class GivesUpAfterAFailure(Dicts):
    """One error, and the connection is never used again."""

    failed = False

    def commit(self, subject, change):
        self.require_connection()
        try:
            return super().commit(subject, change)
        except BaseException:
            self.failed = True
            raise

    def load(self, subject):
        self.require_connection()
        return super().load(subject)

    def require_connection(self):
        if self.failed:
            raise StorageError("the connection is closed")


class LosesAllAfterAFailure(Dicts):
    """One error, and from then on whatever it is asked to write was lost to somebody."""

    failed = False

    def swap(self, key, change):
        try:
            return not self.failed and super().swap(key, change)
        except BaseException:
            self.failed = True
            raise


class KeepsItsLock(Dicts):
    """Gives its lock back only where all goes well."""

    def commit(self, subject, change):
        self.lock.acquire()
        won = self.swap(self.key(subject), change)
        self.lock.release()
        return won


class AnswersByNumbers(Dicts):
    """How many rows were changed, as a database says it."""

    def commit(self, subject, change):
        return int(super().commit(subject, change))


class LoadsTuples(Dicts):
    """Hands out its rows as they are."""

    def record(self, revision, document):
        return (revision, document)


def _id(event):
    return event.id


def made(kind):
    """Return what makes fresh storages of a kind."""

    @contextmanager
    def make():
        yield kind()

    return make
