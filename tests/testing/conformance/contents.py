"""Storages over dicts that do not give back what was written."""

import json

from recoverykit import StorageError
from recoverykit.storage import Record
from tests.testing.conformance.dicts import Dicts


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
