"""An asynchronous kit behind the methods of the sync one, for what contends from threads."""

from functools import partial
from itertools import cycle
from typing import Any

from anyio.from_thread import BlockingPortal

from recoverykit import AsyncRecoveryKit


class Awaited:
    """Every call is a task of its own on an event loop; its caller's thread waits for it.

    The context variables of the caller's thread go with it.

    Args:
        kit: the kit.
        portals: the ways to the event loops; calls take them in turn.
    """

    def __init__(self, kit: AsyncRecoveryKit, *portals: BlockingPortal) -> None:
        self._kit = kit
        self._turns = cycle(portals)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._kit, name)
        portal = next(self._turns)
        return lambda *arguments, **named: portal.call(partial(method, *arguments, **named))
