"""What comes from a browser: cookies, forms, and who it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request, Response

from examples.fastapi_host.host import Host
from examples.host import clock, codes, cookies, forgery, sessions
from examples.host.sessions import Session


class Forged(Exception):
    """The request may change something, and is no form that was made for its browser."""


class NotSignedIn(Exception):
    """The page is for those who are signed in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """A browser with a request.

    Attributes:
        host: what the application is made of.
        address: where it is; empty where the server does not know.
        cookies: what it holds, by the names that it knows.
        form: the fields that it has sent; empty where it has sent none.
    """

    host: Host
    address: str
    cookies: Mapping[str, str] = field(repr=False)
    form: Mapping[str, str] = field(repr=False)

    @property
    def context(self) -> dict[str, str]:
        """What the audit trail shall say about the request."""
        return codes.context_of(self.address)

    def held(self, cookie: str) -> str | None:
        """Return the id in a cookie."""
        return self.cookies.get(cookies.named(cookie, is_https=self._is_https))

    def keep(self, response: Response, cookie: str, an_id: str, *, seconds: int) -> None:
        """Let the browser hold an id."""
        response.set_cookie(
            **cookies.holding(cookie, an_id, seconds=seconds, is_https=self._is_https)
        )

    def drop(self, response: Response, cookie: str) -> None:
        """Let the browser forget an id."""
        response.set_cookie(**cookies.forgotten(cookie, is_https=self._is_https))

    @property
    def _is_https(self) -> bool:
        return self.host.settings.is_https


async def asking(request: Request) -> Browser:
    """Return the browser of a request.

    The form is read here and not by FastAPI's ``Form``: the answer to a form that does not validate
    would show what was typed.
    """
    fields = await request.form(max_files=0)
    return Browser(
        host=cast("Host", request.state.host),
        address=request.client.host if request.client else "",
        cookies=request.cookies,
        form={name: value for name, value in fields.items() if isinstance(value, str)},
    )


Asking = Annotated[Browser, Depends(asking)]


async def refuse_forgery(request: Request, browser: Asking) -> None:
    """Refuse whatever is no form that was made for this browser.

    It runs before every page, so that none can forget to ask.
    """
    token = browser.form.get("csrf", "")
    if forgery.is_forged(request.method, request.url.path, held=browser.held, token=token):
        raise Forged


async def signed_in(browser: Asking) -> Session:
    """Show a page to those who are signed in only."""
    session_id = browser.held(cookies.SESSION)
    session = None
    if session_id:
        session = await browser.host.read(sessions.find, session_id, now=clock.now())
    if session is None:
        raise NotSignedIn
    return session


SignedIn = Annotated[Session, Depends(signed_in)]
