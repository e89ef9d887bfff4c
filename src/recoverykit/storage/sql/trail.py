"""The trail of events on one connection: how readers and purges get through it.

A commit writes an event without a position, so that it waits for nobody. Positions are given by
whoever reads first, to events that are committed by then, in a transaction that first moves the
one counter on. So positions become visible in their order, and an event that is committed late gets
a later one. Readers begin, and events are purged, in such transactions as well: none of the three
is decided on what another one is changing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from sqlalchemy import Connection, Executable, Row
from sqlalchemy.exc import IntegrityError

from recoverykit.core.event_text import event_from
from recoverykit.core.events import Event
from recoverykit.core.rounds import MAX_TRIES
from recoverykit.core.subject import Subject
from recoverykit.errors import CorruptRecord, InvalidArgument
from recoverykit.storage.outbox import Delivery
from recoverykit.storage.sql import outcomes, swap
from recoverykit.storage.sql.columns import instant_in, text_in
from recoverykit.storage.sql.database import Database
from recoverykit.storage.sql.outcomes import LOST, WON, Outcome, Verdict
from recoverykit.storage.sql.trail_statements import COUNTER, TrailStatements
from recoverykit.storage.sql.transaction import Transaction

_START: Final = 0  # before the first position

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class _Ended(Exception):
    """A step has come to an end that is no result."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        super().__init__(verdict)


def _step(
    method: "Callable[Concatenate[Trail, _Arguments], _Result]",
) -> "Callable[Concatenate[Trail, _Arguments], _Result | Verdict]":
    @wraps(method)
    def judged(trail: "Trail", *args: _Arguments.args, **kwargs: _Arguments.kwargs) -> object:
        try:
            return method(trail, *args, **kwargs)
        except _Ended as ended:
            verdict = ended.verdict
        return verdict

    return judged  # type: ignore[return-value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """The steps on the events. Each of them may be run again, whatever became of it.

    Attributes:
        loan: the connection.
        statements: the statements on the tables.
        is_ours: whether the engine was set up by us.
    """

    loan: Transaction
    statements: TrailStatements
    is_ours: bool

    @_step
    def read(self, reader: str, limit: int) -> tuple[Delivery, ...]:
        """Return what comes next for a reader, giving positions to what has none."""
        for _ in range(MAX_TRIES):
            standing = self._positions()
            # After the positions: whatever gets one in between moves the counter on.
            unnumbered = self._unnumbered(limit)
            is_new = reader not in standing
            if not (is_new or unnumbered) or self._number(
                standing, unnumbered, new=(reader,) if is_new else ()
            ):
                after = standing.get(reader, _START)
                rows = self._rows(self.statements.page, after=after, limit=limit)
                return tuple(map(_delivery, rows))
        raise _Ended(LOST)

    @_step
    def acknowledge(self, reader: str, position: int) -> None:
        """Move a reader on, never back.

        Raises:
            InvalidArgument: there is no such reader, or no such position.
        """
        standing = self._positions()
        if reader not in standing:
            raise InvalidArgument("there is no such reader: it begins with its first read")
        if not _START <= position <= standing[COUNTER]:
            raise InvalidArgument("no event has this position yet")
        self._until_won(self.statements.advance, reader=reader, reached=position)

    @_step
    def forget(self, reader: str) -> bool:
        """Delete a reader's row; return whether there was one."""
        is_there = reader in self._positions()
        self._until_won(self.statements.forget, reader=reader)
        return is_there

    @_step
    def readers(self) -> Mapping[str, int]:
        """Return the position that each reader has acknowledged."""
        return {name: at for name, at in self._positions().items() if name != COUNTER}

    @_step
    def purge(self, before: datetime, limit: int) -> int:
        """Delete the oldest events that are old enough, and acknowledged; return how many."""
        for _ in range(MAX_TRIES):
            standing = self._positions()
            acknowledged = [at for name, at in standing.items() if name != COUNTER]
            if acknowledged:
                statement, more = self.statements.old_and_acknowledged, {"last": min(acknowledged)}
            else:
                statement, more = self.statements.old, {}
            old = self._ids(statement, before=before, limit=limit, **more)
            if not old or self._purge(standing, old):
                return len(old)
        raise _Ended(LOST)

    def _unnumbered(self, limit: int) -> tuple[str, ...]:
        if Database.of(self.loan.connection.dialect) is Database.MYSQL:
            return self._ids(self.statements.unnumbered_on_mysql, limit=limit)
        return self._ids(self.statements.unnumbered, limit=limit)

    def _number(
        self, standing: Mapping[str, int], events: Sequence[str], *, new: Sequence[str]
    ) -> bool:
        """Give each event a position, and a new reader its row; say whether that was won."""
        last = standing.get(COUNTER, _START)
        numbers = [{"event": each, "number": last + n} for n, each in enumerate(events, start=1)]
        readers = [{"name": reader, "position": _START} for reader in new]

        def write(connection: Connection) -> None:
            if numbers:
                connection.execute(self.statements.number, numbers)
            if readers:
                connection.execute(self.statements.insert_position, readers)

        return self._in_turn(standing, write, steps=len(events))

    def _purge(self, standing: Mapping[str, int], events: Sequence[str]) -> bool:
        def write(connection: Connection) -> None:
            connection.execute(self.statements.delete, {"events": events})

        return self._in_turn(standing, write, steps=0)

    def _in_turn(
        self, standing: Mapping[str, int], write: Callable[[Connection], None], *, steps: int
    ) -> bool:
        """Write if the counter still stands where it was, and move it on, by one at the least."""
        seen = standing.get(COUNTER)
        taken = (seen or _START) + max(steps, 1)
        statement: Executable = self.statements.take
        values: Mapping[str, object] = {"seen": seen, "taken": taken}
        if seen is None:
            statement = self.statements.insert_position
            values = {"name": COUNTER, "position": taken}

        def guarded(connection: Connection) -> Verdict:
            verdict = outcomes.of_rowcount(connection.execute(statement, values).rowcount)
            if verdict is WON:
                write(connection)
            return verdict

        return self._is_won(guarded)

    def _until_won(self, statement: Executable, **values: object) -> None:
        def write(connection: Connection) -> Verdict:
            connection.execute(statement, values)
            return WON

        if not any(self._is_won(write) for _ in range(MAX_TRIES)):
            raise _Ended(LOST)

    def _is_won(self, write: Callable[[Connection], Verdict]) -> bool:
        """Run one transaction; say whether it was won, or lost and may be tried again."""
        verdict = self._transact(write)
        if verdict is WON:
            return True
        if verdict.outcome is not Outcome.LOST:
            raise _Ended(verdict)
        self._rewind()
        return False

    def _transact(self, write: Callable[[Connection], Verdict]) -> Verdict:
        try:
            self.loan.begin()
            verdict = write(self.loan.connection)
        except Exception as error:  # noqa: BLE001 - a driver may raise anything
            is_first = isinstance(error, IntegrityError) and outcomes.is_duplicate(error)
            return LOST if is_first else outcomes.before_commit(error)
        return swap.commit(self.loan, is_shared=False) if verdict is WON else verdict

    def _rewind(self) -> None:
        """Roll back, so that the next statement sees what is committed by then."""
        try:
            self.loan.rollback()
        except Exception as error:  # noqa: BLE001 - as above
            verdict = outcomes.before_commit(error)
        else:
            return
        raise _Ended(verdict)

    def _positions(self) -> Mapping[str, int]:
        return {row.name: row.position for row in self._rows(self.statements.positions)}

    def _ids(self, statement: Executable, **values: object) -> tuple[str, ...]:
        return tuple(row.id for row in self._rows(statement, **values))

    def _rows(self, statement: Executable, **values: object) -> Sequence[Row[Any]]:
        rows = swap.read(self.loan, statement, values, is_ours=self.is_ours)
        if isinstance(rows, Verdict):
            raise _Ended(rows)
        self._rewind()
        return rows


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(position=row.position, event=_event(row))


def _event(row: Row[Any]) -> Event | CorruptRecord:
    try:
        return event_from(
            id=text_in(row.id),
            at=instant_in(row.at),
            kind=text_in(row.kind),
            subject=Subject(
                text_in(row.subject), tenant=text_in(row.tenant), scope=text_in(row.scope)
            ),
            details=text_in(row.details),
        )
    except (ValueError, TypeError, OverflowError, CorruptRecord):
        # A new one: no traceback, and nothing that the row quotes.
        return CorruptRecord("a stored event cannot be read")
