"""Sentences that more than one page may show; all others stand in the templates."""

from datetime import datetime
from typing import Final

WRONG_PASSWORD: Final = "The name or the password is wrong."  # noqa: S105 - not a password
TOO_MANY_PASSWORDS: Final = (
    "There were too many wrong passwords: please wait some minutes before you try again."
)
OUT_OF_DATE: Final = "This form is out of date, or did not come from here. Nothing was done."
LOGIN_FINISHED: Final = (
    "This sign-in was finished with another code. No further code was spent: sign in again."
)
NEEDS_CODE: Final = "This session has not shown a recovery code: sign in again with one."
BUSY: Final = "There is too much to do at the moment. Nothing was judged: please try again."
NOT_CERTAIN: Final = (
    "The database did not answer in time. Please send the same form again: nothing is lost by it."
)
BROKEN: Final = "Something is wrong on our side. Please tell us."
STILL_ISSUED: Final = "There are codes that still count: replace them, if you want new ones."
REVOKED: Final = "The codes are revoked: none of them counts any more."
CONFIRMED: Final = "The new codes count from now on, and no older ones."


def delayed(message: str, retry_at: datetime) -> str:
    """Add to a message when the next attempt will be judged."""
    return f"{message} The next attempt is possible at {retry_at:%H:%M:%S} UTC."
