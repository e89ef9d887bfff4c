"""How an application is started: one line, and again on the same database."""

import re

import pytest

from tests.published_apis.served import APIS, DEMO_PASSWORD, running

OWN = {
    "fortanix_dsm": {"bearer_token", "api_key"},
    "auth0_mfa": {"mfa_token", "client_id", "client_secret", "unenrolled_user"},
    "arklow": {"api_key", "device_ids", "recovery_codes_by_device"},
    "circularo": {"token"},
}


def test_the_line_holds_what_a_client_needs(served):
    """The same five for all, and what the API needs beside."""
    line = served.line

    assert set(line) == {"base_url", "user", "password", "recovery_codes"} | OWN[served.api]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", line["base_url"])
    assert (line["user"], line["password"]) == ("ada", DEMO_PASSWORD)
    count = 1 if served.api == "auth0_mfa" else 10
    assert len(set(line["recovery_codes"])) == count
    assert all(served.office.recognises(code) for code in line["recovery_codes"])


def test_what_is_printed_is_not_logged(served):
    """Neither codes nor tokens nor the password stand in the log."""
    line = served.line
    secrets = {line["password"], *line["recovery_codes"]}
    secrets |= {line[name] for name in OWN[served.api] if isinstance(line[name], str)}
    secrets -= {line.get("unenrolled_user")}

    assert "codes of" in served.said()
    assert not [each for each in secrets if re.search(rf"\b{re.escape(each)}\b", served.said())]


@pytest.mark.parametrize("api", APIS)
def test_it_starts_again_on_its_database(api, tmp_path):
    """The demo user gets new codes in the place of the old ones."""
    database = f"sqlite:///{tmp_path / 'host.db'}"
    with running(api, database=database, folder=tmp_path) as served:
        before = served.line
    with running(api, database=database, folder=tmp_path) as served:
        assert set(served.line) == set(before)
        assert not set(served.line["recovery_codes"]) & set(before["recovery_codes"])
        assert served.key_file.stat().st_mode & 0o777 == 0o600
