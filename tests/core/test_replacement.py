"""The replacement: a code is made as the one was whose place it takes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from recoverykit import (
    Argon2idHasher,
    CodeFormat,
    CorruptRecord,
    KeyedHasher,
    Pbkdf2Hasher,
    Policy,
    Subject,
)
from recoverykit.core.call import Call, Setup
from recoverykit.core.probe import probe_of
from recoverykit.core.replacement import draw_replacement, place_of
from recoverykit.core.state import StoredCode
from tests.core.sets import COSTLY, NOW, a_set, stored

FORMAT = CodeFormat.default()
GUESS = FORMAT.parse("00000-00000-00000")


def a_call(policy):
    setup = Setup(policy=policy, keyring=None, entropy=lambda size: b"\x07" * size)
    return Call(setup=setup, subject=Subject("alice"), attempt="me", context={})


def test_a_policy_may_ask_for_more_than_the_ceiling_allows():
    """What it asks for it gets, for the codes that come later too."""
    made = draw_replacement(a_call(Policy(hasher=COSTLY)), a_set(stored(0, COSTLY)), GUESS)
    assert made.request.hasher == COSTLY


def test_no_stored_line_asks_for_more_than_that():
    """Whoever writes to the storage must not choose what a hash costs."""
    with pytest.raises(CorruptRecord, match=r"more work than the ceiling allows$"):
        draw_replacement(a_call(Policy()), a_set(stored(0, COSTLY)), GUESS)


def test_a_guess_at_no_code_costs_what_the_policy_asks_for():
    """As much as a guess at a code would, however much that is."""
    nobody = FORMAT.parse(FORMAT.display(FORMAT.encode(ordinal=5, secret=[0] * 13)))
    probe = probe_of(
        a_set(stored(0, COSTLY)), subject=Subject("alice"), parsed=nobody, ceiling=COSTLY
    )
    assert [request.hasher for request in probe.requests] == [COSTLY]


def foreign(ordinal):
    return StoredCode(ordinal=ordinal, digest="$foreign$argon2$line")


def test_a_code_is_made_as_the_one_was_that_the_guess_names():
    """Each place may have been hashed in its own way by now; a place that is none as the first."""
    other = Pbkdf2Hasher(iterations=6_000_001)
    codes = replace(a_set(stored(0, COSTLY)), codes=(stored(0, COSTLY), stored(1, other)))
    call = a_call(Policy(hasher=other))
    for ordinal, hasher in ((0, COSTLY), (1, other), (5, COSTLY)):
        guess = FORMAT.parse(FORMAT.display(FORMAT.encode(ordinal=ordinal, secret=[0] * 13)))
        assert draw_replacement(call, codes, guess).request.hasher == hasher


def test_where_there_is_no_set_the_policys_format_is_drawn_from():
    """Even for a guess at a place that it does not have."""
    small = CodeFormat.digits(20, selector=True)
    far = FORMAT.parse(FORMAT.display(FORMAT.encode(ordinal=31, secret=[0] * 13)))
    made = draw_replacement(a_call(Policy(format=small)), None, far)
    assert (made.format, small.parse(made.code).ordinal) == (small, 0)


def test_a_drawn_code_is_told_with_all_that_is_known_of_its_set():
    """As an issued set is, and whose place it takes."""
    codes = replace(a_set(stored(0, COSTLY)), expires_at=NOW + timedelta(days=1))
    made = draw_replacement(a_call(Policy(hasher=COSTLY)), codes, GUESS)
    issued = made.to_issued(codes, ordinal=7)
    assert issued.codes == (FORMAT.display(made.code),)
    assert (issued.set_id, issued.format, issued.replaces) == (codes.id, FORMAT, 7)
    assert (issued.issued_at, issued.expires_at) == (NOW, NOW + timedelta(days=1))


def test_a_drawn_code_depends_on_the_salt_that_it_must_share():
    """Only where a set has no selectors, and more than one code of ours."""
    plain = CodeFormat.digits(20)
    shared = stored(0, COSTLY).digest.rpartition("$")[0]
    two = replace(a_set(stored(0, COSTLY)), codes=(stored(0, COSTLY), stored(1, COSTLY)))
    assert place_of(None) == (None, frozenset())
    assert place_of(two) == (two.id, frozenset())
    assert place_of(replace(two, format=plain)) == (two.id, {shared})
    mixed = replace(two, format=plain, codes=(stored(0, COSTLY), foreign(1)))
    assert place_of(mixed) == (two.id, {shared})
    alone = replace(two, format=plain, codes=(stored(0, COSTLY),))
    assert place_of(alone) == (two.id, frozenset())


@pytest.mark.parametrize(
    ("length", "hasher"), [(27, Argon2idHasher.owasp()), (28, KeyedHasher()), (29, KeyedHasher())]
)
def test_no_fast_hash_is_made_of_a_short_code(length, hasher):
    """From 112 bits on it is enough."""
    shape = CodeFormat.hex(length)
    long = CodeFormat.hex(32)
    codes = replace(a_set(stored(0, COSTLY)), format=shape, codes=(foreign(0),))
    guess = shape.parse("0" * length)
    made = draw_replacement(a_call(Policy(format=long, hasher=KeyedHasher())), codes, guess)
    assert made.request.hasher == hasher
