"""What a check has found: which promise is broken, and the steps that show it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """One promise that does not hold.

    Attributes:
        id: the number of the clause, such as ``"S5"``, or the name of the promise.
        sentence: what it promises.
        steps: what was done, and what came of it, one line each, as short as could be found.
    """

    id: str
    sentence: str
    steps: tuple[str, ...]

    def __str__(self) -> str:
        """Tell it in lines for people."""
        return "\n".join((f"{self.id}: {self.sentence}", *(f"    {step}" for step in self.steps)))


class ConformanceError(AssertionError):
    """What was checked breaks some of what it promises.

    Attributes:
        breaches: each promise that does not hold; at least one.
    """

    def __init__(self, what: str, breaches: Sequence[Breach]) -> None:
        self.breaches: tuple[Breach, ...] = tuple(breaches)
        super().__init__("\n".join((what, *map(str, self.breaches))))
