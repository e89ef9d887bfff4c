"""The three tables: a row for each subject, the trail of events, and how far it was read."""

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from recoverykit.errors import InvalidArgument
from recoverykit.storage.sql.columns import ExactText, Instant, MaskedText

DEFAULT_PREFIX = "recoverykit_"

# PostgreSQL cuts names at 63 bytes: the longest of ours, "records_by_outdated", must still fit.
_PREFIX = re.compile(r"[A-Za-z0-9_]{0,40}")
_PART_BYTES = 255  # what a subject allows each of its parts
_REVISION_BYTES = 64
_READER_BYTES = 64

# A transaction and a row of 255 * 3 bytes of key need this engine and this format; all text but
# the subject's is ASCII, compared exactly.
_MYSQL_OPTIONS: dict[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in {
        "engine": "InnoDB",
        "row_format": "DYNAMIC",
        "charset": "ascii",
        "collate": "ascii_bin",
    }.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The tables of one storage.

    Attributes:
        records: one row for each subject: its document, and plain columns that are true as of
            its last commit. ``key_ids`` holds the ids of the keys that the document needs, each
            between spaces: count ``WHERE key_ids LIKE '% 2026-11 %'`` before you drop a key.
        events: one row for each event, written in the transaction of the change it tells of.
            ``position`` is its place in the outbox; null until somebody reads that far.
        positions: one row for each reader of the outbox, with the position that it has
            acknowledged, and one with the empty name: the last position that was given. Never
            change that row.
    """

    records: Table
    events: Table
    positions: Table


def define_tables(
    metadata: MetaData, *, prefix: str = DEFAULT_PREFIX, schema: str | None = None
) -> Tables:
    """Add the tables to a metadata, for a host that makes its tables by migrations.

    Args:
        metadata: the host's collection of tables.
        prefix: what the names of the tables, constraints and indexes begin with: at most 40
            ASCII letters, digits and underscores.
        schema: the schema that holds them; None for the database's default.

    Raises:
        InvalidArgument: the prefix cannot be used.
    """
    if not _PREFIX.fullmatch(prefix):
        raise InvalidArgument("prefix must be at most 40 ASCII letters, digits and underscores")
    return Tables(
        records=_records(metadata, prefix, schema),
        events=_events(metadata, prefix, schema),
        positions=_positions(metadata, prefix, schema),
    )


def _records(metadata: MetaData, prefix: str, schema: str | None) -> Table:
    return Table(
        f"{prefix}records",
        metadata,
        *_subject_columns(),
        Column("revision", ExactText(_REVISION_BYTES), nullable=False),
        Column("document", MaskedText, nullable=False),
        Column("state", String(16), nullable=False),
        Column("remaining", Integer, nullable=False),
        Column("issued_at", Instant),
        Column("last_used_at", Instant),
        Column("expires_at", Instant),
        Column("retry_at", Instant),
        Column("key_ids", Text, nullable=False),
        Column("seal_key_id", String(64)),
        Column("outdated_at", Instant),
        PrimaryKeyConstraint("tenant", "subject", "scope", name=f"{prefix}records_pkey"),
        Index(f"{prefix}records_by_outdated", "outdated_at"),
        schema=schema,
        **_MYSQL_OPTIONS,
    )


def _events(metadata: MetaData, prefix: str, schema: str | None) -> Table:
    return Table(
        f"{prefix}events",
        metadata,
        Column("id", String(32), nullable=False),
        Column("at", Instant, nullable=False),
        *_subject_columns(),
        Column("kind", String(16), nullable=False),
        Column("details", Text, nullable=False),
        Column("position", BigInteger),
        PrimaryKeyConstraint("id", name=f"{prefix}events_pkey"),
        Index(f"{prefix}events_by_subject", "tenant", "subject", "scope"),
        Index(f"{prefix}events_by_time", "at"),
        # Those without a position stand together in it, the oldest first.
        Index(f"{prefix}events_by_position", "position", "at"),
        schema=schema,
        **_MYSQL_OPTIONS,
    )


def _positions(metadata: MetaData, prefix: str, schema: str | None) -> Table:
    return Table(
        f"{prefix}positions",
        metadata,
        Column("name", ExactText(_READER_BYTES), nullable=False),
        Column("position", BigInteger, nullable=False),
        PrimaryKeyConstraint("name", name=f"{prefix}positions_pkey"),
        schema=schema,
        **_MYSQL_OPTIONS,
    )


def _subject_columns() -> tuple[Column[str], ...]:
    return tuple(
        Column(name, ExactText(_PART_BYTES), nullable=False)
        for name in ("tenant", "subject", "scope")
    )
