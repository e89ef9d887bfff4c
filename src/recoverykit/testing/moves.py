"""The moves of a schedule and the states that they lead through, as plain tuples of numbers."""

from enum import Enum
from typing import Final, NamedTuple

NOTHING: Final = -1  # in the place of a landed change: nothing is stored
CRASHED: Final = -1  # in the place of a point: the call has stopped for ever
NOBODY: Final = -1  # in the place of a call: no call made the move


class Kind(Enum):
    """What kind of move it is."""

    STEP = "step"
    STALE = "stale"
    ERROR = "error"
    LOST = "lost"
    CRASH = "crash"
    LAND = "land"
    TICK = "tick"


class Move(NamedTuple):
    """One move: its kind, the place of the call, and which change it loads or lands."""

    kind: Kind
    call: int = NOBODY
    change: int = NOTHING


class Budget(NamedTuple):
    """How many faults of each kind may still happen."""

    crashes: int
    lost: int
    stale: int
    errors: int


class State(NamedTuple):
    """Where everything stands, as numbers that the model gave to changes and to points.

    ``ticks`` is how often the clock has moved.
    """

    landed: tuple[int, ...]
    on_its_way: tuple[int, ...]
    points: tuple[int, ...]
    budget: Budget
    ticks: int
