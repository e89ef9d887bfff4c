"""Histories made by hand and by chance, for the tests of what judges them."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from hypothesis import strategies as st

from tests.faults.history import Deed, Ending, Operation, Told, Verb
from tests.faults.specification import COUNT, NOTHING, Codes, after, effect

SUBJECT = "ada"


def operation(verb, times, told=None, *, client="a", number=0, attempt="x", code=None):
    """An operation between two times; without a second one its caller has died.

    Args:
        code: the set and the place of the code that it presents.
    """
    began, ended = times
    set_id, ordinal = code or (None, None)
    deed = Deed(verb=verb, subject=SUBJECT, attempt=attempt, set_id=set_id, ordinal=ordinal)
    return Operation(client=client, number=number, deed=deed, began=began, ended=ended, told=told)


def issued(times, set_id="S", **named):
    """A new set, of which the caller was told."""
    told = Told(ending=Ending.OK, set_id=set_id, issued_at=f"time of {set_id}")
    return operation(Verb.REPLACE, times, told, **named)


def redeemed(times, code, remaining, *, attempt, is_replayed=False, **named):
    """A success."""
    set_id, ordinal = code
    told = Told(
        ending=Ending.OK,
        set_id=set_id,
        ordinal=ordinal,
        remaining=remaining,
        is_replayed=is_replayed,
    )
    return operation(Verb.REDEEM, times, told, code=code, attempt=attempt, **named)


def refused(times, code, ending, *, attempt, **named):
    """A refusal, a failure, or an answer that was lost."""
    told = Told(ending=ending)
    return operation(Verb.REDEEM, times, told, code=code, attempt=attempt, **named)


def seen(times, spent, *, state="active", set_id="S", **named):
    """A status."""
    told = Told(
        ending=Ending.OK,
        remaining=COUNT - len(spent) if state == "active" else 0,
        issued_at=f"time of {set_id}" if set_id else None,
        state=state,
        spent=spent,
    )
    return operation(Verb.STATUS, times, told, **named)


@st.composite
def executions(draw, *, most=45, lost=True):
    """A history that is linearizable: a sequential one, whose operations were stretched.

    Args:
        most: how many operations it has at most.
        lost: whether some answers are lost, and some callers die.
    """
    chance = random.Random(draw(st.integers(0, 2**32)))  # noqa: S311 - nothing to guess
    return tuple(_execution(chance, draw(st.integers(2, most)), lost=lost))


def _execution(chance: random.Random, count: int, *, lost: bool) -> Iterator[Operation]:
    codes, sets = NOTHING, []
    for number in range(count):
        point = 10 * number
        known, bare = _bare(chance, number, sets)
        codes, told = _told(codes, bare, f"S{number}")
        if bare.deed.verb is Verb.REPLACE:
            sets.append(told.set_id)
        began = point - chance.choice((0, 0, 3, 15, 40))
        ended = point + chance.choice((1, 1, 4, 16, 41))
        # An answer that nobody hears: for a code of a set that is known by it, too late.
        if lost and known and chance.random() < 0.12:
            told = Told(ending=Ending.UNKNOWN) if chance.random() < 0.5 else None
        yield replace(bare, began=began, ended=ended if told else None, told=told)


def _bare(chance: random.Random, number: int, sets: Sequence[str]) -> tuple[bool, Operation]:
    weights = (20, 3, 1, 1, 4) if sets else (0, 1, 0, 0, 0)
    (verb,) = chance.choices(tuple(Verb), weights)
    code = None
    if verb is Verb.REDEEM:
        code = (chance.choice(sets[-2:]), chance.randrange(COUNT))
    attempt = f"attempt {chance.randrange(max(1, number // 4), number + 2)}"
    bare = operation(verb, (0, 0), number=number, attempt=attempt, code=code)
    return verb is not Verb.REPLACE, bare


def _told(codes: Codes, bare: Operation, set_id: str) -> tuple[Codes, Told]:
    """Find by trial what the specification tells: it only judges."""
    for told in _guesses(codes, bare, set_id):
        whole = replace(bare, told=told)
        if (new := after(codes, whole)) is not None:
            return new, told
    raise AssertionError(bare)


def _guesses(codes: Codes, bare: Operation, set_id: str) -> Iterator[Told]:
    if bare.deed.verb is Verb.REPLACE:
        yield issued((0, 0), set_id).told
    elif bare.deed.verb is Verb.ERASE:
        yield Told(ending=Ending.OK)
    elif bare.deed.verb is Verb.REDEEM:
        code = (bare.deed.set_id, bare.deed.ordinal)
        for ending in (Ending.INACTIVE, Ending.WRONG, Ending.USED):
            yield Told(ending=ending)
        for remaining in range(COUNT + 1):
            for again in (False, True):
                yield redeemed((0, 0), code, remaining, attempt="", is_replayed=again).told
    else:
        new = effect(codes, bare)
        spent = tuple(sorted(ordinal for ordinal, _ in new.spent))
        yield seen((0, 0), spent, state=new.state, set_id=new.set_id).told
