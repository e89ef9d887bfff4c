"""An arena: threads and processes that make their moves on one subject at the same moment.

Every contender has a pipe to the referee, who hands out the moves of a round and gathers what each
contender got. The threads share one kit over an engine of the host's; each process has a kit over a
URL. Where the kit is awaited, each move is a task on its event loop, and its thread waits for it.
Nothing waits without a deadline: a hang is a failure, and what hangs is ended.
"""

import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier
from time import monotonic
from typing import Protocol, Self

import sqlalchemy as sa

from recoverykit import (
    Argon2idHasher,
    CodeFormat,
    ForeignScheme,
    Issued,
    Policy,
    RecoveryKit,
    RecoveryKitError,
    Redemption,
    Status,
    Subject,
    Throttle,
)
from recoverykit.storage.sql import SQLStorage
from tests.forkserver import FORKSERVER
from tests.races.adapters import Adapter
from tests.races.camp import Camp, Hosted, patient
from tests.races.meeting import SECONDS, arm
from tests.races.trail import Trail

POOL = 16  # connections of the threads together

POLICY = Policy(
    count=3,
    hasher=Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1),
    throttle=Throttle(free=2),
    accept=frozenset({"A5-C-KDF", "N4-THR-100"}),  # cheap hashes, and many failures
)


class ArenaFailed(AssertionError):
    """A contender did not answer in time, or ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """What a contender got from its move. Codes are left out of the repr.

    Attributes:
        what: the class of the result or of the error.
        result: the redemption, where there is one, without the code that it handed out.
        set_id: the set that was issued, where one was.
        codes: the codes of that set, or the one that a redemption handed out.
        report: the message of an error of the library's own: it holds no code.
    """

    what: str
    result: Redemption | None = None
    set_id: str | None = None
    codes: tuple[str, ...] = field(default=(), repr=False)
    report: str = ""

    @classmethod
    def of(cls, result: Redemption | Issued | Status) -> "Got":
        """Return what a move that succeeded got."""
        if isinstance(result, Status):
            return cls(what="Status")
        if isinstance(result, Issued):
            return cls(what="Issued", set_id=result.set_id, codes=result.codes)
        codes = result.replacement.codes if result.replacement else ()
        return cls(what="Redemption", result=replace(result, replacement=None), codes=codes)


class Move(Protocol):
    """What a contender does in a round."""

    def play(self, kit: RecoveryKit, subject: str) -> Redemption | Issued | Status: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeem:
    """Redeem a code, which the repr leaves out.

    Attributes:
        code: what the user types.
        within: the host's function; it must be one that can be sent to a process.
    """

    code: str = field(repr=False)
    within: Callable[..., object] | None = None

    def play(self, kit: RecoveryKit, subject: str) -> Redemption:
        return kit.redeem(subject, self.code, within=self.within)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """Issue a new set in the place of the one that stands."""

    def play(self, kit: RecoveryKit, subject: str) -> Issued:
        return kit.issue(subject, replace=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm:
    """Type a code back, which the repr leaves out, so that its set counts."""

    code: str = field(repr=False)

    def play(self, kit: RecoveryKit, subject: str) -> Status:
        return kit.confirm(subject, self.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCodes:
    """Take over codes of another system, which the repr leaves out.

    Attributes:
        codes: the codes.
        format: their shape.
    """

    codes: tuple[str, ...] = field(repr=False)
    format: CodeFormat

    def play(self, kit: RecoveryKit, subject: str) -> Status:
        return kit.import_codes(subject, self.codes, format=self.format)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportHashes:
    """Take over hashes of codes that another system made by PBKDF2.

    Attributes:
        hashes: its lines.
        format: the shape of the codes.
    """

    hashes: tuple[str, ...] = field(repr=False)
    format: CodeFormat

    def play(self, kit: RecoveryKit, subject: str) -> Status:
        return kit.import_hashes(
            subject, self.hashes, scheme=ForeignScheme.PBKDF2_SHA256, format=self.format
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """One contender's part in a round."""

    subject: str
    move: Move
    meeting: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Corner:
    """A contender's own end: the pipe to the referee, and where it waits for the others."""

    pipe: Connection
    start: Barrier

    def contend(self, kit: RecoveryKit) -> None:
        """Make one move after the other until the referee closes the pipe."""
        with suppress(EOFError, BrokenPipeError, ConnectionResetError), self.pipe:
            while True:
                order: _Order = self.pipe.recv()
                if order.meeting:
                    arm()
                self.pipe.send(self._move(kit, order))

    def _move(self, kit: RecoveryKit, order: _Order) -> Got:
        try:
            self.start.wait(SECONDS)
            return Got.of(order.move.play(kit, order.subject))
        except RecoveryKitError as error:
            return Got(what=type(error).__name__, report=str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, the referee must hear of it
            return Got(what=type(error).__name__)


def _process(adapter: Adapter, url: str, policy: Policy, corner: _Corner, meeting: Barrier) -> None:
    """Contend from a process with a storage, an engine and a kit of its own."""
    with Camp(adapter, url, policy=policy, meeting=meeting) as camp:
        corner.pipe.send(None)
        corner.contend(camp.kit)


class Arena:
    """Threads and processes on one database, ready for any number of rounds.

    Args:
        adapter: what all of them use.
        url: the address of the database, in which the tables are made; None for memory.
        threads: how many threads contend, over one kit; None for as many as the adapter has.
        processes: how many processes contend; None for as many as the adapter has.
        pool: how many connections the threads share; who waits ten seconds for one fails.
        policy: the policy of every kit.
        isolation_level: that of the threads' engine; None for the database's own.

    Attributes:
        adapter: what all of them use.
        contenders: how many they are.
        kit: the kit of the threads; between the rounds, the referee's.
        engine: the referee's own engine; None for memory.
    """

    def __init__(
        self,
        adapter: Adapter,
        url: str | None,
        *,
        threads: int | None = None,
        processes: int | None = None,
        pool: int = POOL,
        policy: Policy = POLICY,
        isolation_level: str | None = None,
    ) -> None:
        self.adapter = adapter
        self._url = url
        self._policy = policy
        threads = adapter.threads if threads is None else threads
        processes = adapter.processes if processes is None else processes
        self.contenders: int = threads + processes
        self._start = FORKSERVER.Barrier(self.contenders)
        self._meeting = FORKSERVER.Barrier(self.contenders)
        self.engine = None if url is None else sa.create_engine(patient(sa.make_url(url)))
        hosted = Hosted(pool=pool, isolation_level=isolation_level)
        self._camp = Camp(adapter, url, policy=policy, meeting=self._meeting, hosted=hosted)
        self._pipes: list[Connection] = []
        self._threads = [self._thread() for _ in range(threads)]
        self._processes = [self._forked() for _ in range(processes)]

    @property
    def kit(self) -> RecoveryKit:
        return self._camp.kit

    @property
    def connections_out(self) -> int:
        """How many connections the threads' kit has not given back."""
        return self._camp.connections_out

    def examiner(self, policy: Policy) -> RecoveryKit:
        """Return a kit without a throttle on the same storage, to try which codes are good."""
        loose = Throttle(free=1_000, disable_after=1_000)
        return self._camp.kit_with(replace(policy, throttle=loose))

    def trail(self, subject: str) -> Trail:
        """Return the audit trail of a subject."""
        if self.engine is None:
            return Trail.told(self._camp.storage.events(Subject(subject)))
        return Trail.of(self.engine, subject)

    def round(
        self, subject: str, moves: Sequence[Move], *, meeting: bool = False
    ) -> tuple[Got, ...]:
        """Let every contender make its move, all at the same moment.

        Args:
            subject: whose codes they contend for.
            moves: a move for each thread, then one for each process.
            meeting: whether they wait for one another once more, when all have loaded.

        Raises:
            ArenaFailed: a contender ended or did not answer in time.
        """
        for pipe, move in zip(self._pipes, moves, strict=True):
            pipe.send(_Order(subject=subject, move=move, meeting=meeting))
        return self._gather(self._pipes)

    def __enter__(self) -> Self:
        try:
            if self._url is not None:
                with SQLStorage(self._url) as own:
                    own.create_tables()  # and SQLite's write-ahead log, for every engine
            self._camp.__enter__()
            for contender in (*self._threads, *self._processes):
                contender.start()
            self._gather(self._pipes[len(self._threads) :])  # the processes, once they are up
        except BaseException:
            self._close(*sys.exc_info())
            raise
        return self

    def __exit__(self, *details: object) -> None:
        self._close(*details)

    def _gather(self, pipes: Sequence[Connection]) -> tuple[Got, ...]:
        deadline = monotonic() + SECONDS
        got: dict[Connection, Got] = {}
        while len(got) < len(pipes):
            silent = [pipe for pipe in pipes if pipe not in got]
            ready = wait(silent, deadline - monotonic())
            if not ready:
                raise ArenaFailed(f"{len(silent)} contenders did not answer in {SECONDS:.0f} s")
            for pipe in silent:
                if pipe in ready:
                    got[pipe] = self._hear(pipe)
        return tuple(got[pipe] for pipe in pipes)

    def _hear(self, pipe: Connection) -> Got:
        try:
            return pipe.recv()
        except (EOFError, ConnectionResetError):
            raise ArenaFailed(f"contender {self._pipes.index(pipe)} ended") from None

    def _corner(self) -> _Corner:
        referee, contender = FORKSERVER.Pipe()
        self._pipes.append(referee)
        return _Corner(pipe=contender, start=self._start)

    def _thread(self) -> threading.Thread:
        corner = self._corner()
        return threading.Thread(target=lambda: corner.contend(self.kit), daemon=True)

    def _forked(self) -> BaseProcess:
        # Starting the process gives up our copy of its end: were it to die, its pipe would end.
        corner = self._corner()
        arguments = (self.adapter, self._url, self._policy, corner, self._meeting)
        return FORKSERVER.Process(target=_process, args=arguments, daemon=True)

    def _close(self, *details: object) -> None:
        self._start.abort()
        self._meeting.abort()
        for pipe in self._pipes:
            pipe.close()
        deadline = monotonic() + SECONDS / 4
        for contender in (*self._threads, *self._processes):
            if contender.ident is not None:
                contender.join(max(0.0, deadline - monotonic()))
        for process in self._processes:
            if process.is_alive():
                process.kill()
                process.join()
        self._camp.__exit__(*details)
        if self.engine is not None:
            self.engine.dispose()
