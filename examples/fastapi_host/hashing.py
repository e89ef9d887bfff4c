"""The threads in which passwords are hashed.

A hash takes tens of milliseconds and 64 MiB. On the event loop it would hold everybody up; in
threads without a bound, whoever sends many passwords could fill the memory.
"""

from typing import Final

from anyio import CapacityLimiter, to_thread

from examples.host import users
from examples.host.users import User

_AT_A_TIME: Final = 4
_QUEUE: Final = 64  # those who wait longer than a second or two give up anyway


class TooManyWait(Exception):
    """So many passwords wait to be hashed that no further one is looked at."""


class PasswordThreads:
    """Verifies passwords off the event loop, some at a time; make it in the loop."""

    def __init__(self) -> None:
        self._limiter = CapacityLimiter(_AT_A_TIME)

    async def is_password_of(self, user: User | None, password: str) -> bool:
        """Whether the password is right, as `users.is_password_of` says.

        Raises:
            TooManyWait: nothing was judged.
        """
        if self._limiter.statistics().tasks_waiting >= _QUEUE:
            raise TooManyWait
        # Whoever is cancelled waits for the thread: none runs that the limiter has not counted.
        return await to_thread.run_sync(users.is_password_of, user, password, limiter=self._limiter)
