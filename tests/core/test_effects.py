"""Effects: what a shell must answer them with."""

import pytest

from recoverykit import Subject
from recoverykit.core.effects import load


def test_an_answer_of_another_kind_is_the_shells_mistake():
    """It is told which kind was asked for."""
    flow = load(Subject("alice"))
    next(flow)
    with pytest.raises(TypeError, match=r"^the shell must answer with Loaded$"):
        flow.send("a record")
