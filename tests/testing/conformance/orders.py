"""Storages over dicts that do one thing before or after another, and should not."""

from recoverykit import StorageError
from tests.testing.conformance.dicts import Dicts, id_of


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
            self.told[key] = [*self.told.get(key, ()), *map(id_of, tuple.__iter__(change.events))]
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
