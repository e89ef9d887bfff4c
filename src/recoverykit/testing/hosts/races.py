"""Races: what a login does when many come at the same moment."""

from collections.abc import Callable, Sequence
from typing import Generic

from recoverykit.testing.hosts.answer import Answer, answer_of
from recoverykit.testing.hosts.crew import Crew, Deed
from recoverykit.testing.hosts.desk import Desk, texts_of
from recoverykit.testing.hosts.host import UserT
from recoverykit.testing.hosts.ledger import Code, Fate, Person


class Races(Generic[UserT]):
    """Races of a host.

    Args:
        desk: where it is asked.
        crew: who races.
    """

    def __init__(self, desk: Desk[UserT], crew: Crew) -> None:
        self._desk = desk
        self._crew = crew
        self._waiting: Person[UserT] | None = None

    def run_same_code(self) -> None:
        """Let all send one code."""
        desk = self._desk
        person = self._person_with(1)
        code = person.left()[0]
        answers = self._crew.together([self._sending(person, code)] * self._crew.size)
        said = desk.raced(person, answers)
        desk.steps.append(f"{len(answers)} send {code.name} at the same moment: {said}")
        successes = sum(answer.is_let_in for answer in answers)
        if not desk.hold("H3", successes <= 1):
            code.fate, person.is_certain = Fate.DOUBTFUL, False
        elif successes:
            code.fate = Fate.USED
        self._look_again(person, (code,))

    def run_different_codes(self) -> None:
        """Let two users send several of their codes, each of them once."""
        desk, share = self._desk, max(1, self._crew.size // 2)
        people = [self._fresh(), self._fresh()]
        sent = [(person, code) for person in people for code in person.left()[:share]]
        answers = self._crew.together([self._sending(*each) for each in sent])
        desk.steps.append("at the same moment")
        for person in people:
            own = [(c, a) for (p, c), a in zip(sent, answers, strict=True) if p is person]
            said = desk.raced(person, [answer for _, answer in own])
            desk.steps.append(f"{person.name} sends {_names(own)}: {said}")
            _spend(own)
        for person in people:
            self._look_again(person, [code for owner, code in sent if owner is person])

    def run_against_regenerate(self) -> None:
        """Let codes be sent at the moment when new ones are issued."""
        regenerate = self._desk.host.regenerate
        if regenerate is None:
            return
        person = self._fresh()
        issued, sent = self._against(person, lambda: texts_of(regenerate(person.user)))
        old = person.codes
        if issued.is_failure:
            self._desk.replace(person)
        else:
            self._desk.given(person, issued.value)
        first, *others = _unsent_first(old, sent)
        self._look_again(person, (first,), promise="H6")
        if self._desk.is_patient(person):
            self._desk.send(person, person.codes[0], promise="H6")
        self._look_again(person, others, promise="H6")

    def run_against_revoke(self) -> None:
        """Let codes be sent at the moment when all are revoked."""
        revoke = self._desk.host.revoke
        if revoke is None:
            return
        person = self._fresh()
        revoked, sent = self._against(person, lambda: (revoke(person.user), True))
        if revoked.is_failure:
            self._desk.revoke(person)
        else:
            self._desk.revoked(person)
        self._look_again(person, _unsent_first(person.codes, sent), promise="H8")

    def run_two_regenerations(self) -> None:
        """Let new codes be issued twice at the same moment: one of the two sets counts."""
        desk, regenerate = self._desk, self._desk.host.regenerate
        if regenerate is None:
            return
        person = self._fresh()

        def issue() -> Callable[[], Answer]:
            return lambda: answer_of(lambda: texts_of(regenerate(person.user)))

        sets = [each for each in self._crew.together([issue, issue]) if not each.is_failure]
        desk.steps.append(f"new codes are issued twice to {person.name} at the same moment")
        for each in sets:
            desk.given(person, each.value)
        answers = [desk.ask(person, codes[0].text, name=codes[0].name) for codes in person.sets[1:]]
        if answers:
            desk.hold("H6", sum(answer.is_let_in for answer in answers) == 1)

    def _against(
        self, person: Person[UserT], act: Callable[[], object]
    ) -> tuple[Answer, Sequence[Code]]:
        """Do something to a user at the moment when some of their codes are sent."""
        desk = self._desk
        # Where nothing can be waited for, one guess is left for the look afterwards.
        most = self._crew.size if desk.host.advance else max(2, desk.host.free_guesses)
        codes = person.left()[: min(most, self._crew.size) - 1]
        acting: Deed[Answer] = lambda: lambda: answer_of(act)  # noqa: E731  # as short as those
        sending = [self._sending(person, code) for code in codes]
        acted, *answers = self._crew.together([acting, *sending])
        own = list(zip(codes, answers, strict=True))
        said = desk.raced(person, answers)
        desk.steps.append("at the same moment")
        desk.steps.append(f"{person.name} sends {_names(own)}: {said}")
        _spend(own)
        return acted, codes

    def _look_again(
        self, person: Person[UserT], codes: Sequence[Code], *, promise: str = "H4"
    ) -> None:
        """Send codes again: those that are spent are refused, those that are not are good."""
        for code in codes:
            asked = None if code.fate is Fate.UNUSED else promise
            if asked or self._desk.is_patient(person):
                self._desk.send(person, code, promise=asked)

    def _sending(self, person: Person[UserT], code: Code) -> Deed[Answer]:
        return lambda: self._desk.arrived(person, code.text)

    def _person_with(self, codes: int) -> Person[UserT]:
        """Return somebody who has codes left, and is not locked out."""
        person = self._waiting
        del self._desk.steps[1:]  # earlier races of the same person do not matter
        if person is None or len(person.left()) < codes or not self._desk.is_patient(person):
            person = self._waiting = self._fresh()
        return person

    def _fresh(self) -> Person[UserT]:
        self._desk.steps.clear()  # what happened to others before does not matter
        return self._desk.person()


def _spend(sent: Sequence[tuple[Code, Answer]]) -> None:
    for code, answer in sent:
        if answer.is_let_in:
            code.fate = Fate.USED


def _names(sent: Sequence[tuple[Code, Answer]]) -> str:
    return ", ".join(code.name for code, _ in sent)


def _unsent_first(codes: Sequence[Code], sent: Sequence[Code]) -> Sequence[Code]:
    return sorted(codes, key=lambda code: any(code is each for each in sent))
