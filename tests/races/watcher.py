"""A reader who looks on while others write: does every failure come with its event?"""

from threading import Event, Thread
from typing import Self

import sqlalchemy as sa

from recoverykit.core.document import unchecked_document_in
from recoverykit.storage import Record
from recoverykit.storage.sql import define_tables

_TABLES = define_tables(sa.MetaData())
_SECONDS = 60.0


class Watcher:
    """Read a subject's record and count its events, in one statement, again and again.

    Usable as a context manager around what shall be watched.

    Args:
        url: the address of the database.
        subject: whose record; it was issued once, and nothing but failures happens to it.

    Attributes:
        looks: how often it looked.
        torn: failures and events in each look in which they did not agree.
    """

    def __init__(self, url: str, subject: str) -> None:
        self.looks = 0
        self.torn: list[tuple[int, int]] = []
        # Every look is a transaction of its own, and sees what was committed before it.
        self._engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        records, events = _TABLES.records.c, _TABLES.events.c
        count = sa.select(sa.func.count()).where(events.subject == subject).scalar_subquery()
        document = sa.type_coerce(records.document, sa.Text)
        self._query = sa.select(document, count).where(records.subject == subject)
        self._is_over = Event()
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join(_SECONDS)

    @staticmethod
    def _failures_in(document: str) -> int:
        active = unchecked_document_in(Record(revision="", document=document)).active
        assert active is not None
        return active.failures

    def _watch(self) -> None:
        with self._engine.connect() as connection:
            while not self._is_over.is_set() or not self.looks:
                document, events = connection.execute(self._query).one()
                failures = self._failures_in(document)
                if events != 1 + failures:
                    self.torn.append((failures, events))
                self.looks += 1
