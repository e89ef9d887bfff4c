"""What a person is told when something fails: nobody is let in."""

from http import HTTPStatus

from examples.host import journal, pages, texts
from examples.host.pages import Page
from recoverykit import ConcurrentUpdate, OutcomeUnknown, Overloaded, RecoveryKitError


def page_of(error: RecoveryKitError) -> Page:
    """Log an error that no view has dealt with, and return its page."""
    journal.write_failure(error)
    match error:
        case Overloaded() | ConcurrentUpdate():
            return pages.problem_page(texts.BUSY)
        case OutcomeUnknown():
            # The attempt id stands in the login, so that the same form leads to one success.
            return pages.problem_page(texts.NOT_CERTAIN)
        case _:
            return pages.problem_page(texts.BROKEN)


def page_of_status(status: int) -> Page:
    """Return the page for a request that no view has answered."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return pages.problem_page(texts.BROKEN)
    return pages.message_page(HTTPStatus(status).phrase, status=status)
