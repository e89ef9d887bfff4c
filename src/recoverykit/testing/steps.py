"""The steps that a flow is made of, for flows of your own.

A flow is a generator that yields `Load` and `Commit` and returns its result; it reads no clock and
draws nothing but from the entropy that it is handed. With ``yield from`` the functions do the
yielding::

    def rename(subject, name, entropy):
        loaded = yield from load(subject)
        ...
        answer = yield from commit(subject, change)
"""

from recoverykit.core.effects import (
    Answer,
    Commit,
    Effect,
    Flow,
    Load,
    Loaded,
    Reply,
    commit,
    load,
)
from recoverykit.core.generator import Entropy

__all__ = [
    "Answer",
    "Commit",
    "Effect",
    "Entropy",
    "Flow",
    "Load",
    "Loaded",
    "Reply",
    "commit",
    "load",
]
