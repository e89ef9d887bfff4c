"""Masked values, subjects, events and bounds: the small nouns that everything else is made of."""

import copy
import json
import pickle
from datetime import UTC, datetime, timedelta

import pytest

from recoverykit import Event, EventKind, InvalidArgument, PolicyError, RefusalReason, Subject
from recoverykit.core.bounds import Bound, require
from recoverykit.core.events import checked_context
from recoverykit.core.masked import Masked

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def through_a_queue(value):
    return pickle.loads(pickle.dumps(value))  # noqa: S301  # it is our own


class TestMasked:
    def test_no_form_of_a_masked_value_shows_it(self):
        """Neither repr nor str nor format nor a log-style interpolation shows the secret."""
        secret = Masked("hunter2")
        shown = f"{secret!r} {secret} {[secret]} %s" % secret
        assert "hunter2" not in shown

    def test_a_masked_value_is_revealed_only_on_request(self):
        """`reveal` returns exactly what was masked."""
        assert Masked("ü").reveal() == "ü"
        assert Masked(b"\x00\xff").reveal() == b"\x00\xff"

    def test_equality_compares_the_values(self):
        """Two masked values are equal when their secrets are; anything else is unequal."""
        assert Masked("\ud800") == Masked("\ud800")
        assert Masked("a") != Masked("b")
        assert Masked(b"a") != Masked(b"b")
        assert Masked("a") != "a"

    @pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy, hash])
    def test_a_masked_value_cannot_be_pickled_copied_or_hashed(self, take):
        """What would duplicate the secret or use it as a key raises."""
        said = "unhashable" if take is hash else r"^a masked value cannot be pickled or copied$"
        with pytest.raises(TypeError, match=said):
            take(Masked("hunter2"))


class TestSubject:
    def test_a_plain_text_is_a_subject(self):
        """`Subject.of` takes a text as the id and returns an equal subject for a subject."""
        subject = Subject("alice", tenant="t", scope="s")
        assert Subject.of("alice") == Subject("alice")
        assert Subject.of(subject) == subject

    @pytest.mark.parametrize("bad", ["", "a\x00b", "\ud800", "x" * 256, "ü" * 128, None, 7, b"a"])
    def test_an_unusable_id_is_refused_without_being_shown(self, bad):
        """An id that no backend could store exactly is one clear error that does not show it."""
        with pytest.raises(InvalidArgument, match=r"^subject\.id must") as caught:
            Subject.of(bad)
        if bad:
            assert repr(bad) not in str(caught.value)

    @pytest.mark.parametrize("part", ["tenant", "scope"])
    def test_tenant_and_scope_may_be_empty_but_no_more_than_that(self, part):
        """Empty is the default of both; otherwise they are bound like the id."""
        assert Subject("a", **{part: "ü" * 127}) != Subject("a")
        with pytest.raises(InvalidArgument, match=part):
            Subject("a", **{part: "x" * 256})
        with pytest.raises(InvalidArgument, match=part):
            Subject("a", **{part: None})


class TestEvent:
    def test_details_are_ascii_json_of_everything_else(self):
        """An event's details hold what is not id, time, kind or subject."""
        event = Event(
            id="0" * 32,
            at=NOW,
            kind=EventKind.FAILED,
            subject=Subject("alice"),
            set_id="1" * 32,
            ordinal=3,
            attempt="a",
            reason=RefusalReason.USED,
            failures=5,
            retry_at=NOW,
            context={"actor": "böb"},
        )
        assert event.details().isascii()
        assert json.loads(event.details()) == {
            "set_id": "1" * 32,
            "ordinal": 3,
            "attempt": "a",
            "reason": "used",
            "failures": 5,
            "retry_at": "2026-11-22T12:00:00+00:00",
            "context": {"actor": "böb"},
        }

    def test_details_of_a_bare_event_are_null(self):
        """What an event does not know is null, not absent."""
        event = Event(id="0" * 32, at=NOW, kind=EventKind.ERASED, subject=Subject("alice"))
        details = json.loads(event.details())
        assert details.pop("context") == {}
        assert set(details.values()) == {None}

    @pytest.mark.parametrize("take", [copy.copy, copy.deepcopy, through_a_queue])
    def test_a_copy_of_an_event_is_equal_to_it(self, take):
        """A listener may queue it for another process; its context stays what it was."""
        event = Event(
            id="0" * 32,
            at=NOW,
            kind=EventKind.FAILED,
            subject=Subject("alice", tenant="t"),
            ordinal=3,
            reason=RefusalReason.INVALID,
            context={"actor": "alice"},
        )
        copied = take(event)
        assert copied == event
        assert copied.context == {"actor": "alice"}
        with pytest.raises(TypeError):
            copied.context["actor"] = "bob"

    def test_a_context_is_copied(self):
        """What the host does to its mapping afterwards does not reach the audit trail."""
        mine = {"actor": "alice"}
        copied = checked_context(mine)
        mine["actor"] = "bob"
        assert copied == {"actor": "alice"}
        assert checked_context(None) == {}

    @pytest.mark.parametrize("bad", ["text", 7, {"a": 1}, {1: "a"}])
    def test_an_unusable_context_is_refused(self, bad):
        """A context is a mapping of text to text, and nothing else."""
        with pytest.raises(InvalidArgument, match=r"^context must be a mapping of text to text$"):
            checked_context(bad)

    def test_a_context_is_small(self):
        """2,048 bytes of JSON, quotes and braces included, and not one more."""
        longest = {"a": "x" * (2048 - len('{"a": ""}'))}
        assert checked_context(longest) == longest
        said = r"^context must not be longer than 2048 bytes of JSON$"
        with pytest.raises(InvalidArgument, match=said):
            checked_context({"a": longest["a"] + "x"})


class TestBounds:
    @pytest.mark.parametrize("value", [0, 1.5, 11, "5", None, True, timedelta(5)])
    def test_a_whole_number_outside_its_bounds_is_a_finding(self, value):
        """Out of range, a fraction, a truth value or another type: the same one error."""
        with pytest.raises(PolicyError, match="size must be 1 to 10") as caught:
            require(Bound("size", value, 1, 10))
        assert [finding.rule for finding in caught.value.findings] == ["bounds"]

    def test_all_breaches_are_reported_at_once(self):
        """A host mends its configuration in one go."""
        with pytest.raises(PolicyError) as caught:
            require(Bound("a", 0, 1, 2), Bound("b", 1, 1, 2), Bound("c", 3, 1, 2))
        assert [finding.figure[0] for finding in caught.value.findings] == ["a", "c"]

    @pytest.mark.parametrize("value", [1, 1.5, 10])
    def test_a_bound_with_a_fraction_admits_fractions(self, value):
        """Where the bound is written as a float, so may be the value."""
        require(Bound("factor", value, 1.0, 10.0))

    @pytest.mark.parametrize("value", [timedelta(0), timedelta(3), 1, "1"])
    def test_a_span_outside_its_bounds_is_a_finding(self, value):
        """A span of time is checked like a number, and a number is no span."""
        with pytest.raises(PolicyError):
            require(Bound("span", value, timedelta(1), timedelta(2)))
        require(Bound("span", timedelta(1), timedelta(1), timedelta(2)))
