"""The pages as HTML. An application sends them as they are, whatever its framework.

Nothing that a user typed as a code or as a password is ever written back into a page.
"""

import base64
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from examples.host import texts
from recoverykit import Issued, MalformedCode, RedemptionRefused, Status, TooManyAttempts

_TEMPLATES = Path(__file__).parent / "templates"
_STYLE = (_TEMPLATES / "style.css").read_text("utf-8")
_STYLE_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

HEADERS: Final[Mapping[str, str]] = {
    # New codes are on a page once: no cache, no history and no proxy may keep it.
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_DIGEST}'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""What every answer carries, a redirect included."""

_environment = Environment(
    loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined
)
_environment.globals["style"] = _STYLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An answer that is a page. It may show codes, which the repr does not.

    Attributes:
        html: its text.
        status: the status of the answer.
        headers: what goes with it, beside `HEADERS`.
    """

    html: str = field(repr=False)
    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def password_page(csrf: str, *, problem: str = "", status: int = HTTPStatus.OK) -> Page:
    """Return the first step of the login."""
    return Page(html=_render("password.html", csrf=csrf, problem=problem), status=status)


def code_page(csrf: str, *, refused: RedemptionRefused | None = None) -> Page:
    """Return the second step of the login, and why the last code was refused."""
    return _answering(refused, "code.html", csrf=csrf)


def manage_page(
    csrf: str,
    *,
    name: str,
    status: Status,
    refused: RedemptionRefused | None = None,
    problem: str = "",
) -> Page:
    """Return what became of a user's codes, and what can be done about them.

    Args:
        csrf: the token for its forms.
        name: whose codes.
        status: what they are good for.
        refused: why a code that was typed back does not make the new ones count.
        problem: what else went wrong.
    """
    page = _answering(
        refused, "manage.html", csrf=csrf, name=name, codes=status, more_problem=problem
    )
    return Page(
        html=page.html,
        status=HTTPStatus.CONFLICT if problem else page.status,
        headers=page.headers,
    )


def sheet_page(csrf: str, *, name: str, issued: Issued) -> Page:
    """Return new codes, this once."""
    return Page(html=_render("sheet.html", csrf=csrf, name=name, issued=issued))


def unlock_page(csrf: str, *, problem: str = "", status: int = HTTPStatus.OK) -> Page:
    """Return the form that asks for the password again."""
    return Page(html=_render("unlock.html", csrf=csrf, problem=problem), status=status)


def message_page(message: str, *, status: int = HTTPStatus.OK) -> Page:
    """Return a page that says one thing, and leads back."""
    return Page(html=_render("message.html", message=message), status=status)


def _answering(refused: RedemptionRefused | None, template: str, **values: object) -> Page:
    """Show why a code was refused; the answer to all but typing errors and delays is the same."""
    if refused is None:
        return Page(html=_render(template, problem="", **values))
    problem, headers = refused.public_message, dict[str, str]()
    if refused.retry_at is not None:
        problem = texts.delayed(problem, refused.retry_at)
        seconds = (refused.retry_at - datetime.now(UTC)).total_seconds()
        headers["Retry-After"] = str(max(1, math.ceil(seconds)))
    html = _render(template, problem=problem, **values)
    return Page(html=html, status=_status_of(refused), headers=headers)


def _status_of(refused: RedemptionRefused) -> int:
    match refused:
        case MalformedCode():
            return HTTPStatus.UNPROCESSABLE_ENTITY
        case TooManyAttempts():
            return HTTPStatus.TOO_MANY_REQUESTS
        case _:
            return HTTPStatus.FORBIDDEN


def _render(template: str, **values: object) -> str:
    return _environment.get_template(template).render(values)
