"""Fortanix DSM: finish a two-factor login by a code, and unlock the two-factor configuration."""

import base64
from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from fastapi.security import (
    HTTPAuthorizationCredentials,
    HTTPBasic,
    HTTPBasicCredentials,
    HTTPBearer,
)
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from examples.host import clock, sessions, signing_in, tokens
from examples.host.sessions import Session
from examples.published_apis import starting
from examples.published_apis.application import Api
from examples.published_apis.bodies import Body, Reply, Text
from examples.published_apis.calls import Calling
from examples.published_apis.demo import Demo, Prepared
from examples.published_apis.documents import BODY, answers_in
from examples.published_apis.problems import Kind, Problem
from recoverykit import Policy

POLICY: Final = Policy(
    # New codes only for a session that has just re-authenticated, and for ten minutes.
    management="unlock",
    # The contract has no place for the id of an attempt: a code that is sent twice is used.
    replay_for=timedelta(0),
)

router = APIRouter()

_REALM: Final = "Fortanix DSM"  # RFC 7617, 2: a challenge of Basic has one
_bearer = HTTPBearer(scheme_name="bearerToken", auto_error=False)
_api_key = HTTPBasic(scheme_name="apiKeyAuth", realm=_REALM, auto_error=False)
_password = HTTPBasic(scheme_name="userPassword", realm=_REALM, auto_error=False)


class Failure(Reply):
    """The answer to a call that fails."""

    message: str


class RecoveryCodeAuthRequest(Body):
    """A code in the place of the second factor."""

    recovery_code: Text = Field(repr=False)


class Config2faAuthRequest(Body):
    """The password, once more."""

    password: Text = Field(repr=False)


class Config2faAuthResponse(Reply):
    """Nothing: that it is no error says it all."""


class AuthResponse(Reply):
    """A session that has shown the password."""

    access_token: str = Field(repr=False)
    token_type: str = "Bearer"  # noqa: S105 - the type of one
    expires_in: int
    entity_id: str


class RecoveryCodesResponse(Reply):
    """New codes, to be seen this once."""

    recovery_codes: tuple[str, ...] = Field(repr=False)


async def in_session(
    call: Calling,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    api_key: Annotated[HTTPBasicCredentials | None, Depends(_api_key)],
) -> Session:
    """Return the session of a bearer token, or that of an API key."""
    if bearer is not None:
        return await call.session(bearer.credentials)
    session = await call.session(api_key.password if api_key else None)
    if api_key is None or api_key.username != session.user_id:
        raise Problem(Kind.UNAUTHENTICATED)
    return session


InSession = Annotated[Session, Depends(in_session)]


@router.post(
    "/sys/v1/session/auth",
    operation_id="Authenticate",
    responses=answers_in(Failure, Kind.UNAUTHENTICATED),
)
async def authenticate(
    call: Calling, shown: Annotated[HTTPBasicCredentials | None, Depends(_password)]
) -> AuthResponse:
    """Open a session by name and password. Until it has shown a code it is good for nothing."""
    if shown is None:
        raise Problem(Kind.UNAUTHENTICATED)
    user = await call.user(shown.username, shown.password)
    token = await call.host.write(signing_in.let_in, user, now=clock.now())
    return AuthResponse(access_token=token, expires_in=sessions.LIFETIME, entity_id=user.id)


@router.post(
    "/sys/v1/session/auth/2fa/recovery_code",
    operation_id="RecoveryCodeAuth",
    status_code=204,
    responses=answers_in(Failure, *BODY, Kind.UNAUTHENTICATED, Kind.REFUSED, Kind.TOO_MANY),
)
async def recovery_code_auth(
    call: Calling, session: InSession, body: RecoveryCodeAuthRequest
) -> None:
    """Complete the two-factor authentication of this session, and spend a code: both or neither."""

    async def complete(connection: AsyncConnection) -> None:
        if not await connection.run_sync(sessions.mark_second_factor, session.id):
            raise Problem(Kind.UNAUTHENTICATED)  # it has ended in the meantime

    await call.host.kit.redeem(
        session.user_id, body.recovery_code, within=complete, context=call.context
    )


@router.post(
    "/sys/v1/session/config_2fa/auth",
    operation_id="Config2faAuth",
    responses=answers_in(Failure, *BODY, Kind.UNAUTHENTICATED, Kind.REFUSED, Kind.TOO_MANY),
)
async def config_2fa_auth(
    call: Calling, session: InSession, body: Config2faAuthRequest
) -> Config2faAuthResponse:
    """Let this session change the two-factor configuration for a while."""
    if not session.has_second_factor:
        # The password twice is one factor: whoever has stolen it could make codes of their own.
        raise Problem(Kind.REFUSED, "This session has shown no second factor.")
    place = tokens.digest_of(session.id)
    if not call.host.brake.admits(session.name, place=place):
        raise Problem(Kind.TOO_MANY)
    try:
        await call.user(session.name, body.password)
    except Problem:
        # The session is as good as before, so this is no 401: a client would drop its token.
        raise Problem(Kind.REFUSED, "The password is wrong.") from None
    call.host.brake.release(session.name, place=place)
    await call.host.kit.unlock(session.user_id, session=session.id, context=call.context)
    return Config2faAuthResponse()


@router.post(
    "/sys/v1/session/config_2fa/recovery_codes",
    operation_id="RegenerateRecoveryCodes",
    responses=answers_in(Failure, Kind.UNAUTHENTICATED, Kind.REFUSED),
)
async def regenerate_recovery_codes(call: Calling, session: InSession) -> RecoveryCodesResponse:
    """Make new codes in the place of the old ones: in an unlocked session only."""
    issued = await call.host.kit.issue(
        session.user_id, replace=True, session=session.id, context=call.context
    )
    return RecoveryCodesResponse(recovery_codes=issued.codes)


async def prepare(demo: Demo) -> Prepared:
    """Give the user codes, a session that waits for one of them, and an API key likewise."""
    user, kit = await demo.user(demo.names[0]), demo.host.kit
    session = await demo.open_session(user)
    await kit.unlock(user.id, session=session)
    issued = await kit.issue(user.id, replace=True, session=session)
    await kit.lock(user.id, session=session)
    secret = await demo.open_session(user)
    return Prepared(
        line={
            "recovery_codes": issued.codes,
            "bearer_token": session,
            "api_key": base64.b64encode(f"{user.id}:{secret}".encode()).decode(),
        }
    )


API: Final = Api(
    title="Fortanix DSM, recovery codes",
    policy=POLICY,
    router=router,
    form=lambda problem: {"message": problem.message},
    challenge=f'Bearer, Basic realm="{_REALM}"',
    prepare=prepare,
    openapi="3.0.0",
)

if __name__ == "__main__":
    starting.serve(API, starting.settings_from(starting.parser_for("fortanix_dsm").parse_args()))
