"""What other systems hashed their codes with: one evaluation, by the parameters of a stored line.

The work is done by bcrypt, argon2-cffi and OpenSSL; here are their bounds. Parameters that are
impossible, or ask for next to no work, are a `PolicyError`; whether they are affordable is to be
asked before anything is evaluated.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from argon2.low_level import Type, hash_secret_raw

from recoverykit.core.bounds import Bound, require
from recoverykit.core.digest import is_affordable
from recoverykit.core.hasher import Argon2idHasher, KeyedHasher, Pbkdf2Hasher
from recoverykit.core.masked import Masked
from recoverykit.errors import Finding, MissingExtra, PolicyError

BCRYPT_DIGEST_CHARS: Final = 31  # 184 bits in bcrypt's own base64

_NO_POLICY: Final = KeyedHasher()  # no policy asks for a foreign scheme: the fixed ceiling holds

# As for the hashers of our own: about a second of one core, 256 MiB, and 1 GiB in all passes.
_MAX_BCRYPT_COST: Final = 14
_MAX_SCRYPT_BYTES: Final = 256 * 1024**2
_MAX_SCRYPT_BYTES_PASSES: Final = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class BcryptRecipe:
    """Bcrypt of a secret, or of its SHA-256 in hex as Django does against bcrypt's 72 bytes.

    Args:
        setting: version, cost and salt as they stand in the line: ``$2b$12$`` and 22 characters.
        cost: binary logarithm of the rounds; 4 to 31.
        is_prehashed: whether SHA-256 comes first.

    Raises:
        PolicyError: the cost is out of its bounds.
    """

    setting: str
    cost: int
    is_prehashed: bool

    def __post_init__(self) -> None:
        require(Bound("cost", self.cost, 4, 31))

    @property
    def is_affordable(self) -> bool:
        """Whether an evaluation costs no more than the ceiling allows."""
        return self.cost <= _MAX_BCRYPT_COST

    def require_extra(self) -> None:
        """Refuse where the package that evaluates it is not installed.

        Raises:
            MissingExtra: the extra ``import`` is not installed.
        """
        _bcrypt()

    def derive(self, secret: Masked[bytes]) -> Masked[bytes]:
        """Return the digest of the secret, as bcrypt writes it.

        Raises:
            MissingExtra: the extra ``import`` is not installed.
        """
        hashpw = _bcrypt()  # before the secret is revealed: this may raise
        if self.is_prehashed:
            secret = Masked(hashlib.sha256(secret.reveal()).hexdigest().encode())
        return Masked(hashpw(secret.reveal(), self.setting.encode())[-BCRYPT_DIGEST_CHARS:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Argon2Recipe:
    """Argon2 of any kind.

    Args:
        kind: Argon2d, Argon2i or Argon2id.
        version: 16 (1.0) or 19 (1.3).
        cost: memory, passes and lanes.
        salt: at least 8 bytes.
        size: of the digest, in bytes.
    """

    kind: Type
    version: int
    cost: Argon2idHasher
    salt: bytes
    size: int

    @property
    def is_affordable(self) -> bool:
        """Whether an evaluation costs no more than the ceiling allows."""
        return is_affordable(self.cost, ceiling=_NO_POLICY)

    def require_extra(self) -> None:
        """Do nothing: argon2-cffi is always there."""

    def derive(self, secret: Masked[bytes]) -> Masked[bytes]:
        """Return the digest of the secret."""
        return Masked(
            hash_secret_raw(
                secret.reveal(),
                self.salt,
                time_cost=self.cost.time_cost,
                memory_cost=self.cost.memory_kib,
                parallelism=self.cost.parallelism,
                hash_len=self.size,
                type=self.kind,
                version=self.version,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pbkdf2Recipe:
    """PBKDF2 with HMAC over one of several hashes.

    Args:
        hash_name: ``sha1``, ``sha256`` or ``sha512``.
        cost: the iterations.
        salt: at least 8 bytes.
        size: of the digest, in bytes.
    """

    hash_name: str
    cost: Pbkdf2Hasher
    salt: bytes
    size: int

    @property
    def is_affordable(self) -> bool:
        """Whether an evaluation costs no more than the ceiling allows."""
        return is_affordable(self.cost, ceiling=_NO_POLICY)

    def require_extra(self) -> None:
        """Do nothing: OpenSSL is always there."""

    def derive(self, secret: Masked[bytes]) -> Masked[bytes]:
        """Return the digest of the secret."""
        return Masked(
            hashlib.pbkdf2_hmac(
                self.hash_name, secret.reveal(), self.salt, self.cost.iterations, self.size
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScryptRecipe:
    """Scrypt (RFC 7914).

    Args:
        n: the work factor: a power of two, 1,024 to 2^24 and below 2^(16 r).
        r: the block size; 1 to 64.
        p: the passes; 1 to 64.
        salt: at least 8 bytes.
        size: of the digest, in bytes.

    Raises:
        PolicyError: a parameter is out of its bounds.
    """

    n: int
    r: int
    p: int
    salt: bytes
    size: int

    def __post_init__(self) -> None:
        require(
            Bound("n", self.n, 1024, 2**24), Bound("r", self.r, 1, 64), Bound("p", self.p, 1, 64)
        )
        if self.n.bit_count() != 1 or self.n >= 2 ** (16 * self.r):
            raise PolicyError(
                Finding(
                    rule="bounds",
                    figure="n must be a power of two below 2^(16 r)",
                    mend="choose a figure within the bounds",
                )
            )

    @property
    def is_affordable(self) -> bool:
        """Whether an evaluation costs no more than the ceiling allows."""
        memory = 128 * self.n * self.r
        return memory <= _MAX_SCRYPT_BYTES and memory * self.p <= _MAX_SCRYPT_BYTES_PASSES

    def require_extra(self) -> None:
        """Do nothing: OpenSSL is always there."""

    def derive(self, secret: Masked[bytes]) -> Masked[bytes]:
        """Return the digest of the secret."""
        return Masked(
            hashlib.scrypt(
                secret.reveal(),
                salt=self.salt,
                n=self.n,
                r=self.r,
                p=self.p,
                # What OpenSSL counts (its own default allows n = 16,384 and no more), and a block.
                maxmem=128 * self.r * (self.n + self.p + 3),
                dklen=self.size,
            )
        )


Recipe: TypeAlias = BcryptRecipe | Argon2Recipe | Pbkdf2Recipe | ScryptRecipe


def _bcrypt() -> Callable[[bytes, bytes], bytes]:
    try:
        from bcrypt import hashpw  # noqa: PLC0415  # an extra: only who imports such hashes has it
    except ImportError:
        raise MissingExtra("import") from None
    return hashpw
