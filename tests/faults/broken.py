"""Storages with a fault each, for the runs that have to find it."""

from dataclasses import replace

from recoverykit import OutcomeUnknown, StorageError, Subject
from recoverykit.storage import Change, Record, Storage


class _Wrapped:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def load(self, subject: Subject) -> Record | None:
        return self._storage.load(subject)

    def commit(self, subject: Subject, change: Change) -> bool:
        return self._storage.commit(subject, change)

    def _revision(self, subject: Subject) -> str | None:
        record = self._storage.load(subject)
        return record.revision if record else None


class CheckThenWrite(_Wrapped):
    """Compares the revision first, and writes then, whatever stands by that time."""

    def commit(self, subject: Subject, change: Change) -> bool:
        standing = self._revision(subject)
        if standing != change.expected:
            return False
        while not self._storage.commit(subject, replace(change, expected=standing)):
            standing = self._revision(subject)
        return True


class Trusting(_Wrapped):
    """Takes a lost answer for a won commit."""

    def commit(self, subject: Subject, change: Change) -> bool:
        try:
            return self._storage.commit(subject, change)
        except OutcomeUnknown:
            return True


class Doubting(_Wrapped):
    """Takes a lost answer for proof that nothing was changed."""

    def commit(self, subject: Subject, change: Change) -> bool:
        try:
            return self._storage.commit(subject, change)
        except OutcomeUnknown:
            raise StorageError("the commit failed and changed nothing") from None
