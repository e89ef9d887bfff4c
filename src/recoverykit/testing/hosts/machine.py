"""The machine: a few users of a host do everything in every order, one after the other.

It compares with the ledger, which knows no host. What a rule does never depends on what the host
answered: a rule for which nothing can be done does nothing, so that a host which is not the same
twice cannot confuse the search for the shortest steps.
"""

from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky, FlakyFailure
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,  # pyright: ignore[reportUnknownVariableType]  # it is not annotated
)

from recoverykit.errors import InvalidArgument
from recoverykit.testing.hosts.desk import Broken, Desk
from recoverykit.testing.hosts.forms import FORMS, Form
from recoverykit.testing.hosts.host import UserT
from recoverykit.testing.hosts.ledger import Person
from recoverykit.testing.hosts.mistakes import MISTAKES

_STEPS = 25  # enough to spend a set, replace it, and look back

_places = st.integers(0, 59)  # taken modulo the size of the set: each place is as likely
_people = st.integers(0, 1)
_forms = st.sampled_from([None, None, *FORMS])


def run_in_order(desk: Desk[UserT], *, examples: int) -> None:
    """Let users do everything in many orders.

    Args:
        desk: where the host is asked.
        examples: how many orders.

    Raises:
        Broken: a promise does not hold; the steps are as short as could be found.
        InvalidArgument: the host raised what it did not raise when the same was done again.
    """

    class Machine(_Machine):
        def __init__(self) -> None:
            super().__init__(desk)

    try:
        run_state_machine_as_test(Machine, settings=_settings(examples))  # pyright: ignore[reportUnknownArgumentType]
    except (Broken, Flaky) as error:
        raised = _names(error)
    else:
        return
    # What a host does by chance may not come again: then what was seen once is told.
    if desk.found:
        raise min(desk.found, key=lambda broken: len(broken.steps))
    raise InvalidArgument(
        f"the host must do the same each time: it raised {raised} in one run, not in another"
    )


def _names(error: Exception) -> str:
    """Name what a host raised, without what it says, from what Hypothesis made of it."""
    raised = error.exceptions if isinstance(error, FlakyFailure) else (error.__context__,)
    own = [each for each in raised if each is not None and not isinstance(each, Flaky)]
    return ", ".join(sorted({type(each).__name__ for each in own})) or "an error"


def _settings(examples: int) -> settings:
    """Return settings that do not depend on those of whoever calls: the same orders each time."""
    return settings(
        max_examples=examples,
        stateful_step_count=_STEPS,
        database=None,
        deadline=None,
        derandomize=True,
        phases=(Phase.generate, Phase.shrink),
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=[
            HealthCheck.data_too_large,
            HealthCheck.filter_too_much,
            HealthCheck.too_slow,
        ],
        verbosity=Verbosity.quiet,
    )


class _Machine(RuleBasedStateMachine):
    """Two users; a code is named by whose it is, of which set before the newest, and its place."""

    def __init__(self, desk: Desk[Any]) -> None:
        super().__init__()
        self._desk = desk.anew()
        self._people: list[Person[Any]] = []

    @initialize()
    def come(self) -> None:
        """Two users come, and get their codes."""
        self._people = [self._desk.person() for _ in range(2)]

    @rule(
        who=_people, whose=_people, back=st.sampled_from((0, 0, 1, 2)), place=_places, form=_forms
    )
    def send(self, who: int, whose: int, back: int, place: int, form: Form | None) -> None:
        self._send(self._people[who], self._people[whose], back, place, form)

    @rule(who=_people, place=_places, form=_forms, again=_forms)
    def send_twice(self, who: int, place: int, form: Form | None, again: Form | None) -> None:
        person = self._people[who]
        for each in (form, again):
            self._send(person, person, 0, place, each)

    @rule(who=_people, mistake=st.sampled_from(sorted(MISTAKES)))
    def mistype(self, who: int, mistake: str) -> None:
        person = self._people[who]
        text = MISTAKES[mistake]([code.text for code in person.codes])
        self._desk.send_wrong(person, text, name=mistake)

    @rule(who=_people, place=_places)
    def spend_all(self, who: int, place: int) -> None:
        person = self._people[who]
        for code in person.left():
            self._desk.send(person, code)
        self._send(person, person, 0, place)
        self._desk.count(person)

    @rule(who=_people, place=_places)
    def renew(self, who: int, place: int) -> None:
        person = self._people[who]
        issue = self._desk.replace if person.is_enrolled else self._desk.issue
        issue(person)
        self._send(person, person, 1, place)
        self._send(person, person, 2, place)

    @rule(who=_people, place=_places)
    def revoke(self, who: int, place: int) -> None:
        person = self._people[who]
        if person.is_enrolled:
            self._desk.revoke(person)
            self._send(person, person, 0, place)

    @rule(who=_people)
    def make_room(self, who: int) -> None:
        """Let somebody else come where there is nothing more to be done."""
        person = self._people[who]
        if not person.left() or person.failures >= self._desk.host.free_guesses:
            self._people[who] = self._desk.person()

    @rule(who=_people)
    def count(self, who: int) -> None:
        self._desk.count(self._people[who])

    def _send(
        self,
        person: Person[Any],
        owner: Person[Any],
        back: int,
        place: int,
        form: Form | None = None,
    ) -> None:
        if back >= len(owner.sets) or not (form is None or self._takes(form, owner)):
            return
        codes = owner.sets[-1 - back]
        self._desk.send(person, codes[place % len(codes)], owner=owner, form=form)

    def _takes(self, form: Form, owner: Person[Any]) -> bool:
        is_taken = form in self._desk.host.forms and self._desk.asks_for((form.id,))
        return is_taken and form.is_for(code.text for code in owner.codes)
