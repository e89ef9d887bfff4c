"""What a request may carry: a body of few bytes, read by a strict model."""

from http import HTTPStatus
from typing import Annotated, ClassVar, Final, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BYTES: Final = 16 * 1024
"""No body of these APIs is larger."""


def _encodable(text: str) -> str:
    """Refuse a lone surrogate, which JSON can spell: neither a hash nor a database takes it."""
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("no text of Unicode")
    return text


def _whole(number: object) -> object:
    """Take 10.0 for 10, as JSON Schema does."""
    if isinstance(number, float) and number.is_integer():
        return int(number)
    return number


Text: TypeAlias = Annotated[str, AfterValidator(_encodable)]
"""What a person or a program has typed."""

Whole: TypeAlias = Annotated[int, BeforeValidator(_whole)]
"""A whole number."""


class Body(BaseModel):
    """What a client sends, of exactly these types; further fields mean nothing.

    No error shows what was sent: it may be a password or a code.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        strict=True, frozen=True, hide_input_in_errors=True
    )


class Reply(BaseModel):
    """What goes back, with every field of it."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        json_schema_serialization_defaults_required=True
    )


class BoundedBody:
    """Lets the application read so many bytes of a body and no more.

    The error is raised where the body is read, so that it is answered in the API's own form: the
    limit of FastAPI's own answers with a plain text.

    Args:
        app: the application.
        max_bytes: how long a body may be.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        read = 0

        async def receive_some() -> Message:
            nonlocal read
            if declared.isdecimal() and int(declared) > self._max_bytes:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._max_bytes:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return message

        await self._app(scope, receive_some, send)
