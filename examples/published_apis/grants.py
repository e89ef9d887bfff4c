"""The grants that a client may ask tokens for, as forms (RFC 6749)."""

from typing import Annotated, Any, Final, Literal, TypeAlias
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import Field, TypeAdapter, ValidationError

from examples.published_apis.bodies import Body, Text
from examples.published_apis.problems import Kind, Problem

RECOVERY_CODE: Final = "http://auth0.com/oauth/grant-type/mfa-recovery-code"
FORM: Final = "application/x-www-form-urlencoded"
_MAX_FIELDS: Final = 32


class _OfClient(Body):
    client_id: Text
    client_secret: Text = Field(repr=False)


class PasswordGrant(_OfClient):
    """The first factor."""

    grant_type: Literal["password"]
    username: Text
    password: Text = Field(repr=False)


class RecoveryCodeGrant(_OfClient):
    """The second factor."""

    grant_type: Literal["http://auth0.com/oauth/grant-type/mfa-recovery-code"]
    mfa_token: Text = Field(repr=False)
    recovery_code: Text = Field(repr=False)


Grant: TypeAlias = PasswordGrant | RecoveryCodeGrant

_GRANTS: Final = (PasswordGrant, RecoveryCodeGrant)
_grant: TypeAdapter[Grant] = TypeAdapter(Annotated[Grant, Field(discriminator="grant_type")])

DOCUMENTED: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {FORM: {"schema": {"oneOf": [each.model_json_schema() for each in _GRANTS]}}},
    }
}
"""What the document says of the form: FastAPI's ``Form`` knows no choice between two of them."""


async def grant_of(request: Request) -> Grant:
    """Return what a form asks for.

    Raises:
        Problem: it is no form, has a field twice, lacks one, or asks for another grant.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != FORM:
        raise Problem(Kind.MALFORMED)
    fields = _fields(await request.body())
    if fields.get("grant_type", "password") not in ("password", RECOVERY_CODE):
        raise Problem(Kind.MALFORMED, "There is no such grant here.", code="unsupported_grant_type")
    try:
        return _grant.validate_python(fields)
    except ValidationError:
        raise Problem(Kind.MALFORMED) from None


def _fields(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=_MAX_FIELDS,
        )
    except ValueError:
        raise Problem(Kind.MALFORMED) from None
    if len(dict(pairs)) != len(pairs):
        raise Problem(Kind.MALFORMED)  # RFC 6749, 3.2: no parameter more than once
    return dict(pairs)
