"""What a flow does not know about its own earlier commits, and how it comes to know."""

from types import TracebackType
from typing import Generic, TypeVar

from recoverykit.core.record import Change, Record
from recoverykit.errors import OutcomeUnknown, RecoveryKitError

_Result = TypeVar("_Result")

MAX_UNKNOWN = 3  # answers that one call loses before it stops asking


class Doubt(Generic[_Result]):
    """Commits whose answers were lost.

    Such a commit may have landed, may land later, or never. It can land only while the revision
    that it expects still stands, and that revision, once gone, never comes back. So the doubt is
    over as soon as another revision is seen or a later swap on the same one has won; whether the
    commit did land is then read off the document. An *insert* expects nothing to be stored, which
    can come back by an erasure; who doubts an insert must not offer the same codes again.

    As a context manager it turns whatever ends the flow while a doubt is open into
    `OutcomeUnknown`: a refusal or failure could still be overtaken by the late commit.
    """

    def __init__(self, attempt: str | None) -> None:
        self._attempt = attempt
        self._open: Change | None = None
        self._results: dict[str, _Result] = {}

    def __bool__(self) -> bool:
        return self._open is not None

    def raise_over(self, change: Change, result: _Result) -> None:
        """Note that the answer to a commit was lost; ``result`` is what it would mean.

        Raises:
            OutcomeUnknown: too many answers were lost already.
        """
        self._open = change
        self._results[change.revision] = result
        if len(self._results) >= MAX_UNKNOWN:
            raise OutcomeUnknown(self._attempt)

    def settle(self, record: Record | None) -> _Result | None:
        """Compare what stands now; return the result of our own commit if that is what stands."""
        revision = record.revision if record else None
        if self._open and self._open.expected != revision:
            self._open = None
        return self.result_of(revision) if revision else None

    def result_of(self, revision: str) -> _Result | None:
        """Return what the doubted commit of that revision would mean; None where it is not ours."""
        return self._results.get(revision)

    def results(self) -> tuple[_Result, ...]:
        """Return what each of the doubted commits would mean, the oldest first."""
        return tuple(self._results.values())

    def __enter__(self) -> "Doubt[_Result]":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._open and isinstance(error, RecoveryKitError):
            raise OutcomeUnknown(self._attempt) from None
