"""The cookies: their names, and what a browser may do with them.

There are two. One is for the login and one for the session, so that the id which was there before
somebody signed in is never the id of a session (session fixation).
"""

from typing import Final, Literal, TypedDict

LOGIN: Final = "login"
SESSION: Final = "session"


class CookieArguments(TypedDict):
    """What the ``set_cookie`` of a framework is called with."""

    key: str
    value: str
    max_age: int
    path: str
    secure: bool
    httponly: bool
    samesite: Literal["lax"]


def named(cookie: str, *, is_https: bool) -> str:
    """Return the name that the browser knows a cookie by."""
    # A browser takes a cookie with this prefix from the very host and by https only, so that a
    # neighbouring host cannot plant one.
    return f"__Host-{cookie}" if is_https else cookie


def holding(cookie: str, an_id: str, *, seconds: int, is_https: bool) -> CookieArguments:
    """Let the browser hold an id, out of the reach of scripts and of other sites' forms.

    Args:
        cookie: `LOGIN` or `SESSION`.
        an_id: the id.
        seconds: for how long.
        is_https: whether the browser comes by https.
    """
    return CookieArguments(
        key=named(cookie, is_https=is_https),
        value=an_id,
        max_age=seconds,
        path="/",
        secure=is_https,
        httponly=True,
        samesite="lax",
    )


def forgotten(cookie: str, *, is_https: bool) -> CookieArguments:
    """Let the browser forget an id."""
    return holding(cookie, "", seconds=0, is_https=is_https)
