"""The pepper: keys with ids, kept apart from the storage. The primary one signs, all verify."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Final, Never

from recoverykit.core.masked import Masked
from recoverykit.errors import Finding, PolicyError, UnknownKey

NO_KEY: Final = "-"  # what a record says that was made without a keyring
_KEY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MIN_KEY_BYTES = 16  # SP 800-63B-4, 3.2.12 asks for 112 bits; keys come in whole 128
_CODE_LABEL = b"recoverykit/1/code"
_SEAL_LABEL = b"recoverykit/1/seal"
_UNKEYED = hmac.digest(bytes(32), _CODE_LABEL, hashlib.sha256)


class Keyring:
    """Secret keys with ids, made for recovery codes alone and never stored beside them.

    Do not reuse a session or token key: rotating that one would kill every code.

    Args:
        keys: at least one key by its id. An id is 1 to 64 ASCII letters, digits, dots, dashes or
            underscores; a key is at least 16 random bytes.
        primary: the id of the key under which new sets are made and documents are sealed; required
            with more than one key, so that a key can be added on every host before the first of
            them uses it.
        accept_unsealed: whether documents without a seal are read, too. Only for the time of a
            migration: while it is set, who can write to the storage can make up documents.

    Raises:
        PolicyError: there is no key, an id or a key is not usable, or the primary is not named.
    """

    __slots__ = ("_accept_unsealed", "_primary", "_seal_subkeys", "_subkeys")

    def __init__(
        self,
        keys: Mapping[str, bytes],
        *,
        primary: str | None = None,
        accept_unsealed: bool = False,
    ) -> None:
        self._primary: str = ""
        self._accept_unsealed = accept_unsealed is True
        self._subkeys: dict[str, Masked[bytes]] = {}
        self._seal_subkeys: dict[str, Masked[bytes]] = {}
        held = {key_id: Masked(key) for key_id, key in keys.items()} if _is_mapping(keys) else {}
        del keys  # no frame that raises holds a bare key
        if not all(isinstance(key_id, str) and _KEY_ID.fullmatch(key_id) for key_id in held):
            _refuse("a key id is 1 to 64 ASCII letters, digits, dots, dashes, underscores")
        if not all(_is_usable(key) for key in held.values()):
            _refuse(f"a key is at least {_MIN_KEY_BYTES} random bytes")
        if primary is None and len(held) == 1:
            (primary,) = held
        if not isinstance(primary, str) or primary not in held:
            _refuse("one of the keys must be named as the primary")
        self._primary = primary
        self._subkeys = {key_id: _subkey(key, _CODE_LABEL) for key_id, key in held.items()}
        self._seal_subkeys = {key_id: _subkey(key, _SEAL_LABEL) for key_id, key in held.items()}

    @property
    def primary(self) -> str:
        """The id of the key under which new sets are made."""
        return self._primary

    @property
    def ids(self) -> frozenset[str]:
        """The ids of all its keys."""
        return frozenset(self._subkeys)

    @property
    def accepts_unsealed(self) -> bool:
        """Whether documents without a seal are read, too."""
        return self._accept_unsealed

    def __repr__(self) -> str:
        return f"Keyring({sorted(self._subkeys)}, primary={self._primary!r})"

    def bind(self, key_id: str, message: Masked[bytes]) -> Masked[bytes]:
        """Return HMAC-SHA-256 of the message under the code subkey of that key.

        Raises:
            UnknownKey: the keyring does not hold it.
        """
        return _mac(self._subkeys, key_id, message)

    def seal(self, key_id: str, message: Masked[bytes]) -> Masked[bytes]:
        """Return HMAC-SHA-256 of the message under the seal subkey of that key.

        Raises:
            UnknownKey: the keyring does not hold it.
        """
        return _mac(self._seal_subkeys, key_id, message)

    def __reduce__(self) -> Never:
        raise TypeError("a keyring cannot be pickled or copied")


def bind(keyring: Keyring | None, key_id: str, message: Masked[bytes]) -> Masked[bytes]:
    """Return the keyed digest that a hash starts from; under a public constant for `NO_KEY`.

    Raises:
        UnknownKey: a key is asked for that no keyring holds.
    """
    if key_id == NO_KEY:
        return Masked(hmac.digest(_UNKEYED, message.reveal(), hashlib.sha256))
    if keyring is None:
        raise UnknownKey(key_id)
    return keyring.bind(key_id, message)


def signing_key_id(keyring: Keyring | None) -> str:
    """Return the id under which new records are made; `NO_KEY` without a keyring."""
    return NO_KEY if keyring is None else keyring.primary


def _is_mapping(keys: object) -> bool:
    return isinstance(keys, Mapping)


def _is_usable(key: Masked[bytes]) -> bool:
    return isinstance(key.reveal(), bytes) and len(key.reveal()) >= _MIN_KEY_BYTES


def _subkey(key: Masked[bytes], label: bytes) -> Masked[bytes]:
    return Masked(hmac.digest(key.reveal(), label, hashlib.sha256))


def _mac(
    subkeys: Mapping[str, Masked[bytes]], key_id: str, message: Masked[bytes]
) -> Masked[bytes]:
    subkey = subkeys.get(key_id)
    if subkey is None:
        raise UnknownKey(key_id)
    return Masked(hmac.digest(subkey.reveal(), message.reveal(), hashlib.sha256))


def _refuse(figure: str) -> Never:
    raise PolicyError(Finding(rule="keyring", figure=figure, mend="give a usable keyring"))
