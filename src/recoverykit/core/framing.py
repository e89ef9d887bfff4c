"""Several parts as one message for a MAC, each behind its length: none runs into the next."""


def framed(*parts: bytes) -> bytes:
    """Return the parts, each behind its length in four bytes."""
    return b"".join([len(part).to_bytes(4, "big") + part for part in parts])
