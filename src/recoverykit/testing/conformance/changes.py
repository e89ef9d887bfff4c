"""The changes that a check asks for: the same ones in every run, and no two are alike."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from recoverykit.core.events import Event, EventKind
from recoverykit.core.record import MAX_DOCUMENT_BYTES, Change, SetState, Summary
from recoverykit.core.subject import Subject
from recoverykit.errors import RefusalReason

_NOW: Final = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
_KINDS: Final = tuple(EventKind)
_REASONS: Final = tuple(RefusalReason)
_STATES: Final = tuple(SetState)
_KEYS: Final = (("2026-01",), (), ("2025-07", "2026-01", "2026-07"))
_CONTEXTS: Final[tuple[dict[str, str], ...]] = (
    {"a": "b"},
    {},
    {"who": "\u00e9" * 339 + "abc"},  # 2,048 bytes of JSON, which is the most
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
        self._told = 0
        self._summed = 0

    def token(self) -> str:
        """Return 64 symbols, which is as long as a revision may be; none comes twice."""
        self._made += 1
        return sha256(f"recoverykit {self._made}".encode()).hexdigest()

    def subject(self, name: str) -> Subject:
        """Return a subject like no other one of this check."""
        self._made += 1
        return Subject(f"{name} {self._made}")

    def event(self, subject: Subject, kind: EventKind | None = None) -> Event:
        """Return an event of the subject: of every kind in turn, with all that it may name or not.

        Args:
            subject: whose.
            kind: what happened; None for whatever is next.
        """
        token, number = self.token(), self._made
        at = _NOW + timedelta(seconds=number)
        is_full = bool(self._told % 2)
        self._told += 1
        return Event(
            id=token[:32],
            at=at,
            kind=kind or _KINDS[self._told // 2 % len(_KINDS)],
            subject=subject,
            set_id=token[32:] if is_full else None,
            ordinal=3 if is_full else None,
            attempt=token[32:] if is_full else None,
            reason=_REASONS[number % len(_REASONS)] if is_full else None,
            failures=0 if is_full else None,
            retry_at=at if is_full else None,
            context=_CONTEXTS[self._told % len(_CONTEXTS)],
        )

    def _summary(self) -> Summary:
        """Return a summary: every state in turn, with all that there may be or not."""
        number = self._summed
        self._summed += 1
        moment = None if number % 2 else _NOW
        return Summary(
            state=_STATES[number % len(_STATES)],
            remaining=0 if number % 2 else 7,
            issued_at=moment,
            last_used_at=moment,
            expires_at=moment,
            retry_at=moment,
            key_ids=_KEYS[number % len(_KEYS)],
            seal_key_id=None if number % 2 else "2026-01",
            outdated_at=moment,
        )

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
            summary=self._summary(),
        )

    def erasure(self, subject: Subject, *, on: str | None, events: int = 0) -> Change:
        """Return a change that erases the subject."""
        told = tuple(self.event(subject, EventKind.ERASED) for _ in range(events))
        return Change(expected=on, revision=self.token(), document=None, events=told, summary=None)
