"""What a subject's codes are, if calls come one after the other: the sequential specification.

It shares no code with the library. Codes are known by the id of their set and their place in it.
Guesses are not counted: the clients' policy never locks.
"""

from typing import NamedTuple

from tests.faults.history import Deed, Ending, Operation, Told, Verb

COUNT = 5  # codes of each set


class Codes(NamedTuple):
    """What stands.

    Attributes:
        set_id: the set; None where there is none.
        issued_at: when it was issued; None where nobody was told.
        spent: the places of its spent codes, each with the attempt that spent it.
        is_revoked: whether it was revoked.
    """

    set_id: str | None = None
    issued_at: str | None = None
    spent: frozenset[tuple[int, str]] = frozenset()
    is_revoked: bool = False

    @property
    def state(self) -> str:
        """What the set is good for, as the library names it."""
        if self.set_id is None:
            return "none"
        if self.is_revoked:
            return "revoked"
        return "exhausted" if len(self.spent) == COUNT else "active"

    @property
    def remaining(self) -> int:
        """How many codes can be redeemed."""
        return COUNT - len(self.spent) if self.state == "active" else 0


NOTHING = Codes()


def after(codes: Codes, operation: Operation) -> Codes | None:
    """Return what stands after an operation that told its caller; None if it cannot have been."""
    told = operation.told
    assert told is not None
    new, expected = _step(codes, operation.deed, told)
    return new if _agree(expected, told) else None


def effect(codes: Codes, operation: Operation) -> Codes:
    """Return what stands after an operation of which nobody knows what it told."""
    unseen = Told(ending=Ending.OK, set_id=f"of {operation.client}'s call {operation.number}")
    return _step(codes, operation.deed, unseen)[0]


def _step(codes: Codes, deed: Deed, told: Told) -> tuple[Codes, Told]:
    """Return what stands after a deed, and what is told; of a new set the caller has the id."""
    match deed.verb:
        case Verb.REDEEM:
            return _redeem(codes, deed)
        case Verb.REPLACE:
            return Codes(set_id=told.set_id, issued_at=told.issued_at), told
        case Verb.REVOKE:
            new = codes if codes.set_id is None else codes._replace(is_revoked=True)
            return new, _status(new)
        case Verb.ERASE:
            return NOTHING, Told(ending=Ending.OK)
        case Verb.STATUS:
            return codes, _status(codes)


def _redeem(codes: Codes, deed: Deed) -> tuple[Codes, Told]:
    ordinal = deed.ordinal
    assert ordinal is not None
    is_of_set = deed.set_id == codes.set_id
    if is_of_set and (ordinal, deed.attempt) in codes.spent and not codes.is_revoked:
        return codes, _success(codes, ordinal, is_replayed=True)
    if codes.state != "active":
        return codes, Told(ending=Ending.INACTIVE)
    if not is_of_set:
        return codes, Told(ending=Ending.WRONG)
    if ordinal in {each for each, _ in codes.spent}:
        return codes, Told(ending=Ending.USED)
    new = codes._replace(spent=codes.spent | {(ordinal, deed.attempt)})
    return new, _success(new, ordinal, is_replayed=False)


def _success(codes: Codes, ordinal: int, *, is_replayed: bool) -> Told:
    return Told(
        ending=Ending.OK,
        set_id=codes.set_id,
        ordinal=ordinal,
        remaining=codes.remaining,
        is_replayed=is_replayed,
    )


def _status(codes: Codes) -> Told:
    return Told(
        ending=Ending.OK,
        remaining=codes.remaining,
        issued_at=codes.issued_at,
        state=codes.state,
        spent=tuple(sorted(ordinal for ordinal, _ in codes.spent)),
    )


def _agree(expected: Told, told: Told) -> bool:
    """Whether the caller was told what is expected; when an unseen set was issued nobody knows."""
    if expected.issued_at is None and expected.state not in {None, "none"}:
        expected = _with_time_of(expected, told)
    return expected == told


def _with_time_of(expected: Told, told: Told) -> Told:
    return Told(
        ending=expected.ending,
        remaining=expected.remaining,
        issued_at=told.issued_at,
        state=expected.state,
        spent=expected.spent,
    )
