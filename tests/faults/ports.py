"""Ports that a server which is killed gets back when it is started again."""

import itertools
import random
import socket
from pathlib import Path

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST = 10_000


def lasting_port() -> int:
    """Return a free port of 127.0.0.1 that no outgoing connection is going to take meanwhile."""
    highest = int(_RANGE.read_text().split()[0]) if _RANGE.exists() else 32_768
    for _ in itertools.repeat(None, 1_000):
        port = random.randrange(_LOWEST, highest)  # noqa: S311 - nothing to guess
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no port is free")
