"""A life of codes in the usual order: it looks at every promise, however short the check."""

from recoverykit.testing.hosts.desk import Desk
from recoverykit.testing.hosts.host import UserT


def run_life(desk: Desk[UserT]) -> None:
    """Issue, spend, spend again, spend another's, replace, revoke, and issue anew."""
    person, other = desk.person(), desk.person()
    spent = person.codes[0]
    desk.send(person, spent)
    desk.send(person, spent)
    desk.count(person)
    replaced = other.codes[0]
    desk.send(person, replaced, owner=other)
    desk.replace(other)
    desk.send(other, replaced)
    desk.send(other, other.left()[0])
    desk.replace(other)
    revoked = other.codes[0]
    desk.revoke(other)
    desk.count(other)
    desk.send(other, revoked)
    if not other.is_enrolled:
        desk.issue(other)
        desk.send(other, revoked)
        desk.send(other, other.codes[0])
