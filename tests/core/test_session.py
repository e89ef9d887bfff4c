"""The id of a session: what can be used as one, and the digest that is stored in its place."""

import hashlib

import pytest

from recoverykit import InvalidArgument, Subject
from recoverykit.core.masked import Masked
from recoverykit.core.session import session_digest

ALICE = Subject("alice")


def digest(session, subject=ALICE):
    return session_digest(Masked(session), subject).reveal()


@pytest.mark.parametrize("session", ["s", "x" * 1_024, "böb\x00\n", "\U0001f511"])
def test_any_text_of_reasonable_length_is_a_session(session):
    """What a session id looks like is the host's business; its digest is 64 hex digits."""
    assert len(bytes.fromhex(digest(session))) == 32
    assert session not in digest(session)


@pytest.mark.parametrize(
    "session",
    ["", "x" * 1_025, "canary\ud800", "\udfff", b"canary", 7, None, True, ["canary"]],
    ids=lambda each: repr(each)[:12],
)
def test_an_unusable_session_is_refused_without_being_shown(session):
    """Empty, endless, no Unicode or no text: one sentence for all, which shows nothing."""
    with pytest.raises(
        InvalidArgument, match=r"^a session id is a text of 1 to 1,024 characters$"
    ) as refused:
        digest(session)
    assert refused.value.__cause__ is None


def test_a_digest_belongs_to_one_session_and_one_subject():
    """Two sessions, ids, tenants or scopes differ, and a part never runs into the next."""
    subjects = [ALICE, Subject("alice", tenant="t"), Subject("alice", scope="t"), Subject("alicet")]
    digests = {digest(session, each) for each in subjects for session in ("s", "S", "s ", "ts")}
    assert len(digests) == 16


def test_the_stored_form_is_as_documented():
    """HMAC-SHA-256 under a label, over tenant, id, scope and session, each behind its length."""
    parts = (b"", b"alice", b"", b"s")
    message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    key = b"recoverykit/1/session".ljust(64, b"\x00")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + message).digest()
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in key) + inner)
    assert digest("s") == outer.hexdigest()
