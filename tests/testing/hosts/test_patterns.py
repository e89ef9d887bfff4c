"""The ways of spending codes that are seen in applications: the check finds each double spend."""

import re

import pytest
import sqlalchemy as sa

from recoverykit.testing.failure import ConformanceError
from recoverykit.testing.hosts import check_host
from tests.testing.hosts import patterns

EFFORT = {"examples": 3, "rounds": 10}

# What each must be found to break, whatever the database, beside the double spend (H3). What else
# is lost depends on what happens to come between.
PATTERNS = {
    patterns.ListInOneColumn: {"H15"},
    patterns.HashesInOneColumn: set(),
    patterns.MaskInAField: set(),
    patterns.StampInADocument: {"H15"},
    patterns.CheckedInTheForm: {"H15"},
    patterns.DeletedAndNotCounted: {"H15"},
    patterns.BurnedWithoutALock: set(),
    patterns.LockedInACache: {"H15"},
}


@pytest.fixture
def engine(database_url):
    """An empty database of each kind in turn; that of SQLite need not survive a crash."""
    engine = sa.create_engine(database_url, pool_size=16)
    if engine.dialect.name == "sqlite":

        @sa.event.listens_for(engine, "connect")
        def _(connection, _):
            connection.execute("PRAGMA synchronous = OFF")

    yield engine
    engine.dispose()


def silent(_):
    """The report is looked at elsewhere."""


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.__name__)
def test_a_double_spend_is_found_and_named(engine, pattern):
    """With the promise, what was sent, and how many got in with one code."""
    with pytest.raises(ConformanceError) as found:
        check_host(pattern(engine).host(), tell=silent, **EFFORT)
    breaches = {each.id: each for each in found.value.breaches}
    expected = {"H3"} | PATTERNS[pattern]
    assert expected <= breaches.keys() <= expected | {"H4", "H6"}
    issued, raced = breaches["H3"].steps[0], breaches["H3"].steps[-1]
    assert re.fullmatch(r"8 codes are issued to user \d+: set 1", issued)
    told = re.fullmatch(
        r"8 send code \d of set 1 of user \d+ at the same moment: (?:.*, )?(\d) let in(?:, .*)?",
        raced,
    )
    assert int(told[1]) > 1


def test_old_codes_that_live_on_are_found(engine):
    """A login that spends right, and only adds new codes to the old ones."""
    with pytest.raises(ConformanceError) as found:
        check_host(patterns.OnlyAdded(engine).host(), tell=silent, **EFFORT)
    assert [each.id for each in found.value.breaches] == ["H15", "H5", "H6"]


def test_the_right_way_passes(engine):
    """One conditional write whose number of rows decides, and guesses that are counted before."""
    checked = check_host(patterns.Right(engine).host(), tell=silent, **EFFORT)
    assert {"H2", "H3", "H4", "H5", "H6", "H7", "H8", "H14", "H15", "H16"} <= checked.kept.keys()
    assert checked.errors == {}
