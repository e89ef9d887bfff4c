"""A gate: many threads may be inside, until somebody closes it and waits for them to come out."""

from collections import Counter
from threading import Condition, get_ident


class Gate:
    """Lets threads in, as a context manager; while it is closed they wait in front of it.

    A thread that is inside always gets in again, for whoever closes the gate waits for it to come
    out; and so does a thread that has closed it. Threads that close it do not wait for each other.
    """

    __slots__ = ("_changed", "_closers", "_inside")

    def __init__(self) -> None:
        self._changed = Condition()
        self._inside: Counter[int] = Counter()  # how often each thread is inside
        self._closers: Counter[int] = Counter()  # how often each thread has closed it

    def __enter__(self) -> None:
        thread = get_ident()
        with self._changed:
            self._changed.wait_for(
                lambda: not self._closers or thread in self._inside or thread in self._closers
            )
            self._inside[thread] += 1

    def __exit__(self, *_: object) -> None:
        thread = get_ident()
        with self._changed:
            _take_one(self._inside, thread)
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody in, and wait until all other threads are out."""
        thread = get_ident()
        with self._changed:
            self._closers[thread] += 1
            self._changed.notify_all()  # another closer may be waiting for this very thread
            self._changed.wait_for(lambda: not self._inside.keys() - self._closers.keys())

    def open(self) -> None:
        """Let threads in again, as far as this thread has kept them out."""
        with self._changed:
            _take_one(self._closers, get_ident())
            self._changed.notify_all()


def _take_one(counts: Counter[int], thread: int) -> None:
    counts[thread] -= 1
    if not counts[thread]:
        del counts[thread]  # or every thread there ever was would stay in it
