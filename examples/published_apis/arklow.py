"""Arklow: verify a backup code of one device, and say until when that counts."""

from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends
from fastapi.security import APIKeyHeader
from pydantic import Field

from examples.host.sessions import Session
from examples.published_apis import starting
from examples.published_apis.application import Api
from examples.published_apis.bodies import Body, Reply, Text
from examples.published_apis.calls import Calling
from examples.published_apis.demo import Demo, Prepared
from examples.published_apis.documents import BODY, answers_in
from examples.published_apis.problems import Kind, Problem, problem_of
from recoverykit import Policy, Redemption, RedemptionRefused, Subject, TooManyAttempts

POLICY: Final = Policy(
    # How long a session counts as verified.
    elevation=timedelta(hours=12),
    # The contract has no place for the id of an attempt: a code that is sent twice is used.
    replay_for=timedelta(0),
)

router = APIRouter()

_DEVICES: Final = ("1", "2")
_key = APIKeyHeader(name="x-arklow-auth", scheme_name="ArklowAuth", auto_error=False)


class Complaint(Reply):
    """What is wrong."""

    code: str
    message: str


class Verification(Reply):
    """What became of a code."""

    valid: bool
    device_id: str
    verification_type: Literal["totp", "backup_code"]
    session_mfa_not_after: datetime | None


class Answer(Reply):
    """Every answer, with both keys."""

    data: Verification | None
    errors: list[Complaint] | None


class Failure(Reply):
    """The answer to a call that fails, with both keys."""

    data: None
    errors: list[Complaint]


class BackupCode(Body):
    """A backup code of one device."""

    device_id: Text = Field(pattern="^[0-9]+$")
    code: Text = Field(min_length=6, repr=False)


async def in_session(call: Calling, key: Annotated[str | None, Depends(_key)]) -> Session:
    """Return the session of an API key."""
    return await call.session(key)


@router.post(
    "/v1/self/mfa/verify/totp/backup",
    operation_id="post_v1_self_mfa_verify_totp_backup",
    responses=answers_in(Failure, *BODY, Kind.UNAUTHENTICATED, Kind.TOO_MANY),
)
async def verify_backup_code(
    call: Calling, session: Annotated[Session, Depends(in_session)], body: BackupCode
) -> Answer:
    """Verify a backup code, and spend it. A code that is not valid is no failure of the call."""
    # A device that nobody has is one without codes.
    device = Subject(session.user_id, scope=body.device_id)
    try:
        redemption = await call.host.kit.redeem(device, body.code, context=call.context)
    except TooManyAttempts:
        raise  # nothing was judged, so nothing is said of the code
    except RedemptionRefused as refused:
        told = problem_of(refused)
        complaint = Complaint(code=told.code, message=told.message)
        return Answer(data=_verification(body, None), errors=[complaint])
    return Answer(data=_verification(body, redemption), errors=None)


def _verification(body: BackupCode, redemption: Redemption | None) -> Verification:
    return Verification(
        valid=redemption is not None,
        device_id=body.device_id,
        verification_type="backup_code",
        session_mfa_not_after=redemption.valid_until if redemption else None,
    )


async def prepare(demo: Demo) -> Prepared:
    """Give the user two devices with codes of their own, and an API key."""
    user = await demo.user(demo.names[0])
    codes = {
        each: (await demo.host.kit.issue(Subject(user.id, scope=each), replace=True)).codes
        for each in _DEVICES
    }
    return Prepared(
        line={
            "recovery_codes": codes[_DEVICES[0]],
            "recovery_codes_by_device": codes,
            "device_ids": _DEVICES,
            "api_key": await demo.open_session(user),
        }
    )


def _failure(problem: Problem) -> dict[str, object]:
    return {"data": None, "errors": [{"code": problem.code, "message": problem.message}]}


API: Final = Api(
    title="Arklow, backup codes",
    policy=POLICY,
    router=router,
    form=_failure,
    challenge="ApiKey",
    prepare=prepare,
)

if __name__ == "__main__":
    starting.serve(API, starting.settings_from(starting.parser_for("arklow").parse_args()))
