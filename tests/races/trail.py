"""The audit trail of a subject, as it stands in the database."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from recoverykit import Event, EventKind
from recoverykit.storage.sql import define_tables

_EVENTS = define_tables(sa.MetaData()).events


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event: what happened, to which set, and to which code of it."""

    kind: EventKind
    set_id: str
    ordinal: int | None
    failures: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """The events of a subject, in no particular order."""

    entries: tuple[Entry, ...]

    @classmethod
    def of(cls, engine: sa.Engine, subject: str) -> "Trail":
        """Read the trail of a subject."""
        query = sa.select(_EVENTS.c.kind, _EVENTS.c.details).where(_EVENTS.c.subject == subject)
        with engine.connect() as connection:
            rows = connection.execute(query).all()
        return cls(entries=tuple(_entry(row.kind, json.loads(row.details)) for row in rows))

    @classmethod
    def told(cls, events: Iterable[Event]) -> "Trail":
        """Return the trail that events make."""
        return cls(entries=tuple(_entry(each.kind, json.loads(each.details())) for each in events))

    def counts(self) -> Counter[EventKind]:
        """Return how many events of each kind there are."""
        return Counter(entry.kind for entry in self.entries)

    def sets(self, kind: EventKind) -> Counter[str]:
        """Return how many events of that kind each set has."""
        return Counter(entry.set_id for entry in self.entries if entry.kind is kind)

    def ordinals(self, kind: EventKind) -> Counter[int | None]:
        """Return how many events of that kind each code has, by its place."""
        return Counter(entry.ordinal for entry in self.entries if entry.kind is kind)

    def failures(self) -> tuple[int, ...]:
        """Return how many failures in a row each failure made, the least first."""
        failed = (entry for entry in self.entries if entry.kind is EventKind.FAILED)
        return tuple(sorted(entry.failures or 0 for entry in failed))


def _entry(kind: str, details: Mapping[str, object]) -> Entry:
    failures, ordinal = details["failures"], details["ordinal"]
    return Entry(
        kind=EventKind(kind),
        set_id=str(details["set_id"]),
        ordinal=ordinal if isinstance(ordinal, int) else None,
        failures=failures if isinstance(failures, int) else None,
    )
