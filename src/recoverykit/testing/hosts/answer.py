"""What came of one call of a host: somebody was let in, was refused, or the host failed."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """What became of whoever sent a code."""

    LET_IN = "let in"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a host answered.

    Attributes:
        kind: what became of the sender.
        value: what was returned or raised. It may hold codes, so it is never shown.
    """

    kind: Kind
    value: object = field(repr=False)

    @property
    def is_let_in(self) -> bool:
        """Whether the code opened the door."""
        return self.kind is Kind.LET_IN

    @property
    def is_failure(self) -> bool:
        """Whether the host raised what it does not declare."""
        return self.kind is Kind.FAILED

    def __str__(self) -> str:
        """Tell it without what was returned: a message may hold a code."""
        name = f" ({type(self.value).__name__})" if self.is_failure else ""
        return f"{self.kind.value}{name}"


def answer_of(call: Callable[[], object], *, refusals: tuple[type[Exception], ...] = ()) -> Answer:
    """Return what came of a call; errors that are not refusals are failures."""
    try:
        value = call()
    except refusals as error:
        return Answer(kind=Kind.REFUSED, value=error)
    except Exception as error:  # noqa: BLE001  # whatever a host raises is its answer
        return Answer(kind=Kind.FAILED, value=error)
    return Answer(kind=Kind.LET_IN if value else Kind.REFUSED, value=value)


def counted(answers: Iterable[Answer]) -> str:
    """Return how many got which answer, in words."""
    found = Counter(map(str, answers))
    return ", ".join(f"{found[each]} {each}" for each in sorted(found, reverse=True))
