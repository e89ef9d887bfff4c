"""Engines of our own, one for each event loop that asks for one."""

from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import MutableMapping
from weakref import WeakKeyDictionary

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from recoverykit.errors import InvalidArgument, MissingExtra, StorageError
from recoverykit.per_process import PerProcess
from recoverykit.storage.sql.engine import carries_locks, extra_of, options, set_up


class LoopEngines:
    """Makes an engine when a loop first asks for one: its connections belong to that loop.

    Args:
        url: the checked URL of a database.
    """

    def __init__(self, url: URL) -> None:
        self._url = url
        self._is_open = False
        self._engines = PerProcess(self._none_yet)

    def get(self) -> AsyncEngine:
        """Return the engine of the loop that runs.

        Raises:
            InvalidArgument: no event loop of asyncio's runs.
            MissingExtra: the driver is not installed.
            StorageError: SQLite was in use when this process was forked.
        """
        engines, loop = self._engines.get(), running_loop()
        engine = engines.get(loop)
        if engine is None:
            _forget_closed(engines)
            engine = engines[loop] = _opened(self._url)
            self._is_open = True
        return engine

    async def close(self) -> None:
        """Close the connections of the loop that runs; the next call opens them anew."""
        engines = self._engines.get()
        engine = engines.pop(running_loop(), None)
        if engine is not None:
            await engine.dispose()
        self._is_open = bool(engines)

    def _none_yet(self) -> WeakKeyDictionary[AbstractEventLoop, AsyncEngine]:
        if self._is_open and carries_locks(self._url):
            # Whoever goes on would believe to hold the locks of the parent.
            raise StorageError(
                "SQLite was in use when this process was forked: close the storage before, in the"
                " event loop that has used it"
            )
        return WeakKeyDictionary()


def _forget_closed(engines: MutableMapping[AbstractEventLoop, AsyncEngine]) -> None:
    """Let go of engines whose loop has ended: nobody can close their connections any more."""
    for loop in [each for each in engines if each.is_closed()]:
        engines.pop(loop).sync_engine.dispose(close=False)


def _opened(url: URL) -> AsyncEngine:
    try:
        engine = create_async_engine(url, **options(url))
    except ModuleNotFoundError:
        raise MissingExtra(extra_of(url)) from None
    set_up(engine.sync_engine)
    return engine


def running_loop() -> AbstractEventLoop:
    """Return the loop that runs.

    Raises:
        InvalidArgument: none of asyncio's does.
    """
    try:
        return get_running_loop()
    except RuntimeError:
        raise InvalidArgument("the drivers of databases need a running loop of asyncio's") from None
