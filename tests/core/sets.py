"""Sets as they are stored, for tests that need no kit."""

from datetime import UTC, datetime

from recoverykit import CodeFormat, Pbkdf2Hasher
from recoverykit.core.digest import StoredDigest
from recoverykit.core.masked import Masked
from recoverykit.core.state import CodeSet, StoredCode

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
COSTLY = Pbkdf2Hasher(iterations=6_000_000)  # beyond the ceiling of what nobody asked for


def stored(ordinal, hasher, *, salt=0, key_id="-", digest=bytes(32)):
    """An unused code, as it was hashed."""
    line = StoredDigest(
        hasher=hasher, key_id=key_id, salt=bytes([salt] * 16), digest=Masked(digest)
    )
    return StoredCode(ordinal=ordinal, digest=line.to_text())


def a_set(*codes, **fields):
    """A set that was issued just now, in the default format."""
    fields = {"format": CodeFormat.default(), "issued_at": NOW, "expires_at": None} | fields
    return CodeSet(**({"id": "0" * 32, "attempt": "me", "codes": codes} | fields))
