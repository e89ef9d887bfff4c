"""An own reading of seals: what a keyring must make of a stored text, told without the core."""

import base64
import hashlib
import hmac
import string
from collections.abc import Mapping

from recoverykit.core.keyring import Keyring
from recoverykit.core.subject import Subject

KEYS: Mapping[str, bytes] = {"k1": b"one of 16 bytes.", "k2.-_Z": b"another of them!"}

_HEAD, _MIDDLE, _END = '{"seal":"', '","content":', "}"
_LETTERS = frozenset(string.ascii_letters + string.digits)


def sealed(content: str, key_id: str, *, subject: Subject, revision: str) -> str:
    """Return the content of a document under a seal."""
    mac = _mac(content, KEYS[key_id], subject=subject, revision=revision)
    return f"{_HEAD}{key_id}${mac}{_MIDDLE}{content}{_END}"


def content_in(
    text: str, keyring: Keyring | None, *, subject: Subject, revision: str
) -> str | None:
    """Return what a kit may read of a text.

    Returns:
        The content; None where the seal does not fit, or there is none and there must be.

    Raises:
        LookupError: the seal is by a key that the keyring lacks; with its id.
    """
    seal = seal_on(text)
    if seal is None:
        is_open = keyring is None or keyring.accepts_unsealed
        return text if is_open else None
    key_id, mac, content = seal
    if keyring is None or key_id not in keyring.ids:
        raise LookupError(key_id)
    return (
        content if _mac(content, KEYS[key_id], subject=subject, revision=revision) == mac else None
    )


def seal_on(text: str) -> tuple[str, str, str] | None:
    """Return key id, MAC and content of a text that has the shape of a sealed one."""
    if not text.startswith(_HEAD) or not text.endswith(_END):
        return None
    key_id, dollar, rest = text[len(_HEAD) :].partition("$")
    mac, middle, content = rest.partition(_MIDDLE)
    if not dollar or not middle or not content:
        return None
    is_id = (
        1 <= len(key_id) <= 64 and set(key_id) <= _LETTERS | set("._-") and key_id[0] in _LETTERS
    )
    is_mac = len(mac) == 43 and set(mac) <= _LETTERS | set("+/")
    return (key_id, mac, content[: -len(_END)]) if is_id and is_mac else None


def _mac(content: str, key: bytes, *, subject: Subject, revision: str) -> str:
    subkey = hmac.new(key, b"recoverykit/1/seal", hashlib.sha256).digest()
    mac = hmac.new(subkey, digestmod=hashlib.sha256)
    for part in (subject.tenant, subject.id, subject.scope, revision):
        data = part.encode("utf-8", "surrogatepass")
        mac.update(len(data).to_bytes(4, "big") + data)
    mac.update(content.encode("utf-8", "surrogatepass"))
    return base64.b64encode(mac.digest()).decode().rstrip("=")
