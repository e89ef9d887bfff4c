"""Column types that mean the same on every database: exact text, and instants in UTC."""

from datetime import UTC, datetime
from typing import Any, TypeAlias

from sqlalchemy import TEXT, DateTime, Text
from sqlalchemy.dialects.mysql import DATETIME, MEDIUMTEXT, VARBINARY
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from recoverykit.core.masked import Masked

_Impl: TypeAlias = type[TypeEngine[Any]] | TypeEngine[Any]
_MYSQL = ("mysql", "mariadb")  # SQLAlchemy knows the one database by two names


class MaskedText(TypeDecorator[Masked[str]]):
    """A document of up to 64 KiB, masked on the way out: the engine's log can show every row.

    MySQL's TEXT is one byte short of 64 KiB, and may cut what is too long.
    """

    impl: _Impl = Text
    cache_ok: bool | None = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the column type of the database."""
        return MEDIUMTEXT() if dialect.name in _MYSQL else TEXT()

    def process_result_value(
        self,
        value: str | None,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> Masked[str] | None:
        """Mask what the column holds."""
        return None if value is None else Masked(value)


class ExactText(TypeDecorator[str]):
    """Text that is compared byte for byte.

    MySQL compares text by a collation, and even its binary ones ignore trailing blanks: there
    the column holds the UTF-8 bytes.

    Args:
        max_bytes: the longest text, in UTF-8 bytes. Only MySQL needs to know.
    """

    impl: _Impl = Text
    cache_ok: bool | None = True

    def __init__(self, max_bytes: int) -> None:
        super().__init__()
        self.max_bytes = max_bytes

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the column type of the database."""
        if dialect.name in _MYSQL:
            return VARBINARY(self.max_bytes)
        collation = "C" if dialect.name == "postgresql" else "BINARY"
        return TEXT(collation=collation)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> object:
        """Turn text into what the column holds."""
        if value is None or dialect.name not in _MYSQL:
            return value
        return value.encode()

    def process_result_value(
        self,
        value: object,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> str | None:
        """Turn what the column holds into text."""
        if isinstance(value, (bytes, bytearray)):
            return value.decode()
        return None if value is None else str(value)


class Instant(TypeDecorator[datetime]):
    """A point in time to the microsecond, in UTC, aware on the way out.

    Only PostgreSQL knows time zones: elsewhere the column holds the UTC clock without a zone.
    """

    impl: _Impl = DateTime
    cache_ok: bool | None = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the column type of the database."""
        if dialect.name in _MYSQL:
            return DATETIME(fsp=6)
        return DateTime(timezone=True)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware time into what the column holds."""
        if value is None:
            return None
        instant = value.astimezone(UTC)
        return instant if dialect.name == "postgresql" else instant.replace(tzinfo=None)

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> datetime | None:
        """Turn what the column holds into an aware time."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def text_in(value: object) -> str:
    """Return the text that a column holds, from what any driver returns for it.

    Raises:
        ValueError, TypeError, OverflowError: it holds none.
    """
    if isinstance(value, (bytes, bytearray)):
        return value.decode()
    if not isinstance(value, str):
        raise TypeError("a column holds no text")
    return value


def instant_in(value: object) -> datetime:
    """Return the instant that a column holds, from what any driver returns for it, in UTC.

    Raises:
        ValueError, TypeError, OverflowError: it holds none.
    """
    instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(instant, datetime):
        raise TypeError("a column holds no time")
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
