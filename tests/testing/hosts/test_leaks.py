"""What a thief could read off a store, in whatever form it lies there."""

import base64
import hashlib
import json

import pytest

from recoverykit.testing.hosts.leaks import leaked
from recoverykit.testing.hosts.ledger import Code
from recoverykit.testing.hosts.mistakes import MISTAKES

TEXT = "K7QZM-2XW9P"
PLAIN = TEXT.replace("-", "")
CODES = [Code(text=TEXT, name="code 1"), Code(text="4HT8N-VB3CD", name="code 2")]

STORED = {
    "as it is typed": [
        TEXT,
        PLAIN.lower(),
        [b"\x00\xff", TEXT.lower().encode()],
        json.dumps({"codes": [TEXT]}),
        PLAIN.encode().hex().upper(),
        base64.b64encode(f"a{TEXT}".encode()),
        base64.urlsafe_b64encode(f"\u00ff\u00fe?{TEXT}".encode()).rstrip(b"="),
        TEXT.replace("-", " "),
        f"{PLAIN[:3]}.{PLAIN[3:6]}.{PLAIN[6:]}",
        "text/" + base64.b64encode(TEXT.encode()).decode(),
        "lone \ud800 surrogate " + TEXT,
    ],
    "as its sha1": [hashlib.sha1(TEXT.encode()).hexdigest().upper()],  # noqa: S324  # it is weak
    "as its sha256": [hashlib.sha256(PLAIN.lower().encode()).hexdigest()],
    "as its sha512, raw": [
        hashlib.sha512(PLAIN.encode()).digest(),
        "sha512-" + base64.b64encode(hashlib.sha512(PLAIN.encode()).digest()).decode(),
        base64.b64encode(hashlib.sha512(PLAIN.encode()).digest()).decode(),
    ],
}


@pytest.mark.parametrize(
    ("form", "dump"), [(form, dump) for form, dumps in STORED.items() for dump in dumps]
)
def test_a_code_is_found(form, dump):
    """It is named by its number, with the form in which it lies there."""
    assert list(leaked(CODES, dump)) == [f"code 1, {form}"]


def test_what_is_hashed_with_a_salt_is_not_found():
    """Nor is anything else of it."""
    digest = hashlib.pbkdf2_hmac("sha256", TEXT.encode(), b"a salt", 2)
    dump = ["pbkdf2$", digest.hex(), base64.b64encode(digest), digest, TEXT[:-1]]
    assert list(leaked(CODES, dump)) == []


def test_short_codes_may_stand_there_by_chance():
    """Of codes of six digits half must be found: any large text holds some."""
    codes = [Code(text=f"{number:06}", name=str(number)) for number in range(4)]
    assert list(leaked(codes, "000001")) == []
    assert len(list(leaked(codes, ["000001", "000003"]))) == 2


def test_a_mistake_is_no_code():
    """Where a code has one symbol only there is no other to mistake it for."""
    codes = ("11-11", "11-11")
    assert MISTAKES["a code with another last symbol"](codes) == ""
    assert MISTAKES["a code with another last symbol"](("11-12",)) == "11-11"
    assert not {each(codes) for each in MISTAKES.values()} & set(codes)
