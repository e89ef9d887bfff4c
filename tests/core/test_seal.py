"""The seal: whatever a storage hands back is either whole, or no document."""

import pytest

from recoverykit import CorruptRecord, Keyring, Subject, UnknownKey
from recoverykit.core import seal
from recoverykit.core.masked import Masked
from recoverykit.core.seal import opened, seal_key_in

RING = Keyring({"2026": b"k" * 32})
ALICE = Subject("alice")


def sealed(content, *, key_id="2026", mac="A" * 43):
    return Masked(f'{{"seal":"{key_id}${mac}","content":{content}}}')


@pytest.mark.parametrize("revision", ["a" * 32, "\ud800"])
@pytest.mark.parametrize("content", ["{}", '"\ud800"', "\x00", ""])
def test_a_seal_that_does_not_fit_is_told_of_any_text(content, revision):
    """Lone surrogates included, which UTF-8 does not know."""
    with pytest.raises(CorruptRecord, match=r"^the seal of a stored document does not fit$"):
        opened(sealed(content), keyring=RING, subject=ALICE, revision=revision)


def test_the_key_of_a_seal_is_named():
    """Even where it is not at hand."""
    assert seal_key_in(sealed("{}", key_id="2025")) == "2025"
    assert seal_key_in(Masked("{}")) is None
    for keyring in (None, RING):
        with pytest.raises(UnknownKey) as caught:
            opened(sealed("{}", key_id="2025"), keyring=keyring, subject=ALICE, revision="a" * 32)
        assert caught.value.key_id == "2025"


@pytest.mark.parametrize(
    ("subject", "revision", "key"),
    [
        (Subject("alicf"), "a" * 32, b"k"),
        (Subject("alice", tenant="t"), "a" * 32, b"k"),
        (Subject("alice", scope="s"), "a" * 32, b"k"),
        (ALICE, "b" * 32, b"k"),
        (ALICE, "a" * 32, b"l"),
    ],
)
def test_a_seal_holds_for_one_subject_one_revision_and_one_key(subject, revision, key):
    """What is whole in its own place is no document in another."""
    text = seal.sealed("{}", keyring=RING, subject=ALICE, revision="a" * 32)
    own = opened(Masked(text), keyring=RING, subject=ALICE, revision="a" * 32)
    assert own.reveal() == "{}"
    keyring = Keyring({"2026": key * 32})
    with pytest.raises(CorruptRecord, match=r"^the seal of a stored document does not fit$"):
        opened(Masked(text), keyring=keyring, subject=subject, revision=revision)
