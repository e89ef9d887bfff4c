"""What a person is told when the kit cannot say whether a code is right: nobody is let in."""

from http import HTTPStatus

from examples.host import pages, texts
from examples.host.pages import Page
from recoverykit import ConcurrentUpdate, OutcomeUnknown, Overloaded, RecoveryKitError


def page_of(error: RecoveryKitError) -> Page:
    """Return the page for an error that no view has dealt with."""
    match error:
        case Overloaded() | ConcurrentUpdate():
            return pages.message_page(texts.BUSY, status=HTTPStatus.SERVICE_UNAVAILABLE)
        case OutcomeUnknown():
            # The attempt id stands in the login, so that the same form leads to one success.
            return pages.message_page(texts.NOT_CERTAIN, status=HTTPStatus.SERVICE_UNAVAILABLE)
        case _:
            return pages.message_page(texts.BROKEN, status=HTTPStatus.INTERNAL_SERVER_ERROR)
