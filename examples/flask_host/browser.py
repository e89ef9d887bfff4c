"""What comes from a browser and goes back to it: cookies, forms and pages.

There are two cookies. One is for the login and one for the session, so that the id which was there
before somebody signed in is never the id of a session (session fixation).
"""

from http import HTTPStatus
from typing import Final

from flask import Response, request

from examples.flask_host import host
from examples.host import pages, sessions, texts, tokens
from examples.host.pages import Page
from examples.host.sessions import Session

LOGIN: Final = "login"
SESSION: Final = "session"


def held(cookie: str) -> str | None:
    """Return the id in a cookie."""
    return request.cookies.get(_named(cookie))


def keep(response: Response, cookie: str, an_id: str, *, seconds: int) -> None:
    """Let the browser hold an id, out of the reach of scripts and of other sites' forms."""
    response.set_cookie(
        _named(cookie),
        an_id,
        max_age=seconds,
        path="/",
        secure=host.current().settings.is_https,
        httponly=True,
        samesite="Lax",
    )


def drop(response: Response, cookie: str) -> None:
    """Let the browser forget an id."""
    keep(response, cookie, "", seconds=0)


def answer(page: Page) -> Response:
    """Return a page as an answer."""
    return Response(page.html, status=page.status, headers=dict(page.headers), mimetype="text/html")


def go(path: str) -> Response:
    """Send the browser to another page; a form that was sent is not sent again by a reload."""
    return Response(status=HTTPStatus.SEE_OTHER, headers={"Location": path})


def session() -> Session | None:
    """Return who is signed in."""
    session_id = held(SESSION)
    if not session_id:
        return None
    with host.current().engine.connect() as connection:
        return sessions.find(connection, session_id, now=host.now())


def refuse_forgery() -> Response | None:
    """Refuse whatever may change something and is no form that was made for this browser.

    It runs before every request, so that no page can forget to ask.
    """
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return None
    # Not just any of the two: the cookie of the login is handed to whoever asks for it.
    holder = held(LOGIN if request.path.startswith("/login") else SESSION)
    if holder and tokens.is_csrf_token_of(holder, request.form.get("csrf", "")):
        return None
    return answer(pages.message_page(texts.OUT_OF_DATE, status=HTTPStatus.FORBIDDEN))


def add_headers(response: Response) -> Response:
    """Let no answer be kept by anybody."""
    response.headers.update(pages.HEADERS)
    return response


def _named(cookie: str) -> str:
    # A browser takes a cookie with this prefix from the very host and by https only, so that a
    # neighbouring host cannot plant one.
    return f"__Host-{cookie}" if host.current().settings.is_https else cookie
