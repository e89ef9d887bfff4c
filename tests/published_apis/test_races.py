"""32 clients race one code over HTTP: one of them has a success, whatever the database."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import requests

from examples.host import tables
from recoverykit import Subject
from tests.published_apis.redeeming import demo_of, request_of
from tests.published_apis.served import APIS, Served, running

CLIENTS = 32
_SECONDS = 120


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def database(request, tmp_path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'host.db'}"
    else:
        with request.getfixturevalue("postgresql_server").database() as url:
            yield url


def is_success(served: Served, answer: requests.Response) -> bool:
    if served.api == "arklow" and answer.status_code == 200:
        return answer.json()["data"]["valid"]
    return answer.ok


@pytest.mark.parametrize("api", APIS)
def test_one_code_has_one_success(api, database, tmp_path):
    """Each client in a session of its own, and then all of them in one: no two are let in."""
    with running(api, database=database, folder=tmp_path) as served:
        ada = demo_of(served)
        check_race(served, ada, [request_of(served, ada, ada.codes[0]) for _ in range(CLIENTS)])

        # Ada has to wait: so many have guessed.
        other = served.somebody("1" if api == "arklow" else "")
        check_race(served, other, [request_of(served, other, other.codes[0])] * CLIENTS)


def check_race(served, person, sends):
    """Send all of it at the same moment, and check who has a success, and what is left."""
    answers = race(sends)

    winners = [answer for answer in answers if is_success(served, answer)]
    assert len(winners) == 1, Counter(answer.status_code for answer in answers)
    others = {answer.status_code for answer in answers if answer not in winners}
    assert others <= {200 if served.api == "arklow" else 403, 429, 503}
    check_what_is_left(served, person, winners[0])


def race(sends):
    barrier = Barrier(len(sends))

    def run(send):
        barrier.wait(_SECONDS)
        return send()

    with ThreadPoolExecutor(len(sends)) as threads:
        return list(threads.map(run, sends))


def check_what_is_left(served, person, winner):
    """Check what the database and the winner's answer say: one code and one session."""
    scope = "1" if served.api == "arklow" else ""
    status = served.office.status(Subject(person.id, scope=scope))
    if served.api == "auth0_mfa":
        assert status.remaining == 1
        assert winner.json()["recovery_code"] not in person.codes
        column = tables.pending_logins.c.is_finished
    else:
        assert status.remaining == 9
        column = tables.sessions.c.has_second_factor
    if served.api == "circularo":
        assert winner.json() == {"remainingRecoveryCodes": 9}
    if served.api != "arklow":
        with served.engine.connect() as connection:
            query = column.table.select().where(column, column.table.c.user_id == person.id)
            assert len(connection.execute(query).all()) == 1
