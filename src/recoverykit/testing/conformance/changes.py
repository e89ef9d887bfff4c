"""The changes that a check asks for: the same ones in every run."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from recoverykit.core.events import Event, EventKind
from recoverykit.core.record import MAX_DOCUMENT_BYTES, Change, SetState, Summary
from recoverykit.core.subject import Subject

_NOW: Final = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
SUMMARY: Final = Summary(
    state=SetState.ACTIVE,
    remaining=7,
    issued_at=_NOW,
    last_used_at=None,
    expires_at=None,
    retry_at=None,
    key_ids=("2026-01",),
    seal_key_id="2026-01",
)

DOCUMENTS: Final = (
    "{}",
    '{"format": 1, "codes": []}',
    '{ "b" : 1,\n\t"a" : 2 }\r\n',  # blanks and the order of names
    '{"a": 1, "a": 2}',  # a name that comes twice
    '{"n": [1.0, 1e3, 100000000000000000001, -0, 0.1]}',
    r'{"text": "\u00e9\u0000\ud83d\ude00\/\\\"\n"}',
    '{"text": "it\'s %s %(a)s {0} :name ? $1 -- /* ; "}',
    "null",
    '""',
    '  " padded "  ',
    "1",
    '{"nothing":null,"yes":true}',
)
"""Documents that change where somebody parses, trims, folds or quotes them."""


_BLOCKS: Final = "".join(f"{place:07x}." for place in range(MAX_DOCUMENT_BYTES // 8))


def document_of(size: int) -> str:
    """Return a document of so many bytes, no part of which is like another."""
    head, tail = '{"t": "', '"}'
    return f"{head}{_BLOCKS[: size - len(head) - len(tail)]}{tail}"


class Changes:
    """Makes changes: every revision and every event has a token of its own."""

    def __init__(self) -> None:
        self._made = 0

    def token(self) -> str:
        """Return 64 symbols, which is as long as a revision may be; none comes twice."""
        self._made += 1
        return sha256(f"recoverykit {self._made}".encode()).hexdigest()

    def subject(self, name: str) -> Subject:
        """Return a subject like no other one of this check."""
        self._made += 1
        return Subject(f"{name} {self._made}")

    def event(self, subject: Subject, kind: EventKind = EventKind.REDEEMED) -> Event:
        """Return an event of the subject."""
        token = self.token()[:32]
        at = _NOW + timedelta(seconds=self._made)
        return Event(id=token, at=at, kind=kind, subject=subject, ordinal=3, context={"a": "b"})

    def put(
        self,
        subject: Subject,
        *,
        on: str | None,
        document: str | None = None,
        events: int | tuple[Event, ...] = 0,
        revision: str | None = None,
    ) -> Change:
        """Return a change that writes a document.

        Args:
            subject: whose.
            on: the revision that it expects; None for nothing.
            document: what it writes; a document like no other where None.
            events: what happened, or how many things.
            revision: what it writes beside; a new token where None.
        """
        token = revision or self.token()
        if isinstance(events, int):
            events = tuple(self.event(subject) for _ in range(events))
        return Change(
            expected=on,
            revision=token,
            document=f'{{"number": {self._made}}}' if document is None else document,
            events=events,
            summary=SUMMARY,
        )

    def erasure(self, subject: Subject, *, on: str | None, events: int = 0) -> Change:
        """Return a change that erases the subject."""
        told = tuple(self.event(subject, EventKind.ERASED) for _ in range(events))
        return Change(expected=on, revision=self.token(), document=None, events=told, summary=None)
