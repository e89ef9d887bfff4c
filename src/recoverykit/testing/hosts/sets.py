"""Whole sets: every code of one is spent, and sent again, whatever its place.

A fault may concern some places only: the last code, or those for which a mask has no bit.
"""

from recoverykit.testing.hosts.desk import Desk
from recoverykit.testing.hosts.host import UserT

_FORWARDS, _BACKWARDS = 1, -1


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
