"""Auth0: one code, replaced on every use; and tokens that anybody can verify."""

import re
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from examples.host import clock, logins, tables, tokens
from examples.published_apis.grants import RECOVERY_CODE
from tests.published_apis.served import running

TOKEN, ASSOCIATE = "/oauth/token", "/mfa/associate"
OTP = {"authenticator_types": ["otp"]}


def client_of(served):
    """Return a real OAuth client."""
    return OAuth2Session(
        served.line["client_id"],
        served.line["client_secret"],
        token_endpoint=served.line["base_url"] + TOKEN,
        token_endpoint_auth_method="client_secret_post",
    )


def ask(served, **fields):
    client = {name: served.line[name] for name in ("client_id", "client_secret")}
    return served.send("POST", TOKEN, data=client | fields)


def mfa_token_of(served, person):
    """Show the first factor."""
    answer = ask(served, grant_type="password", username=person.name, password=person.password)
    assert told(answer, 403) == "mfa_required"
    return answer.json()["mfa_token"]


def challenge(served, mfa_token, code):
    return ask(served, grant_type=RECOVERY_CODE, mfa_token=mfa_token, recovery_code=code)


def associate(served, mfa_token, body=OTP):
    return served.post(ASSOCIATE, body, headers={"Authorization": f"Bearer {mfa_token}"})


def told(answer, status):
    assert answer.status_code == status, answer.text
    assert {"error", "error_description"} <= set(answer.json())
    return answer.json()["error"]


@pytest.fixture
def ada(auth0_mfa):
    """Somebody with a code."""
    return auth0_mfa.somebody()


def test_an_oauth_client_gets_tokens_and_the_next_code(auth0_mfa, ada):
    """Both factors by a client library, and its tokens verified by the published keys."""
    with client_of(auth0_mfa) as client:
        with pytest.raises(OAuthError, match="mfa_required"):
            client.fetch_token(grant_type="password", username=ada.name, password=ada.password)
        got = client.fetch_token(
            grant_type=RECOVERY_CODE,
            mfa_token=mfa_token_of(auth0_mfa, ada),
            recovery_code=ada.codes[0],
        )

    assert (got["token_type"], got["expires_in"], got["scope"]) == ("Bearer", 86_400, "openid")
    assert re.fullmatch("[A-Z0-9]{24}", got["recovery_code"])
    assert got["recovery_code"] != ada.codes[0]
    issuer = auth0_mfa.line["base_url"] + "/"
    keys = jwt.PyJWKClient(issuer + ".well-known/jwks.json")
    for name, audience in (
        ("id_token", auth0_mfa.line["client_id"]),
        ("access_token", issuer + "api"),
    ):
        key = keys.get_signing_key_from_jwt(got[name])
        claims = jwt.decode(
            got[name],
            key,
            algorithms=["RS256"],
            audience=audience,
            issuer=issuer,
            options={"require": ["exp", "iat", "sub"]},
        )
        assert claims["sub"] == ada.id
        assert claims["exp"] - claims["iat"] == 86_400
    assert "d" not in auth0_mfa.send("GET", "/.well-known/jwks.json").json()["keys"][0]


def test_the_line_is_enough(auth0_mfa):
    """What is printed at the start leads to the tokens and to the next code, and so on."""
    line = auth0_mfa.line
    [code] = line["recovery_codes"]
    first = challenge(auth0_mfa, line["mfa_token"], code)
    assert first.status_code == 200
    assert first.headers["Pragma"] == "no-cache"

    again = ask(
        auth0_mfa, grant_type="password", username=line["user"], password=line["password"]
    ).json()["mfa_token"]
    assert told(challenge(auth0_mfa, again, code), 403) == "invalid_grant"
    new = first.json()["recovery_code"]
    second = challenge(auth0_mfa, again, new)
    assert second.status_code == 200
    assert second.json()["recovery_code"] not in {code, new}


def test_an_mfa_token_is_good_for_one_login(auth0_mfa, ada):
    """It bears wrong codes, is used up by a right one, and then spends none."""
    mfa_token = mfa_token_of(auth0_mfa, ada)
    wrong = auth0_mfa.somebody().codes[0]
    assert told(challenge(auth0_mfa, mfa_token, wrong), 403) == "invalid_grant"
    new = challenge(auth0_mfa, mfa_token, ada.codes[0]).json()["recovery_code"]

    assert told(challenge(auth0_mfa, mfa_token, new), 403) == "invalid_grant"
    assert challenge(auth0_mfa, mfa_token_of(auth0_mfa, ada), new).status_code == 200


def test_an_mfa_token_expires(auth0_mfa, ada):
    """After ten minutes the password has to be shown again."""
    mfa_token = mfa_token_of(auth0_mfa, ada)
    assert logins.LIFETIME == 600
    with auth0_mfa.engine.begin() as connection:
        expired = tables.pending_logins.update().values(expires_at=clock.now())
        digest = tables.pending_logins.c.digest
        connection.execute(expired.where(digest == tokens.digest_of(mfa_token)))

    assert told(challenge(auth0_mfa, mfa_token, ada.codes[0]), 403) == "invalid_grant"
    assert told(associate(auth0_mfa, mfa_token), 401) == "invalid_token"
    assert challenge(auth0_mfa, mfa_token_of(auth0_mfa, ada), ada.codes[0]).status_code == 200


def test_wrong_codes_run_into_the_throttle(auth0_mfa, ada):
    """A new login does not lead around it."""
    for _ in range(5):
        wrong = auth0_mfa.somebody().codes[0]
        assert told(challenge(auth0_mfa, mfa_token_of(auth0_mfa, ada), wrong), 403)

    delayed = challenge(auth0_mfa, mfa_token_of(auth0_mfa, ada), ada.codes[0])

    assert told(delayed, 429) == "too_many_attempts"
    assert 25 < int(delayed.headers["Retry-After"]) <= 30


def test_the_client_must_be_known(auth0_mfa, ada):
    """Before anything is looked at: a right code is not spent."""
    fields = {
        "grant_type": RECOVERY_CODE,
        "mfa_token": mfa_token_of(auth0_mfa, ada),
        "recovery_code": ada.codes[0],
    }
    for wrong in ({"client_id": "nobody"}, {"client_id": "\0"}, {"client_secret": "wrong"}):
        answer = ask(auth0_mfa, **fields, **wrong)
        assert told(answer, 401) == "invalid_client"
    assert ask(auth0_mfa, **fields).status_code == 200


def test_the_password_must_be_right(auth0_mfa, ada):
    """Whether there is such a user is not told."""
    said = {
        ask(auth0_mfa, grant_type="password", username=name, password=password).text
        for name, password in ((ada.name, "wrong"), ("nobody", ada.password), ("\0", "x"))
    }
    assert len(said) == 1
    assert '"invalid_grant"' in said.pop()


def test_the_first_factor_brings_a_code(tmp_path):
    """It is told once; a second call with the password alone gets nothing, and changes nothing."""
    database = f"sqlite:///{tmp_path / 'host.db'}"
    with running("auth0_mfa", database=database, folder=tmp_path) as served:
        line = served.line
        shown = {"username": line["unenrolled_user"], "password": line["password"]}
        mfa_token = ask(served, grant_type="password", **shown).json()["mfa_token"]
        enrolled = associate(served, mfa_token)
        assert enrolled.status_code == 200
        [code] = enrolled.json()["recovery_codes"]

        assert told(associate(served, mfa_token), 403) == "access_denied"
        assert told(associate(served, line["mfa_token"]), 403) == "access_denied"
        assert challenge(served, mfa_token, code).status_code == 200
        assert challenge(served, line["mfa_token"], line["recovery_codes"][0]).status_code == 200


def test_of_two_enrolments_at_once_one_brings_a_code(auth0_mfa, ada):
    """The others are refused, and do not replace the code that the first one was told."""
    mfa_token = mfa_token_of(auth0_mfa, ada)
    with ThreadPoolExecutor(8) as threads:
        answers = [*threads.map(lambda _: associate(auth0_mfa, mfa_token), range(8))]

    [enrolled] = [answer for answer in answers if answer.ok]
    refused = [answer for answer in answers if answer is not enrolled]
    assert {told(answer, 403) for answer in refused} == {"access_denied"}
    [code] = enrolled.json()["recovery_codes"]
    assert challenge(auth0_mfa, mfa_token, code).status_code == 200


def test_an_enrolment_without_a_code_is_none(tmp_path):
    """Where no code could be stored the factor is taken back, and the user may enrol again."""
    database = f"sqlite:///{tmp_path / 'host.db'}"
    with running("auth0_mfa", database=database, folder=tmp_path) as served:
        bob = {"username": served.line["unenrolled_user"], "password": served.line["password"]}
        mfa_token = ask(served, grant_type="password", **bob).json()["mfa_token"]
        rename(served.engine, "recoverykit_records", "elsewhere")
        assert told(associate(served, mfa_token), 503) == "temporarily_unavailable"
        rename(served.engine, "elsewhere", "recoverykit_records")

        [code] = associate(served, mfa_token).json()["recovery_codes"]

        assert challenge(served, mfa_token, code).status_code == 200


def rename(engine, table, name):
    with engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {name}")


def test_a_tenant_switches_codes_off(tmp_path):
    """None is returned and none is accepted, not even one that was issued before."""
    database = f"sqlite:///{tmp_path / 'host.db'}"
    with running("auth0_mfa", database=database, folder=tmp_path) as served:
        [code] = served.line["recovery_codes"]
    with running(
        "auth0_mfa", "--recovery-codes", "off", database=database, folder=tmp_path
    ) as served:
        line = served.line
        assert line["recovery_codes"] == []
        assert told(challenge(served, line["mfa_token"], code), 403) == "invalid_grant"
        shown = {"username": line["unenrolled_user"], "password": line["password"]}
        mfa_token = ask(served, grant_type="password", **shown).json()["mfa_token"]
        enrolled = associate(served, mfa_token)
        assert enrolled.status_code == 200
        assert enrolled.json() == {"authenticator_type": "otp"}


@pytest.mark.parametrize("mfa_token", ["", "0" * 64, "\xff"])
def test_associating_takes_the_first_factor(auth0_mfa, mfa_token):
    """An MFA token that there is not is no authorisation."""
    answer = associate(auth0_mfa, mfa_token)

    assert told(answer, 401) == "invalid_token"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ("", "invalid_request"),
        ("grant_type=client_credentials&client_id=a&client_secret=b", "unsupported_grant_type"),
        ("grant_type=password&client_id=a&client_secret=b", "invalid_request"),
        ("client_id=a&client_secret=b", "invalid_request"),
        ("grant_type=password&grant_type=password", "invalid_request"),
        ("%ff=%ff", "invalid_request"),
        (b"\xff", "invalid_request"),
        ("grant_type", "invalid_request"),
        ("a=b&" * 100 + "a=b", "invalid_request"),
    ],
)
def test_a_form_that_is_none(auth0_mfa, data, error):
    """A grant that there is not, a missing field, one that comes twice, and noise."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert told(auth0_mfa.send("POST", TOKEN, data=data, headers=form), 400) == error


def test_json_is_no_form(auth0_mfa):
    """The contract has one media type."""
    assert told(auth0_mfa.post(TOKEN, {"grant_type": "password"}), 400) == "invalid_request"
