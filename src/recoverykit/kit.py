"""The kit: the verbs that a host calls, run over its storage."""

import logging
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Final, TypeVar

from recoverykit.core import flows
from recoverykit.core.call import Call, Outcome, Setup
from recoverykit.core.effects import Flow
from recoverykit.core.events import Event, checked_context
from recoverykit.core.keyring import Keyring
from recoverykit.core.masked import Masked
from recoverykit.core.policy import Policy
from recoverykit.core.results import Issued, Redemption, Status
from recoverykit.core.state import prepare
from recoverykit.core.subject import Subject
from recoverykit.errors import InvalidArgument, RedemptionRefused
from recoverykit.limiter import HashLimits, Limiter
from recoverykit.shell import Clock, HostFunction, Shell
from recoverykit.storage import Storage

_Result = TypeVar("_Result")

_LOG: Final = logging.getLogger("recoverykit")
_MAX_ATTEMPT: Final = 128


class RecoveryKit:
    """Issues, redeems and revokes recovery codes over a storage.

    One kit serves a whole process: it is safe in any number of threads and after a fork.

    Args:
        storage: where the documents are kept.
        policy: what the codes are like and how guesses are slowed down.
        keyring: the pepper; None for none.
        hashing: how many hashes run at a time, and how many calls may wait.
        clock: returns the time, aware of its zone; None for the system's.
        on_event: is told what happened, after it is certain, at most once and without a code in
            it. What it raises is logged by its type alone and changes nothing. None for nobody.

    Raises:
        PolicyError: the policy breaks rules of the standards that it does not accept; each is one
            of the error's ``findings``.
        InvalidArgument: the storage or the keyring is none.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        policy: Policy = Policy(),
        keyring: Keyring | None = None,
        hashing: HashLimits = HashLimits(),
        clock: Clock | None = None,
        on_event: Callable[[Event], object] | None = None,
    ) -> None:
        if not isinstance(storage, Storage):
            raise InvalidArgument("a storage must have the methods load and commit")
        if keyring is not None and not isinstance(keyring, Keyring):
            del keyring  # it may hold bare keys, and the frame of an error keeps its locals
            raise InvalidArgument("a keyring must be a Keyring")
        policy.require_sound(peppered=keyring is not None)
        self._setup = Setup(policy=policy, keyring=keyring, entropy=secrets.token_bytes)
        self._shell = Shell(
            storage=storage,
            keyring=keyring,
            limiter=Limiter(hashing),
            clock=clock or partial(datetime.now, UTC),
        )
        self._on_event = on_event
        prepare()

    def issue(
        self,
        subject: Subject | str,
        *,
        replace: bool = False,
        attempt: str | None = None,
        context: Mapping[str, str] | None = None,
    ) -> Issued:
        """Issue a new set of codes. Show them once: nothing can show them again.

        Whether this caller may issue is the host's to decide, at two factors. A new set starts
        with no failures.

        Args:
            subject: whose codes; a plain text is a subject's id.
            replace: give up the set that stands, even an active or a disabled one.
            attempt: the host's own id of this attempt, 1 to 128 printable ASCII characters, never
                taken from the request; None for a random one. The same id again, within
                ``Policy.replay_for``, supersedes the set that it issued, as long as none of its
                codes was used, for nobody has seen them.
            context: what the audit trail shall say about the call; None for nothing.

        Raises:
            CodesAlreadyIssued: a set stands that is active or disabled, and ``replace`` is not
                said.
            ConcurrentUpdate: another call replaced the set first; it holds the codes that count.
            OutcomeUnknown: it is not known whether the set was stored; repeat the attempt.
            InvalidArgument: the subject, the attempt id or the context cannot be used.
            Overloaded: too many calls are waiting to hash.
            CorruptRecord, StorageError: what is stored cannot be read, or not be written.
        """
        call = self._call(subject, attempt, context)
        return self._run(flows.issue(call, replacing=replace))

    def redeem(
        self,
        subject: Subject | str,
        code: str,
        *,
        attempt: str | None = None,
        within: HostFunction | None = None,
        context: Mapping[str, str] | None = None,
    ) -> Redemption:
        """Spend a code: exactly one call ever succeeds with it.

        Args:
            subject: who claims it; a plain text is a subject's id.
            code: what the user typed, in any case, with or without separators.
            attempt: the host's own id of this attempt, 1 to 128 printable ASCII characters, never
                taken from the request; None for a random one. The same id and code again, within
                ``Policy.replay_for``, tell the same success once more (``replayed``).
            within: called as ``within(connection)`` in the transaction that spends the code, so
                that the host's own rows land with it or not at all; None for nothing. It may be
                called again where a first transaction was lost. It is not called for a refusal,
                nor for a replay.
            context: what the audit trail shall say about the call; None for nothing.

        Raises:
            RedemptionRefused: the code was not spent: `MalformedCode`, `InvalidCode`,
                `CodeAlreadyUsed`, `NoActiveCodes`, `TooManyAttempts` or `SetDisabled`.
            UnknownKey: the code is bound to a key that the keyring lacks.
            OutcomeUnknown: it is not known whether the code was spent; repeat the attempt.
            InvalidArgument: the subject, the attempt id or the context cannot be used, or the
                storage has no transaction for ``within``.
            Overloaded: too many calls are waiting to hash; nothing was judged.
            ConcurrentUpdate: other writers won every try; nothing was judged.
            CorruptRecord, StorageError: what is stored cannot be read, or not be written.
            Exception: whatever ``within`` raises passes through, and the code is unspent. (Where
                the answer to an earlier transaction of this call was lost, that one may still
                land, the code spent and the host's own rows with it.)
        """
        text = Masked(code)
        del code  # from here on no frame of ours shows it
        call = self._call(subject, attempt, context)
        value = self._run(flows.redeem(call, text), within=within)
        if isinstance(value, RedemptionRefused):
            raise value
        return value

    def status(self, subject: Subject | str) -> Status:
        """Return what the subject's codes are good for. Writes nothing.

        Raises:
            InvalidArgument: the subject cannot be used.
            CorruptRecord, StorageError: what is stored cannot be read.
        """
        return self._run(flows.status(self._call(subject, None, None)))

    def revoke(self, subject: Subject | str, *, context: Mapping[str, str] | None = None) -> Status:
        """Revoke the subject's set: none of its codes counts any more. Revoking twice is fine.

        A disabled set stays disabled. Revoke whenever the factor that the codes stand in for is
        switched off.

        Raises:
            InvalidArgument: the subject or the context cannot be used.
            OutcomeUnknown: it is not known whether the set was revoked; revoke again.
            CorruptRecord, StorageError: what is stored cannot be read, or not be written.
        """
        return self._run(flows.revoke(self._call(subject, None, context)))

    def erase(self, subject: Subject | str) -> None:
        """Remove everything that is stored about the subject, its audit trail included.

        What is stored is not read, so that this leads out of a damaged record. Erasing twice is
        fine.

        Raises:
            InvalidArgument: the subject cannot be used.
            OutcomeUnknown: it is not known whether it was removed; erase again.
            StorageError: it could not be removed.
        """
        self._run(flows.erase(self._call(subject, None, None)))

    def recognises(self, text: str) -> bool:
        """Say whether a text has the shape of a code of this policy, check symbol included.

        Spends nothing and asks no storage: for telling a recovery code from a one-time password
        before either is judged.
        """
        masked = Masked(text)
        del text
        return self._setup.policy.format.matches(masked)

    def _call(
        self, subject: Subject | str, attempt: str | None, context: Mapping[str, str] | None
    ) -> Call:
        return Call(
            setup=self._setup,
            subject=Subject.of(subject),
            attempt=self._setup.token() if attempt is None else _checked_attempt(attempt),
            context=checked_context(context),
        )

    def _run(self, flow: Flow[Outcome[_Result]], *, within: HostFunction | None = None) -> _Result:
        outcome = self._shell.run(flow, within=within)
        for event in outcome.events:
            self._announce(event)
        return outcome.value

    def _announce(self, event: Event) -> None:
        if self._on_event is None:
            return
        try:
            self._on_event(event)
        except Exception as error:  # noqa: BLE001  # nothing that a listener does undoes a commit
            _LOG.error("on_event raised %s", type(error).__name__)


def _checked_attempt(attempt: object) -> str:
    if (
        not isinstance(attempt, str)
        or not 1 <= len(attempt) <= _MAX_ATTEMPT
        or not all(" " <= char <= "~" for char in attempt)
    ):
        raise InvalidArgument("an attempt id is 1 to 128 printable ASCII characters")
    return attempt
