"""The statements of a storage, made once, and the rows they take."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Delete,
    Executable,
    Insert,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.sql.dml import ReturningUpdate

from recoverykit.core.events import Event
from recoverykit.core.record import Change, SetState, Summary
from recoverykit.core.subject import Subject
from recoverykit.storage.sql.tables import Tables
from recoverykit.storage.sql.trail_statements import TrailStatements

_SUMMARY_OF_NOTHING = Summary(
    state=SetState.NONE,
    remaining=0,
    issued_at=None,
    last_used_at=None,
    expires_at=None,
    retry_at=None,
    key_ids=(),
    seal_key_id=None,
)


_SUMMARY_COLUMNS = (
    "state",
    "remaining",
    "issued_at",
    "last_used_at",
    "expires_at",
    "retry_at",
    "key_ids",
    "seal_key_id",
    "outdated_at",
)


_EVENT = "event_"  # begins the event's parameters where the record's stand beside them


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """Every statement that a storage runs on its tables."""

    load: Executable
    standing: Executable
    insert: Insert
    update: Update
    delete: Delete
    insert_events: Insert
    delete_events: Delete
    update_and_tell: Executable
    scopes: Executable
    key_use: Executable
    sealed_otherwise: Executable
    sealed_otherwise_after: Executable
    outdated: Executable
    outdated_after: Executable
    trail: TrailStatements

    @classmethod
    def on(cls, tables: Tables) -> "Statements":
        """Return the statements on these tables."""
        columns = tables.records.c
        key = _key(tables.records)
        guard = columns.revision == bindparam("expected")
        written = ("revision", "document", *_SUMMARY_COLUMNS)
        update = (
            tables.records.update()
            .where(*key, guard)
            .values({name: bindparam(name) for name in written})
        )
        return cls(
            load=select(columns.revision, columns.document).where(*key),
            standing=select(columns.revision).where(*key),
            # SQLAlchemy forgets how many rows an INSERT wrote unless asked to remember.
            insert=tables.records.insert().execution_options(preserve_rowcount=True),
            update=update,
            delete=tables.records.delete().where(*key, guard),
            insert_events=tables.events.insert(),
            delete_events=tables.events.delete().where(*_key(tables.events)),
            update_and_tell=_update_and_tell(update.returning(columns.revision), tables.events),
            scopes=_subjects(tables.records).where(*key[:2]),
            key_use=_key_use(tables.records),
            sealed_otherwise=_sealed_otherwise(tables.records),
            sealed_otherwise_after=_sealed_otherwise(tables.records).where(
                _is_behind_key(tables.records)
            ),
            outdated=_outdated(tables),
            outdated_after=_outdated(tables).where(_is_behind_key(tables.records)),
            trail=TrailStatements.on(tables),
        )

    def sealed_by_another(
        self, seal_key_id: str | None, after: Subject | None, limit: int
    ) -> tuple[Executable, dict[str, object]]:
        """Return the statement that finds what another key seals, and its values."""
        values: dict[str, object] = {"seal": seal_key_id or "", "limit": limit}
        if after is None:
            return self.sealed_otherwise, values
        return self.sealed_otherwise_after, {**values, **key_of(after)}

    def outdated_before(
        self, before: datetime, after: Subject | None, limit: int
    ) -> tuple[Executable, dict[str, object]]:
        """Return the statement that finds what may be purged, and its values."""
        values: dict[str, object] = {"before": before, "limit": limit}
        if after is None:
            return self.outdated, values
        return self.outdated_after, {**values, **key_of(after)}


def _update_and_tell(update: ReturningUpdate[Any], events: Table) -> Executable:
    """Return the update and the insert of one event as one statement, which PostgreSQL knows.

    It writes the event if the update wrote the record, and returns how many records that were.
    """
    won = update.cte("won")
    columns = [column for column in events.c if column.name != "position"]  # the outbox gives it
    values = [bindparam(f"{_EVENT}{column.name}", type_=column.type) for column in columns]
    told = events.insert().from_select(columns, select(*values).select_from(won))
    return select(func.count()).select_from(won).add_cte(told.cte("told"))


def _key_use(records: Table) -> Executable:
    keys = (records.c.key_ids, records.c.seal_key_id)
    return select(*keys, func.count().label("documents")).group_by(*keys)


def _subjects(records: Table) -> "Select[Any, Any, Any]":
    columns = records.c
    parts = (columns.tenant, columns.subject, columns.scope)
    return select(*parts).order_by(*parts)


def _sealed_otherwise(records: Table) -> "Select[Any, Any, Any]":
    seal = func.coalesce(records.c.seal_key_id, "")  # no key has the empty id
    return _subjects(records).where(seal != bindparam("seal")).limit(bindparam("limit"))


def _outdated(tables: Tables) -> "Select[Any, Any, Any, Any, Any]":
    records, events = tables.records.c, tables.events.c
    # In the same statement, so that both are told of one moment.
    trail = exists().where(
        events.tenant == records.tenant,
        events.subject == records.subject,
        events.scope == records.scope,
    )
    return (
        _subjects(tables.records)
        .add_columns(records.revision, trail.label("has_events"))
        .where(records.outdated_at < bindparam("before"))
        .limit(bindparam("limit"))
    )


def _is_behind_key(records: Table) -> ColumnElement[bool]:
    """Whether a row comes behind the key; MariaDB would scan the table for a row comparison."""
    tenant, subject, scope = records.c.tenant, records.c.subject, records.c.scope
    by_scope = and_(subject == bindparam("key_subject"), scope > bindparam("key_scope"))
    by_subject = or_(subject > bindparam("key_subject"), by_scope)
    return or_(
        tenant > bindparam("key_tenant"), and_(tenant == bindparam("key_tenant"), by_subject)
    )


def _key(table: Table) -> tuple[ColumnElement[bool], ...]:
    columns = table.c
    return (
        columns.tenant == bindparam("key_tenant"),
        columns.subject == bindparam("key_subject"),
        columns.scope == bindparam("key_scope"),
    )


def key_of(subject: Subject) -> dict[str, str]:
    """Return what names the subject's rows in a WHERE."""
    return {
        "key_tenant": subject.tenant,
        "key_subject": subject.id,
        "key_scope": subject.scope,
    }


def guard_of(subject: Subject, revision: str) -> dict[str, str]:
    """Return what names the subject's record in a WHERE, if the revision stands."""
    return {**key_of(subject), "expected": revision}


def columns_of(subject: Subject) -> dict[str, str]:
    """Return the columns of a row that say whose it is."""
    return {"tenant": subject.tenant, "subject": subject.id, "scope": subject.scope}


def row_of(change: Change) -> dict[str, object]:
    """Return the columns of a record that the change writes.

    The document is empty only in the row that holds a place for the length of an erasure.
    """
    summary = change.summary or _SUMMARY_OF_NOTHING
    return {
        "revision": change.revision,
        "document": change.document or "",
        "state": summary.state.value,
        "remaining": summary.remaining,
        "issued_at": summary.issued_at,
        "last_used_at": summary.last_used_at,
        "expires_at": summary.expires_at,
        "retry_at": summary.retry_at,
        "key_ids": f" {' '.join(summary.key_ids)} ",
        "seal_key_id": summary.seal_key_id,
        "outdated_at": summary.outdated_at,
    }


def event_in_update_of(event: Event) -> dict[str, object]:
    """Return the row of an event for the statement that also updates the record."""
    return {f"{_EVENT}{name}": value for name, value in event_row_of(event).items()}


def event_row_of(event: Event) -> dict[str, object]:
    """Return the row of an event."""
    return {
        "id": event.id,
        "at": event.at,
        **columns_of(event.subject),
        "kind": event.kind.value,
        "details": event.details(),
    }
