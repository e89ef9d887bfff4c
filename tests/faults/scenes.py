"""The scenes: which servers there are, who works on them, and what is broken in which order."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from recoverykit.storage import Storage
from recoverykit.storage.sql import SQLStorage
from tests.faults.client import Place
from tests.faults.crew import Crew
from tests.faults.evidence import gather
from tests.faults.galera import NODES, GaleraNode
from tests.faults.history import by_subject, read_all
from tests.faults.nemesis import AT_ONCE, Nemesis
from tests.faults.ports import lasting_port
from tests.faults.postgresql import Primary, Standby, wait_until
from tests.faults.reckoning import reckon
from tests.faults.report import Report
from tests.proxy import COMMIT, Proxy, proxied
from tests.servers import Server

CLIENTS = 6
_CALLS = 80  # that are answered between two faults
_LATE = 1  # the node that lags
_ASYNC = {"postgresql": "postgresql+asyncpg", "mysql": "mysql+asyncmy"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where a scene is played.

    Attributes:
        folder: an empty folder.
        rounds: how often everything is broken.
        wrap: what becomes of the clients' storages; None for nothing.
        is_hosted: whether their engines are a host's, with no settings of ours.
        readers: at which of the addresses the clients only ever ask for the status.
    """

    folder: Path
    rounds: int
    wrap: Callable[[Storage], Storage] | None = None
    is_hosted: bool = False
    readers: frozenset[int] = frozenset()

    def play(
        self,
        scene: str,
        urls: Sequence[str],
        script: Callable[[Nemesis], None],
        *,
        last: Callable[[], str],
        versions: str,
        forgets: bool = False,
    ) -> Report:
        """Let clients work while a script breaks things, and reckon.

        Args:
            scene: its name.
            urls: where the clients find their database, in turn.
            script: breaks things.
            last: tells where to look afterwards.
            versions: what runs.
            forgets: whether acknowledged redemptions may be forgotten.
        """
        with SQLStorage(last()) as own:
            own.create_tables()
        begin = time.monotonic()
        with Crew(self.folder, self._places(urls)) as crew:
            nemesis = Nemesis(crew, calls=_CALLS)
            crew.advance(_CALLS)
            script(nemesis)
        seconds = time.monotonic() - begin
        subjects = by_subject(read_all(self.folder))
        evidence = gather(last(), subjects, self.folder / "last-look.jsonl")
        reckoning = reckon(read_all(self.folder), evidence)
        return Report(
            scene=scene,
            versions=versions,
            clients=CLIENTS,
            seconds=seconds,
            faults=nemesis.faults,
            reckoning=reckoning,
            forgotten=len(reckoning.lost) if forgets else None,
        )

    def _places(self, urls: Sequence[str]) -> Iterator[Place]:
        for number in range(CLIENTS):
            url = sa.make_url(urls[number % len(urls)])
            # The last three: with three nodes each has one of the kind.
            is_plain = self.wrap is None and not self.is_hosted
            is_awaited = is_plain and number >= CLIENTS - NODES
            if is_awaited:
                url = url.set(drivername=_ASYNC[url.get_backend_name()])
            yield Place(
                name=f"client-{number}",
                folder=self.folder,
                url=url.render_as_string(hide_password=False),
                is_awaited=is_awaited,
                is_reader=number % len(urls) in self.readers,
                is_hosted=self.is_hosted,
                wrap=self.wrap,
            )


def one_server(stage: Stage, server: Server, *, versions: str) -> Report:
    """Kill a server and the clients, and cut connections."""
    pattern = AT_ONCE if isinstance(server, Primary) else COMMIT

    def script(nemesis: Nemesis) -> None:
        for _ in range(stage.rounds):
            nemesis.cut([proxy], times=3, pattern=pattern)
            nemesis.crash(server)
            nemesis.kill_clients(3)
            nemesis.sever([proxy])

    with server.database() as url, proxied(url) as (proxy, through):
        scene = "PostgreSQL" if isinstance(server, Primary) else "MariaDB"
        return stage.play(scene, [through], script, last=lambda: url, versions=versions)


def cluster(stage: Stage, nodes: Sequence[GaleraNode]) -> Report:
    """Let clients of three nodes contend; kill one node after the other, which joins again."""

    def script(nemesis: Nemesis) -> None:
        for number in range(stage.rounds):
            nemesis.cut(proxies, times=1)
            _kill_node(nemesis, nodes, proxies, 1 + number % (NODES - 1))
            _let_lag(nemesis, nodes[_LATE])
            nemesis.kill_clients(3)
            nemesis.sever(proxies)

    with nodes[0].database() as url:
        urls = [_moved(url, node.port) for node in nodes]
        with _proxied_all(urls) as (proxies, through):
            versions = nodes[0].version
            return stage.play("Galera", through, script, last=lambda: url, versions=versions)


def stale_cluster(stage: Stage, nodes: Sequence[GaleraNode]) -> Report:
    """Let clients contend whose engines do not wait for what was written on other nodes."""

    def script(nemesis: Nemesis) -> None:
        for _ in range(stage.rounds):
            # Most of the calls are those of the readers.
            _let_lag(nemesis, nodes[_LATE], calls=4 * _CALLS)

    careless = replace(stage, is_hosted=True, readers=frozenset({_LATE}))
    with nodes[0].database() as url:
        urls = [_moved(url, node.port) for node in nodes]
        versions = nodes[0].version
        return careless.play(
            "Galera without wsrep_sync_wait", urls, script, last=lambda: url, versions=versions
        )


def _let_lag(nemesis: Nemesis, node: GaleraNode, *, calls: int = _CALLS) -> None:
    with node.lagging():
        nemesis.do("nodes held back", lambda: None, between=calls)


def _kill_node(
    nemesis: Nemesis, nodes: Sequence[GaleraNode], proxies: Sequence[Proxy], number: int
) -> None:
    node, other = nodes[number], nodes[(number + 1) % NODES]
    nemesis.do("nodes killed", node.kill, between=0)
    # As a balancer does that has found a node dead.
    proxies[number].lead_to(other.host, other.port)
    nemesis.do("clients led to another node", lambda: None)
    node.start()
    proxies[number].lead_to(node.host, node.port)
    nemesis.do("nodes joined again", lambda: None)


def failover(stage: Stage, primary: Primary, *, is_synchronous: bool) -> Report:
    """Kill the primary server, and promote its standby, which gets a standby of its own."""
    servers = [primary]
    url = primary.url

    def script(nemesis: Nemesis) -> None:
        for _ in range(stage.rounds):
            servers.append(_replaced(nemesis, proxy, servers[-1], is_synchronous=is_synchronous))

    def last() -> str:
        return _moved(url, servers[-1].port)

    try:
        with proxied(url) as (proxy, through):
            return stage.play(
                f"PostgreSQL, {'synchronous' if is_synchronous else 'asynchronous'} standby",
                [through],
                script,
                last=last,
                versions=f"PostgreSQL {primary.version}",
                forgets=not is_synchronous,
            )
    finally:
        for server in servers[1:]:
            server.stop()


def _replaced(nemesis: Nemesis, proxy: Proxy, primary: Primary, *, is_synchronous: bool) -> Standby:
    """Let a new standby take over from the primary."""
    link = Proxy(primary.host, primary.port)
    standby = Standby(durable=True, link=link.port)
    standby.port = lasting_port()
    try:
        standby.start()
        wait_until(lambda: primary.is_followed, "the standby streams")
        if is_synchronous:
            primary.follow(standby)
        nemesis.do("standbys attached", lambda: None)
        if is_synchronous:
            nemesis.cut([proxy], times=2, pattern=AT_ONCE)
            nemesis.kill_clients(2)
        else:
            # The lag: what is acknowledged from here on, the standby never gets.
            nemesis.do("replication links cut", link.close)
        primary.kill()
        standby.promote()
        proxy.lead_to(standby.host, standby.port)
        nemesis.do("primaries killed and standbys promoted", lambda: None)
    except BaseException:
        standby.stop()
        raise
    finally:
        link.close()
    return standby


@contextmanager
def _proxied_all(urls: Sequence[str]) -> Iterator[tuple[tuple[Proxy, ...], tuple[str, ...]]]:
    """Stand before several servers."""
    if not urls:
        yield (), ()
        return
    with proxied(urls[0]) as (proxy, through), _proxied_all(urls[1:]) as (proxies, others):
        yield (proxy, *proxies), (through, *others)


def _moved(url: str, port: int) -> str:
    return sa.make_url(url).set(port=port).render_as_string(hide_password=False)
