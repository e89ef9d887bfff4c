"""The rules about the stored form: hashes, their cost, salts and the pepper."""

import math
from typing import Final

from recoverykit.core import amounts, attack
from recoverykit.core.hasher import Argon2idHasher, KeyedHasher, Pbkdf2Hasher
from recoverykit.core.standards.rule import (
    ASVS,
    EVERY_PROFILE,
    NIST,
    OWASP,
    Audited,
    Profile,
    Rule,
)
from recoverykit.errors import Severity

# Passes over the memory, and the least of it in KiB for so many passes or more.
_ASVS_ARGON2 = ((1, 47_104), (2, 19_456), (3, 12_288))
_OWASP_ARGON2 = (*_ASVS_ARGON2, (4, 9_216), (5, 7_168))
_ITERATIONS: Final = 600_000
_SALT_BITS: Final = 32
_FIPS_SALT_BITS: Final = 128
_LEAST_DOLLARS: Final = 1_000_000
_DRAFT_BITS: Final = 128

_FIPS: Final = frozenset({Profile.FIPS})


def _too_short_for_fast(audited: Audited) -> str | None:
    if not isinstance(audited.policy.hasher, KeyedHasher) or not audited.needs_slow_hash:
        return None
    return f"{amounts.entropy(audited.bits)} where {audited.fast_hash_bits} are needed"


def _too_short_from_2031(audited: Audited) -> str | None:
    is_fast = isinstance(audited.policy.hasher, KeyedHasher)
    return amounts.entropy(audited.bits) if is_fast and audited.bits < _DRAFT_BITS else None


def _fast(audited: Audited) -> str | None:
    return "HMAC-SHA-256" if isinstance(audited.policy.hasher, KeyedHasher) else None


def _below_asvs(audited: Audited) -> str | None:
    return _too_cheap(audited, _ASVS_ARGON2) if audited.needs_slow_hash else None


def _below_owasp(audited: Audited) -> str | None:
    return _too_cheap(audited, _OWASP_ARGON2) if audited.needs_slow_hash else None


def _too_cheap(audited: Audited, rows: tuple[tuple[int, int], ...]) -> str | None:
    match audited.policy.hasher:
        case Argon2idHasher(memory_kib=memory, time_cost=passes):
            # As many passes as a row asks for count for that row, more passes too.
            least = min(kib for least_passes, kib in rows if passes >= least_passes)
            return f"Argon2id, {memory:,} KiB, {passes} passes" if memory < least else None
        case _:
            return _too_few_iterations(audited)


def _too_few_iterations(audited: Audited) -> str | None:
    match audited.policy.hasher:
        case Pbkdf2Hasher(iterations=iterations) if iterations < _ITERATIONS:
            return f"PBKDF2, {iterations:,} iterations"
        case _:
            return None


def _short_salt(audited: Audited) -> str | None:
    return _salt_below(_SALT_BITS, audited) if audited.needs_slow_hash else None


def _short_fips_salt(audited: Audited) -> str | None:
    return _salt_below(_FIPS_SALT_BITS, audited)


def _salt_below(bits: int, audited: Audited) -> str | None:
    found = 8 * audited.salt_bytes
    return f"{found} bits" if found < bits else None


def _shared_salt(audited: Audited) -> str | None:
    if audited.targets == 1 or not audited.needs_slow_hash:
        return None
    return f"one for {audited.targets} codes, which costs {math.log2(audited.targets):.2f} bits"


def _cheap_to_break(audited: Audited) -> str | None:
    if audited.peppered or audited.offline_cost.dollars >= _LEAST_DOLLARS:
        return None
    return f"{amounts.money(audited.offline_cost.dollars)} for {amounts.entropy(audited.bits)}"


def _keyed_without_key(audited: Audited) -> str | None:
    is_keyed = isinstance(audited.policy.hasher, KeyedHasher)
    return "a keyed hash without a key" if is_keyed and not audited.peppered else None


def _no_pepper(audited: Audited) -> str | None:
    is_keyed = isinstance(audited.policy.hasher, KeyedHasher)
    return None if is_keyed or audited.peppered else "no keyring"


def _argon2(audited: Audited) -> str | None:
    return "Argon2id" if isinstance(audited.policy.hasher, Argon2idHasher) else None


HASH_RULES: Final = (
    Rule(
        id="N4-LS-112",
        source=f"{NIST}, 3.1.2.2; {ASVS}, 6.5.2 (L2)",
        severity=Severity.ERROR,
        figure="a salted password hash, or 112 bits",
        mend="make the codes longer, or choose Argon2idHasher",
        check=_too_short_for_fast,
    ),
    Rule(
        id="131A",
        source="NIST SP 800-131A Rev. 3, draft of October 2024",
        severity=Severity.INFO,
        figure="128 bits under a fast hash from 2031 on",
        mend="make the codes longer before then; sets that stand keep their length",
        check=_too_short_from_2031,
    ),
    Rule(
        id="N4-SRC-HASH",
        source=f"{NIST}, 4.2.1.1 beside 3.1.2.2",
        severity=Severity.INFO,
        figure="a password hash for codes that recover an account; any hash from 112 bits on",
        mend="choose Argon2idHasher where both readings shall hold",
        check=_fast,
    ),
    Rule(
        id="A5-C-KDF",
        source=f"{ASVS}, 11.4.2 (L2) and appendix C",
        severity=Severity.ERROR,
        figure=(
            "Argon2id with 47,104 KiB at 1 pass, 19,456 at 2, or 12,288 at 3 and more; PBKDF2 "
            "with 600,000 iterations"
        ),
        mend="choose Argon2idHasher.owasp() or Pbkdf2Hasher(), or more",
        check=_below_asvs,
    ),
    Rule(
        id="OCS-ARGON2",
        source=f"{OWASP} Password Storage",
        severity=Severity.WARNING,
        figure=(
            "Argon2id with 47,104 KiB at 1 pass, 19,456 at 2, 12,288 at 3, 9,216 at 4, or 7,168 "
            "at 5 and more; PBKDF2 with 600,000 iterations"
        ),
        mend="choose Argon2idHasher.owasp() or Pbkdf2Hasher(), or more",
        check=_below_owasp,
    ),
    Rule(
        id="N4-LS-SALT",
        source=f"{NIST}, 3.1.2.2; {ASVS}, 6.5.2 (L2)",
        severity=Severity.ERROR,
        figure="a salt of at least 32 bits",
        mend="use the salts that the kit makes",
        check=_short_salt,
    ),
    Rule(
        id="N4-LS-SALT-EACH",
        source=f"{NIST}, 3.1.2.2; OWASP ASVS 4.0.3, 2.6.2",
        severity=Severity.WARNING,
        figure="a salt for each code",
        mend="give the format a selector, or 112 bits",
        check=_shared_salt,
    ),
    Rule(
        id="OCS-MFA-OTPHASH",
        source=f"{OWASP} Multifactor Authentication, Hashing OTPs",
        severity=Severity.ERROR,
        figure=f"at least ${_LEAST_DOLLARS:,} for a code from a stolen database",
        mend="make the codes longer, or give the kit a keyring",
        check=_cheap_to_break,
        assumed=attack.OFFLINE_ASSUMED,
    ),
    Rule(
        id="N4-PEPPER",
        source=f"{NIST}, 3.1.1.2",
        severity=Severity.ERROR,
        figure="a secret key, known only to the verifier, under a keyed hash",
        mend="give the kit a keyring, or choose Argon2idHasher",
        check=_keyed_without_key,
    ),
    Rule(
        id="N4-PEPPER",
        source=f"{NIST}, 3.1.1.2",
        severity=Severity.WARNING,
        figure="a secret key, known only to the verifier, beside the salt",
        mend="give the kit a keyring",
        check=_no_pepper,
    ),
    Rule(
        id="N4-FIPS",
        source=f"{NIST}, 2.1.2 and 2.2.2; FIPS 140-3",
        severity=Severity.ERROR,
        figure="PBKDF2-HMAC-SHA-256 or HMAC-SHA-256",
        mend="choose Pbkdf2Hasher()",
        check=_argon2,
        profiles=_FIPS,
    ),
    Rule(
        id="FIPS-ARGON",
        source="FIPS 140-3; NIST SP 800-140C",
        severity=Severity.INFO,
        figure="Argon2 is not among the approved hashes",
        mend="nothing, unless FIPS 140 binds you: then choose Pbkdf2Hasher()",
        check=_argon2,
        profiles=EVERY_PROFILE - _FIPS,
    ),
    Rule(
        id="OCS-FIPS",
        source=f"{OWASP} Password Storage, PBKDF2",
        severity=Severity.ERROR,
        figure="at least 600,000 iterations",
        mend="choose Pbkdf2Hasher()",
        check=_too_few_iterations,
        profiles=_FIPS,
    ),
    Rule(
        id="FIPS-KDF",
        source="NIST SP 800-132, 5.1",
        severity=Severity.ERROR,
        figure="a salt of at least 128 bits",
        mend="use the salts that the kit makes",
        check=_short_fips_salt,
        profiles=_FIPS,
    ),
)
