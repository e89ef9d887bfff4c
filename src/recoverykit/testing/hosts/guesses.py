"""What a login does with those who guess: limits them, and tells them nothing about users."""

from itertools import cycle, islice

from recoverykit.testing.hosts.answer import Kind
from recoverykit.testing.hosts.desk import Desk
from recoverykit.testing.hosts.host import UserT
from recoverykit.testing.hosts.ledger import Code

_STRANGERS_CODES = 20  # different wrong codes; beyond them they come again


def run_guesses(desk: Desk[UserT]) -> None:
    """Let somebody send wrong codes, well-formed ones, until a right one must be refused."""
    most = desk.host.most_guesses
    if most is None:
        return
    person = desk.person()
    wrong = [code for code in _strangers_codes(desk, most) if not person.may_know(code.text)]
    if not wrong:
        return  # everybody has the same codes
    for code in islice(cycle(wrong), most):
        if not desk.hold("H9", not desk.call(person.user, code.text).is_let_in):
            return
    desk.steps.append(f"{person.name} sends {most} codes of other users")
    answer = desk.ask(person, person.codes[0].text, name=person.codes[0].name)
    desk.hold("H14", not answer.is_let_in)


def run_strangers(desk: Desk[UserT]) -> None:
    """Send a code of another user for one, for one without codes, and for nobody there is."""
    host = desk.host
    person, owner = desk.person(), desk.person()
    code = owner.codes[0]
    if person.may_know(code.text):
        return
    wrong = desk.ask(person, code.text, name="a code of another user")
    others = [(desk.person(codes=False).user, "a user without codes", "H9")]
    if host.stranger is not None:
        others.append((host.stranger(), "a user who does not exist", "H12"))
    for user, name, promise in others:
        answer = desk.call(user, code.text)
        desk.steps.append(f"{name} sends a code of another user: {answer}")
        desk.hold(promise, not answer.is_let_in)
        if host.told and answer.kind is wrong.kind is Kind.REFUSED:
            desk.hold("H13", host.told(answer.value) == host.told(wrong.value))


def _strangers_codes(desk: Desk[UserT], most: int) -> list[Code]:
    codes: list[Code] = []
    while len(codes) < min(most, _STRANGERS_CODES):
        codes += desk.person().codes
    return codes
