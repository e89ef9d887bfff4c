"""The seal of a document: a MAC over whose it is, its revision, and every byte of it.

    {"seal":"2026-11$MAC","content":DOCUMENT}

The MAC is HMAC-SHA-256 under a subkey of the named key, in base64 without padding. It is checked
before anything of the document is read. What it cannot tell is an older row from a newer one, where
somebody puts back a whole row, its revision included.
"""

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import Final

from recoverykit.core.framing import framed
from recoverykit.core.keyring import Keyring
from recoverykit.core.masked import Masked
from recoverykit.core.subject import Subject
from recoverykit.errors import CorruptRecord, UnknownKey

_HEAD: Final = re.compile(
    r'\{"seal":"(?P<key>[A-Za-z0-9][A-Za-z0-9._-]{0,63})\$(?P<mac>[A-Za-z0-9+/]{43})","content":',
    re.ASCII,
)


def sealed(content: str, *, keyring: Keyring | None, subject: Subject, revision: str) -> str:
    """Return the text to be stored: the content under the primary key's seal, or as it is.

    Args:
        content: the document as ASCII JSON.
        keyring: None for no seal.
        subject: whose document.
        revision: the revision of the commit that writes it.
    """
    if keyring is None:
        return content
    key_id = keyring.primary
    mac = _mac(keyring, key_id, Masked(content), subject=subject, revision=revision)
    return f'{{"seal":"{key_id}${mac.reveal()}","content":{content}}}'


def opened(
    text: Masked[str], *, keyring: Keyring | None, subject: Subject, revision: str
) -> Masked[str]:
    """Return the content of a stored text, its seal being whole.

    Raises:
        UnknownKey: the seal names a key that the keyring lacks.
        CorruptRecord: the seal does not fit, or there is none and the keyring asks for one.
    """
    seal = _seal_on(text)
    if seal is None:
        if keyring is not None and not keyring.accepts_unsealed:
            raise CorruptRecord("a stored document has no seal")
        return text
    if keyring is None:
        raise UnknownKey(seal.key_id)
    expected = _mac(keyring, seal.key_id, seal.content, subject=subject, revision=revision)
    if expected != seal.mac:
        raise CorruptRecord("the seal of a stored document does not fit")
    return seal.content


def unchecked(text: Masked[str]) -> Masked[str]:
    """Return the content of a stored text without a check of its seal: only to be shown."""
    seal = _seal_on(text)
    return text if seal is None else seal.content


def seal_key_in(text: Masked[str]) -> str | None:
    """Return the id of the key that seals a stored text; None where none does."""
    seal = _seal_on(text)
    return None if seal is None else seal.key_id


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seal:
    key_id: str
    mac: Masked[str]
    content: Masked[str]


def _seal_on(text: Masked[str]) -> _Seal | None:
    whole = text.reveal()
    head = _HEAD.match(whole)
    if head is None or not whole.endswith("}"):
        return None
    return _Seal(
        key_id=head["key"], mac=Masked(head["mac"]), content=Masked(whole[head.end() : -1])
    )


def _mac(
    keyring: Keyring, key_id: str, content: Masked[str], *, subject: Subject, revision: str
) -> Masked[str]:
    # A storage may hand back any text: nothing in it may break the encoding.
    message = Masked(
        framed(*subject.parts, revision.encode("utf-8", "surrogatepass"))
        + content.reveal().encode("utf-8", "surrogatepass")
    )
    mac = keyring.seal(key_id, message)
    return Masked(b64encode(mac.reveal()).decode().rstrip("="))
