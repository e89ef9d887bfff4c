"""What is awaited does what is called, in short: on SQLite in a file, and in memory."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite

from recoverykit.storage import Health, HostRefused
from recoverykit.storage.memory import AsyncMemoryStorage, MemoryStorage
from recoverykit.storage.sql import AsyncSQLStorage
from recoverykit.storage.sql.columns import Instant
from recoverykit.storage.sql.outcomes import LOST, Outcome, at_once
from tests.storage.changes import ALICE, NOW, SUMMARY, change, erasure, event


@pytest.fixture
def on_file(tmp_path):
    """Run a coroutine function with a storage over a new file that has its tables."""

    def run(function):
        async def main():
            async with AsyncSQLStorage(f"sqlite:///{tmp_path / 'codes.db'}") as storage:
                await storage.create_tables()
                return await function(storage)

        return asyncio.run(main())

    return run


def test_a_commit_with_a_row_of_the_hosts_lands(on_file):
    """Both, and what is loaded next is what was committed."""
    first = change()

    async def note(connection):
        await connection.execute(sa.text("CREATE TABLE notes (text TEXT)"))
        await connection.execute(sa.text("INSERT INTO notes VALUES ('kept')"))

    async def main(storage):
        assert await storage.commit_within(ALICE, first, note) is True
        assert (await storage.load(ALICE)).revision == first.revision
        async with storage._engine().connect() as connection:
            assert (await connection.execute(sa.text("SELECT text FROM notes"))).scalar() == "kept"

    on_file(main)


def test_a_commit_that_loses_does_not_call_the_hosts_function(on_file):
    """For nothing may be written by it."""

    async def never(_):
        raise AssertionError

    async def main(storage):
        await storage.commit(ALICE, change())
        assert await storage.commit_within(ALICE, change(), never) is False

    on_file(main)


def test_a_function_that_takes_the_record_away_wins_nothing(on_file):
    """The record is looked at once more before COMMIT."""

    async def take_away(connection):
        await connection.execute(sa.text("DELETE FROM recoverykit_records"))

    async def main(storage):
        assert await storage.commit_within(ALICE, change(), take_away) is False
        assert await storage.load(ALICE) is None

    on_file(main)


def test_its_health_is_told(on_file, tmp_path):
    """Well, or what is missing, or that nothing answers."""

    async def main(storage):
        assert await storage.health() == Health()
        async with storage._engine().begin() as connection:
            await connection.execute(sa.text("DROP TABLE recoverykit_positions"))
        assert [each.id for each in (await storage.health()).problems] == ["no-table"]

    on_file(main)

    async def elsewhere():
        path = tmp_path / "letter.txt"
        path.write_text("This is no database. " * 100)
        async with AsyncSQLStorage(f"sqlite:///{path}") as storage:
            (problem,) = (await storage.health()).problems
            assert problem.id == "no-answer"
            assert "DatabaseError" in problem.sentence

    asyncio.run(elsewhere())


def test_its_outbox_gives_a_hundred_events(on_file):
    """Unless another number is asked for; and a purge takes no more than it is told to."""
    told = [event(at=NOW + timedelta(seconds=number)) for number in range(101)]

    async def main(storage):
        await storage.commit(ALICE, change(events=told))
        assert len(await storage.outbox.read("mailer")) == 100
        assert len(await storage.outbox.read("mailer", limit=101)) == 101
        await storage.outbox.acknowledge("mailer", 101)
        assert await storage.purge_events(before=NOW + timedelta(days=1), limit=30) == 30

    on_file(main)


def test_memory_that_is_awaited_passes_its_arguments_on():
    """What is outdated, in pages, and how many events go."""
    past = replace(SUMMARY, expires_at=NOW, outdated_at=NOW)
    names = [replace(ALICE, id=name) for name in ("a", "b", "c")]

    async def main():
        storage = AsyncMemoryStorage()
        for name in names:
            told = [event(name), event(name)]
            await storage.commit(name, change(subject=name, summary=past, events=told))
        later = NOW + timedelta(days=1)
        assert await storage.outdated(before=NOW, after=None, limit=9) == ()
        found = await storage.outdated(before=later, after=names[0], limit=1)
        assert [each.subject for each in found] == [names[1]]
        assert await storage.purge_events(before=later, limit=5) == 5

    asyncio.run(main())


def test_memory_that_was_changed_by_the_function_is_told():
    """Won where nobody came between, lost where the function itself did."""
    storage, first = MemoryStorage(), change()

    assert storage.commit_within(ALICE, first, lambda _: None) is True
    second = change(first.revision)
    erased = erasure(first.revision)
    assert storage.commit_within(ALICE, second, lambda _: storage.commit(ALICE, erased)) is False
    assert storage.load(ALICE) is None


def test_the_refusal_of_a_hosts_row_is_told():
    """By what was raised, and in words of ours."""
    error = ValueError("secret")

    refused = HostRefused(error)

    assert refused.error is error
    assert str(refused) == "the host's own rows were refused at COMMIT"


@pytest.mark.parametrize("zone", [None, UTC, timezone(timedelta(hours=3))])
def test_an_instant_comes_back_in_utc(zone):
    """Whether the driver gives it a zone or not."""
    stored = NOW.replace(tzinfo=None) if zone is None else NOW.astimezone(zone)

    instant = Instant().process_result_value(stored, sqlite.dialect())

    assert instant == NOW
    assert instant.tzinfo is UTC
    assert isinstance(instant, datetime)


def test_an_instant_goes_out_as_the_column_takes_it():
    """With its zone where the column has one: a server would take it for one of its own zone's."""
    here = NOW.astimezone(timezone(timedelta(hours=3)))

    sent = Instant().process_bind_param(here, postgresql.dialect())
    assert sent == NOW
    assert sent.tzinfo is UTC
    for dialect in (mysql.dialect(), sqlite.dialect()):
        assert Instant().process_bind_param(here, dialect) == NOW.replace(tzinfo=None)


class Raised(Exception):
    """What a driver of PostgreSQL raises."""

    def __init__(self, sqlstate=None):
        self.sqlstate = sqlstate


def judged(code, *, invalidated=False):
    error = sa.exc.DBAPIError("", {}, Raised(code), connection_invalidated=invalidated)
    return at_once(error)


def test_a_statement_that_is_its_own_transaction_is_judged_by_what_came_back():
    """Lost, or certainly refused; all else may have landed, and says what was raised."""
    assert judged("40001").outcome is LOST.outcome
    assert judged("23505").outcome is Outcome.FAILED
    for unsure in (judged("57P01"), judged("08006"), judged(None)):
        assert unsure.outcome is Outcome.UNKNOWN
        assert unsure.report.startswith("Raised")
    assert judged("23505", invalidated=True).outcome is Outcome.UNKNOWN
