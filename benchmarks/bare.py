"""The bare ways: what the library does on a database, written down without the library.

Each of them writes, for one subject, the row that a redemption has left there and one event more,
if the revision that it wrote last still stands.
"""

import secrets
import sqlite3
from pathlib import Path

import psycopg
from argon2.low_level import Type, hash_secret_raw
from psycopg.rows import dict_row
from sqlalchemy import Engine, Executable, MetaData, Table, bindparam, make_url, select

_KEY = ("tenant", "subject", "scope")
_SECRET = secrets.token_bytes(32)  # the library hashes a bound code, of this length
_SALT = secrets.token_bytes(16)

_SQLITE_UPDATE = """
    UPDATE recoverykit_records
    SET revision = :new, document = :document, state = :state, remaining = :remaining,
        issued_at = :issued_at, last_used_at = :last_used_at, expires_at = :expires_at,
        retry_at = :retry_at, key_ids = :key_ids
    WHERE tenant = :tenant AND subject = :subject AND scope = :scope AND revision = :revision
"""
_SQLITE_INSERT = """
    INSERT INTO recoverykit_events (id, at, tenant, subject, scope, kind, details)
    VALUES (:id, :at, :tenant, :subject, :scope, :kind, :details)
"""
_PSYCOPG_SELECT = """
    SELECT revision, document FROM recoverykit_records
    WHERE tenant = %(tenant)s AND subject = %(subject)s AND scope = %(scope)s
"""
_PSYCOPG_UPDATE = """
    UPDATE recoverykit_records
    SET revision = %(new)s, document = %(document)s, state = %(state)s, remaining = %(remaining)s,
        issued_at = %(issued_at)s, last_used_at = %(last_used_at)s, expires_at = %(expires_at)s,
        retry_at = %(retry_at)s, key_ids = %(key_ids)s
    WHERE tenant = %(tenant)s AND subject = %(subject)s AND scope = %(scope)s
        AND revision = %(revision)s
"""
_PSYCOPG_INSERT = """
    INSERT INTO recoverykit_events (id, at, tenant, subject, scope, kind, details)
    VALUES (%(id)s, %(at)s, %(tenant)s, %(subject)s, %(scope)s, %(kind)s, %(details)s)
"""


def argon2id() -> bytes:
    """Evaluate Argon2id once: 19 MiB, 2 passes, 1 lane, as `Argon2idHasher.owasp` does."""
    return hash_secret_raw(
        _SECRET,
        _SALT,
        time_cost=2,
        memory_cost=19_456,
        parallelism=1,
        hash_len=32,
        type=Type.ID,
    )


class SQLiteCommit:
    """One durable commit through `sqlite3`, with the settings of our own engine.

    Args:
        path: a database file in which the subject has redeemed a code.
        subject: the subject's id.
    """

    def __init__(self, path: Path, subject: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._record = self._row("SELECT * FROM recoverykit_records WHERE subject = ?", subject)
        self._event = self._row(
            "SELECT * FROM recoverykit_events WHERE subject = ? ORDER BY at DESC", subject
        )

    def __call__(self) -> None:
        """Write and commit."""
        new = secrets.token_hex(16)
        self._db.execute("BEGIN IMMEDIATE")
        updated = self._db.execute(_SQLITE_UPDATE, {**self._record, "new": new})
        assert updated.rowcount == 1
        self._db.execute(_SQLITE_INSERT, {**self._event, "id": secrets.token_hex(16)})
        self._db.execute("COMMIT")
        self._record["revision"] = new

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def _row(self, statement: str, subject: str) -> dict[str, object]:
        return dict(self._db.execute(statement, (subject,)).fetchone())


class PsycopgRedemption:
    """A load in autocommit and one transaction, through psycopg.

    Args:
        url: SQLAlchemy's address of a database in which the subject has redeemed a code.
        subject: the subject's id.
    """

    def __init__(self, url: str, subject: str) -> None:
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._db = psycopg.connect(plain, autocommit=True)
        self._record = self._row("SELECT * FROM recoverykit_records WHERE subject = %s", subject)
        self._event = self._row(
            "SELECT * FROM recoverykit_events WHERE subject = %s ORDER BY at DESC", subject
        )

    def __call__(self) -> None:
        """Load, write and commit."""
        row = self._db.execute(_PSYCOPG_SELECT, self._record).fetchone()
        assert row is not None
        written = {**self._record, "revision": row[0], "new": secrets.token_hex(16)}
        with self._db.transaction():
            updated = self._db.execute(_PSYCOPG_UPDATE, written)
            assert updated.rowcount == 1
            self._db.execute(_PSYCOPG_INSERT, {**self._event, "id": secrets.token_hex(16)})

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def _row(self, statement: str, subject: str) -> dict[str, object]:
        with self._db.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(statement, (subject,)).fetchone()
        assert row is not None
        return row


class CoreRedemption:
    """A load in autocommit and one transaction, through SQLAlchemy Core.

    The tables are as SQLAlchemy finds them in the database, so their types are plain ones.

    Args:
        engine: an engine set up like our own.
        subject: the id of a subject that has redeemed a code.
    """

    def __init__(self, engine: Engine, subject: str) -> None:
        self._engine = engine
        self._reading = engine.execution_options(isolation_level="AUTOCOMMIT")
        metadata = MetaData()
        records = Table("recoverykit_records", metadata, autoload_with=engine)
        events = Table("recoverykit_events", metadata, autoload_with=engine)
        key = [records.c[name] == bindparam(f"old_{name}") for name in _KEY]
        self._select = select(records.c.revision, records.c.document).where(*key)
        self._update = records.update().where(*key, records.c.revision == bindparam("old_revision"))
        self._insert = events.insert()
        owner = subject.encode() if records.c.subject.type.python_type is bytes else subject
        self._record = self._row(select(records).where(records.c.subject == owner))
        self._event = self._row(
            select(events).where(events.c.subject == owner).order_by(events.c.at.desc())
        )
        self._key = {f"old_{name}": self._record.pop(name) for name in _KEY}

    def __call__(self) -> None:
        """Load, write and commit."""
        with self._reading.connect() as connection:
            row = connection.execute(self._select, self._key).one()
        with self._engine.begin() as connection:
            updated = connection.execute(self._update, self._written_over(row.revision))
            assert updated.rowcount == 1
            connection.execute(self._insert, self._new_event())

    def _written_over(self, revision: object) -> dict[str, object]:
        guard = {**self._key, "old_revision": revision}
        new = secrets.token_hex(16)
        # MariaDB's column holds bytes.
        written = new.encode() if isinstance(revision, bytes) else new
        return {**guard, **self._record, "revision": written}

    def _new_event(self) -> dict[str, object]:
        return {**self._event, "id": secrets.token_hex(16)}

    def _row(self, statement: Executable) -> dict[str, object]:
        with self._engine.connect() as connection:
            row = connection.execute(statement).mappings().first()
        assert row is not None
        return dict(row)
