"""Whose codes: the subject, the only key under which anything is stored."""

import re
from dataclasses import dataclass, field

from recoverykit.errors import InvalidArgument

_UNUSABLE = re.compile("[\x00\ud800-\udfff]")
_MAX_BYTES = 255  # what VARBINARY(255) holds, in each of three columns of one primary key


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose codes. Compared exactly, byte for byte, on every storage.

    Args:
        id: the host's id of the user; not empty.
        tenant: the realm that the id belongs to; empty where there is only one.
        scope: a device, a factor or a purpose; each scope has codes and a throttle of its own.

    Raises:
        InvalidArgument: a part is no text, is longer than 255 UTF-8 bytes, or contains NUL or a
            lone surrogate; or the id is empty.
    """

    id: str
    tenant: str = field(default="", kw_only=True)
    scope: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        for name, part in (("id", self.id), ("tenant", self.tenant), ("scope", self.scope)):
            _check(name, part)
        if not self.id:
            raise InvalidArgument("subject.id must not be empty")

    @classmethod
    def of(cls, subject: "Subject | str") -> "Subject":
        """Return the subject itself, or the subject that a plain text names.

        Raises:
            InvalidArgument: it is neither, or not a usable id.
        """
        if isinstance(subject, Subject):
            # A subclass would be another key to a mapping, and the same one to a database.
            return cls(subject.id, tenant=subject.tenant, scope=subject.scope)
        return cls(subject)

    @property
    def parts(self) -> tuple[bytes, bytes, bytes]:
        """Tenant, id and scope in UTF-8, as they are bound into digests and seals."""
        return self.tenant.encode(), self.id.encode(), self.scope.encode()


def _check(name: str, part: object) -> None:
    if not isinstance(part, str):
        raise InvalidArgument(f"subject.{name} must be a text")
    if len(part) > _MAX_BYTES:  # before anything looks at each character
        raise InvalidArgument(f"subject.{name} must not be longer than {_MAX_BYTES} UTF-8 bytes")
    if _UNUSABLE.search(part):
        raise InvalidArgument(f"subject.{name} must not contain NUL or a lone surrogate")
    if len(part.encode()) > _MAX_BYTES:
        raise InvalidArgument(f"subject.{name} must not be longer than {_MAX_BYTES} UTF-8 bytes")
