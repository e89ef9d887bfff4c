"""What was done to a storage, line by line, so that a breach can be followed by hand."""

from typing import Final

from recoverykit.core.record import Change, Record
from recoverykit.core.subject import Subject
from recoverykit.errors import RecoveryKitError
from recoverykit.testing.conformance.contender import NoAnswer

_LONGEST: Final = 48  # characters of a document or a name: enough to tell it from others
_SHOWN: Final = 30  # steps: the last ones, where there are more


class Steps:
    """The steps so far. Revisions are named r1, r2 and so on, events e1, e2, in their order."""

    def __init__(self) -> None:
        self._lines: list[tuple[Subject | None, str]] = []
        self._names: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def add(self, line: str, *, about: Subject | None = None) -> None:
        """Note down a step, and whom it concerns."""
        self._lines.append((about, line))

    def begin(self) -> None:
        """Forget the steps of what is over; the names stay."""
        self._lines.clear()

    def told(self, about: tuple[Subject, ...] = ()) -> tuple[str, ...]:
        """Return the steps, the last thirty where there are more.

        Args:
            about: leave out what concerns other subjects only; empty leaves out nothing.
        """
        lines = [line for subject, line in self._lines if not about or subject in (None, *about)]
        left_out = len(lines) - _SHOWN
        head = [f"({left_out} earlier steps)"] if left_out > 0 else []
        return (*head, *lines[-_SHOWN:])

    def revision(self, revision: str | None) -> str:
        """Return the name of a revision."""
        return "nothing" if revision is None else self._name(revision, kind="r")

    def event(self, id: str) -> str:
        """Return the name of an event."""
        return self._name(id, kind="e")

    def record(self, record: Record | None) -> str:
        """Return a record in words."""
        if record is None:
            return "nothing"
        return f"{self.revision(record.revision)} {document_in_words(record.document)}"

    def change(self, change: Change) -> str:
        """Return a change in words."""
        written = f"writes {self.revision(change.revision)} {document_in_words(change.document)}"
        verb = "erases" if change.document is None else written
        events = ", ".join(self.event(each.id) for each in change.events)
        return f"{verb} on {self.revision(change.expected)}" + (events and f", with {events}")

    def trail(self, ids: tuple[str, ...]) -> str:
        """Return the ids of events in words."""
        return ", ".join(map(self.event, ids)) or "no events"

    def _name(self, token: str, *, kind: str) -> str:
        if token not in self._names:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._names[token] = f"{kind}{self._counts[kind]}"
        return self._names[token]


def document_in_words(document: object) -> str:
    """Return a document, or how it begins and how long it is."""
    if not isinstance(document, str):
        return f"a {type(document).__name__}"
    if len(document) <= _LONGEST:
        return ascii(document)
    return f"{document[:_LONGEST]!a}... of {len(document):,} characters"


def subject_in_words(subject: Subject) -> str:
    """Return a subject without the parts that are empty."""
    parts = (("", subject.id), ("tenant ", subject.tenant), ("scope ", subject.scope))
    return ", ".join(name + _shortened(part) for name, part in parts if part)


def error_in_words(error: BaseException) -> str:
    """Return the kind of an error, and what it says where it is one of ours."""
    kind = type(error).__name__
    # Another's message may quote the document.
    if isinstance(error, NoAnswer):
        return str(error)
    return f"{kind}: {error}" if isinstance(error, RecoveryKitError) else kind


def _shortened(text: str) -> str:
    quoted = ascii(text)
    if len(text) <= _LONGEST:
        return quoted
    return f"{text[:8]!a}...{text[-8:]!a} of {len(text)} characters"
