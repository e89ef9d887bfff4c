"""Storages over dicts whose trail is not what was told."""

from tests.testing.conformance.dicts import Dicts, id_of


class KeepsOneEvent(Dicts):
    """Of several events of one change it keeps the first."""

    def write(self, key, change):
        ids = tuple(change.events)[1:]
        super().write(key, change)
        gone = set(map(id_of, ids))
        self.told[key] = [each for each in self.told[key] if each not in gone]


class ForgetsEarlierEvents(Dicts):
    """The events of a change take the place of those before."""

    def write(self, key, change):
        if change.events:
            self.told.pop(key, None)
        super().write(key, change)


class TellsEventsTwice(Dicts):
    def write(self, key, change):
        super().write(key, change)
        self.told[key] += [event.id for event in change.events]


class KeepsEventsOfTheErased(Dicts):
    def write(self, key, change):
        before = self.told.get(key, [])
        super().write(key, change)
        if change.document is None:
            self.told[key] = [*before, *self.told[key]]


class LosesTheEventOfTheErasure(Dicts):
    def write(self, key, change):
        super().write(key, change)
        if change.document is None:
            del self.told[key]
