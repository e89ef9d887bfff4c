"""Races: what a login does when many come at the same moment."""

from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from typing import Final, Generic

from recoverykit.testing.hosts.answer import Answer, answer_of
from recoverykit.testing.hosts.crew import Crew, Deed
from recoverykit.testing.hosts.desk import Desk, texts_of
from recoverykit.testing.hosts.host import UserT
from recoverykit.testing.hosts.ledger import Code, Fate, Person

_SPELLED: Final = (1, 2)  # of four rounds; every second one is restless, and so is one of these


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
        self._rounds = 0
        self._lasted = {True: (0.0, 0.0), False: (0.0, 0.0)}

    def run_same_code(self) -> None:
        """Let all send one code, in some rounds each in another form."""
        desk = self._desk
        person = self._person_with(1)
        left = person.left()
        code = left[self._rounds % len(left)]  # with somebody new each time it is another place
        texts = self._spellings(person, code) if self._rounds % 4 in _SPELLED else (code.text,)
        self._rounds += 1
        typed = islice(cycle(texts), self._crew.size)
        answers = self._crew.together([self._sending(person, text) for text in typed])
        said = desk.raced(person, answers)
        forms = f", in {len(texts)} forms," if len(texts) > 1 else ""
        desk.steps.append(f"{len(answers)} send {code.name}{forms} at the same moment: {said}")
        successes = sum(answer.is_let_in for answer in answers)
        is_one = desk.hold("H3", successes <= 1)
        if is_one and successes:
            code.fate = Fate.USED
        elif not is_one or any(answer.is_failure for answer in answers):
            desk.doubt(person, code)
        self._look_again(person, (code,))

    def run_different_codes(self) -> None:
        """Let two users send several of their codes, each of them once."""
        desk, share = self._desk, max(1, self._crew.size // 2)
        people = [self._fresh(), desk.person()]
        sent = [(person, code) for person in people for code in person.left()[:share]]
        answers = self._crew.together([self._sending(who, code.text) for who, code in sent])
        desk.steps.append("at the same moment")
        for person in people:
            own = [(c, a) for (p, c), a in zip(sent, answers, strict=True) if p is person]
            said = desk.raced(person, [answer for _, answer in own])
            desk.steps.append(f"{person.name} sends {_names(own)}: {said}")
            _spend(own)
            for code, answer in own:
                if answer.is_failure:
                    desk.doubt(person, code)
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
        if issued.is_let_in:
            self._desk.given(person, texts_of(issued.value))
        else:
            self._desk.replace(person)
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

        issued = self._crew.together([issue, issue])
        sets = [each for each in issued if each.is_let_in]
        desk.steps.append(f"new codes are issued twice to {person.name} at the same moment")
        for each in sets:
            desk.given(person, texts_of(each.value))
        answers = [desk.ask(person, codes[0].text, name=codes[0].name) for codes in person.sets[1:]]
        if answers:
            # One that failed may have issued the set that counts.
            fewest = len(issued) == len(sets)
            desk.hold("H6", fewest <= sum(answer.is_let_in for answer in answers) <= 1)

    def _against(
        self, person: Person[UserT], act: Callable[[], object]
    ) -> tuple[Answer, Sequence[Code]]:
        """Do something to a user at the moment when some of their codes are sent."""
        desk, left = self._desk, person.left()
        # Where nothing can be waited for, one guess is left for the look afterwards.
        most = self._crew.size if desk.host.advance else max(2, desk.host.free_guesses)
        rows = _dealt(left[:-1] or left, min(most, self._crew.size) - 1)
        deeds: list[Deed[Sequence[Answer]]] = [lambda: lambda: (answer_of(act),)]
        deeds += [self._sending_in_a_row(person, row) for row in rows]
        is_restless = self._crew.is_restless
        (acted,), *answers = self._crew.together(deeds, after=self._after(is_restless))
        self._lasted[is_restless] = (self._crew.lasted[0], max(self._crew.lasted[1:]))
        own = [
            pair
            for row, got in zip(rows, answers, strict=True)
            for pair in zip(row, got, strict=False)  # not all of a row where one was refused
        ]
        said = desk.raced(person, [answer for _, answer in own])
        desk.steps.append("at the same moment")
        desk.steps.append(f"{person.name} sends {_names(own)}: {said}")
        _spend(own)
        return acted, [code for code, _ in own]

    def _after(self, is_restless: bool) -> tuple[float, float]:  # noqa: FBT001  # a key
        """Return when to send codes so that they are on their way when the other deed ends.

        What is written at its end would nearly never be met by who begins with it.
        """
        other, sending = self._lasted[is_restless]
        return other - sending, other

    def _look_again(
        self, person: Person[UserT], codes: Sequence[Code], *, promise: str = "H4"
    ) -> None:
        """Send codes again: those that are spent are refused, those that are not are good."""
        for code in codes:
            asked = None if code.fate is Fate.UNUSED else promise
            if asked or self._desk.is_patient(person):
                self._desk.send(person, code, promise=asked)

    def _spellings(self, person: Person[UserT], code: Code) -> Sequence[str]:
        """Return the texts by which the host knows a code, as far as it has promised to."""
        shown = [each.text for each in person.codes]
        forms = [form for form in self._desk.host.forms if self._desk.asks_for((form.id,))]
        typed = [form.type(code.text) for form in forms if form.is_for(shown)]
        return tuple(dict.fromkeys((code.text, *typed)))

    def _sending(self, person: Person[UserT], text: str) -> Deed[Answer]:
        return lambda: self._desk.arrived(person, text)

    def _sending_in_a_row(
        self, person: Person[UserT], codes: Sequence[Code]
    ) -> Deed[Sequence[Answer]]:
        """Send one code after the other until one is refused."""

        def arrive() -> Callable[[], Sequence[Answer]]:
            doors = [self._desk.arrived(person, code.text) for code in codes]
            return lambda: list(_until_refused(doors))

        return arrive

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


def _dealt(codes: Sequence[Code], hands: int) -> list[Sequence[Code]]:
    """Deal codes out, as evenly as can be, to so many hands or fewer."""
    return [codes[hand::hands] for hand in range(min(hands, len(codes)))]


def _until_refused(doors: Sequence[Callable[[], Answer]]) -> Iterator[Answer]:
    for door in doors:
        answer = door()
        yield answer
        if not answer.is_let_in:
            return


def _spend(sent: Sequence[tuple[Code, Answer]]) -> None:
    for code, answer in sent:
        if answer.is_let_in:
            code.fate = Fate.USED


def _names(sent: Sequence[tuple[Code, Answer]]) -> str:
    names = sorted((code.name for code, _ in sent), key=lambda name: (len(name), name))
    return names[0] if len(names) == 1 else f"{len(names)} codes, {names[0]} to {names[-1]}"


def _unsent_first(codes: Sequence[Code], sent: Sequence[Code]) -> Sequence[Code]:
    return sorted(codes, key=lambda code: any(code is each for each in sent))
