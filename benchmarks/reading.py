"""A reading: a figure in a unit of its own, what was promised, and what the machine shows alone."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read off beside controls.

    Args:
        name: what was measured.
        value: what it was.
        control: the same without us, on the same machine at the same time: what else it has to do
            shows in both.
        unit: of all three.
        limit: what was promised, of ours alone.
    """

    name: str
    value: float
    control: float
    unit: str
    limit: float

    @property
    def is_kept(self) -> bool:
        """Whether the promise was kept, as far as it is ours to keep."""
        return self.value - self.control < self.limit

    def to_line(self) -> str:
        """Return the reading as a line of `READINGS_HEAD`'s table."""
        figures = (self.value, self.control, self.limit)
        return " ".join([f"{self.name:<64}", *(f"{each:>9.2f}" for each in figures), self.unit])


READINGS_HEAD = f"{'':<64} {'ours':>9} {'control':>9} {'promise <':>9}"
