"""The explorer: runs every interleaving of a few concurrent calls, with faults, over a model.

Theory of operation
===================

The flows that are explored are the real ones. They do nothing themselves: they yield `Load`,
`Derive` and `Commit`, and whoever drives them decides which of them goes on next and what it is
answered. The explorer takes every decision in every way.

It searches depth first, and what it has searched once it does not search again. The key is a
`recoverykit.testing.moves.State`: what has landed, what is on its way, the replies of each call and
the faults still to spend. Flows are deterministic, so equal keys have equal futures; and the key
holds all that a `History` tells. So every schedule is covered, and every history that there is goes
to the check, though most schedules share most of their way with others. How many schedules lead
through a state is the sum over those behind it, so they are counted exactly without being walked.

Where a check fails, a second search, breadth first, finds a shortest schedule that fails.

What is not explored: more calls than are named, more faults than are budgeted for, a clock that
moves within one step, and storages that break clauses S2 to S9 otherwise than by stale loads.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Final

from recoverykit.core.keyring import Keyring
from recoverykit.testing.history import History, Landed
from recoverykit.testing.model import Model
from recoverykit.testing.moves import Budget, Kind, Move, State
from recoverykit.testing.schedule import describe
from recoverykit.testing.script import Calls

START: Final = datetime(2026, 1, 1, 12, tzinfo=UTC)
LONGEST: Final = 400  # moves of a schedule: a call that takes part in more is not going to end
_SHOWN: Final = 40  # the first of them, when it does not

_NO_BUDGET: Final = Budget(crashes=0, lost=0, stale=0, errors=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How many faults of each kind a schedule may have. All that are fewer are explored as well.

    Attributes:
        crashes: calls that stop for ever after any of their steps, or in the middle of a commit.
        lost_answers: commits whose answer is `Answer.UNKNOWN`: landed, not landed, landing later.
        stale_loads: loads that return what stood at any earlier moment, nothing included.
        errors: loads and commits that raise `StorageError` and do nothing.
        clock_moves: by how much the clock may move, one after the other, at any moment; a
            negative span sets it back. Empty for a clock that stands still.
    """

    crashes: int = 0
    lost_answers: int = 0
    stale_loads: int = 0
    errors: int = 0
    clock_moves: tuple[timedelta, ...] = ()


NO_FAULTS: Final = Faults()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explored:
    """How much was explored.

    Attributes:
        schedules: how many complete schedules there are, all of them covered. A schedule in which
            a change lands after the last call has ended counts beside the one where it never does.
        states: how many different states they lead through.
        histories: how many histories were checked; each is different from all others.
    """

    schedules: int
    states: int
    histories: int


def explore(
    calls: Calls,
    *,
    check: Callable[[History], None],
    before: Sequence[Landed] = (),
    faults: Faults = NO_FAULTS,
    keyring: Keyring | None = None,
    now: datetime = START,
) -> Explored:
    """Run every interleaving of some calls and hand every history to a check.

    Args:
        calls: what runs at the same time, by name. Each is a function that makes the flow of the
            call anew, as often as it is asked. The flow must depend on nothing but its replies and
            the entropy that the function is handed: the call's token comes out of it as well.
        check: raises AssertionError where a history breaks a promise.
        before: what has landed before they begin, such as ``play(...).landed``.
        faults: what may go wrong; nothing by default.
        keyring: binds codes before they are hashed; None for none.
        now: the time on the clock.

    Returns:
        How much was explored. Compare it with a floor, for a scenario that has become trivial by
        mistake passes every check.

    Raises:
        AssertionError: the check failed, or a schedule has more than 400 moves; with the moves of
            a shortest schedule for which this is so.
    """
    times = tuple(accumulate((now, *faults.clock_moves), _moved))
    model = Model(calls, before=before, times=times, keyring=keyring)
    budget = Budget(
        crashes=faults.crashes,
        lost=faults.lost_answers,
        stale=faults.stale_loads,
        errors=faults.errors,
    )
    return _Search(model, model.start(budget), check).run()


def play(
    calls: Calls,
    *,
    before: Sequence[Landed] = (),
    keyring: Keyring | None = None,
    now: datetime = START,
) -> History:
    """Run some calls one after the other, in their order, with no fault.

    Args: as for `explore`.

    Returns:
        What became of them; its ``before`` and ``landed`` together are what `explore` begins with.

    Raises:
        AssertionError: a call does not end within 400 steps.
    """
    model = Model(calls, before=before, times=(now,), keyring=keyring)
    state = model.start(_NO_BUDGET)
    for call, script in enumerate(model.scripts):
        moves = 0
        while model.end_of(state, call) is None:
            if moves == LONGEST:
                raise AssertionError(f"{script.name} does not end within {LONGEST} steps")
            state = model.after(state, Move(Kind.STEP, call))
            moves += 1
    return model.history(state)


def _moved(time: datetime, by: object) -> datetime:
    return time + by if isinstance(by, timedelta) else time


class _CheckFailed(Exception):
    """Some schedule fails; which one is found out by another search."""


class _Search:
    def __init__(self, model: Model, start: State, check: Callable[[History], None]) -> None:
        self._model = model
        self._start = start
        self._check = check
        self._way: list[Move] = []
        self._schedules: dict[State, int] = {}
        self._checked: set[tuple[tuple[int, ...], tuple[int, ...]]] = set()

    def run(self) -> Explored:
        try:
            schedules = self._count(self._start)
        except _CheckFailed:
            pass
        else:
            return Explored(
                schedules=schedules, states=len(self._schedules), histories=len(self._checked)
            )
        raise self._shortest_failure()

    def _count(self, state: State) -> int:
        """Return how many schedules go on from here, all of which pass the check."""
        if (known := self._schedules.get(state)) is not None:
            return known
        schedules = 0
        if self._model.is_complete(state):
            if self._failure(state):
                raise _CheckFailed
            schedules = 1
        elif len(self._way) == LONGEST:
            raise self._told(f"a call does not end within {LONGEST} moves", self._way[:_SHOWN])
        for move in self._model.moves(state):
            self._way.append(move)
            schedules += self._count(self._model.after(state, move))
            self._way.pop()
        self._schedules[state] = schedules
        return schedules

    def _failure(self, state: State) -> AssertionError | None:
        key = state.landed, state.points
        if key in self._checked:
            return None
        try:
            self._check(self._model.history(state))
        except AssertionError as error:
            return error
        self._checked.add(key)
        return None

    def _shortest_failure(self) -> AssertionError:
        ways: dict[State, tuple[State, Move] | None] = {self._start: None}
        queue = deque([self._start])
        while queue:
            state = queue.popleft()
            if self._model.is_complete(state) and (failure := self._failure(state)):
                told = self._told(str(failure), _way_to(state, ways))
                told.__cause__ = failure
                return told
            for move in self._model.moves(state):
                behind = self._model.after(state, move)
                if behind not in ways:
                    ways[behind] = state, move
                    queue.append(behind)
        raise LookupError("the check failed once and never again: it depends on something else")

    def _told(self, what: str, moves: list[Move]) -> AssertionError:
        lines = describe(self._model, self._start, moves)
        return AssertionError(f"{what}\n\nThe schedule, {len(moves)} moves:\n{lines}")


def _way_to(state: State, ways: Mapping[State, tuple[State, Move] | None]) -> list[Move]:
    moves: list[Move] = []
    while came := ways[state]:
        state, move = came
        moves.append(move)
    return moves[::-1]
