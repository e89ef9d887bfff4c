"""Storages over dicts that answer what they may not, or not at all."""

from recoverykit import StorageError
from recoverykit.storage import Record
from tests.testing.conformance.dicts import Dicts


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
