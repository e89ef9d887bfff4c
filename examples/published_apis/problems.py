"""What a client is told when a call fails; each API puts it into its own form."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from http import HTTPStatus

from recoverykit import (
    ConcurrentUpdate,
    InvalidArgument,
    ManagementLocked,
    OutcomeUnknown,
    Overloaded,
    RecoveryKitError,
    RedemptionRefused,
    TooManyAttempts,
)


class Kind(Enum):
    """What can go wrong with any call: its status, its code, and a sentence for the client."""

    MALFORMED = HTTPStatus.BAD_REQUEST, "malformed", "This is not a request of this call."
    UNAUTHENTICATED = HTTPStatus.UNAUTHORIZED, "unauthenticated", "Who asks is not known."
    REFUSED = HTTPStatus.FORBIDDEN, "refused", "This is refused."
    NOT_FOUND = HTTPStatus.NOT_FOUND, "not_found", "There is no such call."
    NO_METHOD = HTTPStatus.METHOD_NOT_ALLOWED, "no_method", "This call has another method."
    TOO_LARGE = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", "The request is too large."
    TOO_MANY = (
        HTTPStatus.TOO_MANY_REQUESTS,
        "too_many_attempts",
        "There were too many attempts: please wait before you try again.",
    )
    BROKEN = HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "Something is broken here."
    UNAVAILABLE = HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "Please try again later."

    def __init__(self, status: HTTPStatus, code: str, message: str) -> None:
        self.status = status
        self.code = code
        self.message = message


_BY_STATUS = {kind.status: kind for kind in Kind}


class Problem(Exception):
    """A call that fails, and what its client is told.

    Args:
        kind: what went wrong.
        message: the sentence; None for that of the kind.
        code: the API's own word for it; None for that of the kind.
        retry_at: when it may be tried again; None where no delay runs.
        headers: what goes with the answer.
        details: further fields of the answer, in an API that has some.
    """

    def __init__(
        self,
        kind: Kind,
        message: str | None = None,
        *,
        code: str | None = None,
        retry_at: datetime | None = None,
        headers: Mapping[str, str] | None = None,
        details: Mapping[str, str] | None = None,
    ) -> None:
        self.kind = kind
        self.message = kind.message if message is None else message
        self.code = kind.code if code is None else code
        self.headers = dict(headers or {})
        self.details = dict(details or {})
        if retry_at is not None:
            wait = (retry_at - datetime.now(UTC)).total_seconds()
            self.headers["Retry-After"] = str(max(1, math.ceil(wait)))
        super().__init__(self.code)


def problem_of(error: RecoveryKitError) -> Problem:
    """Return what a client is told of an error of the kit's. Nobody gets in by any of them."""
    match error:
        case TooManyAttempts():
            problem = Problem(Kind.TOO_MANY, error.public_message, retry_at=error.retry_at)
        case RedemptionRefused():
            # One status and one code: which codes were used, or that there are none, is not told.
            problem = Problem(Kind.REFUSED, error.public_message)
        case ManagementLocked():
            problem = Problem(Kind.REFUSED, "This session has to be unlocked first, or again.")
        case InvalidArgument():
            problem = Problem(Kind.MALFORMED)
        case Overloaded() | ConcurrentUpdate():
            problem = Problem(Kind.UNAVAILABLE, "Nothing was done: please try again.")
        case OutcomeUnknown():
            message = "Whether it is done is not known: please look before you try again."
            problem = Problem(Kind.UNAVAILABLE, message)
        case _:
            problem = Problem(Kind.UNAVAILABLE)
    return problem


def problem_of_status(status: int, *, headers: Mapping[str, str] | None = None) -> Problem:
    """Return what a client is told of a request that no call has answered."""
    return Problem(_BY_STATUS.get(HTTPStatus(status), Kind.BROKEN), headers=headers)
