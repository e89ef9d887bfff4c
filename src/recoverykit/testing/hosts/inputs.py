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
    """Send each mistake for somebody with codes, and some for somebody who has none left."""
    person = desk.person()
    for name in MISTAKES:
        person = _patient(desk, person)
        _mistype(desk, person, name)
    person = desk.person()
    for code in person.codes:
        desk.send(person, code)
    for name in WITHOUT_SYMBOLS:
        _mistype(desk, person, name)


def _mistype(desk: Desk[UserT], person: Person[UserT], name: str) -> None:
    text = MISTAKES[name]([code.text for code in person.codes])
    desk.send_wrong(person, text, name=name)


def _patient(desk: Desk[UserT], person: Person[UserT]) -> Person[UserT]:
    """Return somebody who may fail: the same one, or another one."""
    if person.failures < desk.host.free_guesses:
        return person
    desk.steps.clear()  # what was refused before does not matter
    return desk.person()
