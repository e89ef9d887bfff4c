"""The reckoning: what was acknowledged is held against what stands, and all of it is counted."""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from tests.faults.evidence import Evidence, Spending
from tests.faults.history import Ending, Operation, Verb, by_subject
from tests.faults.linearizability import Refutation, Undecided, refute


class Resolution(Enum):
    """What became of a change of which somebody was not told at first."""

    LANDED_BY_KIT = "landed, as the same call found"
    NOT_LANDED_BY_KIT = "not landed, as the same call found"
    LANDED_BY_RETRY = "landed, as the retry was told"
    NOT_LANDED_BY_RETRY = "not landed: the retry did it"
    LANDED_BY_LAST_LOOK = "landed, as the last look showed"
    NOT_LANDED_BY_LAST_LOOK = "not landed, as the last look showed"
    ERASED = "erased with its trail"
    NOTHING_TO_TELL = "leaves no mark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoning:
    """What a run comes to.

    Attributes:
        operations: how many calls there were, by their verbs.
        endings: how many, by their ends.
        failures: how many failed, by what was said of it.
        subjects: how many subjects.
        lost_answers: how many calls had an answer of the storage lost and told their client the
            outcome all the same, by what became of what was lost.
        unknown: how many attempts a client was not told of at first, by what became of them.
        double_spends: the codes that were redeemed more than once.
        lost: the acknowledged successes that do not stand.
        unasked: the spendings that stand, and for which nobody asked.
        refuted: the subjects whose histories are not linearizable, and why.
        undecided: the subjects whose histories cost too much to be searched.
    """

    operations: Counter[str]
    endings: Counter[str]
    failures: Counter[str]
    subjects: int
    lost_answers: Counter[Resolution]
    unknown: Counter[Resolution]
    double_spends: tuple[Spending | tuple[str, int], ...]
    lost: tuple[Spending, ...]
    unasked: tuple[Spending, ...]
    refuted: Mapping[str, Refutation] = field(default_factory=dict)
    undecided: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether every promise was kept, as far as it was looked for."""
        return not (
            self.double_spends or self.lost or self.unasked or self.refuted or self.undecided
        )


def reckon(operations: Iterable[Operation], evidence: Mapping[str, Evidence]) -> Reckoning:
    """Hold a whole history against what stands."""
    histories = by_subject(operations)
    every = tuple(each for history in histories.values() for each in history)
    refuted: dict[str, Refutation] = {}
    undecided: list[str] = []
    for subject, history in histories.items():
        try:
            if refutation := refute(history):
                refuted[subject] = refutation
        except Undecided:
            undecided.append(subject)
    parts = [_Part(history, evidence[subject]) for subject, history in histories.items()]
    return Reckoning(
        operations=Counter(each.deed.verb.value for each in every),
        endings=Counter(each.ending.value if each.ending else "died" for each in every),
        failures=Counter(each.why for each in every if each.why),
        subjects=len(histories),
        lost_answers=Counter(
            _found_by_kit(each) for each in every if each.lost and not each.is_open
        ),
        unknown=sum((part.resolutions() for part in parts), Counter()),
        double_spends=tuple(each for part in parts for each in part.double_spends()),
        lost=tuple(each for part in parts for each in part.lost()),
        unasked=tuple(each for part in parts for each in part.unasked()),
        refuted=refuted,
        undecided=tuple(undecided),
    )


def _found_by_kit(operation: Operation) -> Resolution:
    """Return what became of what a call had lost the answer to, by how it went on."""
    # A refusal that counts is a change as well; one that does not has found nothing of its own.
    is_landed = not operation.has_won and operation.ending is not Ending.INACTIVE
    return Resolution.LANDED_BY_KIT if is_landed else Resolution.NOT_LANDED_BY_KIT


@dataclass(frozen=True, slots=True)
class _Part:
    """One subject: its history in order, and what stands of it."""

    history: tuple[Operation, ...]
    evidence: Evidence

    def successes(self) -> tuple[tuple[Operation, Spending], ...]:
        """Return the successes of which somebody was told."""
        return tuple(
            (each, Spending(each.told.set_id, each.told.ordinal, each.deed.attempt))
            for each in self.history
            if each.deed.verb is Verb.REDEEM
            and each.told
            and each.told.ending is Ending.OK
            and each.told.set_id is not None
            and each.told.ordinal is not None
        )

    def double_spends(self) -> tuple[tuple[str, int], ...]:
        """Return the codes with two successes, neither of which tells the other again."""
        attempts: dict[tuple[str, int], set[str]] = {}
        firsts: Counter[tuple[str, int]] = Counter()
        for each, (set_id, ordinal, attempt) in self.successes():
            attempts.setdefault((set_id, ordinal), set()).add(attempt)
            firsts[set_id, ordinal] += not (each.told and each.told.is_replayed)
        told = Counter({code: len(each) for code, each in attempts.items()}) | firsts
        landed: Counter[tuple[str, int]] = Counter()
        for (set_id, ordinal, _), count in self.evidence.events.items():
            landed[set_id, ordinal] += count
        return tuple(code for code, count in (told | landed).items() if count > 1)

    def lost(self) -> tuple[Spending, ...]:
        """Return the acknowledged spendings that do not stand, by the document or by the trail."""
        gone: dict[Spending, None] = {}
        for each, spending in self.successes():
            stands = spending in self.evidence.spent or spending.set_id != self.evidence.set_id
            is_told = self.evidence.events[spending] == 1 or self._may_be_erased_since(each)
            if not (stands and is_told):
                gone[spending] = None
        return tuple(gone)

    def unasked(self) -> tuple[Spending, ...]:
        """Return what stands and was never asked for."""
        asked = {
            Spending(each.deed.set_id, each.deed.ordinal, each.deed.attempt)
            for each in self.history
            if each.deed.set_id is not None and each.deed.ordinal is not None
        }
        return tuple({*self.evidence.spent, *self.evidence.events} - asked)

    def resolutions(self) -> "Counter[Resolution]":
        """Return what became of the attempts that ended, at least once, in not knowing."""
        attempts: dict[str, list[Operation]] = {}
        for each in self.history:
            attempts.setdefault(each.deed.attempt, []).append(each)
        return Counter(
            self._resolution(tries) for tries in attempts.values() if any(e.is_open for e in tries)
        )

    def _resolution(self, tries: list[Operation]) -> Resolution:
        first = next(each for each in tries if each.is_open)
        deed = first.deed
        if deed.verb not in {Verb.REDEEM, Verb.REPLACE}:
            return Resolution.NOTHING_TO_TELL
        last = tries[-1].told
        if last and last.ending is Ending.OK and deed.verb is Verb.REDEEM:
            is_replayed = last.is_replayed
            return Resolution.LANDED_BY_RETRY if is_replayed else Resolution.NOT_LANDED_BY_RETRY
        landed = self.evidence.issued[deed.attempt]
        if deed.verb is Verb.REDEEM:
            assert deed.set_id is not None
            assert deed.ordinal is not None
            landed = self.evidence.events[Spending(deed.set_id, deed.ordinal, deed.attempt)]
        elif last and last.ending is Ending.OK:
            landed -= 1  # the retry issued anew
        if landed > 0:
            return Resolution.LANDED_BY_LAST_LOOK
        if self._may_be_erased_since(first):
            return Resolution.ERASED
        return Resolution.NOT_LANDED_BY_LAST_LOOK

    def _may_be_erased_since(self, operation: Operation) -> bool:
        """Whether an erasure may have taken the trail of an operation."""
        return any(
            each.deed.verb is Verb.ERASE
            and each.ending is not Ending.FAILED
            and (each.is_open or each.ended is None or each.ended > operation.began)
            for each in self.history
        )


def as_plain(reckoning: Reckoning) -> dict[str, object]:
    """Return the figures of a reckoning as plain data."""
    return {
        "operations": sum(reckoning.operations.values()),
        "verbs": dict(sorted(reckoning.operations.items())),
        "endings": dict(sorted(reckoning.endings.items())),
        "failures": dict(sorted(reckoning.failures.items())),
        "subjects": reckoning.subjects,
        "lost_answers": _named(reckoning.lost_answers),
        "unknown": _named(reckoning.unknown),
        "double_spends": len(reckoning.double_spends),
        "lost_successes": len(reckoning.lost),
        "unasked": len(reckoning.unasked),
        "not_linearizable": len(reckoning.refuted),
        "undecided": len(reckoning.undecided),
    }


def _named(counts: "Counter[Resolution]") -> dict[str, int]:
    return dict(sorted((each.value, count) for each, count in counts.items()))


def complaint(reckoning: Reckoning) -> str:
    """Return what is wrong, for people; empty where nothing is."""
    if reckoning.is_clean:
        return ""
    lines = [
        f"{field.name}: {getattr(reckoning, field.name)}"
        for field in dataclasses.fields(reckoning)
        if field.name in {"double_spends", "lost", "unasked", "undecided"}
    ]
    for subject, refutation in reckoning.refuted.items():
        lines.append(f"{subject}: {refutation.placed} placed; then stood {refutation.codes}")
        lines += [f"  {each}" for each in refutation.stuck]
    return "\n".join(lines)
