"""What an operator asks of a kit: to bring sets along, to erase, to reseal, to purge."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from recoverykit.core.foreign_scheme import ForeignScheme
from recoverykit.core.format import CodeFormat
from recoverykit.core.importing import masked_all
from recoverykit.core.results import Purged, Resealed, Status
from recoverykit.core.subject import Subject
from recoverykit.errors import (
    ConcurrentUpdate,
    CorruptRecord,
    OutcomeUnknown,
    UnknownKey,
)
from recoverykit.runner import Runner
from recoverykit.storage.outbox import checked_limit
from recoverykit.verbs import Verbs, masked_session


class Upkeep:
    """The verbs of a kit that no user of the host's asks for."""

    def __init__(self, runner: Runner, verbs: Verbs) -> None:
        self._runner = runner
        self._verbs = verbs

    def import_codes(
        self,
        subject: Subject | str,
        codes: Sequence[str],
        *,
        format: CodeFormat,
        replace: bool = False,
        session: str | None = None,
        context: Mapping[str, str] | None = None,
    ) -> Status:
        """Take over codes that another system stored as they are, and that nobody has used.

        They are hashed on the way in, and keep their own format. The set counts at once, for the
        user has kept its codes already. Where any set stands, even an ended one, it stays: an
        import that runs twice must not bring back what was spent in the meantime.

        Args:
            subject: whose codes; a plain text is a subject's id.
            codes: 1 to 64 different codes, in the order of their ordinals.
            format: the shape that they have: see `CodeFormat.symbols` for other alphabets.
            replace: as for ``issue``.
            session: as for ``issue``.
            context: as for ``issue``.

        Raises:
            InvalidArgument: a code has not the format, or comes twice; or as for ``issue``.
            PolicyError: the format breaks a rule that the policy does not accept.
            OutcomeUnknown: it is not known whether the set was stored: look at the status.
            CodesAlreadyIssued: a set stands, and ``replace`` is not said.
            SwitchedOff, ManagementLocked, ConcurrentUpdate, Overloaded, UnknownKey,
                CorruptRecord, StorageError: as for ``issue``.
        """
        masked = masked_all(codes)
        of_session = masked_session(session)
        del codes, session  # from here on no frame of ours shows them
        flow = self._verbs.import_codes(
            subject, masked, format=format, replacing=replace, session=of_session, context=context
        )
        return self._runner.run(flow)

    def import_hashes(
        self,
        subject: Subject | str,
        hashes: Sequence[str],
        *,
        scheme: ForeignScheme,
        format: CodeFormat,
        with_separators: bool = False,
        replace: bool = False,
        session: str | None = None,
        context: Mapping[str, str] | None = None,
    ) -> Status:
        """Take over hashes of codes that nobody has used, as another system made them.

        They are only ever read. Each costs one evaluation in every attempt, and none is bound to
        its owner: `Status.legacy` counts them until the user has new codes. As for
        ``import_codes``, any set that stands stays.

        Args:
            subject: whose codes; a plain text is a subject's id.
            hashes: what the other system stored: 1 to 16 different lines.
            scheme: what it hashed with; it is not guessed.
            format: the shape that the codes have, without a selector.
            with_separators: whether codes were hashed as they were shown, in groups.
            replace: as for ``issue``.
            session: as for ``issue``.
            context: as for ``issue``.

        Raises:
            InvalidArgument: a line is none of the scheme, comes twice, or would cost too much; or
                as for ``issue``.
            PolicyError: the format breaks a rule that the policy does not accept.
            MissingExtra: the scheme needs the extra ``import``.
            OutcomeUnknown: it is not known whether the set was stored: look at the status.
            CodesAlreadyIssued: a set stands, and ``replace`` is not said.
            SwitchedOff, ManagementLocked, ConcurrentUpdate, UnknownKey, CorruptRecord,
                StorageError: as for ``issue``.
        """
        masked = masked_all(hashes)
        of_session = masked_session(session)
        del hashes, session  # from here on no frame of ours shows them
        flow = self._verbs.import_hashes(
            subject,
            masked,
            scheme=scheme,
            format=format,
            with_separators=with_separators,
            replacing=replace,
            session=of_session,
            context=context,
        )
        return self._runner.run(flow)

    def erase_scopes(self, subject: Subject | str) -> tuple[Subject, ...]:
        """Erase every scope of a subject, one after the other; return those that there were.

        What somebody issues meanwhile, in a scope that is new, may remain.

        Raises:
            InvalidArgument: the subject cannot be used, or the storage cannot list.
            OutcomeUnknown, StorageError: as for ``erase``; erase again.
        """
        scopes = self._runner.scopes(Subject.of(subject))
        for each in scopes:
            self._runner.run(self._verbs.erase(each))
        return scopes

    def reseal(self, *, after: Subject | None = None, limit: int = 100) -> Resealed:
        """Put a batch of documents under the newest seal. Their codes stay as they are.

        Begin without ``after``, and go on with ``Resealed.last`` until that is None.

        Args:
            after: where the batch before ended; None for the first.
            limit: how many documents the batch has at most; 1 to 10,000.

        Raises:
            InvalidArgument: the subject cannot be used, the limit is out of its bounds, or the
                storage cannot list.
            StorageError: what is stored cannot be read, or not be written.
        """
        checked_limit(limit)
        behind = None if after is None else Subject.of(after)
        newest = self._verbs.newest_seal
        batch = self._runner.sealed_otherwise(newest, after=behind, limit=limit)
        count, failed = 0, list[Subject]()
        for each in batch:
            try:
                count += self._runner.run(self._verbs.reseal(each))
            except (UnknownKey, CorruptRecord, ConcurrentUpdate, OutcomeUnknown):
                failed.append(each)
        last = batch[-1] if len(batch) == limit else None
        return Resealed(count=count, failed=tuple(failed), last=last)

    def purge(self, *, before: datetime, after: Subject | None = None, limit: int = 100) -> Purged:
        """Remove a batch of what ended before a time: events, then expired and revoked sets.

        Begin without ``after``, and go on with ``Purged.last`` until ``Purged.done``.

        A set that expired or was revoked goes, with its whole document where nothing else is in it.
        From a document that stays goes what was superseded or has lapsed: former codes, a pending
        set that nobody confirmed, an unlock. Never removed is a set that is active, exhausted or
        disabled; what a delay, an unlock or ``Policy.replay_for`` still runs for; a document as
        long as there are events of its subject; an event that a reader of the outbox has not
        acknowledged; or what others have changed meanwhile. Nobody is told of it.

        Args:
            before: aware, and not after now. What ended then, or later, is kept.
            after: where the batch before ended; None for the first.
            limit: how many events, or documents, the batch has at most; 1 to 10,000.

        Raises:
            InvalidArgument: the time or the subject cannot be used, the limit is out of its bounds,
                or the storage cannot be purged.
            StorageError: what is stored cannot be read, or not be written.
        """
        checked_limit(limit)
        behind = None if after is None else Subject.of(after)
        time = self._runner.past(before)
        events = self._runner.purge_events(before=time, limit=limit)
        if events >= limit:
            # Documents wait for the last of their events, so they come when the old ones are gone.
            return Purged(count=0, events=events, failed=(), last=behind, done=False)
        batch = self._runner.outdated(before=time, after=behind, limit=limit)
        count, failed = 0, list[Subject]()
        for each in batch:
            try:
                count += self._runner.run(self._verbs.purge(each, before=time))
            except (UnknownKey, CorruptRecord, ConcurrentUpdate, OutcomeUnknown):
                failed.append(each.subject)
        last = batch[-1].subject if len(batch) >= limit else None
        return Purged(
            count=count, events=events, failed=tuple(failed), last=last, done=last is None
        )
