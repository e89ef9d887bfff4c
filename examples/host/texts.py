"""Sentences that more than one page may show; all others stand in the templates."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why something was not done.

    Attributes:
        text: what the person is told.
        status: the status of the answer.
    """

    text: str
    status: int


WRONG_PASSWORD: Final = Problem(
    text="The name or the password is wrong.", status=HTTPStatus.FORBIDDEN
)
TOO_MANY_PASSWORDS: Final = Problem(
    text="There were too many wrong passwords: please wait some minutes before you try again.",
    status=HTTPStatus.TOO_MANY_REQUESTS,
)
OUT_OF_DATE: Final = Problem(
    text="This form is out of date, or did not come from here. Nothing was done.",
    status=HTTPStatus.FORBIDDEN,
)
LOGIN_FINISHED: Final = Problem(
    text="This sign-in was finished with another code. No further code was spent: sign in again.",
    status=HTTPStatus.CONFLICT,
)
NEEDS_CODE: Final = Problem(
    text="This session has not shown a recovery code: sign in again with one.",
    status=HTTPStatus.FORBIDDEN,
)
STILL_ISSUED: Final = Problem(
    text="There are codes that still count: replace them, if you want new ones.",
    status=HTTPStatus.CONFLICT,
)
BUSY: Final = Problem(
    text="There is too much to do at the moment. Nothing was judged: please try again.",
    status=HTTPStatus.SERVICE_UNAVAILABLE,
)
NOT_CERTAIN: Final = Problem(
    text=(
        "The database did not answer in time. Please send the same form again: "
        "nothing is lost by it."
    ),
    status=HTTPStatus.SERVICE_UNAVAILABLE,
)
BROKEN: Final = Problem(
    text="Something is wrong on our side. Please tell us.", status=HTTPStatus.INTERNAL_SERVER_ERROR
)
REVOKED: Final = "The codes are revoked: none of them counts any more."
CONFIRMED: Final = "The new codes count from now on, and no older ones."


def delayed(message: str, retry_at: datetime) -> str:
    """Add to a message when the next attempt will be judged."""
    return f"{message} The next attempt is possible at {retry_at:%H:%M:%S} UTC."
