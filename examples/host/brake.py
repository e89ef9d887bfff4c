"""A brake on passwords: ten wrong ones for an account from one place, then a pause.

Recovery codes need none of it: the kit counts their failures in the database. This one is kept in
the memory of the process; with several processes, keep it where they all see it.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from threading import Lock
from typing import Final

_FREE: Final = 10  # wrong passwords
_WINDOW: Final = 600.0  # seconds
_MAX_KEYS: Final = 10_000  # so that nobody can fill the memory with made-up names


class PasswordBrake:
    """Counts wrong passwords by account and place: nobody can lock others out from elsewhere.

    A place is an address, or a session that asks for the password again.

    Args:
        clock: returns seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._failures: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def is_on(self, name: str, *, place: str) -> bool:
        """Whether no password is looked at for now."""
        with self._lock:
            recent = self._failures.get((name, place), ())
            return sum(at > self._clock() - _WINDOW for at in recent) >= _FREE

    def count(self, name: str, *, place: str) -> None:
        """Count a wrong password."""
        with self._lock:
            recent = self._failures.setdefault((name, place), deque(maxlen=_FREE))
            recent.append(self._clock())
            self._failures.move_to_end((name, place))
            if len(self._failures) > _MAX_KEYS:
                self._failures.popitem(last=False)

    def release(self, name: str, *, place: str) -> None:
        """Forget the failures, after a right password."""
        with self._lock:
            self._failures.pop((name, place), None)
