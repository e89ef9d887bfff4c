"""Storages over dicts whose comparison is wrong: of revisions, or by which lock."""

import json

from recoverykit.storage.memory import MemoryStorage
from tests.testing.conformance.dicts import Dicts


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
