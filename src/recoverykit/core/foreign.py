"""A code that another system hashed: read-only, and held against a guess by one evaluation.

    $foreign$bcrypt$$2b$12$...
    $foreign$django-pbkdf2-sha256$pbkdf2_sha256$1000000$...

is how it is stored: the scheme's name and the other system's line, which no line of ours is taken
for, nor it for one of ours. It is bound to no key, subject, set or place, since the other system
did not bind it: a set of such codes is only as safe as it was there. Each has a salt of its own
and no selector, so a guess costs an evaluation for each code that it is held against.
"""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Final, Self, cast

from recoverykit.core.foreign_scheme import MAX_LINE, ForeignLine, ForeignScheme, read_line
from recoverykit.core.masked import Masked
from recoverykit.errors import CorruptRecord, InvalidArgument

_MARK: Final = "$foreign$"
_LABEL: Final = b"recoverykit foreign hash 1"
_TEXT: Final = re.compile(r"\$foreign\$(?P<scheme>[a-z0-9-]{1,32})\$(?P<line>[!-~]{1,200})")
_MAX_TEXT: Final = len(_MARK) + 32 + 1 + MAX_LINE

_BY_NAME: Final = {scheme.value: scheme for scheme in ForeignScheme}
_PRINTABLE: Final = frozenset(range(ord(" "), ord("~") + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignHash:
    """One code as another system hashed it.

    Attributes:
        scheme: what it was hashed with.
        line: the other system's line: at most 200 printable ASCII characters.

    Raises:
        InvalidArgument: it is no line of that scheme, or hashing by it would cost too much.
    """

    scheme: ForeignScheme
    line: Masked[str]
    _read: ForeignLine = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found = _readable(self.scheme, self.line)
        if found is None:
            raise InvalidArgument("a foreign hash is no line of the scheme that was named")
        if not found.recipe.is_affordable:
            raise InvalidArgument("a foreign hash asks for more work than the ceiling allows")
        object.__setattr__(self, "_read", found)

    @classmethod
    def read(cls, scheme: ForeignScheme, line: Masked[str] | str) -> Self:
        """Read a line that a host hands in.

        Args:
            scheme: what the code was hashed with; it is not guessed.
            line: what the other system stored, without blanks around it.

        Raises:
            InvalidArgument: it is no line of that scheme, or hashing by it would cost too much.
            MissingExtra: the scheme needs the extra ``import``, which is not installed.
        """
        masked = line if isinstance(line, Masked) else Masked(line)
        del line  # the frame of an error keeps its locals
        found = cls(scheme=scheme, line=masked)
        found._read.recipe.require_extra()
        return found

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read a stored line.

        Args:
            text: what `to_text` returned.

        Raises:
            CorruptRecord: it is not such a line, or hashing by it would cost too much.
        """
        scheme, line = _split(Masked(text))
        del text  # the frame of an error keeps its locals
        found = None if scheme is None else _readable(scheme, line)
        if scheme is None or found is None:
            raise CorruptRecord("a stored foreign hash cannot be read")
        if not found.recipe.is_affordable:
            raise CorruptRecord("a stored foreign hash asks for more work than the ceiling allows")
        return cls(scheme=scheme, line=line)

    def to_text(self) -> str:
        """Return the line that is stored: at most 242 printable ASCII characters."""
        return f"{_MARK}{self.scheme.value}${self.line.reveal()}"

    @property
    def expected(self) -> Masked[bytes]:
        """The 32 bytes that `derive` returns for the right code, and for no other."""
        return self._token(self._read.digest)

    def derive(self, secret: Masked[bytes]) -> Masked[bytes]:
        """Return 32 bytes to compare with `expected`, in constant time, after one evaluation.

        Args:
            secret: the code as the other system hashed it, in its own case and with its own
                separators: 1 to ``scheme.max_bytes`` bytes of printable ASCII.

        Raises:
            InvalidArgument: the secret is not such a text; a part of it is never hashed instead.
            MissingExtra: the scheme needs the extra ``import``, which is not installed.
        """
        if not _is_plain(secret, longest=self.scheme.max_bytes):
            raise InvalidArgument("a code cannot have been hashed by this foreign scheme")
        return self._token(self._read.recipe.derive(secret))

    def _token(self, digest: Masked[bytes]) -> Masked[bytes]:
        # Over the line as well: two lines never share a token, whatever their digests.
        public = f"{self.scheme.value}\n{self.line.reveal()}\n".encode()
        return Masked(hashlib.sha256(_LABEL + b"\n" + public + digest.reveal()).digest())


def is_foreign(text: str) -> bool:
    """Say whether a stored line is a foreign one, without reading the rest of it."""
    return text.startswith(_MARK)


def _readable(scheme: object, line: object) -> ForeignLine | None:
    """Return what is said by what a host hands in or a record holds; None where it is no line."""
    if not isinstance(scheme, ForeignScheme) or not isinstance(line, Masked):
        return None
    masked = cast("Masked[str] | Masked[bytes]", line)
    is_text = isinstance(masked.reveal(), str)
    return read_line(scheme, cast("Masked[str]", masked)) if is_text else None


def _split(text: Masked[str]) -> tuple[ForeignScheme | None, Masked[str]]:
    if len(text.reveal()) > _MAX_TEXT or not (found := _TEXT.fullmatch(text.reveal())):
        return None, Masked("")
    return _BY_NAME.get(found["scheme"]), Masked(found["line"])


def _is_plain(secret: Masked[bytes], *, longest: int) -> bool:
    return 1 <= len(secret.reveal()) <= longest and _PRINTABLE.issuperset(secret.reveal())
