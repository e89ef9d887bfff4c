"""Which keys are still needed, counted from the plain columns beside the documents."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """How much of what is stored still needs one key, as of the last commit of each document.

    Attributes:
        sets: how many sets, active or pending, have codes that are bound to it.
        seals: how many documents are sealed by it.
    """

    sets: int
    seals: int


def key_use_of(columns: Iterable[tuple[Iterable[str], str | None, int]]) -> Mapping[str, KeyUse]:
    """Return how much needs each key, by the key's id.

    Args:
        columns: the ids that the sets of a document need, the id of its seal or None, and how many
            documents have these.
    """
    sets: Counter[str] = Counter()
    seals: Counter[str] = Counter()
    for key_ids, seal_key_id, count in columns:
        for key_id in key_ids:
            sets[key_id] += count
        if seal_key_id is not None:
            seals[seal_key_id] += count
    return {
        key_id: KeyUse(sets=sets[key_id], seals=seals[key_id]) for key_id in sorted({*sets, *seals})
    }
