"""The nemesis: breaks one thing after the other while the clients work, and counts it."""

import itertools
import random
from collections import Counter
from collections.abc import Callable, Sequence

from tests.faults.crew import Crew
from tests.proxy import COMMIT, Cut, Proxy
from tests.servers import Server

# On PostgreSQL most commits are one statement: a document and an event are among its parameters.
AT_ONCE = rb'(?s)\bCOMMIT\b|"format_number.*"set_id": |"set_id": .*"format_number'


class Nemesis:
    """Breaks things.

    Args:
        crew: the clients.
        calls: how many calls are answered between two faults.

    Attributes:
        faults: how often each kind of fault was done.
    """

    def __init__(self, crew: Crew, *, calls: int) -> None:
        self.faults: Counter[str] = Counter()
        self._crew = crew
        self._calls = calls
        self._random = random.Random(1)  # noqa: S311 - nothing to guess
        self._victims = itertools.cycle(crew.names)

    def cut(self, proxies: Sequence[Proxy], *, times: int, pattern: bytes = COMMIT) -> None:
        """Cut connections at their next commits: half before it arrives, half before its answer."""
        for cut in Cut:
            for proxy in proxies:
                before = proxy.cuts
                proxy.cut_at(pattern, cut, times=times)
                self._crew.wait(
                    lambda proxy=proxy, before=before: proxy.cuts >= before + times,
                    f"{times} connections cut {cut.value}",
                )
                self.faults[f"connections cut {cut.value}"] += times
        self._crew.advance(self._calls)

    def sever(self, proxies: Sequence[Proxy]) -> None:
        """Cut all connections, wherever they are."""
        for proxy in proxies:
            proxy.sever()
        self.faults["all connections cut"] += 1
        self._crew.advance(self._calls)

    def crash(self, server: Server) -> None:
        """Kill a server in the middle of its work, and start it again."""
        self.do("servers killed", server.kill, between=0)
        server.start()
        self._crew.advance(self._calls)

    def kill_clients(self, count: int) -> None:
        """Kill clients in the middle of their work; each starts again."""
        for _ in range(count):
            self._crew.kill(next(self._victims))
            self._crew.advance(self._random.randrange(3, 10))
            self.faults["clients killed"] += 1

    def idle(self, calls: int) -> None:
        """Let the clients contend, and break nothing."""
        self._crew.advance(calls)

    def do(self, name: str, break_it: Callable[[], None], *, between: int | None = None) -> None:
        """Do what a scene knows how to do; then let the clients go on."""
        break_it()
        self.faults[name] += 1
        self._crew.advance(self._calls if between is None else between)
