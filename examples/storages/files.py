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
        self._folder = folder

    def load(self, subject: Subject) -> Record | None:
        with self._locked(subject, fcntl.LOCK_SH) as (folder, path):
            os.fsync(folder)  # whoever wrote last may have been killed before doing so
            revision, document, _ = _read(path)
        return None if revision is None else Record(revision=revision, document=document)

    def commit(self, subject: Subject, change: Change) -> bool:
        with self._locked(subject, fcntl.LOCK_EX) as (folder, path):  # one writer at a time: S5
            revision, _, trail = _read(path)
            if change.expected != revision:
                return False
            if change.document is None:
                path.unlink(missing_ok=True)  # and the trail with it: S8
            else:
                trail += [[each.id, each.kind.value, each.details()] for each in change.events]
                with path.with_suffix(".new").open("w", encoding="ascii") as file:
                    json.dump([change.revision, change.document, trail], file)  # together: S7
                    file.flush()
                    os.fsync(file.fileno())
                Path(file.name).replace(path)  # whole or not at all, whatever fails
            os.fsync(folder)  # from now on the new name lasts: S10
            return True

    @contextmanager
    def _locked(self, subject: Subject, kind: int) -> Iterator[tuple[int, Path]]:
        # A digest, for names are short, and on some systems case makes no difference: S9.
        parts = json.dumps([subject.tenant, subject.id, subject.scope])
        name = hashlib.sha256(parts.encode()).hexdigest()
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(folder, kind)  # closing it, or dying, gives the lock back
            yield folder, self._folder / f"{name}.json"
        finally:
            os.close(folder)


def _read(path: Path) -> tuple[str | None, str, list[list[str]]]:
    return tuple(json.loads(path.read_text("ascii"))) if path.exists() else (None, "", [])
