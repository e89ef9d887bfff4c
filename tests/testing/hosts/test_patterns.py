"""The ways of spending codes that are seen in applications: the check finds each double spend."""

import os
import re

import pytest
import sqlalchemy as sa

from recoverykit.testing.failure import ConformanceError
from recoverykit.testing.hosts import check_host
from tests.testing.hosts import patterns
from tests.testing.hosts.asked import silent

# What each breaks, whatever the database, beside the double spend (H3).
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

# They end with the first double spend, which nearly always comes at once.
ROUNDS = 100
# Where none must come they do not: `make races` looks for one longer.
LONG_ROUNDS = max(1, int(os.environ.get("RECOVERYKIT_RACE_ROUNDS", "20")) // 4)


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


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.__name__)
def test_a_double_spend_is_found_and_named(engine, pattern):
    """With the promise, what was sent, and how many got in with one code."""
    with pytest.raises(ConformanceError) as found:
        check_host(
            pattern(engine).host(),
            # What comes back, or outlives the set, depends on what happens to come between.
            without=dict.fromkeys(("H4", "H6"), "it is left to chance"),
            examples=1,
            rounds=ROUNDS,
            tell=silent,
        )
    breaches = {each.id: each for each in found.value.breaches}
    assert breaches.keys() == {"H3"} | PATTERNS[pattern]
    issued, raced = breaches["H3"].steps[0], breaches["H3"].steps[-1]
    assert re.fullmatch(r"8 codes are issued to user \d+: set 1", issued)
    told = re.fullmatch(
        r"8 send code \d of set 1 of user \d+(?:, in \d forms,)? at the same moment: "
        r"(?:.*, )?(\d) let in(?:, .*)?",
        raced,
    )
    assert int(told[1]) > 1


def test_old_codes_that_live_on_are_found(engine):
    """A login that spends right, and only adds new codes to the old ones."""
    with pytest.raises(ConformanceError) as found:
        check_host(patterns.OnlyAdded(engine).host(), tell=silent, examples=1, rounds=1)
    assert [each.id for each in found.value.breaches] == ["H5", "H6", "H15"]


def test_the_right_way_passes(engine):
    """One conditional write whose number of rows decides, and guesses that are counted before."""
    host = patterns.Right(engine).host()
    checked = check_host(host, tell=silent, examples=2, rounds=LONG_ROUNDS)
    assert {"H2", "H3", "H4", "H5", "H6", "H7", "H8", "H14", "H15", "H16"} <= checked.kept.keys()
    assert checked.errors == {}
