"""What people type: every form of a code, and every mistake, at least once."""

from recoverykit.testing.hosts.desk import Desk
from recoverykit.testing.hosts.host import UserT
from recoverykit.testing.hosts.ledger import Person
from recoverykit.testing.hosts.mistakes import MISTAKES, WITHOUT_SYMBOLS


def run_forms(desk: Desk[UserT]) -> None:
    """Send a code in each form that the host takes, and then again as it was shown."""
    person = desk.person()
    for form in desk.host.forms:
        if not desk.asks_for((form.id,)):
            continue
        if not person.left():
            desk.steps.clear()
            person = desk.person()
        del desk.steps[1:]  # those before do not matter
        if form.is_for(code.text for code in person.codes):
            code = person.left()[0]
            desk.send(person, code, form=form)
            desk.send(person, code)


def run_mistakes(desk: Desk[UserT]) -> None:
    """Send each mistake for somebody with codes, and some for those for whom no code counts."""
    person = desk.person()
    for name in MISTAKES:
        person = _patient(desk, person)
        _mistype(desk, person, name)
    for come in (_with_spent_codes, _with_revoked_codes):
        person = come(desk)
        for name in WITHOUT_SYMBOLS:
            if person.failures >= desk.host.free_guesses:
                person = come(desk)
            _mistype(desk, person, name)
    for name in WITHOUT_SYMBOLS:
        _send_without_codes(desk, name)


def _send_without_codes(desk: Desk[UserT], name: str) -> None:
    """Send a mistake for somebody who has never had codes.

    A login may fail there, where nobody comes who is not asked for a code: it lets nobody in.
    """
    desk.steps.clear()  # what happened to others before does not matter
    person = desk.person(codes=False)
    desk.steps.append(f"{person.name} has never had codes")
    answer = desk.ask(person, MISTAKES[name](()), name=name)
    desk.hold("H10", not answer.is_let_in)


def _with_spent_codes(desk: Desk[UserT]) -> Person[UserT]:
    desk.steps.clear()
    person = desk.person()
    for code in person.codes:
        desk.send(person, code)
    return person


def _with_revoked_codes(desk: Desk[UserT]) -> Person[UserT]:
    desk.steps.clear()
    person = desk.person()
    desk.revoke(person)
    return person


def _mistype(desk: Desk[UserT], person: Person[UserT], name: str) -> None:
    text = MISTAKES[name]([code.text for code in person.codes])
    desk.send_wrong(person, text, name=name)


def _patient(desk: Desk[UserT], person: Person[UserT]) -> Person[UserT]:
    """Return somebody who may fail: the same one, or another one."""
    if person.failures < desk.host.free_guesses:
        return person
    desk.steps.clear()  # what was refused before does not matter
    return desk.person()
