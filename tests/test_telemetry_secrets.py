"""The canary once more: no trace of a secret or of a user in what OpenTelemetry is told."""

import re
import sys

import argon2.low_level
import pytest

from recoverykit import Overloaded, RefusalReason, errors
from recoverykit.observer import Answer, VerbName
from recoverykit.storage.memory import MemoryStorage
from tests.test_secrets import SESSION, Stage, logged, play, steady_entropy
from tests.watching import SHELLS, Collector, kit_of

# Subjects, attempts, contexts and what the host raises, as `play` makes them up.
PERSONAL = ("alice", "bob", "eve", "leo", "mallory", "nobody", "damaged", SESSION)
PERSONAL += ("issue-1", "a-1", "rotated", "::1", "actor", "the host's own", "canary")
WORDS = {verb.value for verb in VerbName} | {reason.value for reason in RefusalReason}
WORDS |= {answer.value for answer in Answer} | {"success", "replayed", "cancelled"}
WORDS |= {"MemoryStorage", "LookupError", "MemoryError"}
WORDS |= {name for name in vars(errors) if name.isidentifier()}

__all__ = ["logged", "steady_entropy"]  # fixtures of the other canary


@pytest.fixture(params=SHELLS)
def collector(request, monkeypatch):
    """Watches every kit that a stage opens, in each shell in turn."""
    collector = Collector()

    def watched(storage, **options):
        return kit_of(request.param, storage, observer=collector.telemetry, **options)

    monkeypatch.setattr(sys.modules[Stage.__module__], "RecoveryKit", watched)
    yield collector
    collector.close()


def personal_in(texts):
    personal = re.compile("|".join(rf"(?<!\w){re.escape(each)}(?!\w)" for each in PERSONAL))
    return {found for text in texts for found in personal.findall(text)}


@pytest.mark.parametrize("word", PERSONAL)
def test_a_user_is_found_where_one_is(word):
    """The search finds each word in an attribute; else it would prove nothing."""
    collector = Collector()
    with collector.tracers.get_tracer("host").start_as_current_span("span", attributes={"a": word}):
        collector.meters.get_meter("host").create_counter("calls").add(1, {"a": word})
    assert all(word in personal_in([text]) for text in collector.texts())
    collector.close()


def test_nothing_that_is_exported_shows_a_secret_or_a_user(collector):
    """No name, attribute, event, status, link or figure, whatever was called and refused."""
    stage = Stage(MemoryStorage())
    play(stage)
    texts = collector.texts()
    assert len(collector.spans) > 100
    assert stage.canary.found_in(texts) == set()
    assert personal_in(texts) == set()
    ids = {event.id for event in stage.events} | {event.set_id for event in stage.events}
    assert [each for each in ids if each and any(each in text for text in texts)] == []


def test_what_is_told_is_of_a_closed_vocabulary(collector):
    """Each text among the attributes is a verb, an outcome, an answer or the name of a class."""
    play(Stage(MemoryStorage()))
    assert collector.words() <= WORDS


def test_no_error_and_no_log_record_shows_a_secret_for_being_watched(collector, logged):
    """No frame of ours that watches holds one."""
    stage = Stage(MemoryStorage())
    play(stage)
    assert stage.canary.found_in(stage.told() + logged) == set()


@pytest.mark.parametrize("verb", ["redeem", "issue"])
def test_a_hash_that_fails_shows_nothing(collector, monkeypatch, verb):
    """Neither in the frames around it nor in its span."""
    stage = Stage(MemoryStorage())
    codes = stage.issue("alice")

    def fail(secret, *args, **kwargs):
        stage.canary.add_bytes("what is hashed", secret)
        raise MemoryError(secret)

    monkeypatch.setattr(argon2.low_level, "hash_secret_raw", fail)
    call = {
        "redeem": lambda: stage.kit.redeem("alice", codes[0]),
        "issue": lambda: stage.kit.issue("bob"),
    }
    stage.fail(Overloaded, call[verb])
    assert stage.canary.found_in(stage.told() + collector.texts()) == set()
