"""Storages over dicts that take subjects, or what is in an event, for something else."""

import unicodedata

from recoverykit import StorageError
from tests.testing.conformance.dicts import Dicts


class _Folding(Dicts):
    def key(self, subject):
        return tuple(self.fold(part) for part in (subject.tenant, subject.id, subject.scope))


class FoldsCase(_Folding):
    def fold(self, part):
        return part.lower()


class IgnoresTrailingBlanks(_Folding):
    def fold(self, part):
        return part.rstrip(" ")


class FoldsAccents(_Folding):
    def fold(self, part):
        parts = unicodedata.normalize("NFD", part)
        return "".join(each for each in parts if not unicodedata.combining(each))


class Normalises(_Folding):
    def fold(self, part):
        return unicodedata.normalize("NFC", part)


class CutsLongKeys(_Folding):
    def fold(self, part):
        return part.encode()[:254]


class CutsTheWholeKey(Dicts):
    """All parts in one column, which holds 767 bytes of them."""

    def key(self, subject):
        key = "".join(f"{len(part)}:{part}" for part in super().key(subject))
        return key.encode()[:767]


class RefusesLongKeys(Dicts):
    """As much as the file system takes in the name of a file."""

    def commit(self, subject, change):
        if sum(len(part.encode()) for part in self.key(subject)) > 512:
            raise OSError
        return super().commit(subject, change)


class RequiresOrdinals(Dicts):
    """A column of the events is NOT NULL, though not every event has something for it."""

    def write(self, key, change):
        if any(event.ordinal is None for event in change.events):
            raise StorageError("NOT NULL")
        super().write(key, change)


class CutsContexts(Dicts):
    """A column of the events is too narrow."""

    def write(self, key, change):
        if any(len(event.details()) > 1_024 for event in change.events):
            raise StorageError("too long for its column")
        super().write(key, change)


class KnowsFewKinds(Dicts):
    """A column of the events has a list of what may stand in it, from an earlier version."""

    def write(self, key, change):
        if any(event.kind.value == "replayed" for event in change.events):
            raise StorageError("CHECK")
        super().write(key, change)


class RequiresDates(Dicts):
    """A column beside the document is NOT NULL, though not every document has something for it."""

    def put(self, key, change):
        if change.summary is not None and change.summary.issued_at is None:
            raise StorageError("NOT NULL")
        super().put(key, change)


class KnowsOneKey(Dicts):
    """There is a column for the key, and a document may need several."""

    def put(self, key, change):
        if change.summary is not None:
            (_,) = change.summary.key_ids
        super().put(key, change)


class ReadsNumbers(_Folding):
    """Parts that look like numbers are compared as numbers."""

    def fold(self, part):
        try:
            return float(part)
        except ValueError:
            return part


class ForgetsTheTenant(Dicts):
    def key(self, subject):
        return subject.id, subject.scope


class ForgetsTheScope(Dicts):
    def key(self, subject):
        return subject.tenant, subject.id


class JoinsTheParts(Dicts):
    def key(self, subject):
        return f"{subject.tenant}:{subject.id}:{subject.scope}"


class EventsOfAllScopes(Dicts):
    """Documents are kept apart, and the trails of two scopes are not."""

    def write(self, key, change):
        super().write(key, change)
        if change.events:
            self.told.setdefault(key[:2], []).extend(event.id for event in change.events)

    def ids(self, subject):
        return list(self.told.get(self.key(subject)[:2], ()))


class _TakesForTheSame(Dicts):
    """Reads by the exact key, and finds by a folded one what a write is to replace."""

    def drop_neighbours(self, key):
        folded = tuple(map(str.lower, key))
        for other in [each for each in self.rows if tuple(map(str.lower, each)) == folded]:
            if other != key:
                del self.rows[other]


class ReplacesNeighbours(_TakesForTheSame):
    def put(self, key, change):
        self.drop_neighbours(key)
        super().put(key, change)


class ErasesNeighbours(_TakesForTheSame):
    def put(self, key, change):
        if change.document is None:
            self.drop_neighbours(key)
        super().put(key, change)
