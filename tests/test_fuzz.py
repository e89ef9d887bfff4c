"""The fuzzing targets: what was kept is judged anew, and faults that are put in are found.

`make fuzz` looks for further inputs.
"""

import importlib
import re
from types import SimpleNamespace

import pytest

from fuzz.corpus import TARGETS, inputs_of
from fuzz.tape import Tape
from recoverykit.core.effects import Answer
from recoverykit.core.masked import Masked


def judge_all(target):
    for name, data in inputs_of(target):
        try:
            importlib.import_module(f"fuzz.{target}").judge(data)
        except Exception as error:
            error.add_note(f"the input {name} of {target}")
            raise


@pytest.mark.parametrize("target", TARGETS)
def test_every_input_that_was_kept_is_judged(target):
    """None of them breaks an invariant."""
    judge_all(target)


def anything(*_, **__):
    return True


def nothing(*_, **__):
    return None


CARELESS = SimpleNamespace(
    WON=Answer.LOST, UNKNOWN=Answer.UNKNOWN
)  # takes a lost swap for a won one


# A target, a name in the core, what stands in its place, and what is told of it.
FAULTS = [
    ("codes", "format.is_valid", anything, "a wrong symbol passes the check"),
    ("codes", "folding._LIST_MARK", re.compile("(?!)"), "a text is read otherwise"),
    ("codes", "folding._TABLE", {}, "a text is read otherwise"),
    ("documents", "seal._mac", lambda *_, **__: Masked("A" * 43), "read without its seal"),
    ("documents", "document.MAX_DOCUMENT_BYTES", 10**6, "refused for another reason"),
    ("lines", "digest.is_affordable", anything, "a line costs too"),
    ("lines", "foreign_recipe._MAX_BCRYPT_COST", 31, "a line costs too many rounds"),
    ("lives", "redeemer.gate", nothing, "spent during a delay"),
    ("lives", "redeemer.permit_issue", nothing, "superseded by a call that did not ask for it"),
    ("lives", "redeemer.permit_management", nothing, "landed without an unlock"),
    ("lives", "rounds.Answer", CARELESS, "is not stored|never landed|was not counted"),
]


@pytest.mark.parametrize(
    ("target", "name", "fault", "told"), FAULTS, ids=[f"{each[0]}-{each[1]}" for each in FAULTS]
)
def test_a_fault_that_is_put_in_is_found(monkeypatch, target, name, fault, told):
    """By the inputs that are kept: a target that finds nothing would be of no use."""
    monkeypatch.setattr(f"recoverykit.core.{name}", fault)
    with pytest.raises(AssertionError, match=told):
        judge_all(target)


def test_a_tape_always_says_something():
    """Past its end it says the first of all, and one more byte changes nothing before it."""
    assert [Tape(b"").number(300), Tape(b"").flag(), Tape(b"").pick("ab")] == [0, False, "a"]
    assert [Tape(b"\x01\x02").number(300), Tape(b"\x05").number(3)] == [258, 2]
    tape = Tape(b"\x02abc\xff")
    assert (tape.piece(4), tape.is_over(), tape.text(), tape.is_over()) == (
        b"ab",
        False,
        "c\udcff",
        True,
    )
