"""Benches: a fresh storage of each kind, and what stands in it beside the documents."""

import json
import sqlite3
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from recoverykit.storage.memory import MemoryStorage
from recoverykit.storage.sql import SQLStorage

_LOGIN = sa.text("INSERT INTO logins VALUES (:id)")


class HostError(Exception):
    """What the host's function raises."""


class MemoryBench:
    """Memory. The host's rows are kept here, and only of functions that did not raise."""

    def __init__(self):
        self.storage = MemoryStorage()
        self.logins = []

    def reopen(self):
        """Nothing to be opened: memory lasts as long as its process."""

    def close(self):
        """Nothing to be closed."""

    def login(self, connection):
        assert connection is None
        self.logins.append(len(self.logins))

    def failing_login(self, connection):
        assert connection is None
        raise HostError

    def count_logins(self):
        return len(self.logins)

    def trail(self, subject):
        return [plain_event(event) for event in self.storage.events(subject)]


class SQLiteBench:
    """A SQLite file of its own, with a table of the host's."""

    def __init__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="recoverykit-")
        self._file = Path(self._directory.name) / "codes.db"
        self._next_login = 0
        with closing(self._connect()) as connection, connection:
            connection.execute("CREATE TABLE logins (id INTEGER PRIMARY KEY)")
        self._open()
        self.storage.create_tables()

    def reopen(self):
        self.storage.close()
        self._open()

    def close(self):
        self.storage.close()
        self._directory.cleanup()

    def login(self, connection):
        self._next_login += 1
        connection.execute(_LOGIN, {"id": self._next_login})

    def failing_login(self, connection):
        self.login(connection)
        raise HostError

    def count_logins(self):
        return self._select("SELECT count(*) FROM logins")[0][0]

    def trail(self, subject):
        rows = self._select(
            "SELECT kind, at, details FROM recoverykit_events"
            " WHERE (tenant, subject, scope) = (?, ?, ?) ORDER BY rowid",
            (subject.tenant, subject.id, subject.scope),
        )
        return [_row(*row) for row in rows]

    def _open(self):
        self.storage = SQLStorage(f"sqlite:///{self._file}")

    def _connect(self):
        return sqlite3.connect(self._file)

    def _select(self, statement, values=()):
        with closing(self._connect()) as connection:
            return connection.execute(statement, values).fetchall()


BENCHES = {"memory": MemoryBench, "sqlite": SQLiteBench}


def plain_event(event):
    """Return what an event says, but for its own id, the subject and the context."""
    return {
        "kind": event.kind.value,
        "at": event.at,
        "set_id": event.set_id,
        "ordinal": event.ordinal,
        "reason": event.reason and event.reason.value,
        "failures": event.failures,
        "retry_at": event.retry_at,
        "attempt": event.attempt,
    }


def _row(kind, at, details):
    said = json.loads(details)
    assert said.pop("context") == {}
    said["retry_at"] = said["retry_at"] and datetime.fromisoformat(said["retry_at"])
    return said | {"kind": kind, "at": datetime.fromisoformat(at).replace(tzinfo=UTC)}
