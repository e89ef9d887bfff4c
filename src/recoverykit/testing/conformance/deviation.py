"""Where a storage departs from a clause, before it is told as a breach."""

from recoverykit.core.subject import Subject


class Deviation(Exception):
    """A storage did what a clause forbids.

    Args:
        found: what was found, and what should have been, in one line.
        about: the subjects that it concerns: only their steps are told. Empty for all.
        clause: the number of the clause, where it is not the one that is being checked.
    """

    def __init__(self, found: str, *, about: tuple[Subject, ...] = (), clause: str = "") -> None:
        self.about = about
        self.clause = clause
        super().__init__(found)
