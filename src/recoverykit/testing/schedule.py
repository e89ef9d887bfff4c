"""A schedule in words: one line for each move, so that a failure can be followed by hand."""

from collections.abc import Sequence
from typing import assert_never

from recoverykit.core.effects import Commit, Derive, Load
from recoverykit.testing.history import Landed, Raised, Returned
from recoverykit.testing.model import Model
from recoverykit.testing.moves import NOTHING, Kind, Move, State

_LONGEST = 160  # characters of a value: enough for what the verbs return


def describe(model: Model, start: State, moves: Sequence[Move]) -> str:
    """Return one numbered line for each move.

    Revisions are named r1, r2 and so on, in the order in which they landed.
    """
    lines: list[str] = []
    state = start
    for number, move in enumerate(moves, 1):
        behind = model.after(state, move)
        lines.append(f"{number:4}. {_Line(model, state, behind, move)}")
        state = behind
    return "\n".join(lines)


class _Line:
    """One move in words."""

    def __init__(self, model: Model, state: State, behind: State, move: Move) -> None:
        self._model = model
        self._state = state
        self._behind = behind
        self._move = move

    def __str__(self) -> str:
        move = self._move
        if move.kind is Kind.TICK:
            return f"the clock moves to {self._model.times[self._behind.ticks].isoformat()}"
        if move.kind is Kind.LAND:
            late = self._model.changes[move.change]
            return f"{late.call}'s change on its way{_expecting(self, late)} lands as {self.newest}"
        name = self._model.scripts[move.call].name
        line = f"{name} {self._step()}"
        if move.kind is Kind.CRASH:
            return f"{line}, and crashes"
        end = self._model.end_of(self._behind, move.call)
        return f"{line}; {name} {_ending(end)}" if end else line

    @property
    def newest(self) -> str:
        """The name of what has landed last."""
        return f"r{len(self._behind.landed)}"

    def revision(self, revision: str | None) -> str:
        """Return the name of a revision."""
        changes = (self._model.changes[each].change for each in self._state.landed)
        names = {change.revision: f"r{place}" for place, change in enumerate(changes, 1)}
        return "nothing" if revision is None else names.get(revision, "what never landed")

    def _step(self) -> str:
        if self._move.kind is Kind.ERROR:
            return "is told that the storage failed"
        effect = self._model.effect_of(self._state, self._move.call)
        match effect:
            case Load(subject=subject):
                stale = self._move.kind is Kind.STALE
                loaded = self._move.change if stale else self._model.standing(self._state, subject)
                landed = None if loaded == NOTHING else self._model.changes[loaded].change.revision
                return f"loads {self.revision(landed)}{' (stale)' if stale else ''}"
            case Derive(requests=requests):
                return f"derives {len(requests)}"
            case Commit(change=change):
                return f"commits on {self.revision(change.expected)}: {self._fate()}"
            case _:
                assert_never(effect)

    def _fate(self) -> str:
        if self._move.kind is Kind.LOST:
            return "the answer is lost, the change on its way"
        if self._move.kind is Kind.CRASH:
            return "the change is on its way"
        return f"won, {self.newest}" if self._behind.landed != self._state.landed else "lost"


def _expecting(line: _Line, landed: Landed) -> str:
    return f" (on {line.revision(landed.change.expected)})"


def _ending(end: Returned | Raised) -> str:
    if isinstance(end, Raised):
        return f"raises {type(end.error).__name__}: {end.error}"
    text = repr(end.value)
    return f"returns {text if len(text) <= _LONGEST else text[:_LONGEST] + '…'}"
