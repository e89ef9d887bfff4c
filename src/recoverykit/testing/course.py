"""The course of a plan of faults over one storage, whether its methods are awaited or not.

Each method is a generator: it yields what is to be called, and is sent what that returned; where it
raises, the generator is closed. So both kinds of faulty storage go wrong alike.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock
from typing import Final, TypeAlias, TypeVar, cast

from recoverykit.core.record import Change, Record
from recoverykit.core.subject import Subject
from recoverykit.errors import InvalidArgument, OutcomeUnknown, StorageError
from recoverykit.storage import AnyStorage
from recoverykit.testing.fault import CommitFault, FaultPlan, LoadFault

Job: TypeAlias = Callable[[], object]
_Result = TypeVar("_Result")
Steps: TypeAlias = Generator[Job, object, _Result]

READS: Final = ("scopes", "key_use", "sealed_otherwise", "outdated")
"""What else a storage may be able to read."""

WRITES: Final = ("purge_events",)
"""What else a storage may be able to write."""

_WAIT: Final = {CommitFault.LATE: 0, CommitFault.LATER: 1}
_NOT_DONE: Final = frozenset(
    {
        CommitFault.FAILED,
        CommitFault.VICTIM,
        CommitFault.BROKEN_BEFORE,
        CommitFault.LOST_BEFORE,
    }
)
_FAILED: Final = frozenset({CommitFault.FAILED, CommitFault.VICTIM})
_BROKEN: Final = frozenset({CommitFault.BROKEN_BEFORE, CommitFault.BROKEN_AFTER})
_WAITING: Final = frozenset({CommitFault.DELAYED, CommitFault.HELD})


@dataclass(frozen=True, slots=True)
class _Late:
    """A change on its way, and how many calls will begin before it lands."""

    subject: Subject
    change: Change
    wait: int


@dataclass(slots=True)
class _Seen:
    """What is known of one subject."""

    newest: Record | None = None
    before: Record | None = None
    told: Record | None = None


class Course:
    """Where a faulty storage stands in its plan, and what it has seen.

    Args:
        storage: the storage beneath.
        plan: what goes wrong.
        meanwhile: what may happen in a pause.

    Raises:
        InvalidArgument: the plan is none, or ``meanwhile`` is no function.
    """

    def __init__(self, storage: AnyStorage, plan: FaultPlan, meanwhile: Job) -> None:
        if not isinstance(plan, FaultPlan) or not callable(meanwhile):
            raise InvalidArgument("plan must be a FaultPlan, and meanwhile a function")
        self._storage = storage
        self._meanwhile = meanwhile
        self._loads: Iterator[LoadFault | None] = iter(plan.loads)
        self._commits: Iterator[CommitFault | None] = iter(plan.commits)
        self._seen: dict[Subject, _Seen] = {}
        self._late: list[_Late] = []
        self._lock = Lock()

    def load(self, subject: Subject) -> Steps[Record | None]:
        """Load, as the plan has it."""
        yield from self._land_due()
        fault = self._next_load()
        answer = yield from self._reading(fault, partial(self._storage.load, subject))
        return self._told(subject, cast("Record | None", answer), fault)

    def read(self, do: Job) -> Steps[object]:
        """Read something else: it fails and waits like a load, and is never stale."""
        yield from self._land_due()
        return (yield from self._reading(self._next_load(), do))

    def commit(
        self, subject: Subject, change: Change, do: Job, undo: Job | None = None
    ) -> Steps[bool]:
        """Commit, as the plan has it.

        Args:
            subject: whose record.
            change: what is to be written.
            do: commits.
            undo: does all but COMMIT, and rolls back, where a host's function takes part: what it
                writes cannot land without it, so such a commit is never late. None otherwise.
        """
        yield from self._land_due()
        fault = self._next_commit()
        if fault in _WAIT and undo is None:
            self._send(_Late(subject, change, _WAIT[fault]))
            raise OutcomeUnknown
        if fault in _NOT_DONE and undo is not None:
            yield undo
        if fault is CommitFault.VICTIM:
            return False
        is_won = bool((yield from self._writing(fault, do, partial(self._note, subject, change))))
        return is_won

    def write(self, do: Job) -> Steps[object]:
        """Write something else: it goes wrong like a commit, but never lands late."""
        yield from self._land_due()
        return (yield from self._writing(self._next_commit(), do))

    def land(self) -> Steps[int]:
        """Land what is on its way, where it still can, and return how many changes did."""
        with self._lock:
            late, self._late = self._late, []
        return (yield from self._land(late))

    def _land_due(self) -> Steps[int]:
        with self._lock:
            due = [each for each in self._late if not each.wait]
            waiting = [each for each in self._late if each.wait]
            self._late = [replace(each, wait=each.wait - 1) for each in waiting]
        return (yield from self._land(due))

    def _land(self, late: list[_Late]) -> Steps[int]:
        count = 0
        for each in late:
            if (yield partial(self._storage.commit, each.subject, each.change)):
                self._note(each.subject, each.change)
                count += 1
        return count

    def _reading(self, fault: LoadFault | None, do: Job) -> Steps[object]:
        if fault is LoadFault.FAILED:
            raise StorageError("the storage failed")
        if fault is LoadFault.BROKEN:
            raise ConnectionError("the connection was lost")
        if fault is LoadFault.DELAYED:
            yield self._meanwhile
        answer = yield do
        if fault is LoadFault.HELD:
            yield self._meanwhile
        return answer

    def _writing(
        self, fault: CommitFault | None, do: Job, note: Job = lambda: None
    ) -> Steps[object]:
        if fault in _NOT_DONE:
            raise _error(fault)
        if fault is CommitFault.DELAYED:
            yield self._meanwhile
        answer = yield do
        if answer:
            note()
        if fault is CommitFault.HELD:
            yield self._meanwhile
        elif fault is not None and fault not in _WAITING:
            raise _error(fault)
        return answer

    def _told(
        self, subject: Subject, record: Record | None, fault: LoadFault | None
    ) -> Record | None:
        with self._lock:
            seen = self._seen.setdefault(subject, _Seen())
            if record != seen.newest:
                seen.before, seen.newest = seen.newest, record
            told = {
                LoadFault.STALE: seen.before,
                LoadFault.EMPTY: None,
                LoadFault.REPEATED: seen.told,
            }
            seen.told = record if fault is None else told.get(fault, record)
            return seen.told

    def _note(self, subject: Subject, change: Change) -> None:
        record = None
        if change.document is not None:
            record = Record(revision=change.revision, document=change.document)
        with self._lock:
            seen = self._seen.setdefault(subject, _Seen())
            seen.before, seen.newest = seen.newest, record

    def _send(self, late: _Late) -> None:
        with self._lock:
            self._late.append(late)

    def _next_load(self) -> LoadFault | None:
        with self._lock:
            return next(self._loads, None)

    def _next_commit(self) -> CommitFault | None:
        with self._lock:
            return next(self._commits, None)


def _error(fault: CommitFault | None) -> Exception:
    if fault in _FAILED:
        return StorageError("the storage failed")
    return ConnectionError("the connection was lost") if fault in _BROKEN else OutcomeUnknown()
