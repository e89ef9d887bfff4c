"""The target of lives: some calls at a time, in any order and with any faults, round after round.

The explorer runs every schedule of a few calls with one or two faults. Here are longer schedules of
more calls with more faults, each only once; every history is held against the same promises.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate
from operator import add
from typing import Final

from fuzz.seals import KEYS
from fuzz.tape import Tape
from recoverykit.core.keyring import Keyring
from recoverykit.core.results import Issued, Redemption
from recoverykit.testing.explorer import LONGEST, START, Faults
from recoverykit.testing.history import End, History, Landed
from recoverykit.testing.model import Model
from recoverykit.testing.moves import Budget, State
from tests import oracle, promises
from tests.verbs import Code, Family, Kit, Verb, by_name, told_to

_SPANS: Final = (timedelta(0), timedelta.resolution, timedelta(seconds=30), timedelta(hours=1))
_SESSIONS: Final = ("1" * 64, "2" * 64)
_ATTEMPTS: Final = (None, None, "same", "other")
_VERBS: Final = (
    *("issue", "redeem", "redeem", "redeem", "redeem", "redeem", "redeem", "confirm", "replace"),
    *("unlock", "revoke", "lock", "erase", "reseal"),
)
_MOST_ROUNDS: Final = 4
_MOST_GUESSES: Final = 12  # in all: past so many failures delays are longer than the oracle knows
_PLAIN: Final = Kit()
_KITS: Final = (
    _PLAIN,
    _PLAIN.but(rotate=True),
    _PLAIN.but(confirm=True),
    _PLAIN.but(management="unlock", unlock_for=timedelta(hours=1)),
    _PLAIN.but(expires_after=timedelta(hours=1)),
    Kit(_PLAIN.policy, Keyring(KEYS, primary="k1")),
)
_MOST_KEPT: Final = 20_000  # entries of a cache
_WRONG: Final = Code("0" * 15, None)


@dataclass(slots=True, kw_only=True)
class _Life:
    """All calls of a life, and what has become of them; the time; and who was shown what."""

    kit: Kit
    now: datetime = START
    calls: dict[str, Verb] = field(default_factory=dict)
    landed: tuple[Landed, ...] = ()
    ends: dict[str, End] = field(default_factory=dict)
    codes: list[Code] = field(default_factory=lambda: [_WRONG])
    guesses: int = 0
    stale_loads: int = 0


def judge(data: bytes) -> None:
    """Play a life, and hold its whole history against the promises.

    Raises:
        AssertionError: one is broken, or a call does not end.
    """
    tape = Tape(data)
    life = _Life(kit=tape.pick(_KITS))
    for turn in range(_MOST_ROUNDS):
        _play(life, turn, tape)
        if tape.is_over():
            break
    history = History(before=(), landed=life.landed, ends=life.ends)
    faults = Faults(stale_loads=life.stale_loads)
    promises.check(history, family=Family(life.calls), faults=faults)
    for cached in (oracle.read, oracle.deed_of, promises.is_good):
        if cached.cache_info().currsize > _MOST_KEPT:
            cached.cache_clear()


def _play(life: _Life, turn: int, tape: Tape) -> None:
    """Play one round: some calls at a time, until all of them have ended."""
    calls = by_name(*(_call(life, f"{turn}.{n}", tape) for n in range(1 + tape.number(4))))
    faults = _faults(tape)
    times = tuple(accumulate((life.now, *faults.clock_moves), add))
    model = Model(calls, before=life.landed, times=times, keyring=life.kit.keyring)
    state = _end(model, faults, tape)
    history = model.history(state)
    life.calls |= calls
    life.landed += history.landed
    life.ends |= history.ends
    life.now = times[state.ticks]
    life.codes += _shown(history)
    life.stale_loads += faults.stale_loads


def _call(life: _Life, name: str, tape: Tape) -> Verb:
    """Draw a verb; its name tells the oracle what it may do."""
    kit, verb = life.kit, tape.pick(_VERBS)
    session, code = tape.pick(_SESSIONS), tape.pick(life.codes)
    if verb in {"redeem", "confirm"}:
        life.guesses += 1
        verb = verb if life.guesses <= _MOST_GUESSES else "issue"
    attempt = tape.pick(_ATTEMPTS)
    made: dict[str, Callable[[str], Verb]] = {
        "redeem": lambda name: kit.redeem(name, code, attempt=attempt),
        "confirm": lambda name: kit.confirm(name, code),
        "issue": lambda name: kit.issue(name, session=session),
        "replace": lambda name: kit.issue(name, replacing=True, session=session),
        "revoke": lambda name: kit.revoke(name, session=session),
        "unlock": lambda name: kit.unlock(name, session),
        "lock": lambda name: kit.lock(name, session),
        "erase": kit.erase,
        "reseal": kit.reseal if kit.keyring else kit.erase,
    }
    return made[verb](f"{verb} {name}")


def _faults(tape: Tape) -> Faults:
    """Draw how many faults there may be; at most two of a kind, and often none."""
    numbers = [max(tape.number(6) - 3, 0) for _ in range(4)]
    crashes, lost, stale, errors = numbers
    return Faults(
        crashes=crashes,
        lost_answers=lost,
        stale_loads=stale,
        errors=errors,
        clock_moves=tuple(tape.pick(_SPANS) for _ in range(tape.number(4))),
    )


def _end(model: Model, faults: Faults, tape: Tape) -> State:
    """Let the tape take every decision until all calls have ended, and then what may still land."""
    budget = Budget(
        crashes=faults.crashes,
        lost=faults.lost_answers,
        stale=faults.stale_loads,
        errors=faults.errors,
    )
    state = model.start(budget)
    for _ in range(LONGEST):
        moves = tuple(model.moves(state))
        is_complete = model.is_complete(state)
        if is_complete and (not moves or tape.flag()):
            return state
        state = model.after(state, tape.pick(moves))
    raise AssertionError("a call does not end")


def _shown(history: History) -> list[Code]:
    """Return the codes that callers were shown."""
    shown = []
    for end in history.ends.values():
        for value in told_to(end):
            issued = value.replacement if isinstance(value, Redemption) else value
            if isinstance(issued, Issued):
                shown += [Code(text, issued.set_id) for text in issued.codes]
    return shown
