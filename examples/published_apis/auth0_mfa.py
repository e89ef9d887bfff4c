"""Auth0's MFA API: one long code, replaced by a new one whenever it is used."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Final, Literal, cast

from fastapi import APIRouter, Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from examples.host import clock, logins, signing_in
from examples.host.logins import LoginFinished, PendingLogin
from examples.published_apis import factors, grants, signing, starting
from examples.published_apis.application import Api
from examples.published_apis.bodies import Body, Reply
from examples.published_apis.calls import Call, Calling
from examples.published_apis.clients import Client
from examples.published_apis.demo import Demo, Prepared
from examples.published_apis.documents import BODY, answers_in
from examples.published_apis.factors import AlreadyEnrolled
from examples.published_apis.grants import Grant, PasswordGrant, RecoveryCodeGrant
from examples.published_apis.problems import Kind, Problem
from examples.published_apis.signing import Signer
from recoverykit import Issued, Policy, SwitchedOff

POLICY: Final = replace(
    # One code of 24 letters and digits; each use issues the next one in the same commit.
    Policy.single(),
    # A new code is told once: who sends the old one again could not be told it another time.
    replay_for=timedelta(0),
)
OFF: Final = replace(POLICY, count=0)  # a tenant that has switched recovery codes off

router = APIRouter()

_SCOPE: Final = "openid"
_mfa_token = HTTPBearer(scheme_name="mfaToken", auto_error=False)


class Failure(BaseModel):
    """An OAuth error (RFC 6749, 5.2)."""

    error: str
    error_description: str
    mfa_token: str | None = Field(default=None, repr=False)


class Enrolment(Body):
    """A factor to be enrolled."""

    authenticator_types: list[Literal["otp"]] = Field(min_length=1)


class Enrolled(BaseModel):
    """A factor that was enrolled, and with the first one a code."""

    authenticator_type: Literal["otp"] = "otp"
    recovery_codes: tuple[str, ...] | None = Field(default=None, repr=False)


class Tokens(Reply):
    """Who has shown both factors, and the code for the next time."""

    access_token: str = Field(repr=False)
    id_token: str = Field(repr=False)
    scope: str = _SCOPE
    expires_in: int = signing.LIFETIME
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the type of one
    recovery_code: str = Field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """What a tenant has of its own: one client, and who signs its tokens."""

    client: Client
    signer: Signer


async def tenant_of(request: Request) -> Tenant:
    """Return the tenant that a request is for."""
    return cast("Tenant", request.state.own)


OfTenant = Annotated[Tenant, Depends(tenant_of)]


@router.post(
    "/oauth/token",
    openapi_extra=grants.DOCUMENTED,
    responses=answers_in(Failure, *BODY, Kind.UNAUTHENTICATED, Kind.REFUSED, Kind.TOO_MANY),
)
async def token(
    call: Calling, tenant: OfTenant, grant: Annotated[Grant, Depends(grants.grant_of)]
) -> Tokens:
    """Take one factor: the password leads to an MFA token, and that with a code to the others."""
    if not tenant.client.is_shown_by(grant.client_id, grant.client_secret):
        raise Problem(Kind.UNAUTHENTICATED, "There is no such client.", code="invalid_client")
    if isinstance(grant, PasswordGrant):
        raise await _second_factor_required(call, grant)
    return await _challenge(call, tenant, grant)


@router.post(
    "/mfa/associate",
    response_model_exclude_none=True,
    responses=answers_in(Failure, *BODY, Kind.UNAUTHENTICATED, Kind.REFUSED),
)
async def associate(
    call: Calling,
    _: Enrolment,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_mfa_token)],
) -> Enrolled:
    """Enrol the first factor of a user, and make a code. A further one takes both factors."""
    login = await _login(call, bearer.credentials if bearer else "")
    if login is None:
        raise Problem(Kind.UNAUTHENTICATED)
    try:
        await call.host.write(factors.add_first, login.user_id)
    except AlreadyEnrolled:
        # The password alone must not lead around the factor that there is.
        raise Problem(Kind.REFUSED, "A factor is enrolled.", code="access_denied") from None
    return Enrolled(recovery_codes=await _first_codes(call, login.user_id))


@router.get("/.well-known/jwks.json", responses=answers_in(Failure))
async def keys(tenant: OfTenant) -> dict[str, list[dict[str, str | list[str]]]]:
    """Return the keys that verify our tokens."""
    return tenant.signer.published


async def _second_factor_required(call: Call, grant: PasswordGrant) -> Problem:
    try:
        user = await call.user(grant.username, grant.password)
    except Problem:
        return Problem(Kind.REFUSED, "Wrong username or password.")
    mfa_token = await call.host.write(signing_in.wait_for_code, user, now=clock.now())
    return Problem(
        Kind.REFUSED,
        "Multifactor authentication required",
        code="mfa_required",
        details={"mfa_token": mfa_token},
    )


async def _challenge(call: Call, tenant: Tenant, grant: RecoveryCodeGrant) -> Tokens:
    """Spend the code, use the MFA token up, and issue the next code: all of it or nothing."""
    login = await _login(call, grant.mfa_token)
    if login is None:
        raise Problem(Kind.REFUSED, "The mfa_token is unknown, used or expired.")

    async def use_up(connection: AsyncConnection) -> None:
        await connection.run_sync(logins.finish, login.id)

    try:
        redemption = await call.host.kit.redeem(
            login.user_id, grant.recovery_code, within=use_up, context=call.context
        )
    except LoginFinished:
        raise Problem(Kind.REFUSED, "The mfa_token is unknown, used or expired.") from None
    # The policy replaces what is spent; only a success that is told again would have no new code.
    [code] = cast("Issued", redemption.replacement).codes
    sign, client = tenant.signer.sign, tenant.client.id
    return Tokens(
        access_token=sign(login.user_id, audience=f"{tenant.signer.issuer}api", scope=_SCOPE),
        id_token=sign(login.user_id, audience=client),
        recovery_code=code,
    )


async def _login(call: Call, mfa_token: str) -> PendingLogin | None:
    return await call.host.read(logins.find, mfa_token, now=clock.now()) if mfa_token else None


async def _first_codes(call: Call, user_id: str) -> tuple[str, ...] | None:
    try:
        return (await call.host.kit.issue(user_id, replace=True, context=call.context)).codes
    except SwitchedOff:
        return None
    except Exception:
        # Nobody has seen a code, so that the user must be free to enrol again.
        await call.host.write(factors.remove, user_id)
        raise


async def prepare(demo: Demo) -> Prepared:
    """Enrol the user, begin a login of theirs, and let another one have nothing enrolled."""
    host, (name, other_name) = demo.host, demo.names
    user, other = await demo.user(name), await demo.user(other_name)
    await host.write(factors.create_table)
    for each in (user, other):
        await host.write(factors.remove, each.id)
    await host.kit.erase(other.id)
    await host.write(factors.add_first, user.id)
    try:
        codes = (await host.kit.issue(user.id, replace=True)).codes
    except SwitchedOff:
        codes = ()
    client, secret = Client.new()
    return Prepared(
        line={
            "recovery_codes": codes,
            "mfa_token": await host.write(signing_in.wait_for_code, user, now=clock.now()),
            "client_id": client.id,
            "client_secret": secret,
            "unenrolled_user": other.name,
        },
        own=Tenant(client=client, signer=Signer.new(f"{demo.base_url}/")),
    )


_CODES: Final = {
    Kind.MALFORMED: "invalid_request",
    Kind.UNAUTHENTICATED: "invalid_token",
    Kind.REFUSED: "invalid_grant",
    Kind.BROKEN: "server_error",
    Kind.UNAVAILABLE: "temporarily_unavailable",
}


def _failure(problem: Problem) -> dict[str, object]:
    is_own = problem.code != problem.kind.code
    code = problem.code if is_own else _CODES.get(problem.kind, problem.code)
    return {"error": code, "error_description": problem.message, **problem.details}


API: Final = Api(
    title="Auth0, MFA by recovery code",
    policy=POLICY,
    router=router,
    form=_failure,
    challenge="Bearer",
    prepare=prepare,
)


def main() -> None:
    """Serve until interrupted, for a tenant that has recovery codes, or has switched them off."""
    parser = starting.parser_for("auth0_mfa")
    parser.add_argument("--recovery-codes", choices=("on", "off"), default="on")
    given = parser.parse_args()
    policy = POLICY if given.recovery_codes == "on" else OFF
    starting.serve(replace(API, policy=policy), starting.settings_from(given))


if __name__ == "__main__":
    main()
