"""How a code is hashed: three hashers, each a frozen set of parameters that describes itself.

A fourth is for tests.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import argon2.low_level

from recoverykit.core.bounds import Bound, require
from recoverykit.core.masked import Masked

DIGEST_BYTES = 32  # RFC 9106, section 4: a 256-bit tag
SALT_BYTES = 16  # RFC 9106, section 3.1: 128 bits are recommended
FAST_HASH_BITS = 112  # SP 800-63B-4, 3.1.2.2; ASVS 5.0, 6.5.2: what is longer needs no slow hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Argon2idHasher:
    """Argon2id (RFC 9106), version 0x13, by argon2-cffi.

    Args:
        memory_kib: memory of one evaluation in KiB; 8 per lane to 4,194,304 (4 GiB).
        time_cost: passes over the memory; 1 to 64.
        parallelism: lanes; 1 to 64.

    Raises:
        PolicyError: a parameter is out of its bounds.
    """

    scheme: ClassVar[str] = "argon2id"
    memory_kib: int
    time_cost: int
    parallelism: int

    def __post_init__(self) -> None:
        require(
            Bound("memory_kib", self.memory_kib, 8, 4_194_304),
            Bound("time_cost", self.time_cost, 1, 64),
            Bound("parallelism", self.parallelism, 1, 64),
        )
        require(Bound("memory_kib", self.memory_kib, 8 * self.parallelism, 4_194_304))

    @classmethod
    def owasp(cls) -> "Argon2idHasher":
        """Return OWASP's minimum: 19 MiB, 2 passes, 1 lane (Password Storage Cheat Sheet)."""
        return cls(memory_kib=19_456, time_cost=2, parallelism=1)

    @classmethod
    def rfc9106_low_memory(cls) -> "Argon2idHasher":
        """Return the second recommended option of RFC 9106, section 4: 64 MiB, 3 passes."""
        return cls(memory_kib=65_536, time_cost=3, parallelism=4)

    @classmethod
    def rfc9106_high_memory(cls) -> "Argon2idHasher":
        """Return the first recommended option of RFC 9106, section 4: 2 GiB, 1 pass.

        A set of this cost is read back only while the policy asks for this cost itself: past
        256 MiB a stored record is not believed.
        """
        return cls(memory_kib=2_097_152, time_cost=1, parallelism=4)

    def derive(self, secret: Masked[bytes], salt: bytes) -> Masked[bytes]:
        """Return the 32-byte digest of the secret under the salt."""
        return Masked(
            argon2.low_level.hash_secret_raw(
                secret.reveal(),
                salt,
                time_cost=self.time_cost,
                memory_cost=self.memory_kib,
                parallelism=self.parallelism,
                hash_len=DIGEST_BYTES,
                type=argon2.low_level.Type.ID,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pbkdf2Hasher:
    """PBKDF2 with HMAC-SHA-256 (SP 800-132), for hosts bound to FIPS 140.

    Args:
        iterations: 1,000 (SP 800-132, section 5.2) to 50,000,000. OWASP asks for 600,000.

    Raises:
        PolicyError: the iterations are out of their bounds.
    """

    scheme: ClassVar[str] = "pbkdf2-sha256"
    iterations: int = 600_000

    def __post_init__(self) -> None:
        require(Bound("iterations", self.iterations, 1_000, 50_000_000))

    def derive(self, secret: Masked[bytes], salt: bytes) -> Masked[bytes]:
        """Return the 32-byte digest of the secret under the salt."""
        return Masked(
            hashlib.pbkdf2_hmac("sha256", secret.reveal(), salt, self.iterations, DIGEST_BYTES)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedHasher:
    """HMAC-SHA-256 and nothing slow: only for codes of at least 112 bits, under a keyring.

    SP 800-63B-4, 3.1.2.2 and ASVS 5.0, 6.5.2 ask for no password hash from 112 bits on.
    """

    scheme: ClassVar[str] = "hmac-sha256"

    def derive(self, secret: Masked[bytes], salt: bytes) -> Masked[bytes]:
        """Return the 32-byte digest of the secret under the salt."""
        return Masked(hmac.digest(secret.reveal(), salt, hashlib.sha256))


@dataclass(frozen=True, slots=True, kw_only=True)
class CheapHasher(KeyedHasher):
    """A keyed hash by another name, so that nothing that it made is ever taken for safe.

    A kit that is built with it refuses to be where no tests are running, and no other policy reads
    what it has written.
    """

    scheme: ClassVar[str] = "for-tests"


Hasher: TypeAlias = Argon2idHasher | Pbkdf2Hasher | KeyedHasher


def is_weaker(hasher: Hasher, *, than: Hasher) -> bool:
    """Say whether a hasher is another one, or does less work than the one given."""
    match hasher, than:
        case Argon2idHasher(), Argon2idHasher():
            return hasher.memory_kib * hasher.time_cost < than.memory_kib * than.time_cost
        case Pbkdf2Hasher(), Pbkdf2Hasher():
            return hasher.iterations < than.iterations
        case _:
            return type(hasher) is not type(than)
