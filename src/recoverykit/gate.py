"""A gate: many threads may be inside, until somebody closes it and waits for them to come out."""

from collections import Counter
from threading import Condition, get_ident


class Gate:
    """Lets threads in, as a context manager; while it is closed they wait in front of it.

    A thread that is inside always gets in again: whoever closes the gate waits for it to come out.
    """

    __slots__ = ("_changed", "_closings", "_inside")

    def __init__(self) -> None:
        self._changed = Condition()
        self._inside: Counter[int] = Counter()  # how often each thread is inside
        self._closings = 0

    def __enter__(self) -> None:
        thread = get_ident()
        with self._changed:
            self._changed.wait_for(lambda: not self._closings or thread in self._inside)
            self._inside[thread] += 1

    def __exit__(self, *_: object) -> None:
        thread = get_ident()
        with self._changed:
            self._inside[thread] -= 1
            if not self._inside[thread]:
                del self._inside[thread]  # or every thread there ever was would stay in it
                self._changed.notify_all()

    def close(self) -> None:
        """Let nobody in, and wait until all other threads are out."""
        thread = get_ident()
        with self._changed:
            self._closings += 1
            self._changed.wait_for(lambda: not self._inside.keys() - {thread})

    def open(self) -> None:
        """Let threads in again."""
        with self._changed:
            self._closings -= 1
            self._changed.notify_all()
