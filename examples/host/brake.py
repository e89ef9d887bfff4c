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
        self._attempts: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def admits(self, name: str, *, place: str) -> bool:
        """Whether a password may be looked at, which is counted as a wrong one until `release`.

        Before it is hashed: guesses that are sent at the same time are counted, too.
        """
        with self._lock:
            recent = self._attempts.setdefault((name, place), deque(maxlen=_FREE))
            self._attempts.move_to_end((name, place))
            if len(self._attempts) > _MAX_KEYS:
                self._attempts.popitem(last=False)
            now = self._clock()
            if len(recent) == _FREE and recent[0] > now - _WINDOW:
                return False
            recent.append(now)
            return True

    def release(self, name: str, *, place: str) -> None:
        """Forget the attempts, after a right password."""
        with self._lock:
            self._attempts.pop((name, place), None)
