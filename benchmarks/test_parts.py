"""The parts of a call, by themselves: nothing is promised of them."""

from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from recoverykit import Argon2idHasher, CodeFormat, Policy, RecoveryKit, Subject
from recoverykit.core.document import Document, document_in
from recoverykit.core.masked import Masked
from recoverykit.storage import Record
from recoverykit.storage.memory import MemoryStorage
from recoverykit.storage.sql import SQLStorage
from recoverykit.testing import cheap_hasher

# What is measured here does not hash, so the codes may as well be hashed quickly.
_HASHER = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)
_WEAK = frozenset({"A5-C-KDF"})
_ALICE = Subject("alice")


@pytest.fixture(params=[10, 32])
def record(request: pytest.FixtureRequest) -> Record:
    """A stored document with that many codes, one of them used."""
    storage = MemoryStorage()
    kit = RecoveryKit(storage, policy=Policy(count=request.param, hasher=_HASHER, accept=_WEAK))
    kit.redeem("alice", kit.issue("alice").codes[0])
    record = storage.load(_ALICE)
    assert record is not None
    return record


def test_read_document(benchmark: BenchmarkFixture, record: Record) -> None:
    """Reading a stored document."""
    document = benchmark(document_in, record, keyring=None, subject=_ALICE)
    assert written(document) == record.document


def test_write_document(benchmark: BenchmarkFixture, record: Record) -> None:
    """Writing a document."""
    document = document_in(record, keyring=None, subject=_ALICE)
    assert benchmark(written, document) == record.document


def written(document: Document) -> str:
    return document.to_text(keyring=None, subject=_ALICE, revision="0" * 32)


def test_parse_code(benchmark: BenchmarkFixture) -> None:
    """Reading what was typed, by the default format."""
    code_format = CodeFormat.default()
    code = RecoveryKit(MemoryStorage()).issue("alice").codes[3]
    assert benchmark(code_format.parse, f"4. {code.lower()}").ordinal == 3


def test_cheap_hash(benchmark: BenchmarkFixture) -> None:
    """A hash of the hasher for tests."""
    secret = Masked(b"a code")
    assert benchmark(cheap_hasher().derive, secret, b"16 bytes of salt").reveal()


def test_status(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """The status of ten codes in a SQLite file."""
    with SQLStorage(f"sqlite:///{tmp_path / 'codes.db'}") as storage:
        storage.create_tables()
        kit = RecoveryKit(storage, policy=Policy(hasher=_HASHER, accept=_WEAK))
        kit.issue("alice")
        assert benchmark(kit.status, "alice").remaining == 10
