"""The asynchronous runner: runs the flows of one kit, and announces how they ended."""

from inspect import isawaitable
from typing import TypeVar

from recoverykit.aio.limiter import AsyncLimiter
from recoverykit.aio.shell import AsyncShell
from recoverykit.core.events import Event
from recoverykit.core.subject import Subject
from recoverykit.driver import Around
from recoverykit.errors import InvalidArgument, RedemptionRefused
from recoverykit.runner import Equipment, log_listener, settled, watch_over
from recoverykit.shell import HostFunction
from recoverykit.storage import AnyStorage, EnumerableStorage, is_storage
from recoverykit.verbs import Verb

_Result = TypeVar("_Result")


class AsyncRunner:
    """Runs flows over a storage, on the event loop that calls."""

    def __init__(self, storage: AnyStorage, equipment: Equipment) -> None:
        if not is_storage(storage):
            raise InvalidArgument("a storage must have the methods load and commit")
        limiter = AsyncLimiter(equipment.hashing)
        self._shell = AsyncShell(storage, limiter=limiter, driver=equipment.driver)
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
        found: tuple[Subject, ...] = await self._shell.ask(self._enumerable.scopes, subject)
        return found

    async def sealed_otherwise(
        self, seal_key_id: str | None, *, after: Subject | None, limit: int
    ) -> tuple[Subject, ...]:
        """Return what another key seals; see `EnumerableStorage.sealed_otherwise`."""
        found: tuple[Subject, ...] = await self._shell.ask(
            self._enumerable.sealed_otherwise, seal_key_id, after=after, limit=limit
        )
        return found

    @property
    def _enumerable(self) -> EnumerableStorage:
        storage = self._shell.storage
        if not isinstance(storage, EnumerableStorage):
            raise InvalidArgument("this storage cannot list what it holds")
        return storage

    async def _announce(self, event: Event) -> None:
        if self._on_event is None:
            return
        try:
            told = self._on_event(event)
            if isawaitable(told):
                await told
        except Exception as error:  # noqa: BLE001  # nothing that a listener does undoes a commit
            log_listener(error)
