"""The check of a storage against its contract."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import TypeVar

from recoverykit.core.subject import Subject
from recoverykit.errors import InvalidArgument
from recoverykit.storage import OutboxStorage, Storage
from recoverykit.testing.conformance.bench import Opener, Rig, set_up
from recoverykit.testing.conformance.clause import Clause
from recoverykit.testing.conformance.clauses import CLAUSES
from recoverykit.testing.conformance.deviation import Deviation
from recoverykit.testing.conformance.report import Report
from recoverykit.testing.conformance.steps import Steps, error_in_words
from recoverykit.testing.conformance.trail import outbox_trail
from recoverykit.testing.failure import Breach, ConformanceError

_Storage = TypeVar("_Storage", bound=Storage)


def check_storage(
    make: Callable[[], AbstractContextManager[_Storage]],
    *,
    reopen: Callable[[_Storage], Callable[[], AbstractContextManager[_Storage]]] | None = None,
    events: Callable[[_Storage, Subject], Iterable[str]] | None = None,
    without: Mapping[str, str] | None = None,
    clauses: Iterable[Clause] = CLAUSES,
) -> Report:
    """Check a storage against the clauses of its contract.

    Args:
        make: a context manager that gives a fresh storage, with nothing in it.
        reopen: returns what opens another handle on the data of a storage, in this process or in
            another one: a function or a `functools.partial` that can be pickled.
        events: returns the ids of the events of a subject; not needed where the storage is an
            `recoverykit.storage.OutboxStorage`.
        without: clauses that are not to be checked, by number, each with the reason.
        clauses: those that are to be checked.

    Returns:
        What was checked, and what was not.

    Raises:
        ConformanceError: some clause does not hold.
        InvalidArgument: a clause can neither be checked with what was handed in, nor is it left
            out with a reason; or an argument cannot be used.
    """
    left_out = _checked_reasons(without or {})
    chosen = [each for each in clauses if each.id not in left_out]
    trail = events
    if trail is None and "S7" not in left_out:
        trail = _trail_of(make)
    rig = Rig(make=make, reopen=reopen, trail=None if "S7" in left_out else trail)
    _require(chosen, rig)
    breaches = tuple(breach for each in chosen if (breach := _breach(each, rig)))
    report = Report(checked=tuple(each.id for each in chosen), without=left_out)
    if breaches:
        raise ConformanceError("the storage breaks its contract", breaches)
    return report


def _checked_reasons(without: Mapping[str, str]) -> dict[str, str]:
    known = {each.id for each in CLAUSES}
    for id, reason in without.items():
        if id not in known:
            raise InvalidArgument(f"without: there is no clause {id!r}")
        if not isinstance(reason, str) or not reason.strip():
            raise InvalidArgument(f"without: {id} needs a reason")
    return dict(without)


def _trail_of(make):
    with make() as storage:
        return outbox_trail if isinstance(storage, OutboxStorage) else None


def _require(clauses: Iterable[Clause], rig: Rig) -> None:
    ids = {each.id for each in clauses}
    missing = []
    if rig.reopen is None:
        missing += [f"{id} needs reopen=" for id in ("S10", "S12") if id in ids]
    if rig.trail is None and "S7" in ids:
        missing.append("S7 needs events=, for the storage has no outbox")
    if missing:
        raise InvalidArgument(
            f"{'; '.join(missing)}. Hand it in, or say why not: without={{clause: reason}}"
        )


def _breach(clause: Clause, rig: Rig) -> Breach | None:
    steps = Steps()
    found = None
    with set_up(rig, steps) as bench:
        try:
            clause.check(bench)
        except Deviation as deviation:
            found = (*steps.told(deviation.about), str(deviation))
        except Exception as error:  # noqa: BLE001 - a storage may raise anything
            found = (*steps.told(), f"{error_in_words(error)} was raised")
    if found is None:
        return None
    return Breach(id=clause.id, sentence=clause.sentence, steps=found)
