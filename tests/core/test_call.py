"""A call: the document that it reads, and what its policy makes of it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from recoverykit import CodeFormat, CorruptRecord, Policy, Subject
from recoverykit.core.call import Call, Setup
from recoverykit.core.digest import StoredDigest
from recoverykit.core.document import EMPTY
from recoverykit.core.hasher import CheapHasher
from recoverykit.core.masked import Masked
from recoverykit.core.record import Record
from recoverykit.core.state import CodeSet, StoredCode

REVISION = "0" * 32
ALICE = Subject("alice")


def a_call(**policy):
    setup = Setup(policy=Policy(**policy), keyring=None, entropy=bytes)
    return Call(setup=setup, subject=ALICE, attempt="me", context={})


@pytest.fixture
def document():
    """A set whose one code was hashed for tests."""
    line = StoredDigest(hasher=CheapHasher(), key_id="-", salt=bytes(16), digest=Masked(bytes(32)))
    codes = CodeSet(
        id=REVISION,
        format=CodeFormat.default(),
        issued_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
        attempt="me",
        expires_at=None,
        codes=(StoredCode(ordinal=0, digest=line.to_text()),),
    )
    return replace(EMPTY, active=codes)


def test_what_was_hashed_for_tests_is_read_by_tests_alone(document):
    """It protects nothing: to a policy that is none for tests it is damaged."""
    text = document.to_text(keyring=None, subject=ALICE, revision=REVISION)
    record = Record(revision=REVISION, document=text)
    assert a_call(hasher=CheapHasher()).document(record) == document
    with pytest.raises(CorruptRecord) as caught:
        a_call().document(record)
    assert str(caught.value) == "what is stored was hashed for tests, and protects nothing"
    assert a_call().document(None) == EMPTY
