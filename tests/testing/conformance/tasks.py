"""Storages that are awaited, over dicts: one that is right, and some that are not."""

from contextlib import asynccontextmanager

from anyio import Lock, WouldBlock
from anyio.lowlevel import checkpoint

from recoverykit import StorageError
from tests.testing.conformance.dicts import Dicts
from tests.testing.conformance.orders import WritesTheDocumentFirst as WritesFirst


class Awaited:
    """A storage that keeps its contract, and gives way wherever a database would be asked."""

    def __init__(self):
        self.dicts = Dicts()
        self.lock = Lock()

    async def load(self, subject):
        await checkpoint()
        return self.dicts.load(subject)

    async def commit(self, subject, change):
        async with self.lock:
            return await self.swap(subject, change)

    async def swap(self, subject, change):
        key = self.dicts.key(subject)
        await checkpoint()
        if not self.dicts.stands(key, change):
            return False
        await checkpoint()
        await self.write(key, change)
        return True

    async def write(self, key, change):
        self.dicts.write(key, change)

    def ids(self, subject):
        return self.dicts.ids(subject)


class RefusesToWait(Awaited):
    """It keeps its contract as well: who comes while another one writes is told to come again."""

    async def commit(self, subject, change):
        try:
            self.lock.acquire_nowait()
        except WouldBlock:
            raise StorageError("another one is writing") from None
        try:
            return await self.swap(subject, change)
        finally:
            self.lock.release()


class GivesWayInBetween(Awaited):
    """Check, then give way, then write."""

    async def commit(self, subject, change):
        return await self.swap(subject, change)


class ReadsInTwoSteps(Awaited):
    """The revision, then a turn for others, then the document."""

    async def load(self, subject):
        first = self.dicts.load(subject)
        await checkpoint()
        second = self.dicts.load(subject)
        is_there = first is not None and second is not None
        return self.dicts.record(first.revision, second.document) if is_there else None


class WritesTheDocumentFirst(Awaited):
    """Looks, lays down the document, gives way, and then swaps the revision."""

    def __init__(self):
        super().__init__()
        self.dicts = WritesFirst()

    async def swap(self, subject, change):
        key = self.dicts.key(subject)
        if not self.dicts.stands(key, change):
            return False
        if change.document is not None:
            self.dicts.documents[key] = change.document
        await checkpoint()
        return self.dicts.swap(key, change)

    async def commit(self, subject, change):
        return await self.swap(subject, change)


class SharesItsEvents(Awaited):
    """What is to be told waits in a list of the storage, not of the call."""

    def __init__(self):
        super().__init__()
        self.waiting = {}

    async def commit(self, subject, change):
        key = self.dicts.key(subject)
        waiting = self.waiting.setdefault(key, [])
        waiting.extend(change.events)
        await checkpoint()
        if not self.dicts.stands(key, change):
            return False
        self.dicts.write(key, _with(change, tuple(waiting)))
        waiting.clear()
        return True


class LosesItsLock(Awaited):
    """A task that fails or is cancelled keeps the others out for ever."""

    async def commit(self, subject, change):
        await self.lock.acquire()
        won = await self.swap(subject, change)
        self.lock.release()
        return won


class KeepsItsLockWhenCancelled(Awaited):
    """It gives its lock back after what it takes for every error."""

    async def commit(self, subject, change):
        await self.lock.acquire()
        try:
            won = await self.swap(subject, change)
        except Exception:
            self.lock.release()
            raise
        self.lock.release()
        return won


class LeavesHalfWhenCancelled(Awaited):
    """Nobody looks while it writes; but who cancels it leaves a document without its events."""

    async def load(self, subject):
        async with self.lock:
            return await super().load(subject)

    async def write(self, key, change):
        ids = [event.id for event in change.events]
        self.dicts.write(key, _with(change, ()))
        await checkpoint()
        self.dicts.told[key] += ids


class LeavesTheOldDocumentWhenCancelled(LeavesHalfWhenCancelled):
    """Or a revision that belongs to another document."""

    async def write(self, key, change):
        before = self.dicts.rows.get(key)
        self.dicts.write(key, change)
        after = self.dicts.rows.get(key)
        if before is not None and after is not None:
            self.dicts.rows[key] = (change.revision, before[1])
            await checkpoint()
            self.dicts.rows[key] = after


class TellsAfterGivingWay(Awaited):
    """The document, then a turn for others, then the events."""

    async def write(self, key, change):
        self.dicts.write(key, _with(change, ()))
        await checkpoint()
        self.dicts.told[key] += [event.id for event in change.events]


def _with(change, events):
    return type(change)(
        expected=change.expected,
        revision=change.revision,
        document=change.document,
        events=events,
        summary=change.summary,
    )


def made(kind):
    """Return what makes fresh storages of a kind."""

    @asynccontextmanager
    async def make():
        yield kind()

    return make
