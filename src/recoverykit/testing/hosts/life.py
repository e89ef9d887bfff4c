"""A life of codes in the usual order: it looks at every promise, however short the check.

Nobody in it is wrong twice in a row, so that it does the same with the strictest limit of guesses.
"""

from recoverykit.testing.hosts.desk import Desk
from recoverykit.testing.hosts.host import UserT
from recoverykit.testing.hosts.ledger import Person


def run_life(desk: Desk[UserT]) -> None:
    """Spend codes, replace them, and revoke them, each with somebody new."""
    for part in (_spend, _replace, _revoke):
        desk.steps.clear()  # what happened to others before does not matter
        part(desk, desk.person())


def _spend(desk: Desk[UserT], person: Person[UserT]) -> None:
    """Send another's code, spend one, and send it again."""
    other, spent = desk.person(), person.codes[0]
    desk.send(person, other.codes[0], owner=other)
    desk.send(person, spent)
    desk.send(person, spent)
    desk.count(person)


def _replace(desk: Desk[UserT], person: Person[UserT]) -> None:
    """Replace codes twice: those of the first set come back neither at once nor later."""
    replaced = person.codes
    for code in (replaced[0], replaced[-1]):
        desk.replace(person)
        desk.send(person, code)
        desk.send(person, person.codes[0])


def _revoke(desk: Desk[UserT], person: Person[UserT]) -> None:
    """Revoke codes and issue others: those that were revoked do not come back with them."""
    revoked = person.codes
    desk.revoke(person)
    desk.count(person)
    desk.send(person, revoked[0])
    if not person.is_enrolled:
        desk.issue(person)
        desk.send(person, person.codes[0])
        # A login may have forgotten the one that was asked for before.
        desk.send(person, revoked[-1])
