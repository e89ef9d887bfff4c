"""Whole sets: every code of one is spent, and sent again, whatever its place.

A fault may concern some places only: the last code, or those for which a mask has no bit.
"""

from collections.abc import Sequence

from recoverykit.testing.hosts.desk import Desk
from recoverykit.testing.hosts.host import UserT
from recoverykit.testing.hosts.ledger import Code, canonical

_FORWARDS, _BACKWARDS = 1, -1
_SETS = 3  # are compared: two sets of one short code may be the same by chance


def run_whole_sets(desk: Desk[UserT]) -> None:
    """Spend whole sets, from either end, and send each code again: at once, and after the last."""
    for step in (_FORWARDS, _BACKWARDS):
        _spend_twice(desk, step)
        _look_back(desk, step)


def _spend_twice(desk: Desk[UserT], step: int) -> None:
    desk.steps.clear()  # what happened to others before does not matter
    person = desk.person()
    for code in person.codes[::step]:
        desk.send(person, code)
        desk.send(person, code)
        desk.count(person)


def _look_back(desk: Desk[UserT], step: int) -> None:
    """Send as many codes again as somebody may be wrong in a row, the others with somebody new."""
    looked, size = 0, 1
    while looked < size:
        desk.steps.clear()
        person = desk.person()
        size = len(person.codes)
        for code in person.codes[::step]:
            desk.send(person, code)
        for code in person.codes[looked : looked + desk.host.free_guesses]:
            desk.send(person, code)
        looked += desk.host.free_guesses


def run_draws(desk: Desk[UserT]) -> None:
    """Compare the sets of some users, and those of one: a source may begin anew each time.

    Nothing else would be seen of it: a code that is another user's as well may let both in.
    """
    people = [desk.person() for _ in range(_SETS)]
    _expect_others(desk, [person.codes for person in people])
    if desk.host.regenerate is not None:
        desk.steps.clear()
        person = desk.person()
        for _ in range(_SETS - 1):
            desk.replace(person)
        _expect_others(desk, person.sets)


def _expect_others(desk: Desk[UserT], sets: Sequence[Sequence[Code]]) -> None:
    """Ask that not half of the first set stands in all others as well."""
    first, *others = ({canonical(code.text) for code in each} for each in sets)
    again = len(first.intersection(*others))
    desk.steps.append(f"{again} codes of the first set are in all others as well")
    desk.hold("H17", again * 2 < len(first))
