"""Requests that are none: each API answers them in its own form, and never by a 500."""

import json
import socket
from urllib.parse import urlsplit

import pytest

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def call_of(served):
    """Return a call that takes a JSON body, what authorises it, and a body that it takes."""
    line = served.line
    match served.api:
        case "fortanix_dsm":
            authorised = {"headers": {"Authorization": f"Bearer {line['bearer_token']}"}}
            return "/sys/v1/session/auth/2fa/recovery_code", authorised, {"recovery_code": "x"}
        case "auth0_mfa":
            authorised = {"headers": {"Authorization": f"Bearer {line['mfa_token']}"}}
            return "/mfa/associate", authorised, {"authenticator_types": ["otp"]}
        case "arklow":
            authorised = {"headers": {"x-arklow-auth": line["api_key"]}}
            body = {"device_id": "1", "code": "123456"}
            return "/v1/self/mfa/verify/totp/backup", authorised, body
        case _:
            authorised = {"params": {"token": line["token"]}, "headers": {}}
            return "/api/v1/login/recovery", authorised, {"recoveryCode": "x"}


def check_form(served, answer):
    """Check that an answer has the form that its API gives to errors."""
    assert answer.headers["Content-Type"] == "application/json"
    told = answer.json()
    match served.api:
        case "fortanix_dsm":
            assert set(told) == {"message"}
        case "auth0_mfa":
            assert set(told) == {"error", "error_description"}
        case "arklow":
            assert set(told) == {"data", "errors"}
            assert told["data"] is None
            assert [set(each) for each in told["errors"]] == [{"code", "message"}]
        case _:
            assert set(told) == {"error", "message"}


def send(served, data, *, headers=JSON):
    path, authorised, _ = call_of(served)
    authorised = authorised | {"headers": authorised["headers"] | dict(headers)}
    return served.send("POST", path, data=data, **authorised)


def without_each(body):
    for name in body:
        yield {other: value for other, value in body.items() if other != name}


def with_wrong_types(body):
    for name in body:
        for value in (None, 7, True, [], {}, ["x", 1]):
            yield body | {name: value}


def test_the_call_is_one(served):
    """What the tests below spoil is a request that the call takes."""
    _, _, body = call_of(served)
    assert send(served, json.dumps(body)).status_code in {200, 403}


def test_bodies_that_are_none(served):
    """Not JSON, not UTF-8, not an object, too deep, a lone surrogate, or nothing at all."""
    _, _, body = call_of(served)
    [name, *_] = body
    for data in (
        b"",
        b"{",
        b"nothing",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe\xff",
        b'{"%s": "\xff"}' % name.encode(),
        b'{"%s": "\\ud800"}' % name.encode(),
        b"[" * 8000,
        b"9" * 5000,
        *(json.dumps(each).encode() for each in without_each(body)),
        *(json.dumps(each).encode() for each in with_wrong_types(body)),
    ):
        answer = send(served, data)
        assert answer.status_code == 400, (data, answer.text)
        check_form(served, answer)


@pytest.mark.parametrize(
    "text", ["\0", "1\0", "é" * 1000, "0" * 10_000, "\u202e" * 7, "\u2028" * 7]
)
def test_texts_that_are_odd(served, text):
    """A text is a text: what is no code is refused like any other."""
    _, _, body = call_of(served)
    [*_, name] = body
    odd = body | {name: [text] if isinstance(body[name], list) else text}

    answer = send(served, json.dumps(odd))

    assert answer.status_code in {200, 400, 403}
    if answer.status_code != 200:
        check_form(served, answer)


def test_a_lone_surrogate_is_no_text(fortanix_dsm, circularo):
    """Not in a name or a password either, which no hash and no database would take."""
    for odd in ({"name": "\ud800"}, {"password": "\ud800"}):
        body = {"name": "ada", "password": "x", "returnToken": True} | odd
        answer = circularo.send("POST", "/api/v1/login", data=json.dumps(body), headers=JSON)
        assert answer.status_code == 400
        check_form(circularo, answer)
    _, authorised, _ = call_of(fortanix_dsm)
    unlocking = "/sys/v1/session/config_2fa/auth"
    answer = fortanix_dsm.post(unlocking, {"password": "\udfff"}, **authorised)
    assert answer.status_code == 400
    check_form(fortanix_dsm, answer)


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "multipart/form-data", ""])
def test_other_media_types(served, media_type):
    """Only what the contract names is read."""
    _, _, body = call_of(served)

    answer = send(served, json.dumps(body).encode(), headers={"Content-Type": media_type})

    assert answer.status_code == 400
    check_form(served, answer)


def chunks(size):
    yield from [b"x" * 1024] * (size // 1024 + 1)


@pytest.mark.parametrize("data", [b" " * (16 * 1024 + 1), chunks], ids=["declared", "chunked"])
def test_bodies_that_are_too_large(served, data):
    """They are not read to their end, whether they say how long they are or not."""
    answer = send(served, data(16 * 1024) if callable(data) else data)

    assert answer.status_code == 413
    check_form(served, answer)


def test_a_body_of_just_the_size_is_read(served):
    """The limit is the last one that is allowed."""
    _, _, body = call_of(served)
    assert send(served, json.dumps(body).ljust(16 * 1024)).status_code in {200, 403}


def test_a_form_that_is_too_large(auth0_mfa):
    """Nor is a form."""
    answer = auth0_mfa.send("POST", "/oauth/token", data="a" * (16 * 1024 + 1), headers=FORM)

    assert answer.status_code == 413
    check_form(auth0_mfa, answer)


def test_unknown_paths_and_methods(served):
    """404, and 405 with the methods that there are."""
    path, *_ = call_of(served)
    for unknown in ("/", "/nothing", path + "/", path.upper(), "/%00", "/%ff", "/docs"):
        answer = served.send("GET", unknown)
        assert answer.status_code == 404, unknown
        check_form(served, answer)
    for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "NONSENSE"):
        answer = served.send(method, path)
        assert answer.status_code == 405, method
        assert answer.headers["Allow"] == "POST"
        check_form(served, answer)


def test_a_client_that_hangs_up(served):
    """Half a request does no harm: the next one is answered."""
    path, _, body = call_of(served)
    address = urlsplit(served.line["base_url"])
    with socket.create_connection((address.hostname, address.port)) as half:
        half.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{{".encode())
    assert send(served, json.dumps(body)).status_code in {200, 403}


def test_nothing_of_this_was_an_error_of_the_server(served):
    """No traceback was logged, in whatever order the tests were run."""
    assert "Traceback" not in served.said()
