"""The document that each application serves: what it says, and that all of it is true."""

import json
import re

import pytest
from openapi_spec_validator import validate

from examples.published_apis.grants import RECOVERY_CODE
from tests.published_apis.exploring import configuration_for, explore
from tests.published_apis.served import APIS, running
from tests.published_apis.test_circularo import LOGOUT


def document_of(served):
    return served.send("GET", "/openapi.json").json()


def operations_of(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_the_document_is_one(served):
    """It keeps the rules of the version that it names: Fortanix publishes 3.0, the others 3.1."""
    document = document_of(served)

    validate(document)
    version = "3.0.0" if served.api == "fortanix_dsm" else "3.1.0"
    assert document["openapi"] == version


def test_the_document_has_no_default_answers(served):
    """What FastAPI would say of its own errors is never answered."""
    text = json.dumps(document_of(served))

    assert "422" not in text
    assert "ValidationError" not in text


@pytest.mark.parametrize(
    ("api", "calls"),
    [
        (
            "fortanix_dsm",
            {
                "POST /sys/v1/session/auth": "Authenticate",
                "POST /sys/v1/session/auth/2fa/recovery_code": "RecoveryCodeAuth",
                "POST /sys/v1/session/config_2fa/auth": "Config2faAuth",
                "POST /sys/v1/session/config_2fa/recovery_codes": "RegenerateRecoveryCodes",
            },
        ),
        (
            "arklow",
            {"POST /v1/self/mfa/verify/totp/backup": "post_v1_self_mfa_verify_totp_backup"},
        ),
    ],
)
def test_calls_have_their_published_names(request, api, calls):
    """The ids of the operations are part of the contract, where it names them."""
    document = document_of(request.getfixturevalue(api))

    found = {call: operation["operationId"] for call, operation in operations_of(document)}
    assert found == calls


def test_every_call_tells_its_failures(served):
    """Each of them may find the database gone, and says so."""
    for call, operation in operations_of(document_of(served)):
        assert {"500", "503"} <= set(operation["responses"]), call
        assert ("413" in operation["responses"]) == ("requestBody" in operation), call


@pytest.mark.parametrize("api", APIS)
def test_the_document_is_true(api, tmp_path):
    """Of whatever is sent, nothing breaks the server, and nothing is answered but what it says."""
    with running(api, database=f"sqlite:///{tmp_path / 'host.db'}", folder=tmp_path) as served:
        configuration = configuration_for(served)
        if api == "auth0_mfa":
            # Declared as open, but RFC 6749, 3.2 refuses a field that comes twice.
            explore(served, configuration, "--exclude-checks=positive_data_acceptance")
        elif api == "circularo":
            # It would end the session of all other calls.
            explore(served, configuration, f"--exclude-path={LOGOUT}")
            explore(served, configuration, f"--include-path={LOGOUT}")
        else:
            explore(served, configuration)

        # Not everything was refused before it got anywhere.
        succeeded = set(re.findall(r"host\.requests (\S+ \S+) 2\d\d$", served.said(), re.MULTILINE))
        assert {call for call, _ in operations_of(document_of(served))} <= succeeded
        assert "Traceback" not in served.said()


def test_the_documented_grant_is_the_published_one(auth0_mfa):
    """The choice between the grants is told by their types."""
    operation = document_of(auth0_mfa)["paths"]["/oauth/token"]["post"]
    [(media_type, body)] = operation["requestBody"]["content"].items()

    assert media_type == "application/x-www-form-urlencoded"
    kinds = {each["properties"]["grant_type"]["const"] for each in body["schema"]["oneOf"]}
    assert kinds == {"password", RECOVERY_CODE}
