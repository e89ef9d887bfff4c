"""A client: a process that redeems, replaces and repeats until it is told to stop, or killed."""

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from anyio.from_thread import start_blocking_portal

from recoverykit import (
    Argon2idHasher,
    AsyncRecoveryKit,
    CodeAlreadyUsed,
    CorruptRecord,
    InvalidCode,
    Issued,
    NoActiveCodes,
    OutcomeUnknown,
    Policy,
    RecoveryKit,
    Redemption,
    RedemptionRefused,
    Status,
    StorageError,
    Throttle,
)
from recoverykit.storage import Storage
from recoverykit.storage.sql import AsyncSQLStorage, SQLStorage
from tests.awaited import Awaited
from tests.faults.board import Board, Sheet
from tests.faults.history import Deed, Ending, Log, Told, Verb
from tests.faults.specification import COUNT
from tests.faults.witness import AsyncWatched, Watch, Watched

POLICY = Policy(
    count=COUNT,
    hasher=Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1),
    throttle=Throttle(free=1_000, disable_after=1_000_000),  # no history is that long
    replay_for=timedelta(days=1),
    accept=frozenset({"A5-C-KDF", "N4-THR-100"}),  # cheap hashes, and many failures
)
SUBJECTS = 2  # of each generation
_SHARE = 24  # operations of one client on one generation
_TRIES = 8
_PAUSE_SECONDS = (0.02, 0.4)  # between tries, as a host would wait: the first, and the longest
_VERBS = {
    Verb.REDEEM: 70,
    Verb.STATUS: 14,
    Verb.REPLACE: 12,
    Verb.REVOKE: 2,
    Verb.ERASE: 1,
}
_REFUSED = {
    CodeAlreadyUsed: Ending.USED,
    InvalidCode: Ending.WRONG,
    NoActiveCodes: Ending.INACTIVE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a client is given.

    Attributes:
        name: its name.
        folder: where the logs are kept, and the board in a folder of its own.
        url: the address of its database.
        is_awaited: whether its kit is awaited, on an event loop of its own.
        is_reader: whether it only ever asks for the status.
        is_hosted: whether its engine is one of the host's, with no settings of ours.
        wrap: what becomes of its storage; None for nothing.
    """

    name: str
    folder: Path
    url: str
    is_awaited: bool = False
    is_reader: bool = False
    is_hosted: bool = False
    wrap: Callable[[Storage], Storage] | None = None

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.jsonl"

    @property
    def board(self) -> Path:
        return self.folder / "board"

    @property
    def stop(self) -> Path:
        return self.folder / "stop"


@contextmanager
def opened(place: Place) -> Iterator[tuple[Any, Watch]]:
    """Open a kit on an engine of its own, and watch its storage."""
    with ExitStack() as exits:
        if place.is_awaited:
            portal = exits.enter_context(start_blocking_portal())
            awaited = AsyncSQLStorage(place.url)
            exits.callback(portal.call, awaited.close)
            watch = AsyncWatched(awaited)
            yield Awaited(AsyncRecoveryKit(watch, policy=POLICY), portal), watch
        else:
            own: Storage = exits.enter_context(SQLStorage(_engine_or_url(place, exits)))
            seen = Watched(place.wrap(own) if place.wrap else own)
            yield RecoveryKit(seen, policy=POLICY), seen


def _engine_or_url(place: Place, exits: ExitStack) -> sa.Engine | str:
    if not place.is_hosted:
        return place.url
    engine = sa.create_engine(place.url)
    exits.callback(engine.dispose)
    return engine


def run(place: Place) -> None:
    """Be a client."""
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)  # of connections that were cut
    with opened(place) as (kit, watch):
        client = Client(kit, place, watch)
        client.resume()
        while not place.stop.exists():
            client.act()


class Client:
    """One life of a client.

    Args:
        kit: its kit.
        place: what it was given.
        watch: what sees the commits of its storage.
    """

    def __init__(self, kit: Any, place: Place, watch: Watch) -> None:
        self._kit = kit
        self._watch = watch
        self._log = Log(place.log)
        self._board = Board(place.board)
        self._stop = place.stop
        self._name = place.name
        self._verbs = {Verb.STATUS: 1} if place.is_reader else _VERBS
        lived = len(self._log.before)
        self._random = random.Random(f"{place.name}, {lived}")  # noqa: S311 - nothing to guess
        self._attempts = lived
        self._generation = self._board.generation()
        self._done = 0

    def resume(self) -> None:
        """Repeat the call in which the former life ended, under the same attempt id."""
        last = self._log.before[-1:]
        if last and last[0].told is None:
            self._insist(last[0].deed)

    def act(self) -> None:
        """Make one call, and repeat it while it fails."""
        newest = self._board.generation()
        if newest > self._generation:
            self._generation, self._done = newest, 0
        elif self._done >= _SHARE:
            self._board.open_generation(newest + 1)
            return
        subject = f"{self._generation}-{self._random.randrange(SUBJECTS)}"
        self._insist(self._chosen(subject))

    def _chosen(self, subject: str) -> Deed:
        self._attempts += 1
        attempt = f"{self._name}/{self._attempts}"
        sheets = self._board.sheets(subject)
        (verb,) = self._random.choices(list(self._verbs), list(self._verbs.values()))
        if not sheets and verb is Verb.REDEEM:
            verb = Verb.REPLACE
        if verb is not Verb.REDEEM:
            return Deed(verb=verb, subject=subject, attempt=attempt)
        sheet = sheets[-1] if self._random.random() < 0.8 else self._random.choice(sheets)
        ordinal = self._random.randrange(COUNT)
        return Deed(
            verb=verb, subject=subject, attempt=attempt, set_id=sheet.set_id, ordinal=ordinal
        )

    def _insist(self, deed: Deed) -> None:
        pause, longest = _PAUSE_SECONDS
        for _ in range(_TRIES):
            ending = self._call(deed)
            self._done += ending is not Ending.FAILED
            if ending not in {Ending.FAILED, Ending.UNKNOWN}:
                return
            if self._stop.exists():
                return
            time.sleep(pause)
            pause = min(2 * pause, longest)

    def _call(self, deed: Deed) -> Ending:
        self._watch.reset()
        operation, why = self._log.begin(deed), ""
        try:
            got = self._do(deed)
        except RedemptionRefused as error:
            told = Told(ending=_REFUSED[type(error)])
        except CorruptRecord:
            raise
        except OutcomeUnknown:
            told = Told(ending=Ending.UNKNOWN)
        except StorageError as error:
            told, why = Told(ending=Ending.FAILED), str(error)
        else:
            told = _told(got)
        watch = self._watch
        self._log.end(operation, told, lost=watch.lost, has_won=watch.has_won, why=why)
        if told.ending is Ending.OK and isinstance(got, Issued):
            self._board.pin(deed.subject, Sheet(set_id=got.set_id, codes=got.codes))
        return told.ending

    def _do(self, deed: Deed) -> Redemption | Issued | Status | None:
        match deed.verb:
            case Verb.REDEEM:
                return self._kit.redeem(deed.subject, self._code(deed), attempt=deed.attempt)
            case Verb.REPLACE:
                return self._kit.issue(deed.subject, replace=True, attempt=deed.attempt)
            case Verb.REVOKE:
                return self._kit.revoke(deed.subject)
            case Verb.ERASE:
                return self._kit.erase(deed.subject)
            case Verb.STATUS:
                return self._kit.status(deed.subject)

    def _code(self, deed: Deed) -> str:
        assert deed.ordinal is not None
        sheets = self._board.sheets(deed.subject)
        return next(e.codes[deed.ordinal] for e in sheets if e.set_id == deed.set_id)


def _told(got: Redemption | Issued | Status | None) -> Told:
    if isinstance(got, Redemption):
        return Told(
            ending=Ending.OK,
            set_id=got.set_id,
            ordinal=got.ordinal,
            remaining=got.remaining,
            is_replayed=got.replayed,
        )
    if isinstance(got, Issued):
        return Told(ending=Ending.OK, set_id=got.set_id, issued_at=got.issued_at.isoformat())
    return told_of(got) if got else Told(ending=Ending.OK)


def told_of(status: Status) -> Told:
    """Return what a status tells."""
    return Told(
        ending=Ending.OK,
        remaining=status.remaining,
        issued_at=status.issued_at.isoformat() if status.issued_at else None,
        state=status.state.value,
        spent=tuple(each.ordinal for each in status.codes if each.used_at),
    )
