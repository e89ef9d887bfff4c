"""An observer of the host's: shown how a call goes, and never able to change it."""

import logging
from contextlib import contextmanager, nullcontext
from functools import partial

import pytest

from recoverykit import AsyncRecoveryKit, InvalidArgument, MalformedCode, RecoveryKit
from recoverykit.observer import Answer, ObservedCall, ObservedStep, StepKind, VerbName
from recoverykit.storage.memory import MemoryStorage
from recoverykit.telemetry import Telemetry
from tests.watching import SHELLS, Scene, lost

QUOTED = "what an observer says may quote what it was shown"


class Notebook:
    """Keeps what it is shown."""

    def __init__(self):
        self.calls, self.steps = [], []

    @contextmanager
    def call(self, call):
        assert call.outcome is None
        yield
        self.calls.append(call)

    @contextmanager
    def step(self, step):
        yield
        self.steps.append(step)


@pytest.fixture(params=SHELLS)
def scene(request, monkeypatch):
    scene = Scene(request.param, monkeypatch)
    yield scene
    scene.collector.close()


def test_an_observer_is_shown_each_call_and_each_step(scene):
    """With what came of it, filled in when the context is left."""
    codes = scene.codes()
    book = Notebook()
    kit = scene.open(observer=book)
    scene.storage.committing = [lost]
    kit.redeem("alice", codes[0], within=lambda _connection: None)

    (call,) = book.calls
    assert call == ObservedCall(
        verb=VerbName.REDEEM,
        storage="Faulty",
        outcome="success",
        commits=1,
        hashes=1,
    )
    assert [step.kind for step in book.steps] == [StepKind.LOAD, StepKind.HASH, StepKind.COMMIT]
    load, hashing, commit = book.steps
    assert load == ObservedStep(call=call, kind=StepKind.LOAD)
    assert len(hashing.evaluations) == 1
    assert hashing.waited >= 0
    assert commit == ObservedStep(call=call, kind=StepKind.COMMIT, hosted=True, answer=Answer.WON)


def test_a_lost_commit_and_its_pause_are_shown(scene):
    """A pause has no answer."""
    scene.codes()
    book = Notebook()
    scene.storage.committing = [lost]
    scene.open(observer=book).revoke("alice")
    assert [(step.kind, step.answer) for step in book.steps] == [
        (StepKind.LOAD, None),
        (StepKind.COMMIT, Answer.LOST),
        (StepKind.PAUSE, None),
        (StepKind.LOAD, None),
        (StepKind.COMMIT, Answer.WON),
    ]
    assert (book.calls[0].commits, book.calls[0].lost) == (2, 1)


# --- Broken ones ---------------------------------------------------------------------------------


def fail(*_args):
    raise LookupError(QUOTED)


class Broken:
    """A context that fails where it is told to, and would swallow what it were given."""

    def __init__(self, where):
        self.where = where
        self.given = []

    def __enter__(self):
        return fail() if self.where == "enter" else self

    def __exit__(self, *error):
        self.given.append(error)
        return fail() if self.where == "exit" else True


class Clumsy:
    """An observer whose methods return what they are told to."""

    def __init__(self, call=nullcontext, step=nullcontext):
        self._call, self._step = call, step

    def call(self, _call):
        return self._call()

    def step(self, _step):
        return self._step()


WAYS = {
    "raises": fail,
    "fails to enter": partial(Broken, "enter"),
    "fails to exit": partial(Broken, "exit"),
    "swallows": partial(Broken, "nowhere"),
    "returns no context": lambda: None,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("method", ["call", "step"])
def test_a_broken_observer_changes_no_result(scene, caplog, method, way):
    """What it raises is logged by its type alone, as of a listener."""
    codes = scene.codes()
    kit = scene.open(observer=Clumsy(**{method: WAYS[way]}))
    with caplog.at_level(logging.DEBUG, "recoverykit"):
        assert kit.redeem("alice", codes[0]).remaining == 2
        with pytest.raises(MalformedCode):
            kit.redeem("alice", "?")
        with pytest.raises(ZeroDivisionError):
            kit.redeem("alice", codes[1], within=lambda _connection: 1 / 0)
    assert kit.status("alice").remaining == 2
    messages = {record.getMessage() for record in caplog.records if record.name == "recoverykit"}
    assert len(messages) == (way != "swallows")
    assert messages <= {
        f"the observer raised {error}" for error in ("LookupError", "AttributeError", "TypeError")
    }
    assert QUOTED not in caplog.text
    assert not any(record.exc_info for record in caplog.records if record.name == "recoverykit")


def test_an_observer_sees_no_exception(scene):
    """Its contexts are left without one, so that it cannot write down what was said."""
    seen = Broken("nowhere")
    kit = scene.open(observer=Clumsy(call=lambda: seen, step=lambda: seen))
    with pytest.raises(MalformedCode):
        kit.redeem("alice", "?")
    assert seen.given == [(None, None, None)] * 2


@pytest.mark.parametrize("kit", [RecoveryKit, AsyncRecoveryKit])
@pytest.mark.parametrize("observer", [object(), Telemetry, 7, print])
def test_what_is_no_observer_is_refused(kit, observer):
    """When the kit is made, not at the first call; a class is none yet."""
    with pytest.raises(InvalidArgument, match="observer"):
        kit(MemoryStorage(), observer=observer)
