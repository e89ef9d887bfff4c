"""The cheap hasher: quick, of use in tests alone, and never taken for a safe one."""

from dataclasses import replace

import pytest

from recoverykit import (
    Argon2idHasher,
    CodeFormat,
    CorruptRecord,
    InvalidArgument,
    InvalidCode,
    KeyedHasher,
    Keyring,
    Policy,
    PolicyError,
    RecoveryKit,
    SetState,
)
from recoverykit.core.digest import StoredDigest
from recoverykit.core.hasher import CheapHasher, is_weaker
from recoverykit.core.masked import Masked
from recoverykit.storage.memory import MemoryStorage
from recoverykit.testing import cheap_hasher, cheapened
from tests.weak import WEAK

KEY = Keyring({"a": b"one of 16 bytes."})
QUICK = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)


def test_it_depends_on_the_salt_and_on_the_secret():
    """A test that mixes up codes or subjects fails under it, too."""
    salts, secrets = [b"a" * 16, b"b" * 16], [Masked(b"a"), Masked(b"b")]

    assert len({cheap_hasher().derive(x, y).reveal() for x in secrets for y in salts}) == 4


def test_what_it_made_is_told_from_all_else():
    """By its name in what is stored, which is read back as what it is."""
    digest = StoredDigest(
        hasher=cheap_hasher(), key_id="-", salt=b"a" * 16, digest=Masked(b"b" * 32)
    )
    text = digest.to_text()

    assert text.startswith("$for-tests$keyid=-$")
    assert StoredDigest.from_text(text, ceiling=QUICK) == digest
    assert StoredDigest.from_text(text, ceiling=QUICK).hasher != KeyedHasher()


def test_it_is_weaker_than_any_other():
    """So a set under it is told to be stale."""
    assert is_weaker(CheapHasher(), than=KeyedHasher())
    assert not is_weaker(CheapHasher(), than=CheapHasher())


@pytest.mark.parametrize("peppered", [True, False])
@pytest.mark.parametrize(
    "policy", [Policy(), Policy.pci(), Policy.psd2(), Policy.fips(), Policy.single()]
)
def test_a_policy_is_the_same_with_it(policy, peppered):
    """But for the hasher, and for what is accepted because of it."""
    cheap = cheapened(policy)

    cheap.require_sound(peppered=peppered)
    assert replace(cheap, hasher=policy.hasher, accept=policy.accept) == policy


def test_what_a_policy_breaks_besides_is_still_refused():
    """A test finds out what the application would be told when it starts."""
    short = Policy(format=CodeFormat.digits(6), count=3)

    with pytest.raises(PolicyError) as caught:
        cheapened(short).require_sound(peppered=True)
    assert [finding.rule for finding in caught.value.findings] == ["N4-SRC-64"]


def test_what_is_no_policy_is_refused():
    """Rather than fail somewhere within."""
    with pytest.raises(InvalidArgument):
        cheapened(None)


@pytest.mark.parametrize("keyring", [None, KEY])
def test_codes_work_under_it(keyring):
    """Issue, redeem, refuse."""
    kit = RecoveryKit(MemoryStorage(), policy=cheapened(Policy()), keyring=keyring)
    codes = kit.issue("ada").codes

    assert kit.redeem("ada", codes[3]).ordinal == 3
    with pytest.raises(InvalidCode):
        kit.redeem("ada", "47Q2M-Z4TB0-XKDND")
    assert not kit.status("ada").stale


VERBS = {
    "redeem": lambda kit, codes: kit.redeem("ada", codes[1]),
    "confirm": lambda kit, codes: kit.confirm("ada", codes[1]),
    "issue": lambda kit, codes: kit.issue("ada", replace=True),
    "status": lambda kit, codes: kit.status("ada"),
    "revoke": lambda kit, codes: kit.revoke("ada"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_safe_policy_reads_nothing_that_it_made(verb):
    """A database that came from a test gives nobody a way in, and says what it is."""
    storage = MemoryStorage()
    tested = RecoveryKit(storage, policy=cheapened(Policy()))
    codes = tested.issue("ada").codes
    tested.redeem("ada", codes[0])
    safe = RecoveryKit(storage, policy=Policy(hasher=QUICK, accept=WEAK))

    with pytest.raises(CorruptRecord, match=r"^what is stored was hashed for tests, and protects"):
        VERBS[verb](safe, codes)
    safe.erase("ada")
    assert safe.status("ada").state is SetState.NONE
