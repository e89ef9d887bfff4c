"""The keyring: ids, one that signs, all that verify, and a missing one that is never "wrong"."""

import copy
import pickle

import pytest

from recoverykit import Keyring, PolicyError, UnknownKey
from recoverykit.core.keyring import NO_KEY, bind, signing_key_id
from recoverykit.core.masked import Masked

OLD, NEW = b"o" * 16, b"n" * 32
MESSAGE = Masked(b"whose code it is")


def test_the_primary_key_signs():
    """With one key it is the primary; with several the host names it."""
    assert Keyring({"2025": OLD}).primary == "2025"
    assert Keyring({"2025": OLD, "2026": NEW}, primary="2026").primary == "2026"
    assert signing_key_id(Keyring({"2025": OLD})) == "2025"
    assert signing_key_id(None) == NO_KEY


def test_every_key_binds_differently():
    """The same message under two keys, or under none, has nothing in common."""
    ring = Keyring({"2025": OLD, "2026": NEW}, primary="2026")
    bound = {bind(ring, key_id, MESSAGE).reveal() for key_id in ("2025", "2026", NO_KEY)}
    assert len(bound) == 3
    assert {len(one) for one in bound} == {32}


def test_a_key_binds_the_same_in_every_keyring():
    """Adding a key or naming another primary changes nothing for what stands."""
    alone = Keyring({"2025": OLD})
    ring = Keyring({"2025": OLD, "2026": NEW}, primary="2026")
    assert bind(alone, "2025", MESSAGE) == bind(ring, "2025", MESSAGE)


@pytest.mark.parametrize("ring", [None, Keyring({"2025": OLD})])
def test_a_missing_key_is_named(ring):
    """A key that is not there is `UnknownKey` with its id, with or without a keyring."""
    with pytest.raises(UnknownKey, match="'2024'") as caught:
        bind(ring, "2024", MESSAGE)
    assert caught.value.key_id == "2024"


@pytest.mark.parametrize(
    ("keys", "primary"),
    [
        ({}, None),
        ({"a": OLD, "b": NEW}, None),
        ({"a": OLD}, "b"),
        ({"": OLD}, None),
        ({"-": OLD}, None),
        ({"a b": OLD}, None),
        ({"a" * 65: OLD}, None),
        ({"ä": OLD}, None),
        ({7: OLD}, None),
        ({"a": b"x" * 15}, None),
        ({"a": "x" * 32}, None),
        ({"a": None}, None),
        ([("a", OLD)], None),
        (None, None),
    ],
)
def test_an_unusable_keyring_is_refused(keys, primary):
    """Too short a key, an id that no record could hold, an unnamed primary: `PolicyError`."""
    with pytest.raises(PolicyError):
        Keyring(keys, primary=primary)


@pytest.mark.parametrize(
    ("keys", "figure"),
    [
        ({"": OLD}, "a key id is 1 to 64 ASCII letters, digits, dots, dashes, underscores"),
        ({"a": b"x" * 15}, "a key is at least 16 random bytes"),
        ({}, "one of the keys must be named as the primary"),
    ],
)
def test_what_is_wrong_with_a_keyring_is_said(keys, figure):
    """The figure that it misses, and no key."""
    with pytest.raises(PolicyError) as refusal:
        Keyring(keys)
    assert str(refusal.value) == f"keyring: {figure}; give a usable keyring"


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_keyring_stays_where_it_is(take):
    """A keyring cannot be pickled or copied."""
    with pytest.raises(TypeError, match=r"^a keyring cannot be pickled or copied$"):
        take(Keyring({"a": OLD}))


def test_the_repr_names_ids_and_no_key():
    """What a log shows of a keyring are the ids of its keys."""
    assert repr(Keyring({"b": NEW, "a": OLD}, primary="b")) == "Keyring(['a', 'b'], primary='b')"


def test_a_keyring_that_was_refused_can_be_shown():
    """Its frame stands in the traceback, where tools show what it holds."""
    with pytest.raises(PolicyError) as refusal:
        Keyring({"a": b"x" * 15})
    (halfway,) = {
        repr(entry.frame.f_locals["self"])
        for entry in refusal.traceback
        if "self" in entry.frame.f_locals
    }
    assert halfway == "Keyring([], primary='')"
