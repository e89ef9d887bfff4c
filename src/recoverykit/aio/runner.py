"""The asynchronous runner: runs the flows of one kit, and announces how they ended."""

from datetime import datetime
from inspect import isawaitable
from typing import TypeVar

from recoverykit.aio.limiter import AsyncLimiter
from recoverykit.aio.shell import AsyncShell
from recoverykit.core.events import Event
from recoverykit.core.subject import Subject
from recoverykit.driver import Around
from recoverykit.errors import InvalidArgument, RedemptionRefused
from recoverykit.runner import (
    Equipment,
    enumerable_of,
    log_listener,
    purgeable_of,
    settled,
    watch_over,
)
from recoverykit.shell import HostFunction
from recoverykit.storage import (
    AnyStorage,
    Outdated,
    is_storage,
)
from recoverykit.verbs import Verb

_Result = TypeVar("_Result")


class AsyncRunner:
    """Runs flows over a storage, on the event loop that calls."""

    def __init__(self, storage: AnyStorage, equipment: Equipment) -> None:
        if not is_storage(storage):
            raise InvalidArgument("a storage must have the methods load and commit")
        limiter = AsyncLimiter(equipment.hashing)
        self._shell = AsyncShell(storage, limiter=limiter, driver=equipment.driver)
        self._driver = equipment.driver
        self._on_event = equipment.on_event
        self._observer = equipment.observer

    async def run(
        self, verb: Verb[_Result | RedemptionRefused], *, within: HostFunction | None = None
    ) -> _Result:
        """Run a verb to its end, announce what it tells, and return its result.

        Raises:
            RedemptionRefused: it is the result.
        """
        if self._observer is None:
            return await self._run(verb, within)
        with watch_over(verb, self._shell.storage, self._observer) as watch:
            return watch.told(await self._run(verb, within, around=watch.around))

    async def _run(
        self,
        verb: Verb[_Result | RedemptionRefused],
        within: HostFunction | None,
        *,
        around: Around | None = None,
    ) -> _Result:
        outcome = await self._shell.run(verb.flow, within=within, around=around)
        for event in outcome.events:
            await self._announce(event)
        return settled(outcome)

    async def scopes(self, subject: Subject) -> tuple[Subject, ...]:
        """Return the scopes of a subject; see `EnumerableStorage.scopes`."""
        found: tuple[Subject, ...] = await self._shell.ask(
            enumerable_of(self._shell.storage).scopes, subject
        )
        return found

    async def sealed_otherwise(
        self, seal_key_id: str | None, *, after: Subject | None, limit: int
    ) -> tuple[Subject, ...]:
        """Return what another key seals; see `EnumerableStorage.sealed_otherwise`."""
        found: tuple[Subject, ...] = await self._shell.ask(
            enumerable_of(self._shell.storage).sealed_otherwise,
            seal_key_id,
            after=after,
            limit=limit,
        )
        return found

    async def purge_events(self, *, before: datetime, limit: int) -> int:
        """Delete old events; see `PurgeableStorage.purge_events`."""
        count: int = await self._shell.ask(
            purgeable_of(self._shell.storage).purge_events, before=before, limit=limit
        )
        return count

    async def outdated(
        self, *, before: datetime, after: Subject | None, limit: int
    ) -> tuple[Outdated, ...]:
        """Return what may be purged; see `PurgeableStorage.outdated`."""
        found: tuple[Outdated, ...] = await self._shell.ask(
            purgeable_of(self._shell.storage).outdated, before=before, after=after, limit=limit
        )
        return found

    def past(self, time: object) -> datetime:
        """Return a time that has been; see `Driver.past`."""
        return self._driver.past(time)

    async def _announce(self, event: Event) -> None:
        if self._on_event is None:
            return
        try:
            told = self._on_event(event)
            if isawaitable(told):
                await told
        except Exception as error:  # noqa: BLE001  # nothing that a listener does undoes a commit
            log_listener(error)
