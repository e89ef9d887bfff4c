"""An account: one subject's codes on a storage, which can be put back to how they were."""

from recoverykit import Policy, RecoveryKit, RedemptionRefused, Subject
from recoverykit.core.call import Setup
from recoverykit.core.document import unchecked_document_in
from recoverykit.core.status import summary_of
from recoverykit.storage import Change, Record, Storage

_SETUP = Setup(policy=Policy(), keyring=None, entropy=bytes)  # for the plain columns alone


class Account:
    """One subject with a new set of codes.

    Args:
        kit: issues and redeems.
        storage: the kit's.
        name: the subject's id.
    """

    def __init__(self, kit: RecoveryKit, storage: Storage, name: str) -> None:
        self._kit = kit
        self._storage = storage
        self.subject = Subject(name)
        self.codes = kit.issue(self.subject).codes
        self._kept = self._record()

    def keep(self) -> None:
        """Let `put_back` lead to how things stand now."""
        self._kept = self._record()

    def put_back(self) -> None:
        """Store what was kept, revision and all, so that each round begins alike."""
        document = unchecked_document_in(self._kept)
        assert document.active is not None
        change = Change(
            expected=self._record().revision,
            revision=self._kept.revision,
            document=self._kept.document,
            events=(),
            summary=summary_of(document, setup=_SETUP, now=document.active.issued_at),
        )
        assert self._storage.commit(self.subject, change)

    def redeem(self, code: str) -> None:
        """Redeem a code that is right."""
        self._kit.redeem(self.subject, code)

    def redeem_all(self) -> None:
        """Redeem all codes, one after the other."""
        for code in self.codes:
            self.redeem(code)

    def fail(self, code: str, refusal: type[RedemptionRefused]) -> None:
        """Redeem a code that is refused, for this reason and no other."""
        try:
            self._kit.redeem(self.subject, code)
        except refusal:
            return
        raise AssertionError("the code was not refused")

    def _record(self) -> Record:
        record = self._storage.load(self.subject)
        assert record is not None
        return record
