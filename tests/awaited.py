"""An asynchronous kit behind the methods of the sync one, for what contends from threads."""

from functools import partial
from typing import Any

from anyio.from_thread import BlockingPortal

from recoverykit import AsyncRecoveryKit


class Awaited:
    """Every call is a task of its own on the portal's event loop; its caller's thread waits for it.

    The context variables of the caller's thread go with it.

    Args:
        kit: the kit.
        portal: the way to the event loop on which it runs.
    """

    def __init__(self, kit: AsyncRecoveryKit, portal: BlockingPortal) -> None:
        self._kit = kit
        self._portal = portal

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._kit, name)
        return lambda *arguments, **named: self._portal.call(partial(method, *arguments, **named))
