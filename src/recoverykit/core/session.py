"""The id of a host's session, of which nothing but a digest is ever stored."""

import hashlib
import hmac
from typing import Final

from recoverykit.core.framing import framed
from recoverykit.core.masked import Masked
from recoverykit.core.subject import Subject
from recoverykit.errors import InvalidArgument

_LABEL: Final = b"recoverykit/1/session"
_MAX_CHARS: Final = 1_024


def session_digest(session: Masked[str], subject: Subject) -> Masked[str]:
    """Return the digest of a session's id as it is stored for a subject.

    It is a plain hash: a session id that can be guessed is no session id.

    Raises:
        InvalidArgument: it is no text of 1 to 1,024 characters without lone surrogates.
    """
    if not _is_usable(session.reveal()):
        raise InvalidArgument("a session id is a text of 1 to 1,024 characters")
    message = framed(*subject.parts, session.reveal().encode())
    return Masked(hmac.digest(_LABEL, message, hashlib.sha256).hex())


def _is_usable(session: object) -> bool:
    return (
        isinstance(session, str)
        and 0 < len(session) <= _MAX_CHARS
        and not any("\ud800" <= char <= "\udfff" for char in session)
    )
