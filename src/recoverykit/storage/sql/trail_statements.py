"""The statements that read, number and purge the trail of events."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    Delete,
    Executable,
    Insert,
    Select,
    Table,
    Update,
    bindparam,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType

from recoverykit.storage.sql.tables import Tables

COUNTER = ""  # the name of the row that holds the last position; no reader has it


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailStatements:
    """Every statement on the events but those of a commit."""

    positions: Executable
    take: Update
    insert_position: Insert
    advance: Update
    forget: Delete
    unnumbered: Executable
    unnumbered_on_mysql: Executable
    number: Update
    page: Executable
    old: Executable
    old_and_acknowledged: Executable
    delete: Delete

    @classmethod
    def on(cls, tables: Tables) -> "TrailStatements":
        """Return the statements on these tables."""
        events, positions = tables.events.c, tables.positions.c
        return cls(
            positions=select(positions.name, positions.position),
            take=tables.positions.update()
            .where(positions.name == COUNTER, positions.position == bindparam("seen"))
            .values(position=bindparam("taken")),
            # SQLAlchemy forgets how many rows an INSERT wrote unless asked to remember.
            insert_position=tables.positions.insert().execution_options(preserve_rowcount=True),
            advance=tables.positions.update()
            .where(positions.name == bindparam("reader"), positions.position < bindparam("reached"))
            .values(position=bindparam("reached")),
            forget=tables.positions.delete().where(positions.name == bindparam("reader")),
            # PostgreSQL sees that the index has this order only where all of it is named, and
            # MySQL only where the position is not, which is null for all.
            unnumbered=_unnumbered(tables.events, events.position, events.at),
            unnumbered_on_mysql=_unnumbered(tables.events, events.at),
            number=tables.events.update()
            .where(events.id == bindparam("event"))
            .values(position=bindparam("number")),
            page=_page(tables.events),
            old=_old(tables.events),
            old_and_acknowledged=_old(tables.events).where(events.position <= bindparam("last")),
            delete=tables.events.delete().where(events.id.in_(bindparam("events", expanding=True))),
        )


def _unnumbered(events: Table, *order: "Column[Any]") -> Executable:
    unnumbered = events.c.position.is_(None)
    return select(events.c.id).where(unnumbered).order_by(*order).limit(bindparam("limit"))


def _page(events: Table) -> Executable:
    # As the driver returns them: one damaged row must not keep the others from being read.
    columns = [type_coerce(each, NullType()).label(each.name) for each in events.c]
    behind = events.c.position > bindparam("after")
    return select(*columns).where(behind).order_by(events.c.position).limit(bindparam("limit"))


def _old(events: Table) -> "Select[Any]":
    is_old = events.c.at < bindparam("before")
    return select(events.c.id).where(is_old).order_by(events.c.at).limit(bindparam("limit"))
