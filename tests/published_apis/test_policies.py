"""The policies: what the audit says of each, and which rules are broken on purpose."""

from importlib import import_module
from pathlib import Path

import pytest

from recoverykit import Keyring, Policy, RecoveryKit, Severity
from recoverykit.storage.memory import MemoryStorage
from tests.published_apis.served import APIS

SIX_DIGITS = {"N4-SRC-64", "ROUTE-TOTP", "N4-LS-SALT-EACH"}
ACCEPTED = {"fortanix_dsm": set(), "auth0_mfa": set(), "arklow": set(), "circularo": SIX_DIGITS}


def policy_of(api) -> Policy:
    return import_module(f"examples.published_apis.{api}").POLICY


@pytest.mark.parametrize("api", APIS)
def test_what_is_accepted_is_known(api):
    """No rule is broken but those that are accepted by id, and each of these is."""
    findings = policy_of(api).audit(peppered=True)

    broken = {each.rule for each in findings if each.severity in {Severity.ERROR, Severity.WARNING}}
    assert broken == set(policy_of(api).accept) == ACCEPTED[api]
    assert {each.rule for each in findings if each.accepted} == ACCEPTED[api]


@pytest.mark.parametrize("api", APIS)
def test_a_kit_takes_the_policy(api):
    """As the host makes it, with a keyring."""
    keyring = Keyring({"first": bytes(range(32))})
    RecoveryKit(MemoryStorage(), policy=policy_of(api), keyring=keyring)


@pytest.mark.parametrize("api", APIS)
def test_codes_are_hashed_as_in_production(api):
    """Slowly, and a success is never told again."""
    assert policy_of(api).hasher == Policy().hasher
    assert not policy_of(api).replay_for


def test_the_reason_stands_beside_each_id():
    """Where a rule is broken on purpose, the source says why."""
    lines = Path(import_module("examples.published_apis.circularo").__file__).read_text("utf-8")
    reasons = {
        rule: line
        for line in lines.splitlines()
        for rule in SIX_DIGITS
        if line.strip().startswith(f'"{rule}",')
    }
    assert set(reasons) == SIX_DIGITS
    assert all("  # " in line for line in reasons.values())
