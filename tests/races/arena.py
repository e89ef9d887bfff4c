"""An arena: threads and processes that make their moves on one subject at the same moment.

Every contender has a pipe to the referee, who hands out the moves of a round and gathers what each
contender got. The threads share one kit over an engine of the host's; each process has a kit over a
URL. Nothing waits without a deadline: a hang is a failure, and what hangs is ended.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
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
    HashLimits,
    Issued,
    Policy,
    RecoveryKit,
    RecoveryKitError,
    Redemption,
    Status,
    Throttle,
)
from recoverykit.storage.sql import SQLStorage
from tests.forkserver import FORKSERVER

THREADS = 16
PROCESSES = 8
POOL = 16  # connections of the threads together
CONTENDERS = THREADS + PROCESSES

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
POLICY = Policy(
    count=3,
    hasher=Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1),
    throttle=Throttle(free=2),
    accept=frozenset({"A5-C-KDF", "N4-THR-100"}),  # cheap hashes, and many failures
)

_SECONDS = 60.0  # a round takes a fraction of a second, on a busy machine a few


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
    within: Callable[[sa.Connection], object] | None = None

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


class MeetingClock:
    """A clock that stands still, so that a delay once begun is never over.

    A kit reads its clock just after a load. Armed, the clock holds the thread that reads it until
    every contender has read it: they all have loaded then, and none has committed.
    """

    def __init__(self, barrier: Barrier) -> None:
        self._barrier = barrier
        self._thread = threading.local()

    def arm(self) -> None:
        """Hold this thread at its next reading."""
        self._thread.is_armed = True

    def __call__(self) -> datetime:
        if getattr(self._thread, "is_armed", False):
            self._thread.is_armed = False
            self._barrier.wait(_SECONDS)
        return NOW


@dataclass(frozen=True, slots=True, kw_only=True)
class _Corner:
    """A contender's own end: the pipe to the referee, and where it waits for the others."""

    pipe: Connection
    start: Barrier

    def contend(self, kit: RecoveryKit, clock: MeetingClock) -> None:
        """Make one move after the other until the referee closes the pipe."""
        with suppress(EOFError, BrokenPipeError, ConnectionResetError), self.pipe:
            while True:
                order: _Order = self.pipe.recv()
                if order.meeting:
                    clock.arm()
                self.pipe.send(self._move(kit, order))

    def _move(self, kit: RecoveryKit, order: _Order) -> Got:
        try:
            self.start.wait(_SECONDS)
            return Got.of(order.move.play(kit, order.subject))
        except RecoveryKitError as error:
            return Got(what=type(error).__name__, report=str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, the referee must hear of it
            return Got(what=type(error).__name__)


def _process(url: str, policy: Policy, corner: _Corner, meeting: Barrier) -> None:
    """Contend from a process with a storage, an engine and a kit of its own."""
    clock = MeetingClock(meeting)
    with SQLStorage(url) as storage:
        corner.pipe.send(None)
        corner.contend(RecoveryKit(storage, policy=policy, clock=clock), clock)


class Arena:
    """Threads and processes on one database, ready for any number of rounds.

    Args:
        url: the address of the database; the tables are made in it.
        threads: how many threads contend, over one kit.
        processes: how many processes contend.
        pool: how many connections the threads share; who waits ten seconds for one fails.
        policy: the policy of every kit.
        isolation_level: that of the threads' engine; None for the database's own.

    Attributes:
        kit: the kit of the threads; between the rounds, the referee's.
        storage: its storage.
        engine: the engine under it.
    """

    def __init__(
        self,
        url: str,
        *,
        threads: int = THREADS,
        processes: int = PROCESSES,
        pool: int = POOL,
        policy: Policy = POLICY,
        isolation_level: str | None = None,
    ) -> None:
        self._url = url
        self._policy = policy
        parties = threads + processes
        self._start = FORKSERVER.Barrier(parties)
        self._meeting = FORKSERVER.Barrier(parties)
        self._clock = MeetingClock(self._meeting)
        level = {"isolation_level": isolation_level} if isolation_level else {}
        self.engine = sa.create_engine(
            _patient(url),
            pool_size=pool,
            max_overflow=0,
            pool_timeout=10,
            hide_parameters=True,
            **level,
        )
        self.storage = SQLStorage(self.engine)
        self.kit = RecoveryKit(
            self.storage, policy=policy, clock=self._clock, hashing=HashLimits(queue=parties)
        )
        self._pipes: list[Connection] = []
        self._threads = [self._thread() for _ in range(threads)]
        self._processes = [self._forked() for _ in range(processes)]

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
            with SQLStorage(self._url) as own:
                own.create_tables()  # and SQLite's write-ahead log with them, for every engine
            for contender in (*self._threads, *self._processes):
                contender.start()
            self._gather(self._pipes[len(self._threads) :])  # the processes, once they are up
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _gather(self, pipes: Sequence[Connection]) -> tuple[Got, ...]:
        deadline = monotonic() + _SECONDS
        got: dict[Connection, Got] = {}
        while len(got) < len(pipes):
            silent = [pipe for pipe in pipes if pipe not in got]
            ready = wait(silent, deadline - monotonic())
            if not ready:
                raise ArenaFailed(f"{len(silent)} contenders did not answer in {_SECONDS:.0f} s")
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
        return threading.Thread(target=corner.contend, args=(self.kit, self._clock), daemon=True)

    def _forked(self) -> BaseProcess:
        # Starting the process gives up our copy of its end: were it to die, its pipe would end.
        corner = self._corner()
        arguments = (self._url, self._policy, corner, self._meeting)
        return FORKSERVER.Process(target=_process, args=arguments, daemon=True)

    def _close(self) -> None:
        self._start.abort()
        self._meeting.abort()
        for pipe in self._pipes:
            pipe.close()
        deadline = monotonic() + _SECONDS / 4
        for contender in (*self._threads, *self._processes):
            if contender.ident is not None:
                contender.join(max(0.0, deadline - monotonic()))
        for process in self._processes:
            if process.is_alive():
                process.kill()
                process.join()
        self.engine.dispose()


def _patient(url: str) -> sa.URL:
    """Let a writer of SQLite wait as long as it does in an engine of our own."""
    parsed = sa.make_url(url)
    return parsed.set(query={"timeout": "10"}) if parsed.drivername == "sqlite" else parsed
