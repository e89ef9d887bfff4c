"""The replacement: a code is made as the one was whose place it takes."""

from datetime import UTC, datetime

import pytest

from recoverykit import CodeFormat, CorruptRecord, Pbkdf2Hasher, Policy, Subject
from recoverykit.core.call import Call, Setup
from recoverykit.core.digest import StoredDigest
from recoverykit.core.masked import Masked
from recoverykit.core.probe import probe_of
from recoverykit.core.replacement import draw_replacement
from recoverykit.core.state import CodeSet, StoredCode

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FORMAT = CodeFormat.default()
GUESS = FORMAT.parse("00000-00000-00000")
COSTLY = Pbkdf2Hasher(iterations=6_000_000)  # beyond the ceiling of what nobody asked for


def a_call(policy):
    setup = Setup(policy=policy, keyring=None, entropy=lambda size: b"\x07" * size)
    return Call(setup=setup, subject=Subject("alice"), attempt="me", context={})


def a_set(hasher):
    line = StoredDigest(hasher=hasher, key_id="-", salt=bytes(16), digest=Masked(bytes(32)))
    code = StoredCode(ordinal=0, digest=line.to_text(), use=None)
    return CodeSet(
        id="0" * 32, format=FORMAT, issued_at=NOW, attempt="me", expires_at=None, codes=(code,)
    )


def test_a_policy_may_ask_for_more_than_the_ceiling_allows():
    """What it asks for it gets, for the codes that come later too."""
    made = draw_replacement(a_call(Policy(hasher=COSTLY)), a_set(COSTLY), GUESS)
    assert made.request.hasher == COSTLY


def test_no_stored_line_asks_for_more_than_that():
    """Whoever writes to the storage must not choose what a hash costs."""
    with pytest.raises(CorruptRecord, match=r"more work than the ceiling allows$"):
        draw_replacement(a_call(Policy()), a_set(COSTLY), GUESS)


def test_a_guess_at_no_code_costs_what_the_policy_asks_for():
    """As much as a guess at a code would, however much that is."""
    nobody = FORMAT.parse(FORMAT.display(FORMAT.encode(ordinal=5, secret=[0] * 13)))
    probe = probe_of(a_set(COSTLY), subject=Subject("alice"), parsed=nobody, ceiling=COSTLY)
    assert [request.hasher for request in probe.requests] == [COSTLY]
