"""One call of a verb: what it was set up with, who calls, and how it ended."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from recoverykit.core.digest import is_for_tests
from recoverykit.core.document import Document, document_in
from recoverykit.core.events import Event, EventKind
from recoverykit.core.hasher import CheapHasher
from recoverykit.core.keyring import NO_KEY, Keyring, signing_key_id
from recoverykit.core.policy import Policy
from recoverykit.core.record import Record
from recoverykit.core.subject import Subject
from recoverykit.errors import CorruptRecord, RefusalReason

_Result = TypeVar("_Result", covariant=True)  # noqa: PLC0105  # named as everywhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a kit was built with, and where its random bytes come from.

    Attributes:
        policy: the current policy.
        keyring: the pepper; None for none.
        entropy: returns that many random bytes.
    """

    policy: Policy
    keyring: Keyring | None
    entropy: Callable[[int], bytes]

    @property
    def key_id(self) -> str:
        """The id of the key under which new codes are bound; `NO_KEY` for none."""
        return signing_key_id(self.keyring)

    def holds(self, key_id: str) -> bool:
        """Whether records can be judged that name this key."""
        return key_id == NO_KEY or (self.keyring is not None and key_id in self.keyring.ids)

    def token(self) -> str:
        """Return 128 random bits in hex."""
        return self.entropy(16).hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a verb.

    Attributes:
        setup: what the kit was built with.
        subject: whose codes.
        attempt: the id of the attempt.
        context: what the host says about the call.
    """

    setup: Setup
    subject: Subject
    attempt: str
    context: Mapping[str, str]

    def document(self, record: Record | None) -> Document:
        """Return the document that a record of the subject holds; an empty one for None.

        Raises:
            UnknownKey, CorruptRecord: see `document_in`; or it was hashed for tests, and the
                policy's hasher is none for tests.
        """
        document = document_in(record, keyring=self.setup.keyring, subject=self.subject)
        if not isinstance(self.setup.policy.hasher, CheapHasher) and any(
            is_for_tests(code.digest) for codes in document.sets for code in codes.codes
        ):
            raise CorruptRecord("what is stored was hashed for tests, and protects nothing")
        return document

    def event(
        self,
        kind: EventKind,
        at: datetime,
        *,
        set_id: str | None = None,
        ordinal: int | None = None,
        reason: RefusalReason | None = None,
        failures: int | None = None,
        retry_at: datetime | None = None,
    ) -> Event:
        """Return an event of this call, with a new id."""
        return Event(
            id=self.setup.token(),
            at=at,
            kind=kind,
            subject=self.subject,
            attempt=self.attempt,
            context=self.context,
            set_id=set_id,
            ordinal=ordinal,
            reason=reason,
            failures=failures,
            retry_at=retry_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Generic[_Result]):
    """How a flow ended.

    Attributes:
        value: what the verb returns; an error where it refuses.
        events: what happened, to be announced once it is certain.
    """

    value: _Result
    events: tuple[Event, ...] = ()
