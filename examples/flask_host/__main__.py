"""Start the application: `python -m examples.flask_host --help` says what can be chosen."""

import logging
import signal
import sys

from waitress.server import create_server

from examples.flask_host.app import create_app
from examples.host import settings

_THREADS = 8  # each holds at most one connection of the pool, which has 15


def main() -> None:
    """Serve until interrupted."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    given = settings.read("flask_host")
    server = create_server(
        create_app(given), host="127.0.0.1", port=given.port, threads=_THREADS, ident=None
    )
    # Waitress ends on an interrupt, and lets its threads finish; so it shall when it is asked to.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    print(settings.welcome(given, server.effective_port), flush=True)
    server.run()


if __name__ == "__main__":
    main()
