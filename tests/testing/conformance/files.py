"""Storages over plain files: one that is right, and some that are not."""

import fcntl
import json
import os
import threading
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from recoverykit.storage import Record


class Files:
    """A storage that keeps its contract: all in one file, under a lock on another one."""

    def __init__(self, folder):
        self.folder = Path(folder)

    @contextmanager
    def locked(self):
        with (self.folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def load(self, subject):
        with self.locked():
            row = self.read()["rows"].get(self.key(subject))
            return None if row is None else Record(revision=row[0], document=self.loaded(row[1]))

    def commit(self, subject, change):
        with self.locked():
            state, key = self.read(), self.key(subject)
            row = state["rows"].get(key)
            if change.expected != (row and row[0]):
                return False
            if change.document is None:
                state["rows"].pop(key, None)
                state["events"].pop(key, None)
            else:
                state["rows"][key] = [change.revision, change.document]
            state["events"].setdefault(key, []).extend(event.id for event in change.events)
            self.write(state)
            return True

    def ids(self, subject):
        return self.read()["events"].get(self.key(subject), [])

    def key(self, subject):
        return json.dumps([subject.tenant, subject.id, subject.scope])

    def loaded(self, document):
        return document

    def read(self):
        try:
            return json.loads((self.folder / "state").read_text())
        except FileNotFoundError:
            return {"rows": {}, "events": {}}

    def write(self, state):
        new = self.folder / "state.new"
        new.write_text(json.dumps(state))
        new.replace(self.folder / "state")

    def close(self):
        pass


class LocksItsOwnProcess(Files):
    """A lock that other processes do not see."""

    _lock = threading.Lock()

    @contextmanager
    def locked(self):
        with self._lock:
            yield


class LocksNobodyOut(Files):
    """Opens the file of the lock, and does not wait for it."""

    @contextmanager
    def locked(self):
        with (self.folder / "lock").open("w"):
            yield


class WritesTheDocumentFirst(Files):
    """Looks, lays down the document beside all else, and then swaps the revision."""

    def load(self, subject):
        with self.locked():
            row = self.read()["rows"].get(self.key(subject))
            if row is None:
                return None
            return Record(revision=row[0], document=self.beside(subject).read_text())

    def commit(self, subject, change):
        with self.locked():
            row = self.read()["rows"].get(self.key(subject))
        if change.expected != (row and row[0]):
            return False
        if change.document is not None:
            self.beside(subject).write_text(change.document)
        return super().commit(subject, change)

    def beside(self, subject):
        return self.folder / self.key(subject).encode().hex()


class RemembersForItsProcess(Files):
    """All handles of a process have one cache, which forgets what one of them writes."""

    _cache = {}  # noqa: RUF012 - what this one does wrong

    def load(self, subject):
        key = (self.folder, subject)
        if key in self._cache:
            return self._cache[key]
        with self.locked():
            row = self.read()["rows"].get(self.key(subject))
            record = row and Record(revision=row[0], document=row[1])
            self._cache[key] = record
        return record

    def commit(self, subject, change):
        try:
            return super().commit(subject, change)
        finally:
            self._cache.pop((self.folder, subject), None)


class TranslatesLines(Files):
    """Files that are read as text have their own idea of the end of a line."""

    def loaded(self, document):
        return document.replace("\r\n", "\n")


class NamesFilesByIds(Files):
    """Each subject has a key that can be the name of a file."""

    def key(self, subject):
        parts = (subject.tenant, subject.id, subject.scope)
        return json.dumps([part.replace("/", "_") for part in parts])


class WritesLater(Files):
    """What it writes is with its process until it is closed; others ask the process for it.

    What a dead process has left is thrown away.
    """

    def read(self):
        mine = [self.folder / "state", *self.folder.glob("state-*")]
        states = [json.loads(path.read_text()) for path in mine if _is_alive(path)]
        newest = max(states, key=lambda state: state["number"], default=None)
        return newest or {"rows": {}, "events": {}, "number": 0}

    def write(self, state):
        new = self.folder / f"new-{os.getpid()}"
        new.write_text(json.dumps(state | {"number": state["number"] + 1}))
        new.replace(self.folder / f"state-{os.getpid()}")

    def close(self):
        with self.locked():
            new = self.folder / f"new-{os.getpid()}"
            new.write_text(json.dumps(self.read()))
            new.replace(self.folder / "state")


class WritesLaterAndGivesUp(WritesLater):
    """As above; and after a commit that has failed it is of no use any more."""

    has_failed = False

    def load(self, subject):
        self.require_use()
        return super().load(subject)

    def commit(self, subject, change):
        self.require_use()
        try:
            return super().commit(subject, change)
        except BaseException:
            self.has_failed = True
            raise

    def require_use(self):
        if self.has_failed:
            raise OSError


def _is_alive(path):
    if not path.exists():
        return False
    _, _, process = path.name.partition("-")
    return not process or Path("/proc", process).exists()


@contextmanager
def opened(kind, folder):
    """Open a storage of a kind, and close it in the end."""
    storage = kind(folder)
    try:
        yield storage
    finally:
        storage.close()


def made(kind):
    """Return what makes fresh storages of a kind."""

    @contextmanager
    def make():
        with TemporaryDirectory() as folder, opened(kind, folder) as storage:
            yield storage

    return make


def reopened(storage):
    """Return what opens another handle, in any process."""
    return partial(opened, type(storage), storage.folder)
