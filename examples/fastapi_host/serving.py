"""The server: uvicorn, as all our applications use it."""

import signal
import socket
import sys
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

_GRACE = 10  # seconds for the requests that are being answered when the process is asked to end


class Server(uvicorn.Server):
    """Uvicorn on 127.0.0.1, which prints one text once it listens.

    Args:
        app: the application.
        port: where it listens; 0 for any free port.
        welcome: returns what is printed, from the port.
    """

    def __init__(self, app: ASGIApp, *, port: int, welcome: Callable[[int], str]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host="127.0.0.1",
                port=port,
                lifespan="on",
                ws="none",
                access_log=False,  # the application writes its own, without what a client chose
                log_config=None,
                server_header=False,
                # Whoever reaches this port could claim any address, and get around the brake.
                proxy_headers=False,
                timeout_graceful_shutdown=_GRACE,
            )
        )
        self._welcome = welcome

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        print(self._welcome(port), flush=True)


def end_by_signals() -> None:
    """Let the process end as one that has done its work, when it is asked to."""
    # Uvicorn finishes what it is doing first, and then raises the signal again.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)


def _end(_: int, __: object) -> None:
    sys.exit()
