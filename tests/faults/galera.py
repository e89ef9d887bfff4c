"""A Galera cluster of three nodes of MariaDB, each of which can be killed and started again."""

import contextlib
import os
import re
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pymysql

from tests.faults.ports import lasting_port
from tests.faults.postgresql import wait_until
from tests.servers import MariaDBServer, ProgramMissing

NODES = 3
_PROVIDERS = ("/usr/lib/galera/libgalera_smm.so", "/usr/lib64/galera-4/libgalera_smm.so")
_POSITION = re.compile(r"Recovered position: *(\S+)")
# Short, for all nodes are on one machine: a node that is killed is given up after two seconds.
_TIMES = {
    "evs.keepalive_period": "PT0.5S",
    "evs.suspect_timeout": "PT2S",
    "evs.inactive_timeout": "PT5S",
    "evs.install_timeout": "PT5S",
    "pc.announce_timeout": "PT3S",
    "pc.recovery": "false",
    "gcache.size": "16M",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where a node talks with the others.

    Attributes:
        group: for what the cluster agrees on.
        increments: where it gets what it has missed.
        state: where it gets all.
    """

    group: int
    increments: int
    state: int

    @classmethod
    def free(cls) -> "Ports":
        """Return ports that nobody listens on."""
        return cls(group=lasting_port(), increments=lasting_port(), state=lasting_port())


@dataclass(kw_only=True)
class GaleraNode(MariaDBServer):
    """One node.

    Args:
        name: its name in the cluster.
        ports: its own ports.
        members: the ports of all nodes.
        is_founder: whether it makes the cluster when it first starts.
    """

    install = "apt-get install mariadb-server galera-4 rsync"
    programs = ("mariadb-install-db", "mariadbd", "rsync")
    name: str
    ports: Ports
    members: tuple[Ports, ...]
    is_founder: bool
    _extra: tuple[str, ...] = field(default=(), init=False)
    _has_run: bool = field(default=False, init=False)

    def kill(self) -> None:
        """End the node by SIGKILL, and whatever it has started."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        super().kill()

    @property
    def version(self) -> str:
        """The versions of the server and of its provider."""
        ((server,),) = self._ask("SELECT version()")
        ((_, galera),) = self._ask("SHOW STATUS LIKE 'wsrep_provider_version'")
        return f"{server}, Galera {galera}"

    @property
    def size(self) -> int:
        """How many nodes the cluster has, as this one sees it."""
        ((_, size),) = self._ask("SHOW STATUS LIKE 'wsrep_cluster_size'")
        return int(str(size))

    @contextlib.contextmanager
    def lagging(self) -> Iterator[None]:
        """Keep the node from applying what the others write; whoever reads from it may go on."""
        with (
            pymysql.connect(host=self.host, port=self.port, user="root") as db,
            db.cursor() as cursor,
        ):
            cursor.execute("FLUSH TABLES WITH READ LOCK")
            try:
                yield
            finally:
                cursor.execute("UNLOCK TABLES")

    def _launch(self) -> None:
        self._extra = ("--wsrep-new-cluster",) if self.is_founder else ()
        if self._has_run:
            self._extra = self._from_where_it_was()
        super()._launch()
        wait_until(self._is_synced, f"node {self.name} has joined")
        self._has_run = True

    def _is_synced(self) -> bool:
        return self._ask("SHOW STATUS LIKE 'wsrep_local_state_comment'")[0][1] == "Synced"

    def _from_where_it_was(self) -> tuple[str, ...]:
        """Let a killed node find its place, so that it need not get everything anew."""
        self._extra = ("--wsrep-recover",)
        self._run(*self._command())
        log = (self.folder / "setup.log").read_text(errors="replace")
        return tuple(f"--wsrep-start-position={each}" for each in _POSITION.findall(log)[-1:])

    def _command(self) -> Sequence[str]:
        ports, own = self.ports, f"127.0.0.1:{self.ports.group}"
        members = ",".join(f"127.0.0.1:{each.group}" for each in self.members)
        options = {
            "base_host": "127.0.0.1",
            "base_port": str(ports.group),
            "gmcast.listen_addr": f"tcp://{own}",
            "ist.recv_addr": f"127.0.0.1:{ports.increments}",
            **_TIMES,
        }
        return (
            *super()._command(),
            "--binlog-format=ROW",
            "--innodb-autoinc-lock-mode=2",
            "--innodb-buffer-pool-size=32M",
            "--wsrep-on=ON",
            f"--wsrep-provider={_provider()}",
            "--wsrep-cluster-name=recoverykit",
            f"--wsrep-cluster-address=gcomm://{members}",
            f"--wsrep-node-name={self.name}",
            f"--wsrep-node-address={own}",
            f"--wsrep-node-incoming-address=127.0.0.1:{self.port}",
            "--wsrep-sst-method=rsync",
            f"--wsrep-sst-receive-address=127.0.0.1:{ports.state}",
            "--wsrep-slave-threads=2",
            "--wsrep-provider-options=" + ";".join("=".join(each) for each in options.items()),
            *self._extra,
        )


@contextlib.contextmanager
def galera_cluster() -> Iterator[tuple[GaleraNode, ...]]:
    """Run three nodes.

    Raises:
        ProgramMissing: something of it is not installed.
        ServerFailed: a node did not start or did not join.
    """
    members = tuple(Ports.free() for _ in range(NODES))
    nodes = tuple(
        GaleraNode(
            name=f"n{number}",
            ports=ports,
            members=members,
            is_founder=number == 0,
            durable=True,
        )
        for number, ports in enumerate(members)
    )
    try:
        for node in nodes:
            node.port = lasting_port()
            node.start()
        yield nodes
    finally:
        for node in reversed(nodes):
            node.stop()


def _provider() -> str:
    for path in _PROVIDERS:
        if Path(path).exists():
            return path
    raise ProgramMissing(f"no Galera provider here: {GaleraNode.install}")
