"""Storages over SQLite files by the standard library: one that is right, and some that are not."""

# ruff: noqa: S608 - what is put into a statement is a constant of this module

import sqlite3
import threading
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from recoverykit import StorageError
from recoverykit.storage import Record

WHERE = "WHERE tenant = ? AND subject = ? AND scope = ?"


class Rows:
    """A storage that keeps its contract; a connection for each call."""

    collation = "BINARY"

    def __init__(self, path):
        self.path = path
        with self.connection() as db:
            self.make_tables(db)

    @contextmanager
    def connection(self):
        with closing(sqlite3.connect(self.path, timeout=30, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous = OFF")  # no test here cuts the power
            yield db

    def make_tables(self, db):
        part = f"TEXT COLLATE {self.collation}"
        key = f"tenant {part}, subject {part}, scope {part}"
        db.execute(
            f"CREATE TABLE IF NOT EXISTS codes ({key}, revision TEXT NOT NULL,"
            " document TEXT NOT NULL, PRIMARY KEY (tenant, subject, scope))"
        )
        db.execute(f"CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, {key})")

    def load(self, subject):
        with self.connection() as db:
            return standing(db, key_of(subject))

    def commit(self, subject, change):
        key = key_of(subject)
        with self.connection() as db:
            db.execute("BEGIN IMMEDIATE")
            if not self.swap(db, key, change):
                return False
            self.tell(db, key, change)
            db.execute("COMMIT")
            return True

    def ids(self, subject):
        with self.connection() as db:
            return [
                each for (each,) in db.execute(f"SELECT id FROM events {WHERE}", key_of(subject))
            ]

    def swap(self, db, key, change):
        record = standing(db, key)
        if change.expected != (record and record.revision):
            return False
        self.write(db, key, change)
        return True

    def write(self, db, key, change):
        db.execute(f"DELETE FROM codes {WHERE}", key)
        if change.document is None:
            db.execute(f"DELETE FROM events {WHERE}", key)
        else:
            row = (*key, change.revision, change.document)
            db.execute("INSERT INTO codes VALUES (?, ?, ?, ?, ?)", row)

    def tell(self, db, key, change):
        for event in change.events:
            db.execute("INSERT INTO events VALUES (?, ?, ?, ?)", (event.id, *key))


class ReadsBeforeItBegins(Rows):
    """Looks at the row, and then begins to write."""

    def commit(self, subject, change):
        key = key_of(subject)
        with self.connection() as db:
            record = standing(db, key)
            if change.expected != (record and record.revision):
                return False
            db.execute("BEGIN IMMEDIATE")
            self.write(db, key, change)
            self.tell(db, key, change)
            db.execute("COMMIT")
            return True


class CommitsTwice(Rows):
    """The document in one transaction, and its events in another one."""

    def tell(self, db, key, change):
        db.execute("COMMIT")
        db.execute("BEGIN IMMEDIATE")
        super().tell(db, key, change)


class KeepsItsTransaction(Rows):
    """One connection for all calls, which an error leaves in the middle of its transaction."""

    def __init__(self, path):
        self.lock = threading.Lock()
        self.db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        super().__init__(path)

    @contextmanager
    def connection(self):
        with self.lock:
            yield self.db

    def swap(self, db, key, change):
        if super().swap(db, key, change):
            return True
        db.execute("ROLLBACK")
        return False

    def close(self):
        self.db.close()


class IgnoresCase(Rows):
    """The collation of a column."""

    collation = "NOCASE"


class IgnoresBlanks(Rows):
    """The collation of a column, as MySQL's are by default."""

    collation = "RTRIM"


class CountsNoRows(Rows):
    """Updates and deletes where the revision stands, and does not look whether it did."""

    def swap(self, db, key, change):
        if change.expected is None:
            return super().swap(db, key, change)
        guard = (*key, change.expected)
        if change.document is None:
            db.execute(f"DELETE FROM codes {WHERE} AND revision = ?", guard)
            db.execute(f"DELETE FROM events {WHERE}", key)
        else:
            db.execute(
                f"UPDATE codes SET revision = ?, document = ? {WHERE} AND revision = ?",
                (change.revision, change.document, *guard),
            )
        return True


class InsertsOrReplaces(Rows):
    def swap(self, db, key, change):
        if change.expected is not None or change.document is None:
            return super().swap(db, key, change)
        row = (*key, change.revision, change.document)
        db.execute("INSERT OR REPLACE INTO codes VALUES (?, ?, ?, ?, ?)", row)
        return True


class InsertsOrIgnores(Rows):
    def swap(self, db, key, change):
        if change.expected is not None or change.document is None:
            return super().swap(db, key, change)
        row = (*key, change.revision, change.document)
        db.execute("INSERT OR IGNORE INTO codes VALUES (?, ?, ?, ?, ?)", row)
        return True


class IgnoresEventsThatStand(Rows):
    """An event whose id stands already is not written, and neither is its document undone."""

    def tell(self, db, key, change):
        for event in change.events:
            try:
                db.execute("INSERT INTO events VALUES (?, ?, ?, ?)", (event.id, *key))
            except sqlite3.IntegrityError:
                return


class SaysThatItFailed(Rows):
    """Writes what it can, commits it, and then raises what says that nothing was written."""

    def tell(self, db, key, change):
        try:
            super().tell(db, key, change)
        except Exception as error:
            for event in tuple.__iter__(change.events):
                row = (event.id, *key)
                db.execute("INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?)", row)
            db.execute("COMMIT")
            raise StorageError("it was not written") from error


class ComparesWithWhatItLoaded(Rows):
    """Each handle takes what it has loaded last for what stands."""

    def __init__(self, path):
        super().__init__(path)
        self.loaded = {}

    def load(self, subject):
        record = super().load(subject)
        self.loaded[subject] = record and record.revision
        return record

    def commit(self, subject, change):
        if self.loaded.get(subject, change.expected) != change.expected:
            return False
        if won := super().commit(subject, change):
            self.loaded[subject] = None if change.document is None else change.revision
        return won


class RemembersWhatItLoaded(Rows):
    """Each handle has a cache of its own."""

    def __init__(self, path):
        super().__init__(path)
        self.cache = {}

    def load(self, subject):
        if record := self.cache.get(subject):
            return record
        record = self.cache[subject] = super().load(subject)
        return record

    def commit(self, subject, change):
        self.cache.pop(subject, None)
        return super().commit(subject, change)


def standing(db, key):
    row = db.execute(f"SELECT revision, document FROM codes {WHERE}", key).fetchone()
    return row and Record(revision=row[0], document=row[1])


def key_of(subject):
    return subject.tenant, subject.id, subject.scope


@contextmanager
def opened(kind, path):
    """Open a storage of a kind, and close what it keeps open."""
    storage = kind(path)
    try:
        yield storage
    finally:
        getattr(storage, "close", int)()


def made(kind):
    """Return what makes fresh storages of a kind."""

    @contextmanager
    def make():
        with (
            TemporaryDirectory(ignore_cleanup_errors=True) as folder,
            opened(kind, Path(folder, "codes.db")) as storage,
        ):
            yield storage

    return make


def reopened(storage):
    """Return what opens another handle, in any process."""
    return partial(opened, type(storage), storage.path)
