"""Random ids, what is stored of them, and what is derived from them."""

import hashlib
import hmac
import secrets

_BYTES = 32


def new_id() -> str:
    """Return an id that nobody can guess: 256 random bits in hex."""
    return secrets.token_hex(_BYTES)


def digest_of(an_id: str) -> str:
    """Return what is stored of an id that a browser holds. It is random: no salt is needed."""
    return hashlib.sha256(an_id.encode()).hexdigest()


def session_id_of(login_id: str, *, seed: str) -> str:
    """Return the id of the session that a pending login opens: the same one each time.

    So a form that is sent twice gets the same session twice, although only its digest is stored.
    It takes both the browser's id and the seed that only the server knows: whoever planted or
    stole the id before the second factor was shown cannot work out the session.
    """
    return hmac.digest(bytes.fromhex(seed), login_id.encode(), hashlib.sha256).hex()


def csrf_token_of(an_id: str) -> str:
    """Return what every form of the holder of a cookie must carry: it cannot be had without it."""
    return hmac.digest(an_id.encode(), b"csrf", hashlib.sha256).hex()


def is_csrf_token_of(an_id: str, token: str) -> bool:
    """Whether a form was made for the holder of that cookie."""
    return hmac.compare_digest(csrf_token_of(an_id).encode(), token.encode())
