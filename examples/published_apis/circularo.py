"""Circularo: a locked session token, unlocked by one of six digits."""

from datetime import timedelta
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends
from fastapi.security import APIKeyQuery
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from examples.host import clock, sessions, signing_in
from examples.host.sessions import Session
from examples.published_apis import starting
from examples.published_apis.application import Api
from examples.published_apis.bodies import Body, Reply, Text, Whole
from examples.published_apis.calls import Calling
from examples.published_apis.demo import Demo, Prepared
from examples.published_apis.documents import BODY, answers_in
from examples.published_apis.problems import Kind, Problem
from recoverykit import CodeFormat, Policy, Throttle

POLICY: Final = Policy(
    format=CodeFormat.digits(6),
    # Of 10 codes in a million, 20 guesses find one in 5,000 times; then the set is disabled.
    throttle=Throttle(disable_after=20),
    # The contract has no place for the id of an attempt: a code that is sent twice is used.
    replay_for=timedelta(0),
    accept=frozenset(
        {
            "N4-SRC-64",  # no account is recovered: the password comes first, always
            "ROUTE-TOTP",  # a recovery code has a call of its own, so nothing has to be told apart
            "N4-LS-SALT-EACH",  # six digits have no room for a selector; the key guards the hashes
        }
    ),
)

router = APIRouter()

_token = APIKeyQuery(name="token", scheme_name="token", auto_error=False)
_DOCUMENTS: Final = ("contract-1.pdf", "contract-2.pdf", "invoice-7.pdf")


class Failure(Reply):
    """The answer to a call that fails."""

    error: str
    message: str


class Login(Body):
    """The first factor."""

    name: Text
    password: Text = Field(repr=False)
    return_token: Literal[True] = Field(alias="returnToken")


class LoggedIn(Reply):
    """A session that waits for the second factor."""

    logged: Literal[True] = True
    is_unlocked: Literal[False] = Field(default=False, serialization_alias="isUnlocked")
    token: str = Field(min_length=64, max_length=64, repr=False)


class Recovery(Body):
    """The second factor."""

    recovery_code: Text = Field(alias="recoveryCode", repr=False)


class Recovered(Reply):
    """How many codes are left, now that one is spent."""

    remaining: int = Field(serialization_alias="remainingRecoveryCodes")


class Search(Body):
    """Which of the documents."""

    start: Whole = Field(alias="from", ge=0)
    size: Whole = Field(ge=0, le=100)


class Found(Reply):
    """Some of the documents."""

    start: int = Field(serialization_alias="from")
    total: int
    results: tuple[str, ...]
    users: tuple[str, ...]


class LoggedOut(Reply):
    """A session that has ended."""

    logged: Literal[False] = False


async def in_session(call: Calling, token: Annotated[str | None, Depends(_token)]) -> Session:
    """Return the session of a token, locked or not."""
    return await call.session(token)


InSession = Annotated[Session, Depends(in_session)]


@router.post("/api/v1/login", responses=answers_in(Failure, *BODY, Kind.UNAUTHENTICATED))
async def login(call: Calling, body: Login) -> LoggedIn:
    """Open a session, locked until a code is shown."""
    user = await call.user(body.name, body.password)
    token = await call.host.write(signing_in.let_in, user, now=clock.now())
    return LoggedIn(token=token)


@router.post(
    "/api/v1/login/recovery",
    responses=answers_in(Failure, *BODY, Kind.UNAUTHENTICATED, Kind.REFUSED, Kind.TOO_MANY),
)
async def recover(call: Calling, session: InSession, body: Recovery) -> Recovered:
    """Unlock the session, and spend a code: both or neither."""

    async def unlock(connection: AsyncConnection) -> None:
        if not await connection.run_sync(sessions.mark_second_factor, session.id):
            raise Problem(Kind.UNAUTHENTICATED)  # it was logged out in the meantime

    redemption = await call.host.kit.redeem(
        session.user_id, body.recovery_code, within=unlock, context=call.context
    )
    return Recovered(remaining=redemption.remaining)


@router.post(
    "/api/v1/search", responses=answers_in(Failure, *BODY, Kind.UNAUTHENTICATED, Kind.REFUSED)
)
async def search(session: InSession, body: Search) -> Found:
    """Look for documents, in an unlocked session only."""
    if not session.has_second_factor:
        raise Problem(Kind.REFUSED, "This session is locked.", code="locked")
    return Found(
        start=body.start,
        total=len(_DOCUMENTS),
        results=_DOCUMENTS[body.start : body.start + body.size],
        users=(session.name,),
    )


@router.get("/api/v1/logout", responses=answers_in(Failure, Kind.UNAUTHENTICATED))
async def logout(call: Calling, session: InSession) -> LoggedOut:
    """End this session; the user's others stay."""
    await call.host.write(sessions.close, session.id)
    return LoggedOut()


async def prepare(demo: Demo) -> Prepared:
    """Give the user codes, and a locked session."""
    user = await demo.user(demo.names[0])
    issued = await demo.host.kit.issue(user.id, replace=True)
    token = await demo.open_session(user)
    return Prepared(line={"recovery_codes": issued.codes, "token": token})


API: Final = Api(
    title="Circularo, recovery codes",
    policy=POLICY,
    router=router,
    form=lambda problem: {"error": problem.code, "message": problem.message},
    challenge="Token",
    prepare=prepare,
)

if __name__ == "__main__":
    starting.serve(API, starting.settings_from(starting.parser_for("circularo").parse_args()))
