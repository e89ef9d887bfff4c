"""A call: the document that it reads, and what its policy makes of it."""

from dataclasses import replace

import pytest

from recoverykit import CorruptRecord, Policy, Subject
from recoverykit.core.call import Call, Setup
from recoverykit.core.document import EMPTY
from recoverykit.core.hasher import CheapHasher
from recoverykit.core.record import Record
from tests.core.sets import a_set, stored

REVISION = "0" * 32
ALICE = Subject("alice")


def a_call(**policy):
    setup = Setup(policy=Policy(**policy), keyring=None, entropy=bytes)
    return Call(setup=setup, subject=ALICE, attempt="me", context={})


@pytest.fixture
def document():
    """A set whose one code was hashed for tests."""
    return replace(EMPTY, active=a_set(stored(0, CheapHasher())))


def test_what_was_hashed_for_tests_is_read_by_tests_alone(document):
    """It protects nothing: to a policy that is none for tests it is damaged."""
    text = document.to_text(keyring=None, subject=ALICE, revision=REVISION)
    record = Record(revision=REVISION, document=text)
    assert a_call(hasher=CheapHasher()).document(record) == document
    with pytest.raises(CorruptRecord) as caught:
        a_call().document(record)
    assert str(caught.value) == "what is stored was hashed for tests, and protects nothing"
    assert a_call().document(None) == EMPTY
