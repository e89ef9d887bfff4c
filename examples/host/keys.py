"""The keys of the recovery codes, for a demonstration: from the environment, or from a file.

In production they come from wherever your secrets come from, and never lie beside the database.
"""

import os
import secrets
from pathlib import Path
from typing import Final

from recoverykit import Keyring

VARIABLE: Final = "RECOVERY_KEYS"
"""Environment variable: ``id=hex`` of each key, between spaces; the first one is the primary."""


def keyring(path: Path) -> Keyring:
    """Return the keyring of the environment or else of the file, which is made when missing."""
    text = os.environ.get(VARIABLE) or _kept(path)
    keys = dict(each.split("=", 1) for each in text.split())
    return Keyring(
        {key_id: bytes.fromhex(key) for key_id, key in keys.items()}, primary=next(iter(keys), None)
    )


def _kept(path: Path) -> str:
    try:
        # Readable by its owner alone from the first moment on.
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text("ascii")
    text = f"first={secrets.token_hex(32)}\n"
    with os.fdopen(file, "w", encoding="ascii") as stream:
        stream.write(text)
    return text
