"""Doubt: what a flow does not know about its own commits, and when it says so."""

import pytest

from recoverykit import InvalidCode, OutcomeUnknown, SetState
from recoverykit.core.doubt import MAX_UNKNOWN, Doubt
from recoverykit.core.record import Change, Record, Summary

SUMMARY = Summary(
    state=SetState.NONE,
    remaining=0,
    issued_at=None,
    last_used_at=None,
    expires_at=None,
    retry_at=None,
    key_ids=(),
    seal_key_id=None,
    outdated_at=None,
)


def change(revision, *, expected=None):
    return Change(
        expected=expected * 32 if expected else None,
        revision=revision * 32,
        document="{}",
        events=(),
        summary=SUMMARY,
    )


def test_a_lost_answer_is_a_doubt():
    """Until then there is none."""
    doubt = Doubt("me")
    assert not doubt
    doubt.raise_over(change("a"), "won")
    assert doubt
    assert doubt.results() == ("won",)


def test_doubt_lasts_while_the_commit_can_still_land():
    """It can as long as the revision stands that it expects, and no longer."""
    doubt = Doubt("me")
    doubt.raise_over(change("b", expected="a"), "won")
    assert doubt.settle(Record(revision="a" * 32, document="{}")) is None
    assert doubt
    assert doubt.settle(Record(revision="c" * 32, document="{}")) is None
    assert not doubt


def test_our_own_commit_is_known_by_its_revision():
    """What it would have meant is what it means."""
    doubt = Doubt("me")
    doubt.raise_over(change("b", expected="a"), "won")
    assert doubt.settle(Record(revision="b" * 32, document="{}")) == "won"
    assert not doubt


def test_an_erased_record_ends_the_doubt_over_an_update():
    """And nothing of ours stands."""
    doubt = Doubt("me")
    doubt.raise_over(change("b", expected="a"), "won")
    assert doubt.settle(None) is None
    assert not doubt


def test_whoever_loses_too_many_answers_stops_asking():
    """The attempt that is to be repeated is named."""
    doubt = Doubt("me")
    for each in range(1, MAX_UNKNOWN):
        doubt.raise_over(change(str(each)), each)
    with pytest.raises(OutcomeUnknown) as caught:
        doubt.raise_over(change("0"), 0)
    assert caught.value.attempt == "me"


@pytest.fixture
def doubting():
    """A doubt over a commit of the attempt ``me``."""
    doubt = Doubt("me")
    doubt.raise_over(change("a"), "won")
    return doubt


def test_no_refusal_is_told_in_doubt(doubting):
    """It could still be overtaken, and is not even told as the cause."""
    with pytest.raises(OutcomeUnknown) as caught, doubting:
        raise InvalidCode
    assert (caught.value.attempt, caught.value.__suppress_context__) == ("me", True)


def test_what_is_no_error_of_ours_passes_through(doubting):
    """A bug of the host's is not made a doubt."""
    with pytest.raises(KeyError), doubting:
        raise KeyError


def test_without_doubt_a_refusal_is_told():
    """As it is."""
    with pytest.raises(InvalidCode), Doubt("me"):
        raise InvalidCode
