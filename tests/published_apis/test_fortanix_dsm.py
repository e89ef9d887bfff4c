"""Fortanix: a code completes the session, and only an unlocked one makes new codes."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from recoverykit.testing import ManualClock
from tests.published_apis.listening import listening

LOGIN = "/sys/v1/session/auth"
COMPLETE = "/sys/v1/session/auth/2fa/recovery_code"
UNLOCK = "/sys/v1/session/config_2fa/auth"
REGENERATE = "/sys/v1/session/config_2fa/recovery_codes"


def bearer(token):
    return {"headers": {"Authorization": f"Bearer {token}"}}


def log_in(served, person):
    answer = served.send("POST", LOGIN, auth=(person.name, person.password))
    assert answer.status_code == 200, answer.text
    assert answer.json()["token_type"] == "Bearer"
    return answer.json()["access_token"]


def complete(served, token, code):
    return served.post(COMPLETE, {"recovery_code": code}, **bearer(token))


def unlock(served, token, password):
    return served.post(UNLOCK, {"password": password}, **bearer(token))


def told(answer, status):
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"message"}
    return answer.json()["message"]


@pytest.fixture
def ada(fortanix_dsm):
    """Somebody with codes."""
    return fortanix_dsm.somebody()


def test_a_code_completes_the_session(fortanix_dsm, ada):
    """204 and an empty body; the code is spent by it, and no other session gets anything of it."""
    session, other = log_in(fortanix_dsm, ada), log_in(fortanix_dsm, ada)

    answer = complete(fortanix_dsm, session, ada.codes[0])

    assert (answer.status_code, answer.content) == (204, b"")
    assert unlock(fortanix_dsm, session, ada.password).status_code == 200
    assert told(unlock(fortanix_dsm, other, ada.password), 403)
    assert told(complete(fortanix_dsm, other, ada.codes[0]), 403)
    assert fortanix_dsm.office.status(ada.id).remaining == 9


def test_the_line_leads_through_the_whole_story(fortanix_dsm):
    """What is printed at the start is enough: complete, unlock, regenerate, use a new code."""
    line = fortanix_dsm.line
    first, *_ = line["recovery_codes"]
    assert complete(fortanix_dsm, line["bearer_token"], first).status_code == 204

    unlocked = unlock(fortanix_dsm, line["bearer_token"], line["password"])
    assert (unlocked.status_code, unlocked.json()) == (200, {})
    made = fortanix_dsm.post(REGENERATE, **bearer(line["bearer_token"]))

    assert made.status_code == 200
    new = made.json()["recovery_codes"]
    assert len(set(new) - set(line["recovery_codes"])) == 10
    key = {"headers": {"Authorization": f"Basic {line['api_key']}"}}
    old = fortanix_dsm.post(COMPLETE, {"recovery_code": line["recovery_codes"][1]}, **key)
    assert told(old, 403)
    assert fortanix_dsm.post(COMPLETE, {"recovery_code": new[0]}, **key).status_code == 204


def test_the_password_twice_is_one_factor(fortanix_dsm, ada):
    """A session that has shown no code is not unlocked, so that no password makes codes."""
    session = log_in(fortanix_dsm, ada)

    assert "no second factor" in told(unlock(fortanix_dsm, session, ada.password), 403)
    assert "unlocked" in told(fortanix_dsm.post(REGENERATE, **bearer(session)), 403)
    assert fortanix_dsm.office.status(ada.id).remaining == 10


def test_an_unlock_is_for_one_session(fortanix_dsm, ada):
    """Another complete session of the same user needs its own, and takes this one's away."""
    one, other = log_in(fortanix_dsm, ada), log_in(fortanix_dsm, ada)
    for session, code in ((one, ada.codes[0]), (other, ada.codes[1])):
        assert complete(fortanix_dsm, session, code).status_code == 204

    assert unlock(fortanix_dsm, one, ada.password).status_code == 200
    assert told(fortanix_dsm.post(REGENERATE, **bearer(other)), 403)
    assert fortanix_dsm.post(REGENERATE, **bearer(one)).status_code == 200
    assert unlock(fortanix_dsm, other, ada.password).status_code == 200
    assert told(fortanix_dsm.post(REGENERATE, **bearer(one)), 403)


def test_an_unlock_lapses(tmp_path):
    """After ten minutes the session has to show the password again."""
    now = ManualClock(datetime.now(UTC))
    with listening("fortanix_dsm", folder=tmp_path, clock=now) as served:
        line = served.line
        session = line["bearer_token"]
        assert complete(served, session, line["recovery_codes"][0]).status_code == 204
        assert unlock(served, session, line["password"]).status_code == 200
        now.advance(timedelta(minutes=10) - timedelta.resolution)
        assert served.post(REGENERATE, **bearer(session)).status_code == 200
        now.advance(timedelta.resolution)
        assert "unlocked" in told(served.post(REGENERATE, **bearer(session)), 403)


def test_a_wrong_password_unlocks_nothing(fortanix_dsm, ada):
    """Nor does the session end by it; ten of them are all that it may try."""
    session = log_in(fortanix_dsm, ada)
    assert complete(fortanix_dsm, session, ada.codes[0]).status_code == 204

    for _ in range(10):
        assert told(unlock(fortanix_dsm, session, "wrong"), 403)
    assert told(unlock(fortanix_dsm, session, ada.password), 429)
    assert told(fortanix_dsm.post(REGENERATE, **bearer(session)), 403)


def test_wrong_codes_run_into_the_throttle(fortanix_dsm, ada):
    """One answer for a wrong and a used code; then a delay, which the right code waits for too."""
    session = log_in(fortanix_dsm, ada)
    assert complete(fortanix_dsm, session, ada.codes[0]).status_code == 204
    wrong = fortanix_dsm.somebody().codes

    said = {told(complete(fortanix_dsm, session, code), 403) for code in (*wrong[:4], ada.codes[0])}
    assert len(said) == 1
    waiting = complete(fortanix_dsm, session, ada.codes[1])

    assert told(waiting, 429)
    assert 25 < int(waiting.headers["Retry-After"]) <= 30


@pytest.mark.parametrize("path", [COMPLETE, UNLOCK, REGENERATE])
def test_who_asks_must_be_known(fortanix_dsm, ada, path):
    """No token, an unknown one, one that has ended and a key of somebody else are all 401."""
    body = {"recovery_code": ada.codes[0], "password": ada.password}
    session = fortanix_dsm.session_of(ada)
    fortanix_dsm.end_session(session)
    of_another = f"{fortanix_dsm.somebody().id}:{fortanix_dsm.session_of(ada)}".encode()

    for shown in (
        None,
        "Bearer",
        "Bearer " + "0" * 64,
        "Bearer \xff",
        f"Bearer {session}",
        "Basic !",
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(of_another).decode(),
        "Digest nothing",
    ):
        answer = fortanix_dsm.post(path, body, headers={"Authorization": shown})
        assert told(answer, 401)
        challenge = answer.headers["WWW-Authenticate"]
        assert challenge.removeprefix("Bearer, ") == 'Basic realm="Fortanix DSM"'
    assert fortanix_dsm.office.status(ada.id).remaining == 10


def test_a_session_that_ends_meanwhile_keeps_the_code(tmp_path):
    """The code and the session are one transaction: where there is no session, none is spent."""
    ending = []

    def now():
        # The kit looks at its clock once it has loaded what is stored.
        while ending:
            ending.pop()()
        return datetime.now(UTC)

    with listening("fortanix_dsm", folder=tmp_path, clock=now) as served:
        ada = served.somebody()
        session = served.session_of(ada)
        ending.append(lambda: served.end_session(session))

        assert told(complete(served, session, ada.codes[0]), 401)
        assert not ending
        assert served.office.status(ada.id).remaining == 10


def test_log_in_takes_the_password(fortanix_dsm, ada):
    """A wrong one, an unknown name and none at all are told the same."""
    shown = [(ada.name, "wrong"), ("nobody", ada.password), ("\0", "x"), None]

    said = {told(fortanix_dsm.send("POST", LOGIN, auth=each), 401) for each in shown}

    assert len(said) == 1
