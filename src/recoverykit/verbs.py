"""The verbs as flows: arguments are checked and calls made, whichever shell is going to run them.

Secrets come in masked, so that no frame from here on shows them.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Generic, TypeAlias, TypeVar

from recoverykit.core import flows
from recoverykit.core.call import Call, Outcome, Setup
from recoverykit.core.effects import Flow
from recoverykit.core.events import checked_context
from recoverykit.core.foreign_scheme import ForeignScheme
from recoverykit.core.format import CodeFormat
from recoverykit.core.generator import Entropy
from recoverykit.core.importing import foreign_hashes, plain_codes
from recoverykit.core.keyring import Keyring
from recoverykit.core.masked import Masked
from recoverykit.core.policy import Policy
from recoverykit.core.results import Issued, Redemption, Status
from recoverykit.core.session import session_digest
from recoverykit.core.subject import Subject
from recoverykit.errors import InvalidArgument, RedemptionRefused
from recoverykit.observer import VerbName
from recoverykit.storage import Outdated

_Result = TypeVar("_Result", covariant=True)  # noqa: PLC0105  # named as everywhere
Context: TypeAlias = Mapping[str, str] | None
Session: TypeAlias = Masked[str] | None
Texts: TypeAlias = tuple[Masked[str], ...]

_MAX_ATTEMPT: Final = 128


@dataclass(frozen=True, slots=True)
class Verb(Generic[_Result]):
    """One call of a verb that has begun.

    Attributes:
        name: which verb.
        flow: how it goes on.
    """

    name: VerbName
    flow: Flow[Outcome[_Result]]


class Verbs:
    """Begins the flows of one kit. Arguments and errors as for `recoverykit.RecoveryKit`.

    Args:
        policy: the current policy.
        keyring: the pepper; None for none.
    """

    def __init__(self, *, policy: Policy, keyring: Keyring | None) -> None:
        self._setup = Setup(policy=policy, keyring=keyring, entropy=secrets.token_bytes)

    @property
    def entropy(self) -> Entropy:
        """What the flows draw from."""
        return self._setup.entropy

    def draw_from(self, entropy: Entropy) -> None:
        """Draw from another source from now on: for tests alone."""
        self._setup = replace(self._setup, entropy=entropy)

    def issue(
        self,
        subject: Subject | str,
        *,
        replacing: bool,
        attempt: str | None,
        session: Session,
        context: Context,
    ) -> Verb[Issued]:
        """Issue a new set."""
        call = self._call(subject, attempt=attempt, context=context)
        return Verb(
            VerbName.ISSUE, flows.issue(call, replacing=replacing, session=_digest(session, call))
        )

    def confirm(
        self, subject: Subject | str, code: Masked[str], *, context: Context
    ) -> Verb[Status | RedemptionRefused]:
        """Let a pending set count."""
        return Verb(VerbName.CONFIRM, flows.confirm(self._call(subject, context=context), code))

    def redeem(
        self, subject: Subject | str, code: Masked[str], *, attempt: str | None, context: Context
    ) -> Verb[Redemption | RedemptionRefused]:
        """Spend a code."""
        return Verb(
            VerbName.REDEEM,
            flows.redeem(self._call(subject, attempt=attempt, context=context), code),
        )

    def status(self, subject: Subject | str) -> Verb[Status]:
        """Tell what the codes are good for."""
        return Verb(VerbName.STATUS, flows.status(self._call(subject)))

    def revoke(self, subject: Subject | str, *, session: Session, context: Context) -> Verb[Status]:
        """Revoke the sets."""
        call = self._call(subject, context=context)
        return Verb(VerbName.REVOKE, flows.revoke(call, session=_digest(session, call)))

    def unlock(
        self, subject: Subject | str, *, session: Masked[str], context: Context
    ) -> Verb[datetime]:
        """Open issuing and revoking for one session."""
        call = self._call(subject, context=context)
        return Verb(
            VerbName.UNLOCK, flows.unlock(call, session=session_digest(session, call.subject))
        )

    def lock(self, subject: Subject | str, *, session: Masked[str], context: Context) -> Verb[None]:
        """End the unlock of a session."""
        call = self._call(subject, context=context)
        return Verb(VerbName.LOCK, flows.lock(call, session=session_digest(session, call.subject)))

    def erase(self, subject: Subject | str) -> Verb[None]:
        """Remove all that is stored."""
        return Verb(VerbName.ERASE, flows.erase(self._call(subject)))

    def import_codes(
        self,
        subject: Subject | str,
        codes: Texts,
        *,
        format: CodeFormat,
        replacing: bool,
        session: Session,
        context: Context,
    ) -> Verb[Status]:
        """Take over codes."""
        call = self._call(subject, context=context)
        source = plain_codes(call, codes, format)
        flow = flows.install(call, source, replacing=replacing, session=_digest(session, call))
        return Verb(VerbName.IMPORT_CODES, flow)

    def import_hashes(
        self,
        subject: Subject | str,
        hashes: Texts,
        *,
        scheme: ForeignScheme,
        format: CodeFormat,
        with_separators: bool,
        replacing: bool,
        session: Session,
        context: Context,
    ) -> Verb[Status]:
        """Take over hashes of codes."""
        call = self._call(subject, context=context)
        source = foreign_hashes(call, hashes, scheme, format, is_display_hashed=with_separators)
        flow = flows.install(call, source, replacing=replacing, session=_digest(session, call))
        return Verb(VerbName.IMPORT_HASHES, flow)

    def reseal(self, subject: Subject) -> Verb[bool]:
        """Put what is stored under the newest seal."""
        return Verb(VerbName.RESEAL, flows.reseal(self._call(subject)))

    def purge(self, outdated: Outdated, *, before: datetime) -> Verb[bool]:
        """Take out what ended before that time."""
        erasable = None if outdated.has_events else outdated.revision
        call = self._call(outdated.subject)
        return Verb(VerbName.PURGE, flows.purge(call, before=before, erasable=erasable))

    @property
    def newest_seal(self) -> str | None:
        """The id of the key that seals what is written; None where nothing is sealed."""
        return self._setup.keyring.primary if self._setup.keyring else None

    def recognises(self, text: Masked[str]) -> bool:
        """Say whether a text has the shape of a code of the policy."""
        policy = self._setup.policy
        return not policy.is_off and policy.format.matches(text)

    def _call(
        self,
        subject: Subject | str,
        *,
        attempt: str | None = None,
        context: Context = None,
    ) -> Call:
        return Call(
            setup=self._setup,
            subject=Subject.of(subject),
            attempt=self._setup.token() if attempt is None else _checked_attempt(attempt),
            context=checked_context(context),
        )


def masked_session(session: str | None) -> Session:
    """Mask the id of a host's session; None for none."""
    return None if session is None else Masked(session)


def _digest(session: Session, call: Call) -> Session:
    return session and session_digest(session, call.subject)


def _checked_attempt(attempt: object) -> str:
    if (
        not isinstance(attempt, str)
        or not 1 <= len(attempt) <= _MAX_ATTEMPT
        or not all(" " <= char <= "~" for char in attempt)
    ):
        raise InvalidArgument("an attempt id is 1 to 128 printable ASCII characters")
    return attempt
