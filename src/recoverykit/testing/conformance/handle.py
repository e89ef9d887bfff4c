"""A storage whose every call is noted down."""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from recoverykit.core.record import Change, Record
from recoverykit.core.subject import Subject
from recoverykit.storage import Storage
from recoverykit.testing.conformance.deviation import Deviation
from recoverykit.testing.conformance.steps import Steps, error_in_words, subject_in_words

Trail: TypeAlias = Callable[[Storage, Subject], Iterable[str]]
"""Reads the ids of the events of a subject."""


class Handle:
    """One handle on what is stored, and what it was asked.

    Args:
        storage: what is asked.
        trail: reads the ids of the events of a subject; None where they cannot be read.
        steps: where it is noted down.
        name: what the handle is called there; empty where there is only one.
    """

    def __init__(
        self, storage: Storage, *, trail: Trail | None, steps: Steps, name: str = ""
    ) -> None:
        self.storage = storage
        self._trail = trail
        self.steps = steps
        self._prefix = f"{name}: " if name else ""

    @property
    def has_trail(self) -> bool:
        """Whether the events of a subject can be read."""
        return self._trail is not None

    def load(self, subject: Subject) -> Record | None:
        """Load, and note down what came."""
        line = f"load({subject_in_words(subject)})"
        try:
            record: object = self.storage.load(subject)
        except BaseException as error:
            self._note(subject, f"{line} raises {error_in_words(error)}")
            raise
        if record is not None and not isinstance(record, Record):
            raise Deviation(f"{line} is a {type(record).__name__}, and should be a Record or None")
        self._note(subject, f"{line} is {self.steps.record(record)}")
        return record

    def commit(self, subject: Subject, change: Change, *, noted: str = "") -> bool:
        """Commit, and note down the answer.

        Args:
            subject: whose.
            change: what to write.
            noted: the change in words, where it does not stand to be read.
        """
        line = f"commit({subject_in_words(subject)}) {noted or self.steps.change(change)}"
        try:
            answer: object = self.storage.commit(subject, change)
        except BaseException as error:
            self._note(subject, f"{line}: raises {error_in_words(error)}")
            raise
        if not isinstance(answer, bool):
            raise Deviation(f"{line}: is a {type(answer).__name__}, and should be True or False")
        self._note(subject, f"{line}: {answer}")
        return answer

    def win(self, subject: Subject, change: Change) -> None:
        """Commit what must win: its expected revision stands, and nobody contends."""
        if not self.commit(subject, change):
            raise Deviation("this commit should have won", about=(subject,))

    def lose(self, subject: Subject, change: Change) -> None:
        """Commit what must lose: another revision stands."""
        if self.commit(subject, change):
            raise Deviation("this commit should have lost", about=(subject,))

    def trail(self, subject: Subject) -> tuple[str, ...]:
        """Return the ids of the subject's events in the order of their text; none where unread."""
        if self._trail is None:
            return ()
        ids = tuple(sorted(self._trail(self.storage, subject)))
        self._note(subject, f"events of {subject_in_words(subject)}: {self.steps.trail(ids)}")
        return ids

    def ids(self, subject: Subject) -> frozenset[str] | None:
        """Return the ids of the subject's events, and note nothing; None where unread."""
        return None if self._trail is None else frozenset(self._trail(self.storage, subject))

    def state(self, subject: Subject) -> tuple[Record | None, tuple[str, ...]]:
        """Return all that is to be seen of a subject, as it is now."""
        record = self.load(subject)
        # A copy: what was handed out may change, which is S11's to find.
        kept = record and Record(revision=record.revision, document=record.document)
        return kept, self.trail(subject)

    def _note(self, subject: Subject, line: str) -> None:
        self.steps.add(self._prefix + line, about=subject)
