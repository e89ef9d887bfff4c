"""What a check has looked at, what it was told not to look at, and what it could not see."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Tally:
    """How often each promise was looked at, and which errors the host raised in races."""

    promises: Counter[str] = field(default_factory=Counter[str])
    errors: Counter[str] = field(default_factory=Counter[str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was checked, and what was not.

    Attributes:
        kept: the promises that were looked at and not found broken, with how often.
        broken: those that were found broken.
        opted_out: those that the host does not give, with its reasons.
        not_checked: those that nobody could look at, with what is missing.
        errors: what the host raised, and did not declare, when many sent codes at the same moment,
            with how often: it let nobody in, but told somebody that it is broken. What became of
            such a code nobody knows, so it is not judged.
    """

    kept: Mapping[str, int]
    broken: tuple[str, ...]
    opted_out: Mapping[str, str]
    not_checked: Mapping[str, str]
    errors: Mapping[str, int]

    def __str__(self) -> str:
        """Tell it in lines for people."""
        lines = [f"kept: {' '.join(self.kept) or 'none'}"]
        if self.broken:
            lines.append(f"broken: {' '.join(self.broken)}")
        lines += [f"opted out: {each}: {why}" for each, why in self.opted_out.items()]
        lines += [f"not checked: {each}: {why}" for each, why in self.not_checked.items()]
        lines += [f"raised in races: {each}, {often} times" for each, often in self.errors.items()]
        return "\n".join(lines)
