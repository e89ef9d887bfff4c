"""Real servers and real clients, killed and cut off while they work: no code is spent twice."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.conftest import IN_CI
from tests.faults.galera import galera_cluster
from tests.faults.ports import lasting_port
from tests.faults.postgresql import Primary
from tests.faults.reckoning import complaint
from tests.faults.scenes import Stage, cluster, failover, one_server, stale_cluster
from tests.faults.tries import tried
from tests.servers import MariaDBServer, ProgramMissing

pytestmark = pytest.mark.server

ROUNDS = int(os.environ.get("RECOVERYKIT_FAULT_ROUNDS", "1"))


def staged(folder):
    return Stage(folder=folder, rounds=ROUNDS)


@contextmanager
def installed() -> Iterator[None]:
    """Skip where a server is not installed; in CI, where that would hide a gap, fail."""
    try:
        yield
    except ProgramMissing as missing:
        if IN_CI:
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


@contextmanager
def running(server):
    """Run a durable server on a port that it keeps."""
    server.port = lasting_port()
    with installed():
        server.start()
    try:
        yield server
    finally:
        server.stop()


def in_doubt(report):
    """Count the answers that were lost: eight rounds have had 86 of PostgreSQL, 61 of MariaDB."""
    return report.reckoning.lost_answers.total() + report.reckoning.unknown.total()


def test_postgresql_is_killed_and_cut_off(tmp_path):
    """Its recovery forgets nothing that was acknowledged, and no retry spends another code."""

    def run(folder):
        with running(Primary(durable=True)) as server:
            report = one_server(staged(folder), server, versions=f"PostgreSQL {server.version}")
        report.publish()
        assert report.reckoning.is_clean, complaint(report.reckoning)
        return report

    assert in_doubt(tried(run, until=in_doubt, folder=tmp_path)) > 0


def test_mariadb_is_killed_and_cut_off(tmp_path):
    """Its recovery forgets nothing that was acknowledged, and no retry spends another code."""

    def run(folder):
        with running(MariaDBServer(durable=True)) as server:
            ((version,),) = server._ask("SELECT version()")
            report = one_server(staged(folder), server, versions=str(version))
        report.publish()
        assert report.reckoning.is_clean, complaint(report.reckoning)
        return report

    assert in_doubt(tried(run, until=in_doubt, folder=tmp_path)) > 0


@pytest.fixture(scope="module")
def nodes():
    """A cluster."""
    with installed(), galera_cluster() as nodes:
        yield nodes


def test_nodes_of_a_galera_cluster_contend_and_are_killed(tmp_path, nodes):
    """Writers on different nodes never both win, and a node that joins again is not behind."""
    report = cluster(staged(tmp_path), nodes)
    report.publish()
    assert report.reckoning.is_clean, complaint(report.reckoning)
    assert {node.size for node in nodes} == {len(nodes)}


def test_a_galera_cluster_with_stale_loads_spends_no_code_twice(tmp_path, nodes):
    """Without `wsrep_sync_wait` clients are told what is no longer so, but nothing is lost."""

    def run(folder):
        report = stale_cluster(staged(folder), nodes)
        report.publish()
        assert not report.reckoning.double_spends
        assert not report.reckoning.lost
        assert not report.reckoning.unasked
        return report

    # In eight rounds 96 of 104 histories were.
    report = tried(run, until=lambda report: report.reckoning.refuted, folder=tmp_path)
    assert report.reckoning.refuted


def test_a_synchronous_standby_is_promoted(tmp_path):
    """It has all that was acknowledged."""
    with running(Primary(durable=True)) as server:
        report = failover(staged(tmp_path), server, is_synchronous=True)
    report.publish()
    assert report.reckoning.is_clean, complaint(report.reckoning)


def test_an_asynchronous_standby_that_lags_is_promoted(tmp_path):
    """It forgets redemptions that were acknowledged, and the reckoning counts them."""

    def run(folder):
        with running(Primary(durable=True)) as server:
            report = failover(staged(folder), server, is_synchronous=False)
        report.publish()
        assert not report.reckoning.unasked
        assert not report.reckoning.undecided
        return report

    # Eight promotions have forgotten 131.
    assert tried(run, until=lambda report: report.forgotten, folder=tmp_path).forgotten
