"""What a check has tried, and what it was asked to leave out."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A check that has found nothing.

    Attributes:
        checked: the numbers of the clauses that hold, in the order of the checks.
        without: the reasons for which the others were not checked, by their numbers.
    """

    checked: tuple[str, ...]
    without: Mapping[str, str]

    def __str__(self) -> str:
        """Tell it in lines for people."""
        return "\n".join(
            (
                f"checked: {', '.join(self.checked) or 'nothing'}",
                *(f"not checked: {clause}, because {why}" for clause, why in self.without.items()),
            )
        )
