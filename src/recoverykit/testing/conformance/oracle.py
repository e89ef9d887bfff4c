"""What a storage should answer: a dict, and the sentences of the contract. No code of a storage."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Oracle:
    """The contract itself, for one caller at a time.

    Attributes:
        standing: the revision and the document of each subject that is stored.
        told: the events of each subject, the oldest first.
        erased: the subjects that were erased and have not come back.
        gone: every revision that has ever stood and stands no more, the oldest first.
    """

    standing: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    told: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    erased: set[str] = field(default_factory=set[str])
    gone: list[str] = field(default_factory=list[str])

    def revision(self, subject: str) -> str | None:
        """Return the revision that stands."""
        return self.standing[subject][0] if subject in self.standing else None

    def follow(self, subject: str, *, standing: tuple[str, str] | None) -> None:
        """Go on from what stands, whether it is due or not."""
        self.standing.pop(subject, None)
        if standing is not None:
            self.standing[subject] = standing
            self.erased.discard(subject)

    def commit(
        self,
        subject: str,
        *,
        expected: str | None,
        revision: str,
        document: str | None,
        events: list[str],
    ) -> bool:
        """Compare, and swap where it is due."""
        stands = self.revision(subject)
        if stands != expected:
            return False
        if stands is not None:
            self.gone.append(stands)
        if document is None:
            self.standing.pop(subject, None)
            self.told[subject] = []
            self.erased.add(subject)
        else:
            self.standing[subject] = (revision, document)
            self.erased.discard(subject)
        self.told.setdefault(subject, []).extend(events)
        return True
