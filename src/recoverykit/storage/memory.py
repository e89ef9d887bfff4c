"""Documents in this process's memory: for tests, demonstrations and single-process tools."""

import threading
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING

from recoverykit.core.events import Event
from recoverykit.core.record import Change, Record, Summary
from recoverykit.core.subject import Subject
from recoverykit.extras import module_of
from recoverykit.per_process import PerProcess
from recoverykit.storage import Health, KeyUse, Outdated, Problem
from recoverykit.storage.key_use import key_use_of

if TYPE_CHECKING:
    from anyio import Lock

    from recoverykit.per_loop import PerLoop

__all__ = ["AsyncMemoryStorage", "MemoryStorage"]


class MemoryStorage:
    """A storage that lasts as long as its process, and no longer.

    One lock guards everything. A forked child goes on with a copy of what was stored.
    """

    def __init__(self) -> None:
        self._records: dict[Subject, Record] = {}
        self._summaries: dict[Subject, Summary] = {}
        self._events: dict[Subject, tuple[Event, ...]] = {}
        # Reentrant: a host's function may use the storage that is committing for it.
        self._lock = PerProcess(threading.RLock)

    def load(self, subject: Subject) -> Record | None:
        """Return what is stored for the subject; None where nothing is."""
        with self._lock.get():
            return self._records.get(subject)

    def commit(self, subject: Subject, change: Change) -> bool:
        """Compare and swap; see `recoverykit.storage.Storage.commit`."""
        with self._lock.get():
            if not self.stands(subject, change):
                return False
            self._write(subject, change)
            return True

    def commit_within(
        self, subject: Subject, change: Change, within: Callable[..., object]
    ) -> bool:
        """Compare and swap around ``within(None)``: there is no connection to hand over.

        What the function raises passes through, and nothing is stored; what else it did is not
        undone, for memory has no transactions. Meanwhile no other thread is let in: the function
        must not wait for one that loads or commits.
        """
        with self._lock.get():
            if not self.stands(subject, change):
                return False
            within(None)
            # The function may itself have changed the subject, in this very thread.
            if not self.stands(subject, change):
                return False
            self._write(subject, change)
            return True

    def events(self, subject: Subject) -> tuple[Event, ...]:
        """Return the audit trail of the subject, the oldest event first."""
        with self._lock.get():
            return self._events.get(subject, ())

    def scopes(self, subject: Subject) -> tuple[Subject, ...]:
        """Return what is stored of the same tenant and id, in the order of scopes."""
        with self._lock.get():
            return tuple(
                each
                for each in sorted(self._records, key=_order)
                if (each.tenant, each.id) == (subject.tenant, subject.id)
            )

    def key_use(self) -> Mapping[str, KeyUse]:
        """Return how much of what is stored needs each key, by the key's id."""
        with self._lock.get():
            summaries = tuple(self._summaries.values())
        return key_use_of((each.key_ids, each.seal_key_id, 1) for each in summaries)

    def sealed_otherwise(
        self, seal_key_id: str | None, *, after: Subject | None, limit: int
    ) -> tuple[Subject, ...]:
        """Return subjects whose documents another key seals, or none."""
        with self._lock.get():
            found = [
                subject
                for subject in sorted(self._summaries, key=_order)
                if self._summaries[subject].seal_key_id != seal_key_id
                and (after is None or _order(subject) > _order(after))
            ]
        return tuple(found[:limit])

    def outdated(
        self, *, before: datetime, after: Subject | None, limit: int
    ) -> tuple[Outdated, ...]:
        """Return records that may hold something to purge, in the order of subjects."""
        with self._lock.get():
            found = [
                Outdated(
                    subject=subject,
                    revision=self._records[subject].revision,
                    has_events=bool(self._events.get(subject)),
                )
                for subject, summary in sorted(self._summaries.items(), key=_key_order)
                if summary.outdated_at is not None
                and summary.outdated_at < before
                and (after is None or _order(subject) > _order(after))
            ]
        return tuple(found[:limit])

    def purge_events(self, *, before: datetime, limit: int) -> int:
        """Delete the oldest events before that time; return how many."""
        with self._lock.get():
            every = (each for trail in self._events.values() for each in trail)
            old = sorted((each for each in every if each.at < before), key=lambda each: each.at)
            gone = {each.id for each in old[:limit]}
            self._events = {
                subject: tuple(each for each in trail if each.id not in gone)
                for subject, trail in self._events.items()
            }
        return len(gone)

    def health(self) -> Health:
        """Tell that what is stored does not last: always."""
        return Health(
            problems=(
                Problem(
                    id="not-durable",
                    sentence="What is stored lasts no longer than this process.",
                    mend="Use a storage over a database, but for tests and demonstrations.",
                ),
            )
        )

    def stands(self, subject: Subject, change: Change) -> bool:
        """Whether a commit of the change would win now."""
        record = self._records.get(subject)
        return change.expected == (record.revision if record else None)

    def _write(self, subject: Subject, change: Change) -> None:
        # Whatever may raise comes first: half a change must never stand (S7).
        erases = change.document is None
        events = (*(() if erases else self._events.get(subject, ())), *change.events)
        if change.document is None:
            self._records.pop(subject, None)
            self._summaries.pop(subject, None)
            self._events.pop(subject, None)
        else:
            self._records[subject] = Record(revision=change.revision, document=change.document)
        if change.summary is not None:
            self._summaries[subject] = change.summary
        if events:
            self._events[subject] = events


class AsyncMemoryStorage:
    """A `MemoryStorage` for callers that await, on asyncio or Trio; needs the extra ``async``.

    Raises:
        MissingExtra: AnyIO is not installed.
    """

    def __init__(self) -> None:
        self._memory = MemoryStorage()
        module = module_of("recoverykit.per_loop", needs="anyio", extra="async")
        self._turn: PerLoop[Lock] = module.PerLoop(import_module("anyio").Lock)

    async def load(self, subject: Subject) -> Record | None:
        """Return what is stored for the subject; None where nothing is."""
        return self._memory.load(subject)

    async def commit(self, subject: Subject, change: Change) -> bool:
        """Compare and swap; see `recoverykit.storage.Storage.commit`."""
        async with self._turn.get():
            return self._memory.commit(subject, change)

    async def commit_within(
        self, subject: Subject, change: Change, within: Callable[..., Awaitable[object]]
    ) -> bool:
        """Compare and swap around ``within(None)``: there is no connection to hand over.

        Meanwhile no other commit of this event loop is let in, not even one of the function's own.
        What the function raises passes through, and nothing is stored; what else it did is not
        undone, for memory has no transactions.
        """
        async with self._turn.get():
            if not self._memory.stands(subject, change):
                return False
            await within(None)
            return self._memory.commit(subject, change)

    def events(self, subject: Subject) -> tuple[Event, ...]:
        """Return the audit trail of the subject, the oldest event first."""
        return self._memory.events(subject)

    async def scopes(self, subject: Subject) -> tuple[Subject, ...]:
        """Return what is stored of the same tenant and id, in the order of scopes."""
        return self._memory.scopes(subject)

    async def key_use(self) -> Mapping[str, KeyUse]:
        """Return how much of what is stored needs each key, by the key's id."""
        return self._memory.key_use()

    async def sealed_otherwise(
        self, seal_key_id: str | None, *, after: Subject | None, limit: int
    ) -> tuple[Subject, ...]:
        """Return subjects whose documents another key seals, or none."""
        return self._memory.sealed_otherwise(seal_key_id, after=after, limit=limit)

    async def outdated(
        self, *, before: datetime, after: Subject | None, limit: int
    ) -> tuple[Outdated, ...]:
        """Return records that may hold something to purge, in the order of subjects."""
        return self._memory.outdated(before=before, after=after, limit=limit)

    async def purge_events(self, *, before: datetime, limit: int) -> int:
        """Delete the oldest events before that time; return how many."""
        return self._memory.purge_events(before=before, limit=limit)

    async def health(self) -> Health:
        """Tell that what is stored does not last: always."""
        return self._memory.health()


def _order(subject: Subject) -> tuple[bytes, bytes, bytes]:
    return subject.parts


def _key_order(item: tuple[Subject, Summary]) -> tuple[bytes, bytes, bytes]:
    return _order(item[0])
