"""What a replacement and a seal cost, in the terms in which it was promised."""

import secrets

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.account import Account
from benchmarks.bare import argon2id
from benchmarks.race import Race
from recoverykit import CodeFormat, HashLimits, Keyring, Policy, RecoveryKit, Subject
from recoverykit.core.masked import Masked
from recoverykit.core.seal import opened, sealed
from recoverykit.storage.memory import MemoryStorage

_LIMIT = 1.05
_ROUNDS = 60
_SEAL_SECONDS = 20e-6


@pytest.mark.parametrize("count", [1, 10])
def test_rotate(race: Race, count: int) -> None:
    """A redemption that replaces its code costs one more hash than one that does not."""
    # One hash at a time: on two cores the second one would cost nothing but electricity.
    limits = HashLimits(concurrency=1)
    storage = MemoryStorage()
    shape = CodeFormat.default() if count > 1 else CodeFormat.alphanumeric(24)
    plain = Policy(count=count, format=shape)
    rotating = Policy(count=count, format=shape, rotate=True)
    ours = Account(RecoveryKit(storage, policy=rotating, hashing=limits), storage, "rotating")
    bare = Account(RecoveryKit(storage, policy=plain, hashing=limits), storage, "plain")

    def put_back() -> None:
        ours.put_back()
        bare.put_back()

    def redeem_and_hash() -> None:
        bare.redeem(bare.codes[0])
        argon2id()

    race.run(
        lambda: ours.redeem(ours.codes[0]),
        bare={"a redemption and a hash": redeem_and_hash},
        prepare=put_back,
        rounds=_ROUNDS,
    )
    race.report(f"rotating one of {count}", over="a redemption and a hash", limit=_LIMIT)


@pytest.fixture
def content() -> str:
    """A document of ten codes, as it is sealed."""
    storage = MemoryStorage()
    RecoveryKit(storage).issue("alice")
    record = storage.load(Subject("alice"))
    assert record is not None
    return record.document


def test_seal(benchmark: BenchmarkFixture, content: str) -> None:
    """Sealing a document of ten codes."""
    keyring, subject = Keyring({"new": secrets.token_bytes(32)}), Subject("alice")
    text = benchmark(sealed, content, keyring=keyring, subject=subject, revision="r" * 32)
    assert content in text
    _keep_promise(benchmark)


def test_open(benchmark: BenchmarkFixture, content: str) -> None:
    """Checking the seal of a document of ten codes."""
    keyring, subject = Keyring({"new": secrets.token_bytes(32)}), Subject("alice")
    text = sealed(content, keyring=keyring, subject=subject, revision="r" * 32)
    whole = benchmark(opened, Masked(text), keyring=keyring, subject=subject, revision="r" * 32)
    assert whole == Masked(content)
    _keep_promise(benchmark)


def _keep_promise(benchmark: BenchmarkFixture) -> None:
    if benchmark.enabled:
        assert benchmark.stats.stats.median < _SEAL_SECONDS
