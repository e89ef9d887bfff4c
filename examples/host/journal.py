"""What the log says of requests: never what a form held."""

import logging
from urllib.parse import quote

_requests = logging.getLogger("host.requests")


def start() -> None:
    """Let the log go to the terminal."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")


def write_request(method: str, path: str, status: int) -> None:
    """Log a request by its path and nothing else: forms hold passwords and codes."""
    # Quoted again: a path with a line break in it would write a line of its own.
    _requests.info("%s %s %s", method, quote(path), status)


def write_failure(error: Exception) -> None:
    """Log why nobody could be let in."""
    _requests.warning("%s: %s", type(error).__name__, error)
