"""Schemathesis, which sends what it makes of a document, and checks every answer."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.published_apis import test_auth0_mfa as auth0
from tests.published_apis import test_circularo as circularo
from tests.published_apis import test_fortanix_dsm as fortanix
from tests.published_apis.served import Served

_EXAMPLES = 6  # for each call and each kind of data, beside the dozens of the coverage phase
_SECONDS = 120


def configuration_for(served: Served) -> str:
    """Return, as Schemathesis reads it, who asks: somebody who may call everything."""
    line = served.line
    known = {"password": line["password"]}
    match served.api:
        case "fortanix_dsm":
            session = line["bearer_token"]
            answer = fortanix.complete(served, session, line["recovery_codes"][0])
            assert answer.status_code == 204
            assert fortanix.unlock(served, session, line["password"]).status_code == 200
            return (
                _authorised("bearerToken", bearer=session)
                + _authorised("userPassword", username=line["user"], password=line["password"])
                + _likely(known)
            )
        case "auth0_mfa":
            names = ("client_id", "client_secret", "mfa_token")
            known |= {name: line[name] for name in names}
            known |= {"username": line["user"], "recovery_code": line["recovery_codes"][0]}
            newcomer = {"username": line["unenrolled_user"], "password": line["password"]}
            first = auth0.ask(served, grant_type="password", **newcomer)
            return _authorised("mfaToken", bearer=first.json()["mfa_token"]) + _likely(known)
        case "arklow":
            return _authorised("ArklowAuth", api_key=line["api_key"])
        case _:
            answer = circularo.recover(served, line["token"], line["recovery_codes"][0])
            assert answer.status_code == 200
            known |= {"name": line["user"]}
            return _authorised("token", api_key=line["token"]) + _likely(known)


def explore(served: Served, configuration: str, *options: str) -> None:
    """Send the same requests each time, and fail if an answer is not what the document says."""
    (served.folder / "schemathesis.toml").write_text(configuration, "utf-8")
    done = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            "run",
            served.line["base_url"] + "/openapi.json",
            "--checks=all",
            "--phases=coverage,fuzzing",
            f"--max-examples={_EXAMPLES}",
            "--generation-deterministic",
            "--continue-on-failure",
            "--no-color",
            *options,
        ],
        cwd=served.folder,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _authorised(scheme: str, **values: str) -> str:
    lines = "".join(f'{name} = "{value}"\n' for name, value in values.items())
    return f"[auth.openapi.{scheme}]\n{lines}"


def _likely(values: Mapping[str, str]) -> str:
    """Let fields hold what leads on, most of the time."""
    return "".join(
        f'[dictionaries.{name}]\nvalues = ["{value}"]\n'
        f'[parameters."body.{name}"]\ndictionary = "{name}"\nprobability = 0.8\n'
        for name, value in values.items()
    )
