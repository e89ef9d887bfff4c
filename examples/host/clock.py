"""The time, as the tables hold it."""

import time


def now() -> int:
    """Return the seconds since 1970."""
    return int(time.time())
