"""Storages over dicts: one that is right; others are wrong by one thing each."""

import threading
from contextlib import contextmanager

from recoverykit.storage import Record


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


class LocksItsOwnHandle(Dicts):
    """Another handle on the same rows, with a lock of its own: it holds nobody off but itself."""

    def __init__(self, other=None):
        super().__init__()
        if other is not None:
            self.rows, self.told = other.rows, other.told


def id_of(event):
    return event.id


def made(kind):
    """Return what makes fresh storages of a kind."""

    @contextmanager
    def make():
        yield kind()

    return make
