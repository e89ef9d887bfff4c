"""What can go wrong between a kit and its storage, and a plan of when it does."""

from dataclasses import dataclass
from enum import Enum

from recoverykit.errors import InvalidArgument


class LoadFault(Enum):
    """What goes wrong in a load.

    The first two and the last two happen to whatever else reads, too; the others change what a
    load returns and nothing else.

    `STALE`, `EMPTY` and `REPEATED` break the contract. A kit believes what it is told, so where it
    then finds nothing to change, nothing is changed: ``erase``, ``revoke`` and ``lock`` return as
    if all were done while everything is still stored, and ``confirm`` tells of a set that was
    revoked meanwhile as if it stood. No code is spent twice.
    """

    FAILED = "failed"
    """It raises `StorageError`."""

    BROKEN = "broken"
    """It raises ``ConnectionError``, as a driver does."""

    STALE = "stale"
    """It returns what stood before the newest record, as a replica does that lags behind.

    As far as this faulty storage has seen both, in loads or in commits; None otherwise.
    """

    EMPTY = "empty"
    """It returns None, as a replica does that has never heard of the subject."""

    REPEATED = "repeated"
    """It returns what the load before it did, as if two reads came in the wrong order."""

    DELAYED = "delayed"
    """It lets ``meanwhile`` go first."""

    HELD = "held"
    """It reads, lets ``meanwhile`` go first, and then returns what it has read."""


class CommitFault(Enum):
    """What goes wrong in a commit.

    A change that goes together with a host's writes, by ``within``, cannot land without them, and a
    purge of events is no change of a document: neither is ever late. With `LATE` and `LATER` they
    land at once and the answer is lost, as with `LOST_AFTER`. A purge has no answer False: as a
    `VICTIM` it raises `StorageError`.
    """

    FAILED = "failed"
    """It raises `StorageError`: nothing has landed, and nothing will."""

    VICTIM = "victim"
    """It returns False though nobody else has won, as the victim of a deadlock does."""

    BROKEN_BEFORE = "broken before"
    """It raises ``ConnectionError``, and the change has not landed."""

    BROKEN_AFTER = "broken after"
    """It raises ``ConnectionError``, and the change has landed."""

    LOST_BEFORE = "lost before"
    """It raises `OutcomeUnknown`, and the change has not landed."""

    LOST_AFTER = "lost after"
    """It raises `OutcomeUnknown`, and the change has landed."""

    LATE = "late"
    """It raises `OutcomeUnknown`; the change lands as the next call begins, if it still can."""

    LATER = "later"
    """It raises `OutcomeUnknown`; the change lands as the next call but one begins."""

    DELAYED = "delayed"
    """It lets ``meanwhile`` go first."""

    HELD = "held"
    """It commits, lets ``meanwhile`` go first, and then returns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlan:
    """What goes wrong, call by call; nothing does once a plan has come to its end.

    Args:
        loads: what happens to the first load, to the second and so on; None for nothing.
        commits: what happens to the commits, in the same way.

    Raises:
        InvalidArgument: something else stands there.
    """

    loads: tuple[LoadFault | None, ...] = ()
    commits: tuple[CommitFault | None, ...] = ()

    def __post_init__(self) -> None:
        for name, faults, kind in (
            ("loads", self.loads, LoadFault),
            ("commits", self.commits, CommitFault),
        ):
            if not isinstance(faults, tuple) or not all(
                each is None or isinstance(each, kind) for each in faults
            ):
                raise InvalidArgument(f"{name} must be a tuple of {kind.__name__} or None")
