"""The document that each application serves: what it says, and that all of it is true."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from openapi_spec_validator import validate

from examples.published_apis.grants import RECOVERY_CODE
from tests.published_apis.served import running
from tests.published_apis.test_fortanix_dsm import complete, unlock

_EXAMPLES = 6  # for each call and each kind of data, beside the hundred of the coverage phase
_SECONDS = 120


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


def authentication_of(served):
    """Return, as Schemathesis is configured, who asks: somebody who may call everything."""
    line = served.line
    match served.api:
        case "fortanix_dsm":
            session, [code, *_] = line["bearer_token"], line["recovery_codes"]
            assert complete(served, session, code).status_code == 204
            assert unlock(served, session, line["password"]).status_code == 200
            basic = f'username = "{line["user"]}"\npassword = "{line["password"]}"'
            return (
                f'[auth.openapi.bearerToken]\nbearer = "{session}"\n'
                f"[auth.openapi.userPassword]\n{basic}\n"
            )
        case "auth0_mfa":
            names = ("client_id", "client_secret", "mfa_token")
            known = {name: line[name] for name in names} | {
                "username": line["user"],
                "password": line["password"],
                "recovery_code": line["recovery_codes"][0],
            }
            return f'[auth.openapi.mfaToken]\nbearer = "{line["mfa_token"]}"\n' + "".join(
                f'[dictionaries.{name}]\nvalues = ["{value}"]\n'
                f'[parameters."body.{name}"]\ndictionary = "{name}"\nprobability = 0.8\n'
                for name, value in known.items()
            )
        case "arklow":
            return f'[auth.openapi.ArklowAuth]\napi_key = "{line["api_key"]}"\n'
        case _:
            return f'[auth.openapi.token]\napi_key = "{line["token"]}"\n'


def explore(served, folder, configuration, *options):
    """Send what Schemathesis makes of the document, and check every answer."""
    (folder / "schemathesis.toml").write_text(configuration, "utf-8")
    program = Path(sys.executable).with_name("schemathesis")
    chosen = [
        "--checks=all",
        "--phases=coverage,fuzzing",
        f"--max-examples={_EXAMPLES}",
        "--generation-deterministic",
        "--continue-on-failure",
        "--no-color",
    ]
    done = subprocess.run(
        [program, "run", served.line["base_url"] + "/openapi.json", *chosen, *options],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in served.said()
    return done.stdout


@pytest.mark.parametrize("api", ["fortanix_dsm", "auth0_mfa", "arklow", "circularo"])
def test_the_document_is_true(api, tmp_path):
    """Of whatever is sent, nothing breaks the server, and nothing is answered but what it says."""
    database = f"sqlite:///{tmp_path / 'host.db'}"
    # Declared as open, but RFC 6749, 3.2 refuses a field that comes twice.
    options = {"auth0_mfa": ["--exclude-checks=positive_data_acceptance"]}.get(api, [])
    # It would end the session of all other calls.
    options += ["--exclude-path=/api/v1/logout"] if api == "circularo" else []
    with running(api, database=database, folder=tmp_path) as served:
        said = explore(served, tmp_path, authentication_of(served), *options)

        assert "No issues found" in said or "warning" in said
        if api == "circularo":
            configuration = authentication_of(served)
            explore(served, tmp_path, configuration, "--include-path=/api/v1/logout")


def test_the_documented_grant_is_the_published_one(auth0_mfa):
    """The choice between the grants is told by their types."""
    operation = document_of(auth0_mfa)["paths"]["/oauth/token"]["post"]
    [(media_type, body)] = operation["requestBody"]["content"].items()

    assert media_type == "application/x-www-form-urlencoded"
    kinds = {each["properties"]["grant_type"]["const"] for each in body["schema"]["oneOf"]}
    assert kinds == {"password", RECOVERY_CODE}
