"""What a guess is held against: the message that is hashed, and what the hash may cost."""

from dataclasses import replace

import pytest

from recoverykit import CodeFormat, CorruptRecord, Subject
from recoverykit.core.hasher import CheapHasher
from recoverykit.core.probe import binding, probe_of, recognition_of
from recoverykit.core.state import MAX_FOREIGN, StoredCode
from tests.core.sets import COSTLY, a_set, stored
from tests.core.test_foreign import VECTORS

ALICE = Subject("älice", tenant="t", scope="s")
PLACES, DIGITS = CodeFormat.default(), CodeFormat.digits(12)
FIRST = PLACES.parse("00000-00000-00000")


def probe_with(*codes):
    """What a guess is held against in a set without selectors."""
    parsed = DIGITS.parse("000000000000")
    codes = replace(a_set(stored(0, CheapHasher())), format=DIGITS, codes=codes)
    return probe_of(codes, subject=ALICE, parsed=parsed, ceiling=CheapHasher())


@pytest.mark.parametrize(
    ("code_format", "text", "rest"),
    [
        (PLACES, "00000-00000-00000", b"\0\0\0\x010\0\0\0\x0f000000000000000"),
        (DIGITS, "000000000000", b"\0\0\0\0\0\0\0\x0c000000000000"),
    ],
)
def test_what_is_hashed_is_fixed(code_format, text, rest):
    """Tenant, subject, scope, set, place and code, each behind its length in four bytes.

    Whatever changes here makes every code that is stored a wrong one.
    """
    bound = binding(ALICE, set_id="id", parsed=code_format.parse(text))
    head = b"\0\0\0\x01t\0\0\0\x06\xc3\xa4lice\0\0\0\x01s\0\0\0\x02id"
    assert bound.reveal() == head + rest


@pytest.mark.parametrize("probe", ["guess", "recognition"])
def test_no_stored_line_costs_more_than_the_policy_asks_for(probe):
    """What it asks for itself is affordable, and nothing beyond."""
    codes = a_set(stored(0, COSTLY))

    def asked(ceiling):
        fields = {"subject": ALICE, "parsed": FIRST, "ceiling": ceiling}
        if probe == "guess":
            return probe_of(codes, **fields)
        return recognition_of(codes, codes.codes, **fields)

    assert [request.hasher for request in asked(COSTLY).requests] == [COSTLY]
    with pytest.raises(CorruptRecord, match=r"more work than the ceiling allows$"):
        asked(CheapHasher())


def test_codes_that_no_selector_tells_apart_share_one_salt():
    """One hash is held against them all."""
    alike = probe_with(stored(0, CheapHasher()), stored(1, CheapHasher()))
    assert (len(alike.candidates), len(alike.requests)) == (2, 1)
    with pytest.raises(CorruptRecord) as caught:
        probe_with(stored(0, CheapHasher()), stored(1, CheapHasher(), salt=1))
    assert str(caught.value) == "the codes of a set without selectors do not share one salt"


def test_a_guess_costs_sixteen_foreign_hashes_at_the_most():
    """Each has a request of its own, behind the one for all of ours."""
    scheme, line = VECTORS["argon2id"]
    foreign = [
        StoredCode(ordinal=n, digest=f"$foreign${scheme.value}${line}")
        for n in range(1, MAX_FOREIGN + 2)
    ]
    probe = probe_with(stored(0, CheapHasher()), *foreign[:-1])
    assert [each.request for each in probe.candidates] == list(range(MAX_FOREIGN + 1))
    assert len(probe.requests) == MAX_FOREIGN + 1
    with pytest.raises(CorruptRecord) as caught:
        probe_with(*foreign)
    assert str(caught.value) == "more foreign hashes are stored than one guess may cost"
