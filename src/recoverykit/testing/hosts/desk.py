"""The desk: everything that is asked of a host goes over it, is written down, and is judged."""

from collections.abc import Callable, Iterable
from typing import Final, Generic, cast

from recoverykit.errors import InvalidArgument
from recoverykit.testing.hosts.answer import Answer, answer_of, counted
from recoverykit.testing.hosts.forms import Form
from recoverykit.testing.hosts.host import Host, UserT
from recoverykit.testing.hosts.ledger import Code, Fate, Person, canonical
from recoverykit.testing.hosts.report import Tally

_BROKEN_BY: Final = {
    Fate.USED: "H2",
    Fate.REPLACED: "H5",
    Fate.REVOKED: "H7",
}


class Broken(Exception):
    """A promise does not hold.

    Attributes:
        id: its number.
        steps: what was done, and what came of it.
    """

    def __init__(self, id: str, steps: tuple[str, ...]) -> None:
        self.id = id
        self.steps = steps
        super().__init__(id)


class Desk(Generic[UserT]):
    """One run of a check.

    Args:
        host: what is checked.
        muted: the promises that nobody asks for; those that were found broken are among them.
        tally: what was looked at.
    """

    def __init__(self, host: Host[UserT], *, muted: frozenset[str], tally: Tally) -> None:
        self.host = host
        self.tally = tally
        self.steps: list[str] = []
        self.found: list[Broken] = []
        self._muted = muted
        self._people = 0

    def anew(self) -> "Desk[UserT]":
        """Return a desk that has not seen anybody yet."""
        desk = Desk(self.host, muted=self._muted, tally=self.tally)
        desk.found = self.found
        return desk

    def asks_for(self, promises: Iterable[str]) -> bool:
        """Whether at least one of these promises is looked at."""
        return not self._muted.issuperset(promises)

    def hold(self, promise: str, holds: bool) -> bool:  # noqa: FBT001  # it reads as a sentence
        """Ask for a promise, and return whether it holds; one that is muted may be broken.

        Raises:
            Broken: it does not hold.
        """
        if promise not in self._muted:
            self.tally.promises[promise] += 1
            if not holds:
                self.found.append(Broken(promise, tuple(self.steps)))
                raise self.found[-1]
        return holds

    def person(self, *, codes: bool = True) -> Person[UserT]:
        """Return a new user, with codes or without."""
        self._people += 1
        person = Person(user=self.host.new_user(), name=f"user {self._people}")
        if codes:
            self.issue(person)
        return person

    def issue(self, person: Person[UserT]) -> None:
        """Give codes to a user who has none that count."""
        self.given(person, texts_of(self.host.issue(person.user)))

    def replace(self, person: Person[UserT]) -> None:
        """Give a user new codes in the place of the old ones, where the host can."""
        if self.host.regenerate is not None:
            self.given(person, texts_of(self.host.regenerate(person.user)))

    def given(self, person: Person[UserT], texts: tuple[str, ...]) -> None:
        """Write down what was issued.

        Raises:
            InvalidArgument: nothing was, or not texts alone.
        """
        if not texts:
            raise InvalidArgument("issue and regenerate must return the codes, as texts")
        person.give(texts)
        number = len(person.sets)
        self.steps.append(f"{len(texts)} codes are issued to {person.name}: set {number}")
        size = self.host.set_size
        if size is not None:
            self.hold("H18", len(texts) >= size)
        if not self.hold("H17", len(person.codes) == len(texts)):
            person.is_certain = False

    def revoke(self, person: Person[UserT]) -> None:
        """Let no code of a user count any more, where the host can."""
        if self.host.revoke is not None:
            self.host.revoke(person.user)
            self.revoked(person)

    def revoked(self, person: Person[UserT]) -> None:
        """Write down that no code counts any more."""
        person.end(Fate.REVOKED)
        self.steps.append(f"the codes of {person.name} are revoked")

    def count(self, person: Person[UserT]) -> None:
        """Ask how many codes a user has left.

        Raises:
            InvalidArgument: the host returned something else, which is not shown: it may be them.
        """
        if self.host.remaining is None or not person.is_certain:
            return
        told, left = number_of(self.host.remaining(person.user)), len(person.left())
        if told is None:
            raise InvalidArgument("remaining must return a whole number")
        self.steps.append(f"{person.name} is told that {told} codes remain, and {left} do")
        self.hold("H16", told == left)

    def is_patient(self, person: Person[UserT]) -> bool:
        """Let time pass where it must and can; return whether another failure harms nobody."""
        if person.failures < self.host.free_guesses:
            return True
        if self.host.advance is None:
            return False
        # Before every further one: a limit that has been reached may grow with each.
        self.host.advance(self.host.pause)
        self.steps.append(f"time passes: {self.host.pause}")
        return True

    def send(
        self,
        person: Person[UserT],
        code: Code,
        *,
        owner: Person[UserT] | None = None,
        form: Form | None = None,
        promise: str | None = None,
    ) -> None:
        """Send a code for a user, and ask whether the answer is as promised.

        Where nobody could tell, nothing is sent.

        Args:
            person: who sends it.
            code: what they send.
            owner: whose code it is; None for their own.
            form: how they type it; None for as shown.
            promise: which promise asks for the answer; None for the one of the code's fate.
        """
        text = form.type(code.text) if form else code.text
        is_own = owner is None or owner is person
        if not is_own or code.fate is not Fate.UNUSED:
            own = promise or (_BROKEN_BY.get(code.fate, "") if is_own else "H9")
            sent = _named(code, form)
            self.send_wrong(person, text, name=sent, promise=own, code=code, owner=owner)
            return
        self.is_patient(person)
        answer = self.ask(person, text, name=_named(code, form))
        is_judged = self.hold("H11", not answer.is_failure)
        wanted = promise or (form.id if form and text != code.text else "H1")
        if answer.is_let_in:
            code.fate = Fate.USED
        elif not is_judged:
            self.doubt(person, code)
        elif form is not None:
            self.send(person, code)
            if code in person.left():
                return  # it is refused as shown, too: the form is not to blame
        self.hold(wanted, answer.is_let_in or not is_judged)

    def send_wrong(
        self,
        person: Person[UserT],
        text: str,
        *,
        name: str,
        promise: str = "H10",
        code: Code | None = None,
        owner: Person[UserT] | None = None,
    ) -> None:
        """Send what must be refused; where it could be taken for a right code, send nothing.

        Args:
            person: who sends it.
            text: what they send.
            name: how failures call it.
            promise: which promise asks for the answer.
            code: the code that it is, where it is one.
            owner: whose code it is.
        """
        is_doubtful = code is not None and code.fate is Fate.DOUBTFUL
        if is_doubtful or person.may_know(text) or not self.is_patient(person):
            return
        answer = self.ask(person, text, name=name)
        self.hold("H11", not answer.is_failure)
        if not self.hold(promise, not answer.is_let_in):
            self.doubt(person, code)
            self.doubt(owner or person, code)

    def ask(self, person: Person[UserT], text: str, *, name: str) -> Answer:
        """Send a text as it is, and write down what came of it."""
        answer = self.call(person.user, text)
        person.failures = 0 if answer.is_let_in else person.failures + 1
        self.steps.append(f"{person.name} sends {name}: {answer}")
        return answer

    def call(self, user: UserT, text: str) -> Answer:
        """Send a text for whoever the host takes for a user; nothing is written down."""
        return answer_of(lambda: self.host.redeem(user, text), refusals=self.host.refusals)

    def arrived(self, person: Person[UserT], text: str) -> Callable[[], Answer]:
        """Return what sends a text, once all is done that comes before."""
        if self.host.arrive is None:
            return lambda: self.call(person.user, text)
        send = self.host.arrive(person.user)
        return lambda: answer_of(lambda: send(text), refusals=self.host.refusals)

    def raced(self, person: Person[UserT], answers: list[Answer]) -> str:
        """Write down what became of those who sent codes of a user at the same moment."""
        is_one_in = any(answer.is_let_in for answer in answers)
        refused = sum(not answer.is_let_in for answer in answers)
        person.failures = refused if is_one_in else person.failures + refused
        for answer in answers:
            if answer.is_failure:
                self.tally.errors[type(answer.value).__name__] += 1
        return counted(answers)

    def doubt(self, person: Person[UserT], code: Code | None) -> None:
        """Write down that nobody knows what became of a code; of all of them, where it is None."""
        person.is_certain = False
        for each in person.every() if code is None else (code,):
            each.fate = Fate.DOUBTFUL


def texts_of(issued: object) -> tuple[str, ...]:
    """Return the codes that a host issued; none where something else is among them.

    It is not refused here, where a traceback that shows locals would show the codes.
    """
    texts: tuple[object, ...] = ()
    if isinstance(issued, Iterable) and not isinstance(issued, str | bytes):
        texts = tuple(cast("Iterable[object]", issued))
    found = tuple(text for text in texts if isinstance(text, str) and canonical(text))
    return found if len(found) == len(texts) else ()


def number_of(told: object) -> int | None:
    """Return the number that a host told; None where it is none, for the reason above."""
    return told if isinstance(told, int) and not isinstance(told, bool) else None


def _named(code: Code, form: Form | None) -> str:
    return f"{code.name}, {form.name}" if form else code.name
