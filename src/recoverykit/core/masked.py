"""A value that must not be shown: a code, a digest or a key."""

import hmac
from typing import Generic, NoReturn, TypeVar, cast

_Text = TypeVar("_Text", str, bytes)


class Masked(Generic[_Text]):  # noqa: PLW1641  # no hash: a secret is not a key
    """Hold a secret so that no repr, str, format, log line or pickle shows it.

    Equality compares in constant time. There is no ordering and no hash: a secret is not a key.
    """

    __slots__ = ("_value",)

    def __init__(self, value: _Text) -> None:
        self._value: _Text = value

    def reveal(self) -> _Text:
        """Return the secret itself; keep it out of named locals that a traceback could show."""
        return self._value

    def __repr__(self) -> str:
        return "Masked(***)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Masked):
            return NotImplemented
        theirs = cast("Masked[str] | Masked[bytes]", other).reveal()
        return hmac.compare_digest(_as_bytes(self._value), _as_bytes(theirs))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a masked value cannot be pickled or copied")


def _as_bytes(value: str | bytes) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
