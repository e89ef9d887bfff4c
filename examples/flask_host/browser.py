"""What comes from a browser and goes back to it: cookies, forms and pages."""

from http import HTTPStatus

from flask import Response, request

from examples.flask_host import host
from examples.host import clock, cookies, forgery, pages, sessions, texts
from examples.host.pages import Page
from examples.host.sessions import Session


def held(cookie: str) -> str | None:
    """Return the id in a cookie."""
    return request.cookies.get(cookies.named(cookie, is_https=_is_https()))


def keep(response: Response, cookie: str, an_id: str, *, seconds: int) -> None:
    """Let the browser hold an id."""
    response.set_cookie(**cookies.holding(cookie, an_id, seconds=seconds, is_https=_is_https()))


def drop(response: Response, cookie: str) -> None:
    """Let the browser forget an id."""
    response.set_cookie(**cookies.forgotten(cookie, is_https=_is_https()))


def answer(page: Page) -> Response:
    """Return a page as an answer."""
    return Response(page.html, status=page.status, headers=dict(page.headers), mimetype="text/html")


def go(path: str) -> Response:
    """Send the browser to another page; a form that was sent is not sent again by a reload."""
    return Response(status=HTTPStatus.SEE_OTHER, headers={"Location": path})


def session() -> Session | None:
    """Return who is signed in."""
    session_id = held(cookies.SESSION)
    if not session_id:
        return None
    with host.current().engine.connect() as connection:
        return sessions.find(connection, session_id, now=clock.now())


def refuse_forgery() -> Response | None:
    """Refuse whatever may change something and is no form that was made for this browser.

    It runs before every request, so that no page can forget to ask.
    """
    token = request.form.get("csrf", "")
    if forgery.is_forged(request.method, request.path, held=held, token=token):
        return answer(pages.problem_page(texts.OUT_OF_DATE))
    return None


def add_headers(response: Response) -> Response:
    """Let no answer be kept by anybody."""
    response.headers.update(pages.HEADERS)
    return response


def _is_https() -> bool:
    return host.current().settings.is_https
