"""One clause of the storage contract: its number, its sentence, and what tries it."""

from collections.abc import Callable
from dataclasses import dataclass

from recoverykit.testing.conformance.bench import Bench


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A clause of the storage contract, as `recoverykit.testing.check_storage` checks it.

    Attributes:
        id: its number, such as ``"S5"``.
        sentence: what it promises.
        check: tries a fresh storage, and raises where the sentence does not hold. Do not call it:
            hand the clause to `recoverykit.testing.check_storage`.
    """

    id: str
    sentence: str
    check: Callable[[Bench], None]

    def __str__(self) -> str:
        """Return its number, which is how a test is named after it."""
        return self.id
