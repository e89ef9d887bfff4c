"""What is sent to each database, word by word: nothing in it changes without somebody noticing.

After a change that is meant: ``python -m tests.storage.test_sql_text``, and look at what differs.
"""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Dialect, Executable
from sqlalchemy.schema import CreateIndex, CreateTable

from recoverykit.storage.sql import define_tables
from recoverykit.storage.sql.statements import Statements
from recoverykit.storage.sql.trail_statements import TrailStatements
from tests.storage.changes import ALICE, NOW

KEPT = Path(__file__).parent / "sql"
DIALECTS = {
    "sqlite": "sqlite://",
    "postgresql": "postgresql+psycopg://",
    "mysql": "mysql+pymysql://",
}


def text_on(name: str) -> str:
    """Return all tables, indexes and statements, as one database reads them."""
    dialect = sa.make_url(DIALECTS[name]).get_dialect()()
    return "\n\n".join(_texts(dialect)) + "\n"


def _texts(dialect: Dialect) -> Iterator[str]:
    metadata = sa.MetaData()
    tables = define_tables(metadata, schema="mfa")
    for table in metadata.sorted_tables:
        yield _text(CreateTable(table), dialect)
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            yield _text(CreateIndex(index), dialect)
    statements = Statements.on(tables)
    for part in (statements, statements.trail):
        for each in fields(part):
            value = getattr(part, each.name)
            if isinstance(value, Executable):
                yield f"-- {each.name}\n{_text(value, dialect)}"


def test_a_page_begins_where_the_last_one_has_ended() -> None:
    """With the statement for it, and the values that it needs."""
    statements = Statements.on(define_tables(sa.MetaData()))
    at = {"key_tenant": "", "key_subject": "alice", "key_scope": ""}

    assert statements.sealed_by_another("2026", None, 7) == (
        statements.sealed_otherwise,
        {"seal": "2026", "limit": 7},
    )
    assert statements.sealed_by_another(None, ALICE, 7) == (
        statements.sealed_otherwise_after,
        {"seal": "", "limit": 7, **at},
    )
    assert statements.outdated_before(NOW, None, 7) == (
        statements.outdated,
        {"before": NOW, "limit": 7},
    )
    assert statements.outdated_before(NOW, ALICE, 7) == (
        statements.outdated_after,
        {"before": NOW, "limit": 7, **at},
    )


def _text(statement: sa.ClauseElement, dialect: Dialect) -> str:
    text = str(statement.compile(dialect=dialect))
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


@pytest.mark.parametrize("name", DIALECTS)
def test_a_database_is_sent_what_is_kept_here(name: str) -> None:
    """Tables, so that a migration is not forgotten; statements, so that no condition is."""
    assert text_on(name) == (KEPT / f"{name}.sql").read_text(encoding="utf-8")


def test_every_statement_is_kept() -> None:
    """But for what is no statement."""
    text = text_on("sqlite")

    for part in (Statements, TrailStatements):
        for each in fields(part):
            assert f"-- {each.name}\n" in text or each.name == "trail"


if __name__ == "__main__":
    KEPT.mkdir(exist_ok=True)
    for each in DIALECTS:
        (KEPT / f"{each}.sql").write_text(text_on(each), encoding="utf-8")
