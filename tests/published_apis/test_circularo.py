"""Circularo: a token that is locked until a code of six digits is shown."""

import re

import pytest

LOGIN, RECOVERY = "/api/v1/login", "/api/v1/login/recovery"
SEARCH, LOGOUT = "/api/v1/search", "/api/v1/logout"


def log_in(served, name, password):
    return served.post(LOGIN, {"name": name, "password": password, "returnToken": True})


def recover(served, token, code):
    return served.post(RECOVERY, {"recoveryCode": code}, params={"token": token})


def search(served, token, *, start=0, size=10):
    return served.post(SEARCH, {"from": start, "size": size}, params={"token": token})


def log_out(served, token):
    return served.send("GET", LOGOUT, params={"token": token})


def told(answer, status):
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error", "message"}
    return answer.json()["error"]


@pytest.fixture
def ada(circularo):
    """Somebody with codes."""
    return circularo.somebody()


def test_a_code_unlocks_the_token(circularo):
    """What is printed at the start is enough: log in, be refused, recover, search, log out."""
    line = circularo.line
    logged = log_in(circularo, line["user"], line["password"])
    assert logged.status_code == 200
    token = logged.json().pop("token")
    assert logged.json() == {"logged": True, "isUnlocked": False, "token": token}
    assert len(token) == 64
    assert told(search(circularo, token), 403) == "locked"
    assert all(re.fullmatch("[0-9]{6}", code) for code in line["recovery_codes"])

    recovered = recover(circularo, token, line["recovery_codes"][0])
    assert (recovered.status_code, recovered.json()) == (200, {"remainingRecoveryCodes": 9})
    assert told(search(circularo, line["token"]), 403) == "locked"
    found = search(circularo, token, start=1)
    assert found.status_code == 200
    assert set(found.json()) == {"from", "total", "results", "users"}
    assert (found.json()["from"], found.json()["total"], len(found.json()["results"])) == (1, 3, 2)

    assert log_out(circularo, token).status_code == 200
    assert told(search(circularo, token), 401) == "unauthenticated"


def test_the_codes_are_counted_down(circularo, ada):
    """Each of them once, whatever session it is shown in."""
    for used, code in enumerate(ada.codes, 1):
        recovered = recover(circularo, circularo.session_of(ada), code)
        assert recovered.json() == {"remainingRecoveryCodes": 10 - used}
    assert told(recover(circularo, circularo.session_of(ada), ada.codes[0]), 403) == "refused"


@pytest.mark.parametrize(
    ("start", "size", "count"), [(0, 10, 3), (2.0, 10, 1), (0, 0, 0), (7, 1, 0), (0, 100, 3)]
)
def test_a_search_has_pages(circularo, ada, start, size, count):
    """Whole numbers, however JSON writes them."""
    token = circularo.session_of(ada)
    assert recover(circularo, token, ada.codes[0]).status_code == 200
    found = search(circularo, token, start=start, size=size)
    assert (found.status_code, len(found.json()["results"])) == (200, count)


@pytest.mark.parametrize(
    ("start", "size"), [(-1, 1), (0, -1), (0, 101), ("0", 1), (0.5, 1), (True, 1), (None, 1)]
)
def test_what_is_no_page_is_refused(circularo, ada, start, size):
    """Nothing is guessed at."""
    answer = search(circularo, circularo.session_of(ada), start=start, size=size)
    assert told(answer, 400) == "malformed"


def test_logout_ends_one_session(circularo, ada):
    """Another one of the same user stays, unlocked as it is."""
    one, other = circularo.session_of(ada), circularo.session_of(ada)
    for token, code in zip((one, other), ada.codes, strict=False):
        assert recover(circularo, token, code).status_code == 200

    assert log_out(circularo, one).status_code == 200

    assert told(search(circularo, one), 401)
    assert told(log_out(circularo, one), 401)
    assert told(recover(circularo, one, ada.codes[2]), 401)
    assert search(circularo, other).status_code == 200
    assert circularo.office.status(ada.id).remaining == 8


def test_wrong_codes_run_into_the_throttle(circularo, ada):
    """Then the right one has to wait, too, and the token stays locked."""
    token = circularo.session_of(ada)
    wrong = [f"{number:06}" for number in range(20) if f"{number:06}" not in ada.codes]
    for code in wrong[:5]:
        assert told(recover(circularo, token, code), 403) == "refused"

    delayed = recover(circularo, token, ada.codes[0])

    assert told(delayed, 429) == "too_many_attempts"
    assert 25 < int(delayed.headers["Retry-After"]) <= 30
    assert told(search(circularo, token), 403) == "locked"


@pytest.mark.parametrize("code", ["12345", "1234567", "abcdef", ""])
def test_what_is_no_code_is_refused_and_not_counted(circularo, ada, code):
    """A typing error costs no attempt."""
    assert told(recover(circularo, circularo.session_of(ada), code), 403) == "refused"
    assert circularo.office.status(ada.id).failures == 0


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong"), ("nobody", "x"), ("\0", "x")])
def test_log_in_takes_the_password(circularo, name, password):
    """Whether there is such a user is not told."""
    assert told(log_in(circularo, name, password), 401) == "unauthenticated"


@pytest.mark.parametrize("token", [None, "", "0" * 64, "\0", "\xff"])
def test_who_asks_must_be_known(circularo, ada, token):
    """A token that there is not is 401 everywhere."""
    assert told(recover(circularo, token, ada.codes[0]), 401)
    assert told(search(circularo, token), 401)
    assert told(log_out(circularo, token), 401)


def test_tokens_are_never_logged(circularo, ada):
    """Although they stand in the address."""
    token = circularo.session_of(ada)
    assert recover(circularo, token, ada.codes[0]).status_code == 200

    assert "POST /api/v1/login/recovery 200" in circularo.said()
    assert token not in circularo.said()
    assert not re.search(rf"\b{ada.codes[0]}\b", circularo.said())
