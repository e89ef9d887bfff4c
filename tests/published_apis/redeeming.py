"""How each API spends a code."""

from collections.abc import Callable

import requests

from examples.host import clock, logins, users
from examples.published_apis.grants import RECOVERY_CODE
from tests.published_apis.served import Person, Served


def demo_of(served: Served) -> Person:
    """Return the user of the demonstration, whose codes are hashed as in production."""
    with served.engine.connect() as connection:
        user = users.find(connection, served.line["user"])
    return Person(id=user.id, name=user.name, codes=served.line["recovery_codes"])


def login_of(served: Served, person: Person) -> str:
    with served.engine.begin() as connection:
        return logins.begin(connection, person.id, now=clock.now())


def request_of(served: Served, person: Person, code: str) -> Callable[[], requests.Response]:
    """Return what spends a code in a session of its own."""
    match served.api:
        case "fortanix_dsm":
            token = served.session_of(person)
            return lambda: served.post(
                "/sys/v1/session/auth/2fa/recovery_code",
                {"recovery_code": code},
                headers={"Authorization": f"Bearer {token}"},
            )
        case "auth0_mfa":
            fields = {
                "grant_type": RECOVERY_CODE,
                "client_id": served.line["client_id"],
                "client_secret": served.line["client_secret"],
                "mfa_token": login_of(served, person),
                "recovery_code": code,
            }
            return lambda: served.send("POST", "/oauth/token", data=fields)
        case "arklow":
            key = served.session_of(person)
            return lambda: served.post(
                "/v1/self/mfa/verify/totp/backup",
                {"device_id": "1", "code": code},
                headers={"x-arklow-auth": key},
            )
        case _:
            token = served.session_of(person)
            return lambda: served.post(
                "/api/v1/login/recovery", {"recoveryCode": code}, params={"token": token}
            )
