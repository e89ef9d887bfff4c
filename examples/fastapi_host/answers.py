"""What goes back to a browser: pages, redirects, and what every answer carries."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from examples.host import journal
from examples.host.pages import Page


def show(page: Page) -> Response:
    """Return a page as an answer."""
    return HTMLResponse(page.html, status_code=page.status, headers=dict(page.headers))


def go(path: str) -> Response:
    """Send the browser to another page; a form that was sent is not sent again by a reload."""
    return RedirectResponse(path, status_code=HTTPStatus.SEE_OTHER)


class EveryAnswer:
    """Lets no answer be kept by anybody, and logs each.

    It stands around the whole application: a middleware of Starlette's does not see the answer to
    an error that nobody has dealt with, and its ``BaseHTTPMiddleware`` would run the application in
    a task of its own, to be cancelled when the browser hangs up.

    Args:
        app: the application.
        headers: what every answer carries.
    """

    def __init__(self, app: ASGIApp, *, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
                journal.write_request(scope["method"], scope["path"], message["status"])
            await send(message)

        await self._app(scope, receive, send_marked)
