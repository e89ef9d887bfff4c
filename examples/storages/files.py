"""Recovery codes in plain files, one for each subject: a lock, a new file, a rename."""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recoverykit import Subject
from recoverykit.storage import Change, Record


class FileStorage:
    """A folder of a local POSIX file system, for any number of threads and processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, subject: Subject) -> Record | None:
        with self._locked(subject, fcntl.LOCK_SH) as path:
            revision, document, _ = _read(path)
        return None if revision is None else Record(revision=revision, document=document)

    def trail(self, subject: Subject) -> list[list[str]]:
        """Return the subject's events, the oldest first."""
        with self._locked(subject, fcntl.LOCK_SH) as path:
            return _read(path)[2]

    def commit(self, subject: Subject, change: Change) -> bool:
        with self._locked(subject, fcntl.LOCK_EX) as path:  # from here on nobody else writes: S5
            revision, _, trail = _read(path)
            if change.expected != revision:
                return False
            new = [[each.id, each.kind.value, each.details()] for each in change.events]
            if change.document is not None:
                _write(path, [change.revision, change.document, trail + new])  # together: S7
            elif new:
                _write(path, [None, "", new])
            else:
                path.unlink(missing_ok=True)  # and the trail with it: S8
            return True

    @contextmanager
    def _locked(self, subject: Subject, kind: int) -> Iterator[Path]:
        parts = json.dumps([subject.tenant, subject.id, subject.scope])
        name = hashlib.sha256(parts.encode()).hexdigest()  # short, and in any case alike: S9
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(folder, kind)  # closing it, or dying, gives the lock back: S13
            yield self.folder / f"{name}.json"
            os.fsync(folder)  # before anybody is told what is stored, it is there to stay: S10
        finally:
            os.close(folder)


def _read(path: Path) -> tuple[str | None, str, list[list[str]]]:
    return tuple(json.loads(path.read_text("ascii"))) if path.exists() else (None, "", [])


def _write(path: Path, stored: list[object]) -> None:
    new = path.with_suffix(".new")
    with new.open("w", encoding="ascii") as file:
        json.dump(stored, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)  # whole or not at all, whatever fails
