"""A proxy between a storage and its database server that cuts connections at a chosen statement."""

import contextlib
import re
import socket
import threading
from collections.abc import Iterator
from enum import Enum

import sqlalchemy as sa

COMMIT = rb"\bCOMMIT\b"
_SECONDS = 20.0


class Cut(Enum):
    """Where the connection is cut, seen from the statement."""

    BEFORE_FORWARDING = "before forwarding"
    BEFORE_ANSWERING = "before answering"


class Proxy:
    """Forwards bytes to a server until a statement passes that it was told to cut at.

    A statement is recognised in what one call of the client sends, which holds for statements
    that fit into one packet.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._pattern: re.Pattern[bytes] | None = None
        self._cut = Cut.BEFORE_FORWARDING
        self._times = 0
        self.cuts = 0
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_at(self, pattern: bytes, cut: Cut, *, times: int = 1) -> None:
        """Cut the connections on which the next statements that match are sent."""
        self._pattern, self._cut, self._times = re.compile(pattern), cut, times

    def lead_to(self, host: str, port: int) -> None:
        """Cut every connection there is; new ones lead to another server."""
        self._target = (host, port)
        self.sever()

    def sever(self) -> None:
        """Cut every connection there is; new ones are welcome."""
        with self._lock:
            sockets, self._sockets = self._sockets, set()
        for end in sockets:
            _close(end)

    def refuse(self) -> None:
        """Refuse new connections; those that there are go on."""
        _close(self._listener)

    def close(self) -> None:
        """Cut every connection and refuse new ones."""
        self.refuse()
        self.sever()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if (server := self._reached()) is None:
                    _close(client)
                    continue
                for end in (client, server):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    self._sockets |= {client, server}
                mute = threading.Event()
                for work in (self._ask, self._answer):
                    threading.Thread(target=work, args=(client, server, mute), daemon=True).start()

    def _reached(self) -> socket.socket | None:
        """Connect to the server; None while it is down."""
        try:
            server = socket.create_connection(self._target, _SECONDS)
        except OSError:
            return None
        server.settimeout(None)
        return server

    def _ask(self, client: socket.socket, server: socket.socket, mute: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(1 << 20):
                if self._is_cut(data):
                    if self._cut is Cut.BEFORE_FORWARDING:
                        break
                    mute.set()
                server.sendall(data)
        _close(client)
        _close(server)

    @staticmethod
    def _answer(client: socket.socket, server: socket.socket, mute: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while (data := server.recv(1 << 20)) and not mute.is_set():
                client.sendall(data)
        _close(client)
        _close(server)

    def _is_cut(self, data: bytes) -> bool:
        with self._lock:
            if self._times == 0 or self._pattern is None or not self._pattern.search(data):
                return False
            self._times -= 1
            self.cuts += 1
            return True


@contextlib.contextmanager
def proxied(url: str) -> Iterator[tuple[Proxy, str]]:
    """Stand before the server of a URL: yield the proxy and the URL that leads through it."""
    target = sa.make_url(url)
    assert target.host is not None
    assert target.port is not None
    proxy = Proxy(target.host, target.port)
    try:
        through = target.set(host="127.0.0.1", port=proxy.port)
        yield proxy, through.render_as_string(hide_password=False)
    finally:
        proxy.close()


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
