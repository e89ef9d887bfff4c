"""Which requests are refused because they are no form that was made for their browser."""

from collections.abc import Callable
from typing import Final

from examples.host import cookies, tokens

MAX_FORM_BYTES: Final = 16 * 1024
"""No form of ours is larger."""

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def is_forged(method: str, path: str, *, held: Callable[[str], str | None], token: str) -> bool:
    """Whether a request may change something, and is no form that was made for its browser.

    Args:
        method: that of the request.
        path: that of the request.
        held: returns the id that the browser holds in a cookie.
        token: what the form carries; empty where it carries none.
    """
    if method in _READING:
        return False
    # Not just any of the two: the cookie of the login is handed to whoever asks for it.
    holder = held(cookies.LOGIN if path.startswith("/login") else cookies.SESSION)
    return not holder or not tokens.is_csrf_token_of(holder, token)
