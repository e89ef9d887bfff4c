"""A private etcd, started from the program this machine has installed."""

import contextlib
import http.client
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.servers import ProgramMissing, ServerFailed

_START_SECONDS = 60.0
_POLL_SECONDS = 0.02


@contextlib.contextmanager
def running_etcd(folder: Path) -> Iterator[int]:
    """Run one member that keeps its data in a folder; yield its port on 127.0.0.1.

    Raises:
        ProgramMissing: it is not installed.
        ServerFailed: it does not answer in time.
    """
    program = shutil.which("etcd")
    if program is None:
        raise ProgramMissing("etcd is not installed: apt-get install etcd-server")
    client, peer = _free_ports(2)
    log = folder / "etcd.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*_dying_with_this_process(), program, *_options(folder, client, peer)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for pytest
        )
    try:
        _wait_for(process, client, log)
        yield client
    finally:
        process.kill()
        process.wait()


def _options(folder: Path, client: int, peer: int) -> Iterator[str]:
    client_url, peer_url = (f"http://127.0.0.1:{port}" for port in (client, peer))
    yield f"--data-dir={folder / 'data'}"
    yield from (f"--listen-client-urls={client_url}", f"--advertise-client-urls={client_url}")
    yield from (f"--listen-peer-urls={peer_url}", f"--initial-advertise-peer-urls={peer_url}")
    yield f"--initial-cluster=default={peer_url}"


def _dying_with_this_process() -> tuple[str, ...]:
    setpriv = shutil.which("setpriv", path=os.defpath)
    return () if setpriv is None else (setpriv, "--pdeathsig=KILL")


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_START_SECONDS)
            with contextlib.closing(connection):
                connection.request("GET", "/health")
                if connection.getresponse().read() == b'{"health":"true"}':
                    return
        time.sleep(_POLL_SECONDS)
    raise ServerFailed(f"etcd failed:\n{log.read_text(errors='replace')[-2000:]}")


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as probes:
        sockets = [probes.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
