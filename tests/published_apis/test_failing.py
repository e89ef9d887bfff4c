"""What a client is told when the kit or the database fails: nobody is let in."""

from datetime import UTC, datetime

import pytest

from examples.published_apis.problems import Kind, problem_of, problem_of_status
from recoverykit import (
    CodeAlreadyUsed,
    CodesAlreadyIssued,
    ConcurrentUpdate,
    CorruptRecord,
    InvalidArgument,
    InvalidCode,
    MalformedCode,
    ManagementLocked,
    NoActiveCodes,
    OutcomeUnknown,
    Overloaded,
    SetDisabled,
    StorageError,
    SwitchedOff,
    TooManyAttempts,
    UnknownKey,
)
from tests.published_apis.listening import listening
from tests.published_apis.redeeming import demo_of, request_of
from tests.published_apis.served import APIS, running
from tests.published_apis.test_malformed import check_form


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (MalformedCode(), Kind.REFUSED),
        (InvalidCode(), Kind.REFUSED),
        (CodeAlreadyUsed(), Kind.REFUSED),
        (NoActiveCodes(), Kind.REFUSED),
        (SetDisabled(), Kind.REFUSED),
        (ManagementLocked(), Kind.REFUSED),
        (TooManyAttempts(), Kind.TOO_MANY),
        (InvalidArgument("it"), Kind.MALFORMED),
        (Overloaded(), Kind.UNAVAILABLE),
        (ConcurrentUpdate(), Kind.UNAVAILABLE),
        (OutcomeUnknown(), Kind.UNAVAILABLE),
        (CorruptRecord(), Kind.UNAVAILABLE),
        (StorageError(), Kind.UNAVAILABLE),
        (UnknownKey("key"), Kind.UNAVAILABLE),
        (SwitchedOff(), Kind.UNAVAILABLE),
        (CodesAlreadyIssued(), Kind.UNAVAILABLE),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_error_of_the_kit_is_told(error, kind):
    """Refusals and delays as such, all else as something that may pass; none of them lets in."""
    problem = problem_of(error)

    assert problem.kind is kind
    assert problem.kind.status >= 400
    assert "key" not in problem.message


def test_a_status_that_nobody_knows_is_an_error_of_the_server():
    """What the framework might answer one day is not taken for the client's fault."""
    assert problem_of_status(418).kind is Kind.BROKEN
    assert problem_of_status(404).kind is Kind.NOT_FOUND


@pytest.mark.parametrize("api", APIS)
def test_a_database_that_fails_lets_nobody_in(api, tmp_path):
    """503 in the API's own form, be it the kit's table or the host's that is gone."""
    database = f"sqlite:///{tmp_path / 'host.db'}"
    with running(api, database=database, folder=tmp_path) as served:
        person = demo_of(served)
        send = request_of(served, person, person.codes[0])
        logins = "pending_logins" if api == "auth0_mfa" else "sessions"
        for table in ("recoverykit_records", logins):
            with served.engine.begin() as connection:
                connection.exec_driver_sql(f"DROP TABLE {table}")

            answer = send()

            assert answer.status_code == 503, table
            check_form(served, answer)


def test_an_error_that_nobody_expects_lets_nobody_in(tmp_path):
    """500 in the API's own form, and the code is not spent."""
    broken = []

    def now():
        if broken:
            raise ZeroDivisionError
        return datetime.now(UTC)

    with listening("circularo", folder=tmp_path, clock=now) as served:
        person = demo_of(served)
        send = request_of(served, person, person.codes[0])
        broken.append(True)
        answer = send()
        broken.clear()

        assert answer.status_code == 500
        check_form(served, answer)
        assert person.codes[0] not in answer.text
        assert send().json() == {"remainingRecoveryCodes": 9}
