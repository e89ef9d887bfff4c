"""Start the application: `python -m examples.fastapi_host --help` says what can be chosen."""

import signal
import socket
import sys

import uvicorn

from examples.fastapi_host.app import create_app
from examples.host import journal, settings
from examples.host.settings import Settings

_GRACE = 10  # seconds for the requests that are being answered when the process is asked to end


class Server(uvicorn.Server):
    """Uvicorn, which says where it listens in the words of all our applications.

    Args:
        given: how the application is started.
    """

    def __init__(self, given: Settings) -> None:
        super().__init__(
            uvicorn.Config(
                create_app(given),
                host="127.0.0.1",
                port=given.port,
                lifespan="on",
                ws="none",
                access_log=False,  # the application writes its own, without what a browser chose
                log_config=None,
                server_header=False,
                # Whoever reaches this port could claim any address, and get around the brake.
                proxy_headers=False,
                timeout_graceful_shutdown=_GRACE,
            )
        )
        self._given = given

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        print(settings.welcome(self._given, port), flush=True)


def main() -> None:
    """Serve until interrupted."""
    journal.start()
    given = settings.read("fastapi_host")
    # Uvicorn finishes what it is doing first, and then raises the signal again.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit())
    Server(given).run()


if __name__ == "__main__":
    main()
