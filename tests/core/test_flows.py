"""Flows, step by step, as a shell drives them: what is asked for, and what an answer decides."""

from dataclasses import replace
from datetime import timedelta

import pytest

from recoverykit import (
    Keyring,
    Policy,
    Subject,
    TooManyAttempts,
)
from recoverykit.core import flows
from recoverykit.core.call import Call, Setup
from recoverykit.core.document import EMPTY
from recoverykit.core.effects import Commit, Derive, Derived, Load, Loaded
from recoverykit.core.hasher import CheapHasher
from recoverykit.core.masked import Masked
from recoverykit.core.record import Record, SetState
from recoverykit.core.state import Use
from tests.core.sets import COSTLY, NOW, a_set, stored

ALICE = Subject("alice")
REVISION = "0" * 32
DIGEST = Masked(b"d" * 32)
CODE = Masked("00000-00000-00000")


def a_call(*, keyring=None, **policy):
    setup = Setup(policy=Policy(**policy), keyring=keyring, entropy=bytes)
    return Call(setup=setup, subject=ALICE, attempt="me", context={})


def two_codes(hasher):
    """A set whose first code a hash answers with DIGEST."""
    return a_set(*(stored(n, hasher, digest=DIGEST.reveal()) for n in range(2)), attempt="first")


def spent(codes):
    use = Use(at=NOW, attempt="me", revision=REVISION)
    first, *rest = codes.codes
    return replace(codes, codes=(replace(first, use=use), *rest))


def loaded(document, *, keyring=None):
    text = document.to_text(keyring=keyring, subject=ALICE, revision=REVISION)
    return Loaded(record=Record(revision=REVISION, document=text), now=NOW)


def asked(flow, document):
    """What the flow asks for, once it has the document."""
    assert isinstance(next(flow), Load)
    return flow.send(loaded(document))


@pytest.mark.parametrize("verb", ["redeem", "replay", "confirm"])
def test_a_policy_may_ask_for_more_than_the_ceiling_allows(verb):
    """Its own hashes are evaluated, however costly."""
    codes = two_codes(COSTLY)
    call = a_call(hasher=COSTLY)
    document = {
        "redeem": replace(EMPTY, active=codes),
        "replay": replace(EMPTY, active=spent(codes)),
        "confirm": replace(EMPTY, pending=replace(codes, lapses_at=NOW + timedelta(hours=1))),
    }[verb]
    flow = flows.confirm(call, CODE) if verb == "confirm" else flows.redeem(call, CODE)
    effect = asked(flow, document)
    assert isinstance(effect, Derive)
    assert [request.hasher for request in effect.requests] == [COSTLY]


@pytest.mark.parametrize(
    ("late", "is_told"), [(timedelta(0), True), (timedelta(minutes=10), False)]
)
def test_a_window_may_end_while_the_hash_runs(late, is_told):
    """What is not told again is judged, and counted as a used code."""
    call = a_call(hasher=CheapHasher(), replay_for=timedelta(minutes=10))
    flow = flows.redeem(call, CODE)
    asked(flow, replace(EMPTY, active=spent(two_codes(CheapHasher()))))
    answer = Derived(digests=(DIGEST,), now=NOW + late)
    if is_told:
        with pytest.raises(StopIteration) as ended:
            flow.send(answer)
        assert ended.value.value.value.replayed
    else:
        assert isinstance(flow.send(answer), Commit)


@pytest.mark.parametrize("verb", ["redeem", "confirm"])
def test_a_delay_costs_no_hash(verb):
    """Nothing is evaluated for whoever has to wait."""
    codes = replace(two_codes(CheapHasher()), failures=5, failed_at=NOW)
    call = a_call(hasher=CheapHasher())
    if verb == "redeem":
        flow, document = flows.redeem(call, CODE), replace(EMPTY, active=codes)
    else:
        pending = replace(codes, lapses_at=NOW + timedelta(hours=1))
        flow, document = flows.confirm(call, CODE), replace(EMPTY, pending=pending)
    with pytest.raises(StopIteration) as ended:
        asked(flow, document)
    assert isinstance(ended.value.value.value, TooManyAttempts)


def test_a_status_is_told_of_what_nobody_can_open():
    """The key that seals it is missing: it is named, and none of the codes counts."""
    old = Keyring({"2025": b"o" * 16})
    flow = flows.status(a_call(keyring=Keyring({"2026": b"n" * 16})))
    next(flow)
    with pytest.raises(StopIteration) as ended:
        flow.send(loaded(replace(EMPTY, active=two_codes(Policy().hasher)), keyring=old))
    status = ended.value.value.value
    assert (status.state, status.total, status.remaining) == (SetState.ACTIVE, 2, 0)
    assert (status.missing_keys, status.stale) == (("2025",), True)
