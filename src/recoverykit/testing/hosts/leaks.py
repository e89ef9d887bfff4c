"""Leaks: what a thief of all that is stored could read off it, or guess at no cost."""

import base64
import binascii
import hashlib
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from recoverykit.testing.hosts.desk import Desk
from recoverykit.testing.hosts.forms import symbols_of
from recoverykit.testing.hosts.host import Dump, UserT
from recoverykit.testing.hosts.ledger import Code

_FAST: Final = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b")
_HEX: Final = re.compile(rb"(?:[0-9a-fA-F]{2}){4,}")
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_-]{6,}")
_SEPARATORS: Final = re.compile(rb"(?<=[0-9A-Za-z])[ ._:/-](?=[0-9A-Za-z])")
_CHANCE_BITS: Final = 40  # below these a code may stand in any large text by chance


def run_leaks(desk: Desk[UserT]) -> None:
    """Issue, spend, mistype and replace codes, and look for all of them in what is stored."""
    dump = desk.host.dump
    if dump is None:
        return
    person = desk.person()
    codes = list(person.codes)
    desk.send(person, codes[0])
    desk.send(person, codes[0])
    desk.replace(person)
    codes += [code for code in person.codes if code not in codes]
    found = list(leaked(codes, dump()))
    desk.steps += [f"in what is stored afterwards stands {each}" for each in found]
    desk.hold("H15", not found)


def leaked(codes: Sequence[Code], dump: Dump) -> Iterator[str]:
    """Name each code that can be found, and in which form.

    Where codes are so short that one may stand there by chance, half of them must.
    """
    stored = b"\n".join(_bytes(dump))
    # Who keeps a code may set its groups apart by another sign than the one that is shown.
    readable = b"\n".join((stored, _SEPARATORS.sub(b"", stored), *_decoded(stored)))
    folded = readable.lower()
    found: dict[str, str] = {}
    for code in codes:
        for form, needle in _needles(code.text):
            if needle in (readable if form.endswith("raw") else folded):
                found.setdefault(code.name, form)
    if _bits(codes) >= _CHANCE_BITS or len(found) * 2 >= len(codes):
        yield from (f"{name}, {form}" for name, form in found.items())


def _needles(text: str) -> Iterator[tuple[str, bytes]]:
    plain = symbols_of(text)
    for each in dict.fromkeys(
        (text, text.lower(), text.upper(), plain, plain.lower(), plain.upper())
    ):
        data = each.encode()
        yield "as it is typed", data.lower()
        for name in _FAST:
            digest = hashlib.new(name, data, usedforsecurity=False).digest()
            yield f"as its {name}", digest.hex().encode()
            yield f"as its {name}, raw", digest


def _decoded(stored: bytes) -> Iterator[bytes]:
    for found in _HEX.findall(stored):
        yield binascii.unhexlify(found)
    for found in _BASE64.findall(stored):
        text = found.translate(bytes.maketrans(b"-_", b"+/"))
        for start in range(4):  # a name may stand before it, as in "sha256-..."
            yield _of_base64(text[start:])


def _of_base64(text: bytes) -> bytes:
    return base64.b64decode(text[: len(text) - (len(text) % 4 == 1)] + b"=" * (-len(text) % 4))


def _bytes(dump: Dump) -> Iterable[bytes]:
    parts = (dump,) if isinstance(dump, bytes | str) else dump
    for part in parts:
        yield part.encode(errors="surrogatepass") if isinstance(part, str) else part


def _bits(codes: Sequence[Code]) -> float:
    plain = [symbols_of(code.text) for code in codes]
    return min(map(len, plain)) * math.log2(max(2, len(set("".join(plain)))))
