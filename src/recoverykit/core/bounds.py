"""The bounds of a configuration: one check for every figure, all breaches reported at once."""

from dataclasses import dataclass
from datetime import timedelta

from recoverykit.errors import Finding, PolicyError


@dataclass(frozen=True, slots=True)
class Bound:
    """A figure's name, its value, and the least and the most that it may be."""

    name: str
    value: object
    least: float | timedelta
    most: float | timedelta

    def finding(self) -> Finding | None:
        """Return what is wrong with the value; None where nothing is."""
        if self._holds():
            return None
        return Finding(
            rule="bounds",
            figure=f"{self.name} must be {self.least} to {self.most}",
            mend="choose a figure within the bounds",
        )

    def _holds(self) -> bool:
        value, least, most = self.value, self.least, self.most
        if isinstance(least, timedelta) or isinstance(most, timedelta):
            return (
                isinstance(value, timedelta)
                and isinstance(least, timedelta)
                and isinstance(most, timedelta)
                and least <= value <= most
            )
        # A bound written as a float admits fractions; one written as an int admits whole numbers.
        number = (int, float) if isinstance(least, float) else int
        return isinstance(value, number) and not isinstance(value, bool) and least <= value <= most


def require(*bounds: Bound) -> None:
    """Raise one `PolicyError` that names every bound that does not hold.

    Raises:
        PolicyError: at least one value is of another type or out of its bounds.
    """
    findings = [finding for bound in bounds if (finding := bound.finding())]
    if findings:
        raise PolicyError(*findings)
