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
        with self._locked(subject, fcntl.LOCK_SH) as path:
            return _read(path)[2]

    def commit(self, subject: Subject, change: Change) -> bool:
        with self._locked(subject, fcntl.LOCK_EX) as path:  # from here on nobody else writes: S5
            revision, _, trail = _read(path)
            if change.expected != revision:
                return False
            if change.document is None:
                path.unlink(missing_ok=True)  # and the trail with it: S8
                return True
            trail += [[each.id, each.kind.value, each.details()] for each in change.events]
            with path.with_suffix(".new").open("w", encoding="ascii") as file:
                json.dump([change.revision, change.document, trail], file)  # both or neither: S7
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).replace(path)  # whole or not at all, whatever fails
            return True

    @contextmanager
    def _locked(self, subject: Subject, kind: int) -> Iterator[Path]:
        digest = hashlib.sha256(json.dumps([subject.tenant, subject.id, subject.scope]).encode())
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(folder, kind)  # closing it, or dying, gives the lock back: S13
            yield self.folder / f"{digest.hexdigest()}.json"  # on any system case matters: S9
            os.fsync(folder)  # what was renamed stays so before anybody is told: S10
        finally:
            os.close(folder)


def _read(path: Path) -> tuple[str | None, str, list[list[str]]]:
    return tuple(json.loads(path.read_text("ascii"))) if path.exists() else (None, "", [])
