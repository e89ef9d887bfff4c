"""The model: a storage and some calls as one value, and every move that leads to another.

Theory of operation
===================

A flow is a deterministic function of its replies and of its entropy, and each call has a stream of
entropy of its own. So where a call stands is told by the replies that it got, and where everything
stands by four things: what has landed, what is on its way, where each call stands, and which faults
are still to spend. They make a `State`, a plain tuple of numbers. Two schedules that lead to equal
states have equal futures, and equal histories so far.

What has landed is kept whole, in order, not just its newest record: a stale load may return any of
it, and a history tells all of it. A call that has crashed is only that; where it stood then makes
no difference to anybody.

The moves of a call are its next step, and the ways in which that step can go wrong:

* A *stale* load returns what stood at any earlier moment, nothing included.
* An *error* is a load or a commit that raises `StorageError` and does nothing.
* A *lost* answer sends the change on its way: it lands at any later moment at which the revision
  that it expects stands, or never. Landing at once and not landing are the two ends of that.
* A *crash* is a step after which the call stops for ever. A crash in a commit sends the change on
  its way, as a lost answer does; so it may have landed, or land later, or never.

Besides, a change on its way may *land*, even after all calls have ended; and the clock may *move*.
Digests are stand-ins that bind what real ones bind and cost next to nothing.
"""

import hashlib
from collections.abc import Hashable, Iterable, Iterator
from datetime import datetime

from recoverykit.core.effects import Answer, Commit, Derive, Derived, Effect, Load, Loaded, Reply
from recoverykit.core.keyring import Keyring, bind
from recoverykit.core.masked import Masked
from recoverykit.core.probe import ForeignRequest, Request
from recoverykit.core.subject import Subject
from recoverykit.errors import RecoveryKitError, StorageError
from recoverykit.testing.history import Crashed, End, History, Landed, Raised, Returned
from recoverykit.testing.moves import CRASHED, NOTHING, Budget, Kind, Move, State
from recoverykit.testing.script import Calls, Point, Script


class Model:
    """The moves of some calls over one storage.

    Args:
        calls: what runs at the same time.
        before: what has landed before, the oldest first.
        times: what the clock shows, one after the other; at least one time.
        keyring: binds codes before they are hashed; None for none.
    """

    def __init__(
        self,
        calls: Calls,
        *,
        before: Iterable[Landed],
        times: tuple[datetime, ...],
        keyring: Keyring | None,
    ) -> None:
        self.scripts: tuple[Script, ...] = tuple(
            Script(name, begin) for name, begin in calls.items()
        )
        self.changes: list[Landed] = list(before)
        self.times: tuple[datetime, ...] = times
        self._before = len(self.changes)
        self._keyring = keyring
        self._points: list[Point] = []
        self._change_at: dict[int, int] = {}

    def start(self, budget: Budget) -> State:
        """Return the state in which no call has begun."""
        points = tuple(self._add(call, script.first()) for call, script in enumerate(self.scripts))
        return State(tuple(range(self._before)), (), points, budget, 0)

    def is_complete(self, state: State) -> bool:
        """Say whether every call has ended or crashed; changes may still be on their way."""
        return all(at == CRASHED or self._points[at].effect is None for at in state.points)

    def history(self, state: State) -> History:
        """Return how a complete schedule went that has led to the state."""
        ends: dict[str, End] = {}
        for call, script in enumerate(self.scripts):
            ends[script.name] = self.end_of(state, call) or Crashed()
        landed = tuple(self.changes[each] for each in state.landed)
        return History(before=landed[: self._before], landed=landed[self._before :], ends=ends)

    def end_of(self, state: State, call: int) -> Returned | Raised | None:
        """Return what a call has told its caller; None while it has not, and after a crash."""
        at = state.points[call]
        return None if at == CRASHED else self._points[at].end

    def effect_of(self, state: State, call: int) -> Effect:
        """Return what a call asks for.

        Raises:
            LookupError: it has ended.
        """
        effect = self._points[state.points[call]].effect
        if effect is None:
            raise LookupError("the call has ended")
        return effect

    def standing(self, state: State, subject: Subject) -> int:
        """Return which change stands in the storage."""
        for each in reversed(state.landed):
            if self.changes[each].subject == subject:
                return each if self.changes[each].change.document is not None else NOTHING
        return NOTHING

    def moves(self, state: State) -> Iterator[Move]:
        """Return every move that can come next; none where all is over."""
        is_over = True
        for call, at in enumerate(state.points):
            effect = self._points[at].effect if at != CRASHED else None
            if effect is not None:
                is_over = False
                yield Move(Kind.STEP, call)
                yield from self._faults(state, call, effect)
        for change in state.on_its_way:
            if self._may_land(state, change):
                yield Move(Kind.LAND, change=change)
        if not is_over and state.ticks + 1 < len(self.times):
            yield Move(Kind.TICK)

    def after(self, state: State, move: Move) -> State:
        """Return the state behind a move."""
        match move.kind:
            case Kind.LAND:
                left = tuple(each for each in state.on_its_way if each != move.change)
                return state._replace(landed=(*state.landed, move.change), on_its_way=left)
            case Kind.TICK:
                return state._replace(ticks=state.ticks + 1)
            case Kind.CRASH:
                return self._crash(state, move.call)
            case _:
                return self._step(state, move)

    def _faults(self, state: State, call: int, effect: Effect) -> Iterator[Move]:
        budget = state.budget
        if budget.stale and isinstance(effect, Load):
            for change in self._earlier(state, effect.subject):
                yield Move(Kind.STALE, call, change)
        if budget.lost and isinstance(effect, Commit):
            yield Move(Kind.LOST, call)
        if budget.errors and not isinstance(effect, Derive):
            yield Move(Kind.ERROR, call)
        if budget.crashes:
            yield Move(Kind.CRASH, call)

    def _earlier(self, state: State, subject: Subject) -> Iterator[int]:
        stood = {NOTHING}  # once there was nothing
        for each in state.landed:
            if self.changes[each].subject == subject and self.changes[each].record:
                stood.add(each)
        yield from sorted(stood - {self.standing(state, subject)})

    def _may_land(self, state: State, change: int) -> bool:
        landed = self.changes[change]
        standing = self.standing(state, landed.subject)
        revision = None if standing == NOTHING else self.changes[standing].change.revision
        return landed.change.expected == revision

    def _crash(self, state: State, call: int) -> State:
        on_its_way = state.on_its_way
        if isinstance(self.effect_of(state, call), Commit):
            on_its_way = self._sent(state, call)
        return state._replace(
            on_its_way=on_its_way,
            points=_put(state.points, call, CRASHED),
            budget=state.budget._replace(crashes=state.budget.crashes - 1),
        )

    def _step(self, state: State, move: Move) -> State:
        landed, on_its_way, points, budget, ticks = state
        point, effect = points[move.call], self.effect_of(state, move.call)
        key: Hashable = move.kind
        if move.kind is Kind.ERROR:
            budget = budget._replace(errors=budget.errors - 1)
        elif move.kind is Kind.LOST:
            budget = budget._replace(lost=budget.lost - 1)
            on_its_way = self._sent(state, move.call)
        elif isinstance(effect, Load):
            stale = move.kind is Kind.STALE
            budget = budget._replace(stale=budget.stale - stale)
            key = ticks, move.change if stale else self.standing(state, effect.subject)
        elif isinstance(effect, Derive):
            key = ticks
        elif self._may_land(state, self._change_at[point]):
            landed, key = (*landed, self._change_at[point]), Answer.WON
        else:
            key = Answer.LOST
        there = self._points[point].then.get(key)
        if there is None:
            there = self._points[point].then[key] = self._extend(move.call, point, key)
        return State(landed, on_its_way, _put(points, move.call, there), budget, ticks)

    def _sent(self, state: State, call: int) -> tuple[int, ...]:
        return tuple(sorted((*state.on_its_way, self._change_at[state.points[call]])))

    def _extend(self, call: int, at: int, key: Hashable) -> int:
        point = self._points[at]
        reply = self._reply(point.effect, key)
        return self._add(call, self.scripts[call].after(point, reply))

    def _reply(self, effect: Effect | None, key: Hashable) -> Reply | RecoveryKitError:
        match effect, key:
            case _, Kind.ERROR:
                return StorageError("the storage failed")
            case Load(), (int(ticks), int(change)):
                record = None if change == NOTHING else self.changes[change].record
                return Loaded(record=record, now=self.times[ticks])
            case Derive(requests=requests), int(ticks):
                try:
                    digests = tuple(digest(request, keyring=self._keyring) for request in requests)
                except RecoveryKitError as error:
                    return error
                return Derived(digests=digests, now=self.times[ticks])
            case _:
                return key if isinstance(key, Answer) else Answer.UNKNOWN

    def _add(self, call: int, point: Point) -> int:
        self._points.append(point)
        number = len(self._points) - 1
        if isinstance(point.effect, Commit):
            self._change_at[number] = len(self.changes)
            name, effect = self.scripts[call].name, point.effect
            self.changes.append(Landed(call=name, subject=effect.subject, change=effect.change))
        return number


def digest(request: Request, *, keyring: Keyring | None) -> Masked[bytes]:
    """Return the stand-in for a digest: it depends on the bound message and on the salt.

    There is none for what another system hashed.

    Raises:
        UnknownKey: the keyring does not hold the key that is asked for.
    """
    if isinstance(request, ForeignRequest):
        return request.hash.derive(request.secret)
    bound = bind(keyring, request.key_id, request.message)
    return Masked(hashlib.sha256(bound.reveal() + request.salt).digest())


def _put(points: tuple[int, ...], call: int, point: int) -> tuple[int, ...]:
    return (*points[:call], point, *points[call + 1 :])
