"""One call as a tree: where it stands after each row of replies, and what it asks for there."""

import hashlib
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import TypeAlias

from recoverykit.core.effects import Effect, Flow, Reply
from recoverykit.core.generator import Entropy
from recoverykit.errors import RecoveryKitError
from recoverykit.testing.history import Raised, Replies, Returned

Calls: TypeAlias = Mapping[str, Callable[[Entropy], Flow[object]]]
"""What runs at the same time: a function that makes the flow of a call anew, by a name."""


def entropy_of(name: str) -> Entropy:
    """Return a fresh copy of the endless stream of bytes that the call of that name draws from.

    Two copies give the same bytes; streams of two names have nothing in common. For tests only:
    anybody can compute them.
    """
    drawn = 0

    def draw(size: int) -> bytes:
        nonlocal drawn
        block = b""
        while len(block) < size:
            drawn += 1
            block += hashlib.sha256(f"{drawn} {name}".encode("utf-8", "surrogatepass")).digest()
        return block[:size]

    return draw


class Point:
    """Where a call stands after some replies: it asks for an effect, or it has ended.

    Attributes:
        replies: what it was answered on the way here.
        effect: what it asks for; None at an end.
        end: how it ended; None before.
        flow: the call itself, waiting at this point; None once it has gone on from here.
        then: the points behind this one, by a key of the reply that leads there.
    """

    __slots__ = ("effect", "end", "flow", "replies", "then")

    def __init__(self, replies: Replies) -> None:
        self.replies: Replies = replies
        self.effect: Effect | None = None
        self.end: Returned | Raised | None = None
        self.flow: Flow[object] | None = None
        self.then: dict[Hashable, int] = {}


class Script:
    """One call, which does the same wherever it gets the same replies.

    Args:
        name: the name of the call; its entropy depends on nothing else.
        begin: makes its flow.
    """

    def __init__(self, name: str, begin: Callable[[Entropy], Flow[object]]) -> None:
        self.name = name
        self._begin = begin

    def first(self) -> Point:
        """Return where the call stands before it was answered anything."""
        flow = self._begin(entropy_of(self.name))
        return _advanced(flow, partial(next, flow), ())

    def after(self, point: Point, reply: Reply | RecoveryKitError) -> Point:
        """Return where the call stands after one more reply.

        A flow goes on by itself only once. It cannot be copied, so every further branch takes a
        new one from the beginning to here.
        """
        flow = point.flow or self._anew(point.replies)
        point.flow = None
        return _advanced(flow, _answering(flow, reply), (*point.replies, reply))

    def _anew(self, replies: Replies) -> Flow[object]:
        flow = self._begin(entropy_of(self.name))
        next(flow)
        for reply in replies:
            _answering(flow, reply)()
        return flow


def _answering(flow: Flow[object], reply: Reply | RecoveryKitError) -> Callable[[], Effect]:
    if isinstance(reply, RecoveryKitError):
        return partial(flow.throw, reply)
    return partial(flow.send, reply)


def _advanced(flow: Flow[object], step: Callable[[], Effect], replies: Replies) -> Point:
    point = Point(replies)
    try:
        point.effect = step()
        point.flow = flow
    except StopIteration as stop:
        point.end = Returned(value=stop.value, replies=replies)
    except Exception as error:  # noqa: BLE001  # whatever it raises is how it ended
        point.end = Raised(error=error, replies=replies)
    return point
