"""The threads in which passwords are hashed.

A hash takes tens of milliseconds and 64 MiB. On the event loop it would hold everybody up; in
threads without a bound, whoever sends many passwords could fill the memory.
"""

from typing import Final

from anyio import CapacityLimiter, to_thread

from examples.host import users
from examples.host.users import User

AT_A_TIME: Final = 4
QUEUE: Final = 64  # those who wait longer than a second or two give up anyway


class TooManyWait(Exception):
    """So many passwords wait to be hashed that no further one is looked at."""


class PasswordThreads:
    """Verifies passwords off the event loop, some at a time; make it in the loop.

    Args:
        at_a_time: how many are hashed at the same time.
        queue: how many may wait for that.
    """

    def __init__(self, *, at_a_time: int = AT_A_TIME, queue: int = QUEUE) -> None:
        self._limiter = CapacityLimiter(at_a_time)
        self._room = at_a_time + queue

    async def is_password_of(self, user: User | None, password: str) -> bool:
        """Whether the password is right, as `users.is_password_of` says.

        Raises:
            TooManyWait: nothing was judged.
        """
        # Counted here: the limiter knows of those who wait only after a turn of the loop, and
        # many may come in one.
        if not self._room:
            raise TooManyWait
        self._room -= 1
        try:
            # Whoever is cancelled waits for the thread: none runs that was not counted.
            return await to_thread.run_sync(
                users.is_password_of, user, password, limiter=self._limiter
            )
        finally:
            self._room += 1
