"""Arklow: a code of one device, and until when the session counts as verified."""

from datetime import UTC, datetime, timedelta

import pytest

from recoverykit import Subject
from recoverykit.testing import ManualClock
from tests.published_apis.listening import listening

PATH = "/v1/self/mfa/verify/totp/backup"
FIELDS = {"valid", "device_id", "verification_type", "session_mfa_not_after"}


def verify(served, key, *, device, code):
    return served.post(PATH, {"device_id": device, "code": code}, headers={"x-arklow-auth": key})


def verified(answer):
    """Return the data of a call that has not failed."""
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert set(told) == {"data", "errors"}
    assert set(told["data"]) == FIELDS
    assert told["data"]["verification_type"] == "backup_code"
    assert (told["errors"] is None) == told["data"]["valid"]
    assert (told["data"]["session_mfa_not_after"] is not None) == told["data"]["valid"]
    return told["data"]


def failed(answer, status):
    """Return the only error of a call that has failed."""
    assert answer.status_code == status, answer.text
    told = answer.json()
    assert told["data"] is None
    [error] = told["errors"]
    assert set(error) == {"code", "message"}
    return error


def test_a_code_is_valid_once_and_for_its_device(arklow):
    """What is printed at the start is enough to see it."""
    line = arklow.line
    one, two = line["device_ids"]
    [first, *_], [other, *_] = (line["recovery_codes_by_device"][each] for each in (one, two))
    assert line["recovery_codes"][0] == first

    assert not verified(verify(arklow, line["api_key"], device=two, code=first))["valid"]
    assert verified(verify(arklow, line["api_key"], device=one, code=first))["valid"]
    assert not verified(verify(arklow, line["api_key"], device=one, code=first))["valid"]
    assert not verified(verify(arklow, line["api_key"], device="3", code=other))["valid"]
    right = verified(verify(arklow, line["api_key"], device=two, code=other))
    assert (right["valid"], right["device_id"]) == (True, two)


def test_the_verification_ends(tmp_path):
    """After the twelve hours of the policy, told as RFC 3339 has it."""
    now = ManualClock(datetime(2026, 11, 2, 9, 30, tzinfo=UTC))
    with listening("arklow", folder=tmp_path, clock=now) as served:
        line = served.line
        answer = verify(served, line["api_key"], device="1", code=line["recovery_codes"][0])
        assert verified(answer)["session_mfa_not_after"] == "2026-11-02T21:30:00Z"
        assert served.policy.elevation == timedelta(hours=12)


def test_codes_belong_to_their_user(arklow):
    """The same device of somebody else has none of them."""
    ada, bob = arklow.somebody("1"), arklow.somebody("1")

    answer = verify(arklow, arklow.session_of(bob), device="1", code=ada.codes[0])

    assert not verified(answer)["valid"]
    assert arklow.office.status(Subject(ada.id, scope="1")).remaining == 10


def test_each_device_has_a_throttle_of_its_own(arklow):
    """Whoever guesses at one is delayed there, and told that nothing was judged."""
    ada = arklow.somebody("1")
    codes = arklow.office.issue(Subject(ada.id, scope="2")).codes
    key = arklow.session_of(ada)
    for code in codes[:5]:
        assert not verified(verify(arklow, key, device="1", code=code))["valid"]

    delayed = verify(arklow, key, device="1", code=ada.codes[0])

    assert failed(delayed, 429)["code"] == "too_many_attempts"
    assert 25 < int(delayed.headers["Retry-After"]) <= 30
    assert verified(verify(arklow, key, device="2", code=codes[0]))["valid"]


@pytest.mark.parametrize("key", [None, "", "0" * 64, "\xff"])
def test_who_asks_must_be_known(arklow, key):
    """Without the key of a session there is no answer."""
    assert failed(verify(arklow, key, device="1", code="123456"), 401)["code"] == "unauthenticated"


@pytest.mark.parametrize(
    ("device", "code"),
    [
        ("1", "12345"),
        ("1", ""),
        ("", "123456"),
        ("one", "123456"),
        ("1\n", "123456"),
        ("٣", "123456"),  # a digit, but none of 0 to 9
        (1, "123456"),
        ("1", 123456),
        (None, "123456"),
        ("1" * 256, "123456"),  # longer than any storage holds
    ],
)
def test_pattern_and_length_are_honoured(arklow, device, code):
    """What the document does not allow is refused, with both keys."""
    key = arklow.line["api_key"]
    assert failed(verify(arklow, key, device=device, code=code), 400)["code"] == "malformed"


def test_a_typing_error_costs_nothing(arklow):
    """A text of six characters that is no code is not valid, and not counted."""
    ada = arklow.somebody("1")

    answer = verify(arklow, arklow.session_of(ada), device="1", code="123456")

    assert not verified(answer)["valid"]
    assert "typing errors" in answer.json()["errors"][0]["message"]
    assert arklow.office.status(Subject(ada.id, scope="1")).failures == 0
