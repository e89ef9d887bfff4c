"""Column types by themselves: what a driver may hand back, and what is made of it."""

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.dialects import mysql, postgresql, sqlite

from recoverykit.core.masked import Masked
from recoverykit.storage.sql.columns import ExactText, Instant, MaskedText, instant_in

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOKYO = timezone(timedelta(hours=9))
DIALECTS = [sqlite.dialect(), postgresql.dialect(), mysql.dialect()]


@pytest.fixture
def in_tokyo(monkeypatch):
    """Let the machine keep another time."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_tokyo")
@pytest.mark.parametrize("held", [NOW, NOW.astimezone(TOKYO), NOW.replace(tzinfo=None)])
def test_a_time_is_read_in_utc(held):
    """Whatever the zone of the session, or of the machine: without one it is UTC."""
    told = [Instant().process_result_value(held, dialect) for dialect in DIALECTS]
    told += [instant_in(held), instant_in(held.isoformat(" "))]
    assert told == [NOW] * 5
    assert {each.tzinfo for each in told} == {UTC}


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda each: each.name)
def test_nothing_is_nothing(dialect):
    """In every type."""
    for column in (MaskedText(), ExactText(64), Instant()):
        assert column.process_result_value(None, dialect) is None
    for column in (ExactText(64), Instant()):
        assert column.process_bind_param(None, dialect) is None


def test_a_text_is_bytes_on_mysql_alone():
    """There it is compared byte for byte in no other way."""
    bound = [ExactText(64).process_bind_param("Ä ", dialect) for dialect in DIALECTS]
    assert bound == ["Ä ", "Ä ", "Ä ".encode()]
    for held in ("Ä ", "Ä ".encode(), bytearray("Ä ".encode())):
        assert ExactText(64).process_result_value(held, DIALECTS[0]) == "Ä "
    assert MaskedText().process_result_value("text", DIALECTS[0]) == Masked("text")
