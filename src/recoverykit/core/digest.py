"""A stored digest: one line of text that says how it was made, in the style of PHC strings.

    $argon2id$v=19$m=19456,t=2,p=1,keyid=2026-11$SALT$DIGEST
    $pbkdf2-sha256$i=600000,keyid=2026-11$SALT$DIGEST
    $hmac-sha256$keyid=2026-11$SALT$DIGEST
    $for-tests$keyid=2026-11$SALT$DIGEST

Salt (128 bits) and digest (256 bits) are base64 without padding. ``keyid=-`` stands for no key.
What is read back is not believed: parameters that would cost more than a stated ceiling are
refused before anything is hashed.
"""

import binascii
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Final, assert_never

from recoverykit.core.hasher import (
    Argon2idHasher,
    CheapHasher,
    Hasher,
    KeyedHasher,
    Pbkdf2Hasher,
)
from recoverykit.core.masked import Masked
from recoverykit.errors import CorruptRecord, PolicyError

# About half a second of one core each; a policy that itself asks for more raises its own ceiling.
_MAX_MEMORY_KIB: Final = 256 * 1024
_MAX_MEMORY_KIB_PASSES: Final = 1024 * 1024
_MAX_ITERATIONS: Final = 5_000_000

_TAIL: Final = (
    r"keyid=(?P<key>-|[A-Za-z0-9][A-Za-z0-9._-]{0,63})"
    r"\$(?P<salt>[A-Za-z0-9+/]{22})\$(?P<digest>[A-Za-z0-9+/]{43})"
)
_SHAPES: Final = {
    Argon2idHasher: re.compile(
        r"\$argon2id\$v=19\$m=(?P<memory_kib>\d{1,7}),t=(?P<time_cost>\d{1,2}),"
        r"p=(?P<parallelism>\d{1,2})," + _TAIL,
        re.ASCII,
    ),
    Pbkdf2Hasher: re.compile(
        r"\$pbkdf2-sha256\$i=(?P<iterations>\d{1,8})," + _TAIL,
        re.ASCII,
    ),
    KeyedHasher: re.compile(r"\$hmac-sha256\$" + _TAIL, re.ASCII),
    CheapHasher: re.compile(r"\$for-tests\$" + _TAIL, re.ASCII),
}
_FOR_TESTS: Final = f"${CheapHasher.scheme}$"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDigest:
    """How one code was hashed, and what came out.

    Attributes:
        hasher: the hasher with its parameters.
        key_id: the key under which the code was bound before it was hashed; `NO_KEY` for none.
        salt: 16 random bytes.
        digest: 32 bytes.
    """

    hasher: Hasher
    key_id: str
    salt: bytes
    digest: Masked[bytes]

    def to_text(self) -> str:
        """Return the line that is stored."""
        head = f"{_prefix(self.hasher)}keyid={self.key_id}${_b64(self.salt)}$"
        return head + _b64(self.digest.reveal())

    @classmethod
    def from_text(cls, text: str, *, ceiling: Hasher) -> "StoredDigest":
        """Read a stored line.

        Args:
            text: what `to_text` returned.
            ceiling: a hasher whose own cost is affordable in any case, such as the policy's.

        Raises:
            CorruptRecord: it is not such a line, or hashing with it would cost too much.
        """
        digest = _read(text)
        del text  # the frame of an error keeps its locals
        if digest is None:
            raise CorruptRecord("a stored digest cannot be read")
        if not is_affordable(digest.hasher, ceiling=ceiling):
            raise CorruptRecord("a stored digest asks for more work than the ceiling allows")
        return digest


def is_affordable(hasher: Hasher, *, ceiling: Hasher) -> bool:
    """Say whether a hasher costs no more than the fixed ceiling, or than the hasher given."""
    match hasher:
        case Argon2idHasher():
            own = ceiling if isinstance(ceiling, Argon2idHasher) else hasher.owasp()
            return hasher.memory_kib <= max(_MAX_MEMORY_KIB, own.memory_kib) and (
                hasher.memory_kib * hasher.time_cost
                <= max(_MAX_MEMORY_KIB_PASSES, own.memory_kib * own.time_cost)
            )
        case Pbkdf2Hasher():
            own_iterations = ceiling.iterations if isinstance(ceiling, Pbkdf2Hasher) else 0
            return hasher.iterations <= max(_MAX_ITERATIONS, own_iterations)
        case KeyedHasher():
            return True
        case _:
            assert_never(hasher)


def key_id_in(text: str) -> str:
    """Return the key id that a stored line names, without reading the rest of it."""
    return text.partition("keyid=")[2].partition("$")[0]


def is_for_tests(text: str) -> bool:
    """Say whether a stored line was made by the hasher for tests."""
    return text.startswith(_FOR_TESTS)


def _read(text: str) -> StoredDigest | None:
    for make, shape in _SHAPES.items():
        if found := shape.fullmatch(text):
            parts = found.groupdict()
            try:
                read = StoredDigest(
                    key_id=parts.pop("key"),
                    salt=_unb64(parts.pop("salt")),
                    digest=Masked(_unb64(parts.pop("digest"))),
                    hasher=make(**{name: int(figure) for name, figure in parts.items()}),
                )
            except (PolicyError, binascii.Error):
                return None
            # Zeros before a figure, or odd bits behind the last byte, spell the same otherwise.
            return read if read.to_text() == text else None
    return None


def _prefix(hasher: Hasher) -> str:
    match hasher:
        case Argon2idHasher(memory_kib=memory, time_cost=passes, parallelism=lanes):
            return f"$argon2id$v=19$m={memory},t={passes},p={lanes},"
        case Pbkdf2Hasher(iterations=iterations):
            return f"$pbkdf2-sha256$i={iterations},"
        case KeyedHasher():
            return f"${hasher.scheme}$"
        case _:
            assert_never(hasher)


def _b64(data: bytes) -> str:
    return b64encode(data).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return b64decode(text + "=" * (-len(text) % 4), validate=True)
