"""Subjects that storages confuse, by one part of them or by how the parts are joined."""

from itertools import chain
from typing import Final

from recoverykit.core.subject import Subject
from recoverykit.testing.hostile import HOSTILE_TEXTS

_JOINED: Final = (
    Subject("b", tenant="a", scope="c"),
    Subject("c", tenant="a", scope="b"),
    Subject("a", tenant="b", scope="c"),
    Subject("bc", tenant="a"),
    Subject("b", tenant="a"),
    Subject("ab", scope="c"),
    Subject("ab"),
    Subject("b", scope="a"),
    Subject("c", tenant="a:b"),
    Subject("b:c", tenant="a"),
    Subject("c", tenant="a/b"),
    Subject("b/c", tenant="a"),
    Subject("c", tenant="a\x1fb"),
    Subject("b\x1fc", tenant="a"),
    Subject("a", scope="b:c"),
    Subject("a:b", scope="c"),
    Subject("a/b", scope="c"),
    Subject("a", scope="b/c"),
)

# As long as each part may be: who cuts the key that they make together cannot tell them apart.
_LONG: Final = tuple(
    Subject("x" * 255, tenant="y" * 255, scope="z" * 254 + last) for last in ("z", "a", "b")
)

HOSTILE: Final = tuple(
    dict.fromkeys(
        chain(
            (Subject(text) for text in HOSTILE_TEXTS),
            (Subject("alice", tenant=text) for text in HOSTILE_TEXTS),
            (Subject("alice", scope=text) for text in HOSTILE_TEXTS),
            _JOINED,
            _LONG,
        )
    )
)
"""Subjects that must not be confused with one another; none comes twice."""
