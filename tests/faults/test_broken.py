"""The runs find what is broken: storages with a fault each."""

import pytest

from tests.faults.broken import CheckThenWrite, Doubting, Trusting
from tests.faults.scenes import Stage
from tests.faults.tries import tried
from tests.proxy import proxied

pytestmark = pytest.mark.server

REDEMPTION = rb"\bredeemed\b"  # the kind of the event that the one statement writes as well
CUTS = 3  # of each kind
CALLS = 300  # after them, in which somebody comes back to what was cut


@pytest.fixture
def play(postgresql_server, tmp_path):
    """Let clients work on a storage with a fault, while their connections are cut."""

    def once(wrap, *, cuts, folder):
        stage = Stage(folder=folder, rounds=1, wrap=wrap)
        with postgresql_server.database() as url, proxied(url) as (proxy, through):

            def script(nemesis):
                if cuts:
                    nemesis.cut([proxy], times=cuts, pattern=REDEMPTION)
                nemesis.idle(CALLS)

            name = wrap.__name__
            report = stage.play(name, [through], script, last=lambda: url, versions="PostgreSQL")
        return report.reckoning

    def play(wrap, *, cuts, until):
        return tried(
            lambda folder: once(wrap, cuts=cuts, folder=folder), until=until, folder=tmp_path
        )

    return play


def test_a_storage_that_checks_and_then_writes_is_found_out(play):
    """Two who have checked at the same time both write: a code is redeemed twice."""
    found = play(CheckThenWrite, cuts=0, until=lambda found: found.double_spends)
    assert found.double_spends


def test_a_storage_that_takes_a_lost_answer_for_success_is_found_out(play):
    """What was told to be spent is not, whether anybody has come back to it or not."""
    found = play(Trusting, cuts=CUTS, until=lambda found: found.lost)
    assert found.lost


def test_a_storage_that_takes_a_lost_answer_for_failure_is_found_out(play):
    """What was told to have changed nothing stands: the history is none that could be."""
    found = play(Doubting, cuts=CUTS, until=lambda found: found.refuted)
    assert not found.double_spends
    assert not found.lost
    assert found.refuted
