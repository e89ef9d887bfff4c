"""PostgreSQL that is killed by SIGKILL with all its processes, and a standby that takes over."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.servers import PostgreSQLServer, ServerFailed

_SECONDS = 60.0
_POLL_SECONDS = 0.02
_STREAMS = "pg_stat_replication WHERE state = 'streaming'"


@dataclass(kw_only=True)
class Primary(PostgreSQLServer):
    """A PostgreSQL that a kill leaves no time for anything."""

    def kill(self) -> None:
        """End the server and all its processes by SIGKILL."""
        if self._process is not None:
            for pid in (family := tuple(_stopped_family(self._process.pid))):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
            # While one of them holds the shared memory, the next server refuses to start.
            wait_until(lambda: not any(map(_is_alive, family)), "its processes are gone")

    def follow(self, standby: "Standby") -> None:
        """Acknowledge a commit only once the standby has it on its disk, too."""
        self._ask("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self._ask("SELECT pg_reload_conf()")
        wait_until(lambda: self._replication("sync_state") == "sync", "the standby is synchronous")
        ((position,),) = self._ask("SELECT pg_current_wal_lsn()")
        wait_until(
            lambda: self._replication(f"flush_lsn >= '{position}'") is True,
            f"{standby.port} has what was committed before",
        )

    def _replication(self, what: str) -> object:
        rows = self._ask(f"SELECT {what} FROM {_STREAMS}")  # noqa: S608 - our own
        return rows[0][0] if len(rows) == 1 else None

    @property
    def is_followed(self) -> bool:
        """Whether a standby is connected and has caught up."""
        return self._replication("true") is True

    @property
    def version(self) -> str:
        """The version of the server."""
        ((version,),) = self._ask("SHOW server_version")
        return str(version)


@dataclass(kw_only=True)
class Standby(Primary):
    """A PostgreSQL that replays what a primary writes, until it is promoted.

    Args:
        link: the port of 127.0.0.1 that leads to the primary.
    """

    programs = ("pg_basebackup", "postgres")
    link: int = 0

    def promote(self) -> None:
        """Let the standby take changes from now on."""
        ((is_promoted,),) = self._ask("SELECT pg_promote()")
        if not is_promoted:
            raise ServerFailed("the standby was not promoted in time")

    def _initialise(self) -> None:
        self._run(
            self._program("pg_basebackup"),
            f"--pgdata={self.folder / 'data'}",
            f"--dbname=host={self.host} port={self.link} user=postgres application_name=standby",
            "--checkpoint=fast",
            "--write-recovery-conf",
            "--no-sync",
        )
        # Its own replication begins when it is promoted, with standbys of its own.
        with (self.folder / "data" / "postgresql.auto.conf").open("a") as settings:
            settings.write("synchronous_standby_names = ''\n")


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Return once something holds.

    Raises:
        ServerFailed: it did not in time.
    """
    deadline = time.monotonic() + _SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise ServerFailed(f"not in {_SECONDS:.0f} s: {what}")
        time.sleep(_POLL_SECONDS)


def _stopped_family(pid: int) -> Iterator[int]:
    """Return a process and its children; it is stopped first, so that it gets no others."""
    os.kill(pid, signal.SIGSTOP)
    yield pid
    for stat in Path("/proc").glob("[0-9]*/stat"):
        if (fields := _fields(stat)) and int(fields[1]) == pid:
            yield int(stat.parent.name)


def _is_alive(pid: int) -> bool:
    fields = _fields(Path("/proc") / str(pid) / "stat")
    return bool(fields) and fields[0] not in "ZX"


def _fields(stat: Path) -> Sequence[str]:
    """Return what stands behind the name of a process: its state, its parent and so on."""
    try:
        return stat.read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return ()
