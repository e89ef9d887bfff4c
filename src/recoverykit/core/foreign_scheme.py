"""The hash schemes of other systems, and what their lines look like.

A line is read as what it is said to be, never guessed at. Lines without a salt, or whose hash is a
fast one, have no scheme here: import such codes as plain text, if they are to be had.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial
from types import MappingProxyType
from typing import Final, TypeAlias

from argon2.low_level import Type

from recoverykit.core.foreign_recipe import (
    Argon2Recipe,
    BcryptRecipe,
    Pbkdf2Recipe,
    Recipe,
    ScryptRecipe,
)
from recoverykit.core.hasher import Argon2idHasher, Pbkdf2Hasher
from recoverykit.core.masked import Masked
from recoverykit.errors import PolicyError

MAX_LINE: Final = 200  # characters

_MAX_BYTES: Final = 1024  # no text that is looked at is longer
_MAX_BCRYPT_BYTES: Final = 72  # what stands behind them, bcrypt's older versions do not see


class ForeignScheme(Enum):
    """What another system hashed its codes with; the caller says which.

    ``BCRYPT`` is ``$2a$``, ``$2b$`` or ``$2y$``; ``ARGON2`` is ``$argon2id$``, ``$argon2i$`` or
    ``$argon2d$``; ``PBKDF2_SHA256`` and ``PBKDF2_SHA512`` are lines as passlib writes them, or as
    the PHC string format asks for. Those of Django are its password hashers' lines. The ceilings:
    cost 14 for bcrypt, 5,000,000 iterations, 256 MiB of memory, and 1 GiB in all passes. Salts
    have at least 8 bytes.
    """

    BCRYPT = "bcrypt"
    ARGON2 = "argon2"
    PBKDF2_SHA256 = "pbkdf2-sha256"
    PBKDF2_SHA512 = "pbkdf2-sha512"
    DJANGO_PBKDF2_SHA256 = "django-pbkdf2-sha256"
    DJANGO_PBKDF2_SHA1 = "django-pbkdf2-sha1"
    DJANGO_ARGON2 = "django-argon2"
    DJANGO_BCRYPT_SHA256 = "django-bcrypt-sha256"
    DJANGO_BCRYPT = "django-bcrypt"
    DJANGO_SCRYPT = "django-scrypt"

    @property
    def max_bytes(self) -> int:
        """How many bytes a code can have that was hashed so; longer ones would be cut."""
        is_cut = self in {ForeignScheme.BCRYPT, ForeignScheme.DJANGO_BCRYPT}
        return _MAX_BCRYPT_BYTES if is_cut else _MAX_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignLine:
    """What a line of another system says.

    Attributes:
        recipe: how the code was hashed.
        digest: what came out, in bytes or in the line's own characters.
    """

    recipe: Recipe
    digest: Masked[bytes]


def read_line(scheme: ForeignScheme, line: Masked[str]) -> ForeignLine | None:
    """Return what a line says; None where it is no line of that scheme."""
    shape, make = _READERS[scheme]
    if len(line.reveal()) > MAX_LINE:
        return None
    found = re.fullmatch(shape, line.reveal(), re.ASCII)  # compiled when it is first wanted
    if found is None:
        return None
    try:
        return make(found.groupdict())
    except (PolicyError, ValueError):
        return None


def _bcrypt(parts: Mapping[str, str], *, is_prehashed: bool) -> ForeignLine:
    return ForeignLine(
        recipe=BcryptRecipe(
            setting=parts["setting"], cost=int(parts["cost"]), is_prehashed=is_prehashed
        ),
        digest=Masked(parts["digest"].encode()),
    )


def _argon2(parts: Mapping[str, str]) -> ForeignLine:
    digest = Masked(_unb64(parts["digest"]))
    return ForeignLine(
        recipe=Argon2Recipe(
            kind=Type[parts["kind"].upper()],
            version=int(parts["version"]),
            cost=Argon2idHasher(
                memory_kib=int(parts["memory"]),
                time_cost=int(parts["passes"]),
                parallelism=int(parts["lanes"]),
            ),
            salt=_unb64(parts["salt"]),
            size=len(digest.reveal()),
        ),
        digest=digest,
    )


def _pbkdf2(
    parts: Mapping[str, str], *, hash_name: str, unsalt: Callable[[str], bytes]
) -> ForeignLine:
    digest = Masked(_unb64(parts["digest"]))
    return ForeignLine(
        recipe=Pbkdf2Recipe(
            hash_name=hash_name,
            cost=Pbkdf2Hasher(iterations=int(parts["iterations"])),
            salt=unsalt(parts["salt"]),
            size=len(digest.reveal()),
        ),
        digest=digest,
    )


def _scrypt(parts: Mapping[str, str]) -> ForeignLine:
    digest = Masked(_unb64(parts["digest"]))
    return ForeignLine(
        recipe=ScryptRecipe(
            n=int(parts["n"]),
            r=int(parts["r"]),
            p=int(parts["p"]),
            salt=parts["salt"].encode(),
            size=len(digest.reveal()),
        ),
        digest=digest,
    )


def _unb64(text: str) -> bytes:
    """Decode base64 without padding; passlib writes a full stop for the plus sign."""
    plain = text.replace(".", "+")
    data = b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    if b64encode(data).rstrip(b"=").decode() != plain:
        raise ValueError("more than one spelling")
    return data


# The last characters of salt and digest hold fewer than six bits: the rest must be 0.
_BCRYPT = (
    r"(?P<setting>\$2[aby]\$(?P<cost>[0-3]\d)\$[./A-Za-z0-9]{21}[.Oeu])"
    r"(?P<digest>[./A-Za-z0-9]{30}[.CGKOSWaeimquy26])"
)
_ARGON2 = (
    r"\$argon2(?P<kind>id|i|d)\$v=(?P<version>16|19)"
    r"\$m=(?P<memory>[1-9]\d{0,6}),t=(?P<passes>[1-9]\d?),p=(?P<lanes>[1-9]\d?)"
    r"\$(?P<salt>[A-Za-z0-9+/]{11,64})\$(?P<digest>[A-Za-z0-9+/]{22,86})"
)
# Django's salts are letters and digits unless a host makes its own. None has a sign that is read
# as the end of something, here or in a stored digest of ours.
_DJANGO_SALT = r"(?P<salt>[A-Za-z0-9+/._-]{8,64})"
_ITERATIONS = r"(?P<iterations>[1-9]\d{0,7})"


def _phc_pbkdf2(name: str, *, size: int, chars: int) -> str:
    head = rf"\$pbkdf2-{name}\$(?:i=)?{_ITERATIONS}(?:,l={size})?"
    return rf"{head}\$(?P<salt>[A-Za-z0-9+/.]{{11,64}})\$(?P<digest>[A-Za-z0-9+/.]{{{chars}}})"


def _django_pbkdf2(name: str, *, chars: int) -> str:
    head = rf"pbkdf2_{name}\${_ITERATIONS}\${_DJANGO_SALT}"
    return rf"{head}\$(?P<digest>[A-Za-z0-9+/]{{{chars}}})="


_DJANGO_SCRYPT = (
    rf"scrypt\$(?P<n>[1-9]\d{{0,7}})\${_DJANGO_SALT}\$(?P<r>[1-9]\d?)\$(?P<p>[1-9]\d?)"
    r"\$(?P<digest>[A-Za-z0-9+/]{86})=="
)

_Make: TypeAlias = Callable[[Mapping[str, str]], ForeignLine]

_READERS: Mapping[ForeignScheme, tuple[str, _Make]] = MappingProxyType(
    {
        ForeignScheme.BCRYPT: (_BCRYPT, partial(_bcrypt, is_prehashed=False)),
        ForeignScheme.ARGON2: (_ARGON2, _argon2),
        ForeignScheme.PBKDF2_SHA256: (
            _phc_pbkdf2("sha256", size=32, chars=43),
            partial(_pbkdf2, hash_name="sha256", unsalt=_unb64),
        ),
        ForeignScheme.PBKDF2_SHA512: (
            _phc_pbkdf2("sha512", size=64, chars=86),
            partial(_pbkdf2, hash_name="sha512", unsalt=_unb64),
        ),
        ForeignScheme.DJANGO_PBKDF2_SHA256: (
            _django_pbkdf2("sha256", chars=43),
            partial(_pbkdf2, hash_name="sha256", unsalt=str.encode),
        ),
        ForeignScheme.DJANGO_PBKDF2_SHA1: (
            _django_pbkdf2("sha1", chars=27),
            partial(_pbkdf2, hash_name="sha1", unsalt=str.encode),
        ),
        ForeignScheme.DJANGO_ARGON2: (r"argon2" + _ARGON2, _argon2),
        ForeignScheme.DJANGO_BCRYPT_SHA256: (
            r"bcrypt_sha256\$" + _BCRYPT,
            partial(_bcrypt, is_prehashed=True),
        ),
        ForeignScheme.DJANGO_BCRYPT: (r"bcrypt\$" + _BCRYPT, partial(_bcrypt, is_prehashed=False)),
        ForeignScheme.DJANGO_SCRYPT: (_DJANGO_SCRYPT, _scrypt),
    }
)
