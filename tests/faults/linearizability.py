"""Whether a concurrent history of one subject is one of calls that came one after the other.

Theory of operation
===================

An operation takes effect at one moment between its beginning and its end. The search looks for an
order of such moments that the sequential specification allows (Wing and Gong, 1993). The next in
order can only be one that began before the first end among those that are left. What was placed,
and what stands after it, tells all about the future, so no such pair is tried twice (Lowe, 2017).

An operation that failed has no moment. One of which nobody knows what became of it has one at any
time after its beginning, or none; it is placed only where it changes something. Whether a
redemption of that kind can still change something is told by what stands, so it is no part of the
pair.

To revoke, and to erase, leaves no mark by which the call could know its own work again: when the
answer to it was lost, it does it once more. So both may take effect several times before their end.

Subjects are independent of each other: each history is searched for itself.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import inf

from tests.faults.history import Ending, Operation, Verb
from tests.faults.specification import NOTHING, Codes, after, effect

BUDGET = 300_000  # pairs that are tried for one subject
_REPEATED = frozenset({Verb.REVOKE, Verb.ERASE})


class Undecided(Exception):
    """The search costs more than it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refutation:
    """Why a history is none of calls that came one after the other.

    Attributes:
        codes: what stood where the search came farthest.
        placed: how many operations had their place there.
        stuck: the operations that could have come next, and did not fit.
    """

    codes: Codes
    placed: int
    stuck: tuple[Operation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """An operation that has to be placed, or may be."""

    operation: Operation
    bit: int
    must: bool
    until: float

    def after(self, codes: Codes) -> Codes | None:
        """Return what stands after it; None where it does not fit, or may as well be left out."""
        if self.must:
            return after(codes, self.operation)
        new = effect(codes, self.operation)
        return None if new == codes else new


def refute(operations: Iterable[Operation], *, budget: int = BUDGET) -> Refutation | None:
    """Return why a history of one subject is not linearizable; None if it is.

    Raises:
        Undecided: it is not known yet after as many steps as the budget allows.
    """
    search = _Search(operations)
    seen: set[tuple[int, int, Codes]] = set()
    stack = [(0, NOTHING)]
    best = (-1, 0, NOTHING)
    while stack:
        mask, codes = stack.pop()
        if search.must & ~mask == 0:
            return None
        placed = (mask & search.must).bit_count()
        best = max(best, (placed, mask, codes), key=lambda each: each[0])
        for new_mask, new in search.next(mask, codes):
            key = (new_mask & search.kept, search.latest(new_mask), new)
            if key not in seen:
                seen.add(key)
                stack.append((new_mask, new))
        if len(seen) > budget:
            raise Undecided(f"more than {budget} steps")
    placed, mask, codes = best
    stuck = tuple(each.operation for each in search.candidates(mask) if each.must)
    return Refutation(codes=codes, placed=placed, stuck=stuck)


class _Search:
    """The operations of a history, in the order in which they began."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        ordered = sorted(operations, key=lambda each: each.began)
        self._entries = tuple(_entries(each for each in ordered if not _is_idle(each)))
        self._by_end = sorted((e for e in self._entries if e.must), key=lambda e: e.until)
        self._has_repeated = any(not e.must and e.until < inf for e in self._entries)
        self.must = sum(each.bit for each in self._entries if each.must)
        forgettable = (
            each.bit
            for each in self._entries
            if not each.must and each.operation.deed.verb is Verb.REDEEM
        )
        self.kept = ~sum(forgettable)

    def latest(self, mask: int) -> int:
        """Return what tells how late the placed ones began; only a repeated deed depends on it."""
        return mask.bit_length() if self._has_repeated else 0

    def candidates(self, mask: int) -> Iterator[_Entry]:
        """Return the operations that may come next in time, those that are told last first."""
        first_end = next((each.until for each in self._by_end if not mask & each.bit), inf)
        left = (e for e in self._entries if not mask & e.bit and e.operation.began <= first_end)
        latest = self._entries[mask.bit_length() - 1].operation.began if mask else 0
        fitting = (each for each in left if each.must or latest <= each.until)
        # The last that is put on the stack is tried first: the one whose end comes first.
        return iter(sorted(fitting, key=lambda each: (each.must, -each.until)))

    def next(self, mask: int, codes: Codes) -> Iterator[tuple[int, Codes]]:
        """Return what the next operation may lead to."""
        for each in self.candidates(mask):
            if (new := each.after(codes)) is not None:
                yield mask | each.bit, new


def _entries(operations: Iterable[Operation]) -> Iterator[_Entry]:
    bit = 1
    for each in operations:
        is_open = each.is_open
        until = inf if is_open or each.ended is None else float(each.ended)
        yield _Entry(operation=each, bit=bit, must=not is_open, until=until)
        bit <<= 1
        if each.deed.verb in _REPEATED:
            yield _Entry(operation=each, bit=bit, must=False, until=until)
            bit <<= 1


def _is_idle(operation: Operation) -> bool:
    """Whether it has no effect and tells nothing."""
    is_unseen_status = operation.deed.verb is Verb.STATUS and operation.is_open
    return operation.ending is Ending.FAILED or is_unseen_status
