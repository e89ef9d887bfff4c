"""What a check has tried, and what it was asked to leave out."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A check that has found nothing.

    Attributes:
        checked: the numbers of the clauses that hold, in the order of the checks.
        without: the reasons for which the others were not checked, by their numbers.
        notes: what else was left out, in sentences.
    """

    checked: tuple[str, ...]
    without: Mapping[str, str]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Tell it in lines for people."""
        return "\n".join(
            (
                f"checked: {', '.join(self.checked) or 'nothing'}",
                *(f"not checked: {id}, because {why}" for id, why in self.without.items()),
                *self.notes,
            )
        )
