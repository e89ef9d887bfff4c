"""The kit: the verbs that a host calls, run over its storage."""

from collections.abc import Callable, Mapping
from datetime import datetime

from recoverykit.core.events import Event
from recoverykit.core.keyring import Keyring
from recoverykit.core.masked import Masked
from recoverykit.core.policy import Policy
from recoverykit.core.results import Issued, Redemption, Status
from recoverykit.core.subject import Subject
from recoverykit.driver import Clock
from recoverykit.errors import InvalidArgument
from recoverykit.limiter import HashLimits
from recoverykit.observer import Observer
from recoverykit.runner import Equipment, Runner
from recoverykit.shell import HostFunction
from recoverykit.storage import Storage
from recoverykit.upkeep import Upkeep
from recoverykit.verbs import masked_session


class RecoveryKit(Upkeep):
    """Issues, redeems and revokes recovery codes over a storage.

    One kit serves a whole process: it is safe in any number of threads and after a fork.

    Args:
        storage: where the documents are kept; one whose methods are not awaited.
        policy: what the codes are like and how guesses are slowed down.
        keyring: the pepper; None for none.
        hashing: how many hashes run at a time, and how many calls may wait.
        clock: returns the time, aware of its zone; None for the system's.
        on_event: is told what happened, after it is certain, at most once and without a code in
            it. What it raises is logged by its type alone and changes nothing. None for nobody.
        observer: watches each call, for traces and figures: a `recoverykit.telemetry.Telemetry`, or
            one of your own. It is shown nothing secret. None for nobody.

    Raises:
        PolicyError: the policy breaks rules of the standards that it does not accept; each is one
            of the error's ``findings``.
        InvalidArgument: the storage, the keyring or the observer is none.
        OutsideTests: the policy is for tests, and none are running.
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
        observer: Observer | None = None,
    ) -> None:
        if keyring is not None and not isinstance(keyring, Keyring):
            del keyring  # it may hold bare keys, and the frame of an error keeps its locals
            raise InvalidArgument("a keyring must be a Keyring")
        equipment = Equipment(
            policy=policy,
            keyring=keyring,
            hashing=hashing,
            clock=clock,
            on_event=on_event,
            observer=observer,
        )
        super().__init__(Runner(storage, equipment), equipment.verbs)

    def issue(
        self,
        subject: Subject | str,
        *,
        replace: bool = False,
        attempt: str | None = None,
        session: str | None = None,
        context: Mapping[str, str] | None = None,
    ) -> Issued:
        """Issue a new set of codes. Show them once: nothing can show them again.

        Whether this caller may issue is the host's to decide, at two factors. A new set starts
        with no failures. Under ``Policy.confirm`` it is pending, and whatever counted before goes
        on counting until it is confirmed.

        Args:
            subject: whose codes; a plain text is a subject's id.
            replace: give up the set that stands, even an active or a disabled one.
            attempt: the host's own id of this attempt, 1 to 128 printable ASCII characters, never
                taken from the request; None for a random one. The same id again, within
                ``Policy.replay_for``, supersedes the set that it issued, as long as none of its
                codes was used, for nobody has seen them.
            session: the id of the host's session that asks; needed under
                ``Policy(management="unlock")``, and not looked at otherwise. None for none.
            context: what the audit trail shall say about the call; None for nothing.

        Raises:
            SwitchedOff: the policy issues no codes.
            ManagementLocked: an unlock of this session is needed.
            CodesAlreadyIssued: a set stands that is active or disabled, and ``replace`` is not
                said.
            ConcurrentUpdate: another call replaced or confirmed a set first.
            OutcomeUnknown: it is not known whether the set was stored; repeat the attempt.
            InvalidArgument: the subject, the attempt id, the session or the context cannot be used.
            Overloaded: too many calls are waiting to hash.
            UnknownKey, CorruptRecord, StorageError: what is stored cannot be read, or not be
                written.
        """
        of_session = masked_session(session)
        del session  # from here on no frame of ours shows it
        flow = self._verbs.issue(
            subject, replacing=replace, attempt=attempt, session=of_session, context=context
        )
        return self._runner.run(flow)

    def confirm(
        self,
        subject: Subject | str,
        code: str,
        *,
        context: Mapping[str, str] | None = None,
    ) -> Status:
        """Let a pending set count, for the user has kept its codes: any of them will do.

        It supersedes the set that counted until then, and spends nothing. Confirming twice is
        fine, for as long as ``Policy.pending_for``. A wrong code is counted by the pending set
        alone.

        Args:
            subject: whose codes; a plain text is a subject's id.
            code: what the user typed back, in any case, with or without separators.
            context: what the audit trail shall say about the call; None for nothing.

        Raises:
            RedemptionRefused: the set does not count: `MalformedCode`, `InvalidCode`,
                `TooManyAttempts` or `SetDisabled` as for ``redeem``; `NoActiveCodes` where none is
                waiting, or not any more.
            OutcomeUnknown: it is not known whether the set counts; confirm again.
            UnknownKey, InvalidArgument, Overloaded, ConcurrentUpdate, CorruptRecord, StorageError:
                as for ``redeem``.
        """
        text = Masked(code)
        del code  # from here on no frame of ours shows it
        return self._runner.run(self._verbs.confirm(subject, text, context=context))

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
                that the host's own rows land with it or not at all; None for nothing. It is
                awaited where the storage's methods are. It may be called again where a first
                transaction was lost. It is not called for a refusal, nor for a replay.
            context: what the audit trail shall say about the call; None for nothing.

        Raises:
            RedemptionRefused: the code was not spent: `MalformedCode`, `InvalidCode`,
                `CodeAlreadyUsed`, `NoActiveCodes`, `TooManyAttempts` or `SetDisabled`.
            UnknownKey: the code is bound to a key that the keyring lacks.
            OutcomeUnknown: it is not known whether the code was spent; repeat the attempt.
            InvalidArgument: the subject, the attempt id or the context cannot be used, or the
                storage has no transaction for ``within``, or that is awaitable where it must not
                be or the other way round.
            Overloaded: too many calls are waiting to hash; nothing was judged.
            ConcurrentUpdate: other writers won every try; nothing was judged.
            CorruptRecord, StorageError: what is stored cannot be read, or not be written.
            Exception: whatever ``within`` raises passes through, and the code is unspent. (Where
                the answer to an earlier transaction of this call was lost, that one may still
                land, the code spent and the host's own rows with it.)
        """
        text = Masked(code)
        del code  # from here on no frame of ours shows it
        flow = self._verbs.redeem(subject, text, attempt=attempt, context=context)
        return self._runner.run(flow, within=within)

    def status(self, subject: Subject | str) -> Status:
        """Return what the subject's codes are good for. Writes nothing.

        Raises:
            InvalidArgument: the subject cannot be used.
            CorruptRecord, StorageError: what is stored cannot be read.
        """
        return self._runner.run(self._verbs.status(subject))

    def revoke(
        self,
        subject: Subject | str,
        *,
        session: str | None = None,
        context: Mapping[str, str] | None = None,
    ) -> Status:
        """Revoke the subject's sets: none of the codes counts any more. Revoking twice is fine.

        A disabled set stays disabled. Revoke whenever the factor that the codes stand in for is
        switched off.

        Args:
            subject: whose codes; a plain text is a subject's id. Other scopes keep theirs.
            session: as for ``issue``.
            context: what the audit trail shall say about the call; None for nothing.

        Raises:
            ManagementLocked: an unlock of this session is needed.
            InvalidArgument: the subject, the session or the context cannot be used.
            OutcomeUnknown: it is not known whether the set was revoked; revoke again.
            UnknownKey, CorruptRecord, StorageError: what is stored cannot be read, or not be
                written.
        """
        of_session = masked_session(session)
        del session  # from here on no frame of ours shows it
        return self._runner.run(self._verbs.revoke(subject, session=of_session, context=context))

    def unlock(
        self,
        subject: Subject | str,
        *,
        session: str,
        context: Mapping[str, str] | None = None,
    ) -> datetime:
        """Let one session issue, replace and revoke, for as long as ``Policy.unlock_for``.

        Call it once the session has authenticated anew. An unlock of another session ends by it.
        It means something only under ``Policy(management="unlock")``.

        Args:
            subject: whose codes; a plain text is a subject's id.
            session: the id of the host's session, 1 to 1,024 characters that nobody can guess. Only
                a digest of it is stored.
            context: what the audit trail shall say about the call; None for nothing.

        Returns:
            Until when, in UTC.

        Raises:
            InvalidArgument: the subject, the session or the context cannot be used.
            OutcomeUnknown: it is not known whether it was unlocked; unlock again.
            UnknownKey, CorruptRecord, StorageError: what is stored cannot be read, or not be
                written.
        """
        of_session = Masked(session)
        del session  # from here on no frame of ours shows it
        return self._runner.run(self._verbs.unlock(subject, session=of_session, context=context))

    def lock(
        self,
        subject: Subject | str,
        *,
        session: str,
        context: Mapping[str, str] | None = None,
    ) -> None:
        """End a session's unlock before its time. Nothing happens where it has none.

        Args, Raises: as for ``unlock``.
        """
        of_session = Masked(session)
        del session  # from here on no frame of ours shows it
        self._runner.run(self._verbs.lock(subject, session=of_session, context=context))

    def erase(self, subject: Subject | str) -> None:
        """Remove everything that is stored about the subject, its audit trail included.

        What is stored is not read, so that this leads out of a damaged record. Erasing twice is
        fine.

        Raises:
            InvalidArgument: the subject cannot be used.
            OutcomeUnknown: it is not known whether it was removed; erase again.
            StorageError: it could not be removed.
        """
        self._runner.run(self._verbs.erase(subject))

    def recognises(self, text: str) -> bool:
        """Say whether a text has the shape of a code of this policy, check symbol included.

        Spends nothing and asks no storage: for telling a recovery code from a one-time password
        before either is judged. Nothing is recognised where codes are switched off.
        """
        masked = Masked(text)
        del text  # from here on no frame of ours shows it
        return self._verbs.recognises(masked)
