"""PostgreSQL's SERIALIZABLE: COMMIT may refuse what went well until then.

The whole flow runs again, the host's function with it. What the host's own constraints refuse as
late as that is the host's error.
"""

from dataclasses import replace
from functools import partial

import pytest
import sqlalchemy as sa

from recoverykit import CodeAlreadyUsed
from tests.hosts.claims import Claim
from tests.hosts.levels import Place


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(
            Place(database="postgresql", flavour="SERIALIZABLE"),
            id="postgresql SERIALIZABLE",
            marks=pytest.mark.server,
        )
    ],
)
def place(request):
    """The one database that may refuse so, at the one level at which it does."""
    return request.param


@pytest.fixture
def claim(outside, binding):
    subject, issued = outside.issue()
    return Claim(subject=subject, code=issued.codes[0], binding=binding)


def run_all(statements, connection):
    for statement in statements:
        connection.exec_driver_sql(statement)


class Overtaking:
    """A transaction of somebody else's that gets between a function and its COMMIT.

    It reads what the host has written, and writes what the host has read: there is no order in
    which one could have come after the other, and PostgreSQL refuses whoever commits last.
    """

    READ = "SELECT count(*) FROM overtaken"

    def __init__(self, desk, times):
        self.engine, self.times, self.commits = desk.engine, times, 0
        make = ("DROP TABLE IF EXISTS overtaken", "CREATE TABLE overtaken (id int)")
        desk.work(partial(run_all, make))
        sa.event.listen(self.engine, "commit", self._overtake)

    def _overtake(self, _):
        self.commits += 1
        if self.commits % 2 and self.times:  # its own COMMIT comes in between
            self.times -= 1
            with self.engine.begin() as rival:
                rival.exec_driver_sql("SELECT count(*) FROM logins")
                rival.exec_driver_sql("INSERT INTO overtaken VALUES (1)")


@pytest.mark.parametrize("times", [1, 3])
def test_a_serialization_failure_at_commit_runs_all_of_it_again(desk, outside, claim, times):
    """The function writes its row again, for the first one is gone; the guess is hashed once."""
    Overtaking(desk, times)
    success = desk.claim(replace(claim, statements=(Overtaking.READ,)))
    assert (success.replayed, success.remaining) == (False, 2)
    assert desk.calls == ["attempt"] * (times + 1)
    seen = outside.see(claim.subject)
    assert (seen.spent, seen.attempts, seen.failed) == ({0}, ("attempt",), 0)


def test_who_fails_to_serialize_may_find_the_code_used(site, place, desk, outside, claim):
    """The flow is run again from the load on: who redeemed in between keeps code and session."""
    rival = replace(site, place=replace(place, flavour="READ COMMITTED")).opened()
    Overtaking(desk, 1)

    def be_first(_):
        if desk.calls and not rival.calls:  # the COMMIT has been refused
            rival.claim(replace(claim, attempt="rival"))

    sa.event.listen(desk.engine, "rollback", be_first)
    with pytest.raises(CodeAlreadyUsed):
        desk.claim(replace(claim, statements=(Overtaking.READ,)))
    assert desk.calls == ["attempt"]
    seen = outside.see(claim.subject)
    assert (seen.spent, seen.attempts, seen.failures) == ({0}, ("rival",), 1)


def test_a_constraint_of_the_hosts_that_is_checked_at_commit_is_the_hosts_error(
    desk, outside, claim
):
    """It passes through as if the function had raised it, and the code is unspent."""
    deferred = "CREATE TABLE t (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)"
    desk.work(partial(run_all, ("DROP TABLE IF EXISTS t", deferred)))
    with pytest.raises(sa.exc.IntegrityError, match="t_id_key"):
        desk.claim(replace(claim, statements=("INSERT INTO t VALUES (1), (1)",)))
    assert desk.calls == ["attempt"]
    seen = outside.see(claim.subject)
    assert (seen.spent, seen.failed) == (frozenset(), 0)
    assert desk.claim(claim).remaining == 2
