"""The check of a storage against its contract."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import replace
from typing import Any, Final, TypeVar, cast

from recoverykit.core.subject import Subject
from recoverykit.errors import InvalidArgument
from recoverykit.storage import AsyncStorage, Storage
from recoverykit.testing.conformance.bench import Rig, set_up
from recoverykit.testing.conformance.clause import Clause
from recoverykit.testing.conformance.clauses import CLAUSES
from recoverykit.testing.conformance.deviation import Deviation
from recoverykit.testing.conformance.failing import Unusable
from recoverykit.testing.conformance.processes import Processes, Unstartable, is_portable
from recoverykit.testing.conformance.report import Report
from recoverykit.testing.conformance.stage import Doorway
from recoverykit.testing.conformance.steps import Steps, error_in_words
from recoverykit.testing.conformance.trail import trail_by, trail_of
from recoverykit.testing.failure import Breach, ConformanceError

_Called = TypeVar("_Called", bound=Storage)
_Awaited = TypeVar("_Awaited", bound=AsyncStorage)

EXAMPLES: Final = 10  # sequences of forty steps: two seconds on SQLite


def check_storage(
    make: Callable[[], AbstractContextManager[_Called]],
    *,
    reopen: Callable[[_Called], Callable[[], AbstractContextManager[_Called]]] | None = None,
    events: Callable[[_Called, Subject], Iterable[str]] | None = None,
    without: Mapping[str, str] | None = None,
    clauses: Iterable[Clause] = CLAUSES,
    examples: int = EXAMPLES,
) -> Report:
    """Check a storage against the clauses of its contract.

    Args:
        make: makes a context manager that gives a fresh storage, with nothing in it. It is called
            often: for each clause, and for each sequence of steps that is searched.
        reopen: takes a storage that was made and returns a function: what it returns is a
            context manager that gives another handle on the same data. The function goes to other
            processes: it is a class, a function of a module or a ``functools.partial`` of one, with
            arguments that can be pickled, such as a path or an address. Needed for S10 and S12.
        events: returns the ids of the events of a subject; needed for S7, but where the storage
            is a `recoverykit.storage.OutboxStorage`.
        without: the clauses that are not to be checked, by their numbers, each with the reason.
        clauses: the clauses that are to be checked; the search belongs to all of them.
        examples: how many sequences of steps are searched for a difference.

    Returns:
        What was checked, and what was not.

    Raises:
        ConformanceError: a clause does not hold.
        InvalidArgument: an argument cannot be used, or a clause can neither be checked with what
            was handed in nor is it left out with a reason.
    """
    return _check(
        Doorway(opener=make, backend=None),
        reopen=reopen,
        events=events,
        without={} if without is None else without,
        clauses=clauses,
        examples=examples,
    )


def check_async_storage(
    make: Callable[[], AbstractAsyncContextManager[_Awaited]],
    *,
    reopen: Callable[[_Awaited], Callable[[], AbstractAsyncContextManager[_Awaited]]] | None = None,
    events: Callable[[_Awaited, Subject], Iterable[str] | Awaitable[Iterable[str]]] | None = None,
    without: Mapping[str, str] | None = None,
    clauses: Iterable[Clause] = CLAUSES,
    examples: int = EXAMPLES,
    backend: str = "asyncio",
) -> Report:
    """Check a storage that is awaited; it needs the extra ``async``.

    Each handle runs on an event loop of its own, in a thread of its own: call this from where no
    event loop runs.

    Args:
        make: as for `check_storage`, but the context manager is an asynchronous one.
        reopen: as for `check_storage`, but the context manager is an asynchronous one.
        events: as for `check_storage`; it may be awaited.
        without: as for `check_storage`.
        clauses: as for `check_storage`.
        examples: as for `check_storage`.
        backend: the event loop, by AnyIO's name: ``"asyncio"`` or ``"trio"``.

    Returns:
        What was checked, and what was not.

    Raises:
        ConformanceError, InvalidArgument: as for `check_storage`.
        MissingExtra: AnyIO is not installed.
    """
    return _check(
        Doorway(opener=make, backend=backend),
        reopen=reopen,
        events=events,
        without={} if without is None else without,
        clauses=clauses,
        examples=examples,
    )


def _check(
    doorway: Doorway,
    *,
    reopen: Callable[[Any], Callable[[], Any]] | None,
    events: Callable[[Any, Subject], Any] | None,
    without: Mapping[str, str],
    clauses: Iterable[Clause],
    examples: int,
) -> Report:
    _require_functions(make=doorway.opener, reopen=reopen, events=events)
    _require_reasons(without)
    _require_count(examples)
    asked = _clauses(clauses)
    chosen = tuple(each for each in asked if each.id not in without)
    rig = _rig(doorway, reopen, events, without)
    _require_means(chosen, rig)
    try:
        breaches = tuple(breach for each in chosen if (breach := _breach(each, rig)))
    finally:
        if rig.processes is not None:
            rig.processes.close()
    if not breaches and {each.id for each in asked} == {each.id for each in CLAUSES}:
        breaches = _searched(rig, chosen, examples)
    if breaches:
        raise ConformanceError("the storage breaks its contract", breaches)
    return Report(checked=tuple(each.id for each in chosen), without=dict(without))


def _rig(
    doorway: Doorway,
    reopen: Callable[[Any], Callable[[], Any]] | None,
    events: Callable[[Any, Subject], Any] | None,
    without: Mapping[str, str],
) -> Rig:
    """Look at a fresh storage, for what can be done with it."""
    with doorway.open() as stage:
        trail = trail_by(events) if events is not None else trail_of(stage.given)
        if reopen is not None:
            way = replace(doorway, opener=reopen(stage.given))
            if not callable(way.opener):
                raise InvalidArgument("reopen must return a function, which opens another handle")
            if "S10" not in without and not is_portable(way):
                raise InvalidArgument(
                    "reopen: what it returns goes to other processes, and cannot be pickled"
                )
    return Rig(
        doorway=doorway,
        reopen=reopen,
        trail=None if "S7" in without else trail,
        processes=None if reopen is None or "S10" in without else Processes(),
    )


def _require_functions(*, make: object, **others: object) -> None:
    for name, function in {"make": make, **others}.items():
        if not callable(function) and (function is not None or name == "make"):
            raise InvalidArgument(f"{name} must be a function")


def _require_count(examples: object) -> None:
    if not isinstance(examples, int) or isinstance(examples, bool) or examples < 0:
        raise InvalidArgument("examples must be a number of sequences, 0 or more")


def _clauses(clauses: object) -> tuple[Clause, ...]:
    asked = tuple(cast("Iterable[object]", clauses)) if isinstance(clauses, Iterable) else ()
    chosen = tuple(each for each in asked if isinstance(each, Clause))
    if not chosen or len(chosen) < len(asked):
        raise InvalidArgument("clauses must be some of recoverykit.testing.CLAUSES, at least one")
    return chosen


def _require_reasons(without: object) -> None:
    if not isinstance(without, Mapping):
        raise InvalidArgument("without must be a mapping of clauses to reasons")
    known = {each.id for each in CLAUSES}
    for clause, reason in cast("Mapping[object, object]", without).items():
        if clause not in known:
            raise InvalidArgument(f"without: there is no clause {clause!r}")
        if not isinstance(reason, str) or not reason.strip():
            raise InvalidArgument(f"without: {clause} needs a reason")


def _require_means(clauses: Sequence[Clause], rig: Rig) -> None:
    ids = {each.id for each in clauses}
    missing: list[str] = []
    if rig.reopen is None:
        missing += [f"{each} needs reopen=" for each in ("S10", "S12") if each in ids]
    if rig.trail is None and "S7" in ids:
        missing.append("S7 needs events=, for the storage has no outbox")
    if missing:
        raise InvalidArgument(
            f"{'; '.join(missing)}. Hand it in, or say why not: without={{clause: reason}}"
        )


def _breach(clause: Clause, rig: Rig) -> Breach | None:
    steps = Steps()
    found: tuple[str, ...] | None = None
    with set_up(rig, steps) as bench:
        try:
            clause.check(bench)
        except Unstartable as error:
            raise InvalidArgument(str(error)) from None
        except Unusable:
            pass  # what was to be seen until then is as it should be
        except Deviation as deviation:
            found = (*steps.told(deviation.about), str(deviation))
        except Exception as error:  # noqa: BLE001 - a storage may raise anything
            found = (*steps.told(), f"{error_in_words(error)} was raised")
    return Breach(id=clause.id, sentence=clause.sentence, steps=found) if found else None


def _searched(rig: Rig, clauses: Sequence[Clause], examples: int) -> tuple[Breach, ...]:
    checked = {each.id: each for each in clauses}
    without = frozenset(each.id for each in CLAUSES if each.id not in checked)
    # A process that races imports this module, and need not wait for Hypothesis.
    from recoverykit.testing.conformance.search import search  # noqa: PLC0415

    found = search(rig, examples=examples, without=without) if examples else None
    if found is None:
        return ()
    clause = checked[found.clause]
    return (Breach(id=clause.id, sentence=clause.sentence, steps=found.steps),)
