"""The statements that read, number and purge the trail of events."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
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
            # By the position, which is the same for all: so it is the order of the index.
            unnumbered=select(events.id)
            .where(events.position.is_(None))
            .order_by(events.position, events.at)
            .limit(bindparam("limit")),
            number=tables.events.update()
            .where(events.id == bindparam("event"))
            .values(position=bindparam("number")),
            page=_page(tables.events),
            old=_old(tables.events),
            old_and_acknowledged=_old(tables.events).where(events.position <= bindparam("last")),
            delete=tables.events.delete().where(events.id.in_(bindparam("events", expanding=True))),
        )


def _page(events: Table) -> Executable:
    # As the driver returns them: one damaged row must not keep the others from being read.
    columns = [type_coerce(each, NullType()).label(each.name) for each in events.c]
    behind = events.c.position > bindparam("after")
    return select(*columns).where(behind).order_by(events.c.position).limit(bindparam("limit"))


def _old(events: Table) -> "Select[Any]":
    is_old = events.c.at < bindparam("before")
    return select(events.c.id).where(is_old).order_by(events.c.at).limit(bindparam("limit"))
