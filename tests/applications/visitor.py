"""Somebody at a browser: it keeps cookies, fills in forms, and follows redirects."""

import re
from dataclasses import dataclass, field
from html import unescape

import requests

from tests.applications.program import Program

_FORM = re.compile(
    r'<form method="post" action="([^"]+)">\s*<input type="hidden" name="csrf" value="([^"]+)">'
)
_CODE = re.compile(r'<li class="code">([^<]+)</li>')
_PROBLEM = re.compile(r'role="alert">([^<]+)<')
_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who may sign in, and the codes they have kept."""

    id: str
    name: str
    password: str
    codes: list[str] = field(default_factory=list, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the browser shows after all redirects."""

    path: str
    status: int
    html: str
    headers: requests.structures.CaseInsensitiveDict[str]

    @property
    def forms(self) -> dict[str, str]:
        """Where the forms of the page lead, and the token of each."""
        return dict(_FORM.findall(self.html))

    @property
    def codes(self) -> list[str]:
        """The codes on the page."""
        return [unescape(code) for code in _CODE.findall(self.html)]

    @property
    def problem(self) -> str:
        """What the page complains about."""
        found = _PROBLEM.search(self.html)
        return unescape(found[1]) if found else ""


class Visitor:
    """A browser on one application."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.http = requests.Session()
        self.http.trust_env = False  # no proxy stands between this machine and itself
        self.page: Seen | None = None

    def twin(self) -> "Visitor":
        """Return a browser in the same state: the same cookies, the same page."""
        twin = Visitor(self.program)
        twin.http.cookies.update(self.http.cookies)
        twin.page = self.page
        return twin

    def cookie(self, name: str) -> str | None:
        return self.http.cookies.get(name)

    def plant(self, name: str, value: str) -> None:
        """Put a cookie into the browser, as its thief or a neighbouring host might."""
        self.http.cookies.set(name, value, domain="127.0.0.1", path="/")

    def open(self, path: str) -> Seen:
        """Go to a page."""
        return self._show(self.http.get(self.program.url + path, timeout=_SECONDS))

    def post(self, path: str, *, follow: bool = True, **fields: str) -> Seen:
        """Send fields to a path, whatever page is shown."""
        url = self.program.url + path
        return self._show(
            self.http.post(url, data=fields, timeout=_SECONDS, allow_redirects=follow)
        )

    def send(self, action: str, *, follow: bool = True, **fields: str) -> Seen:
        """Fill in the form of the page that leads there, and send it."""
        assert self.page is not None
        return self.post(action, follow=follow, csrf=self.page.forms[action], **fields)

    def show_password(self, account: Account) -> Seen:
        """Take the first step of the login."""
        self.open("/login")
        return self.send("/login", name=account.name, password=account.password)

    def sign_in(self, account: Account) -> Seen:
        """Take both steps of the login; the second one spends a code that was kept."""
        seen = self.show_password(account)
        return self.send("/login/code", code=account.codes.pop()) if account.codes else seen

    def sign_out(self) -> Seen:
        self.open("/codes")
        return self.send("/logout")

    def unlock(self, account: Account) -> Seen:
        self.open("/codes/unlock")
        return self.send("/codes/unlock", password=account.password)

    def make_codes(self, account: Account, *, action: str = "/codes/issue") -> list[str]:
        """Unlock, make codes, type one of them back, and keep them."""
        self.unlock(account)
        codes = self.send(action).codes
        self.send("/codes/confirm", code=codes[0])
        account.codes[:] = codes
        return codes

    def _show(self, answer: requests.Response) -> Seen:
        self.page = Seen(
            path=answer.url.removeprefix(self.program.url),
            status=answer.status_code,
            html=answer.text,
            headers=answer.headers,
        )
        return self.page
