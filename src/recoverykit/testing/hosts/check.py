"""The check of a host: all promises, cheap ones first, and what was found."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, cast

from recoverykit.errors import InvalidArgument
from recoverykit.testing.failure import Breach, ConformanceError
from recoverykit.testing.hosts.crew import Crew
from recoverykit.testing.hosts.desk import Broken, Desk
from recoverykit.testing.hosts.forms import FORMS
from recoverykit.testing.hosts.guesses import run_guesses, run_strangers
from recoverykit.testing.hosts.host import Host, UserT, is_count
from recoverykit.testing.hosts.inputs import run_forms, run_mistakes
from recoverykit.testing.hosts.leaks import run_leaks
from recoverykit.testing.hosts.life import run_life
from recoverykit.testing.hosts.machine import run_in_order
from recoverykit.testing.hosts.promises import PROMISES, Promise
from recoverykit.testing.hosts.races import Races
from recoverykit.testing.hosts.report import Checked, Tally
from recoverykit.testing.hosts.sets import run_draws, run_whole_sets

SCRIPTS: Final = (
    run_life,
    run_draws,
    run_whole_sets,
    run_forms,
    run_mistakes,
    run_strangers,
    run_leaks,
    run_guesses,
)
"""All that is done without chance, in this order."""

_SENTENCES: Final = {promise.id: promise.sentence for promise in PROMISES}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Effort:
    examples: int
    rounds: int
    threads: int

    def __post_init__(self) -> None:
        if not all(is_count(each, least=1) for each in (self.examples, self.rounds)):
            raise InvalidArgument("examples and rounds must be whole numbers, at least 1")
        if not is_count(self.threads, least=2):  # one does not race
            raise InvalidArgument("threads must be a whole number, at least 2")


def check_host(
    host: Host[UserT],
    *,
    without: Mapping[str, str] | None = None,
    examples: int = 30,
    rounds: int = 20,
    threads: int = 8,
    tell: Callable[[str], object] = print,
) -> Checked:
    """Check a login that has recovery codes, and return what was checked.

    It is driven by a Hypothesis state machine, which compares it with an oracle, and by races of
    threads. Where it breaks a promise the search goes on without that one, so that one run names
    all that are broken. No code stands in what is told or raised.

    Args:
        host: the login.
        without: the promises that it does not give, by their ids, each with the reason.
        examples: in how many orders everything is done, one after the other.
        rounds: how often each race is run.
        threads: how many race.
        tell: is called with what was checked, what was not, and why.

    Raises:
        ConformanceError: it breaks promises.
        InvalidArgument: an argument is of another type, or cannot be meant: ``without`` names no
            promise or gives no reason, a number is too small. Or the host returned no codes, or
            raised what it did not raise again when the same was done once more.
        Exception: what the host's functions raise passes through as it is, apart from ``redeem``
            and, in races, ``regenerate`` and ``revoke``.
    """
    if not isinstance(host, Host) or not callable(tell):
        raise InvalidArgument("host must be a Host, and tell a function")
    opted_out = _opted_out({} if without is None else without)
    effort = _Effort(examples=examples, rounds=rounds, threads=threads)
    search = _Search(host, opted_out)
    with Crew(threads) as crew:
        search.run(effort, crew)
    checked = search.checked()
    tell(str(checked))
    if search.breaches:
        raise ConformanceError(_headline(checked), sorted(search.breaches, key=_place))
    return checked


def _opted_out(without: object) -> dict[str, str]:
    if not isinstance(without, Mapping):
        raise InvalidArgument("without must be a mapping of ids to reasons")
    opted_out: dict[str, str] = {}
    for each, reason in cast("Mapping[object, object]", without).items():
        if each not in _SENTENCES or not isinstance(reason, str) or not reason.strip():
            raise InvalidArgument("without must name promises by their ids, each with a reason")
        opted_out[str(each)] = reason
    return opted_out


class _Search(Generic[UserT]):
    def __init__(self, host: Host[UserT], opted_out: Mapping[str, str]) -> None:
        self.breaches: list[Breach] = []
        self._host = host
        self._opted_out = opted_out
        self._missing = {each.id: _missing(host, each) for each in PROMISES}
        self._tally = Tally()

    def run(self, effort: _Effort, crew: Crew) -> None:
        """Run all parts, each until it finds nothing more."""
        for script in SCRIPTS:
            self._until_nothing(script)
        self._until_nothing(lambda desk: run_in_order(desk, examples=effort.examples))
        self._races(("H3", "H4"), lambda races: races.run_same_code(), effort.rounds, crew)
        self._races(("H4",), lambda races: races.run_different_codes(), effort.rounds, crew)
        self._races(("H6",), lambda races: races.run_against_regenerate(), effort.rounds, crew)
        self._races(("H6",), lambda races: races.run_two_regenerations(), effort.rounds, crew)
        self._races(("H8",), lambda races: races.run_against_revoke(), effort.rounds, crew)

    def checked(self) -> Checked:
        """Return what came of it."""
        broken = tuple(each.id for each in sorted(self.breaches, key=_place))
        seen = self._tally.promises
        off = {*broken, *self._opted_out}
        return Checked(
            kept={each: seen[each] for each in _SENTENCES if seen[each] and each not in off},
            broken=broken,
            opted_out=self._opted_out,
            not_checked={
                each: self._missing[each] or "nothing showed it"
                for each in _SENTENCES
                if not seen[each] and each not in off
            },
            errors=dict(self._tally.errors),
        )

    def _races(
        self,
        promises: Sequence[str],
        race: Callable[[Races[UserT]], None],
        rounds: int,
        crew: Crew,
    ) -> None:
        def run(desk: Desk[UserT]) -> None:
            races = Races(desk, crew)
            for _ in range(rounds if desk.asks_for(promises) else 0):
                race(races)

        self._until_nothing(run)

    def _until_nothing(self, part: Callable[[Desk[UserT]], None]) -> None:
        while True:
            broken = {each.id for each in self.breaches}
            missing = {each for each, why in self._missing.items() if why}
            muted = frozenset(broken | missing | self._opted_out.keys())
            try:
                part(Desk(self._host, muted=muted, tally=self._tally))
            except Broken as found:
                sentence = _SENTENCES[found.id]
                self.breaches.append(Breach(id=found.id, sentence=sentence, steps=found.steps))
            else:
                return


def _place(breach: Breach) -> int:
    return list(_SENTENCES).index(breach.id)


def _missing(host: Host[UserT], promise: Promise) -> str:
    """Say why a promise cannot be checked; nothing where it can."""
    for need in promise.needs:
        if getattr(host, need) is None:
            return f"the host has no {need}"
    if promise.id in {form.id for form in FORMS} - {form.id for form in host.forms}:
        return "it is not usual, and the host does not declare it"
    return ""


def _headline(checked: Checked) -> str:
    count = len(checked.broken)
    promises = "a promise" if count == 1 else f"{count} promises"
    return f"the host breaks {promises}: {', '.join(checked.broken)}"
