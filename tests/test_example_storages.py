"""The two storages of examples/storages keep the contract, and are as short as their page says."""

import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from examples.storages import etcd, files
from examples.storages.etcd import EtcdStorage
from examples.storages.files import FileStorage
from recoverykit.testing import ConformanceError, check_storage
from tests.conftest import IN_CI
from tests.etcd import running_etcd
from tests.servers import ProgramMissing

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "storages"
PAGE = ROOT / "docs" / "how-to" / "write-a-storage.md"


@contextmanager
def fresh_folder(kind=FileStorage):
    """A storage in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        yield kind(Path(folder))


@contextmanager
def opened(kind, *where):
    """Another handle; neither storage has anything to close."""
    yield kind(*where)


def same_folder(storage):
    return partial(opened, type(storage), storage.folder)


def ids_in_files(storage, subject):
    return [event[0] for event in storage.trail(subject)]


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """The port of a private etcd."""
    try:
        server = running_etcd(tmp_path_factory.mktemp("etcd"))
        with server as port:
            yield port
    except ProgramMissing as missing:
        if IN_CI:
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


@contextmanager
def empty_etcd(port, kind=EtcdStorage):
    """A storage in an etcd that holds nothing."""
    storage = kind("127.0.0.1", port)
    everything = etcd._text("recoverykit/"), etcd._text("recoverykit0")
    storage._ask("deleterange", key=everything[0], range_end=everything[1])
    yield storage


def same_etcd(storage):
    return partial(opened, type(storage), *storage.address)


def ids_in_etcd(storage, subject):
    return [event.partition(" ")[0] for event in storage.trail(subject)]


def test_the_files_keep_the_contract():
    """Every clause, races between processes and a process that is killed among them."""
    report = check_storage(fresh_folder, reopen=same_folder, events=ids_in_files)

    assert not report.without


@pytest.mark.server
def test_etcd_keeps_the_contract(port):
    """Every clause on a real etcd."""
    report = check_storage(partial(empty_etcd, port), reopen=same_etcd, events=ids_in_etcd)

    assert not report.without


class Unlocked(FileStorage):
    """Without the lock: it reads, compares and writes as if it were alone."""

    @contextmanager
    def _locked(self, subject, kind):
        with super()._locked(subject, files.fcntl.LOCK_SH) as path:
            yield path


class Unconditional(EtcdStorage):
    """It compares by itself and then writes: the transaction compares nothing."""

    def commit(self, subject, change):
        record = self.load(subject)
        if change.expected != (record.revision if record else None):
            return False
        return super().commit(subject, change)

    def _ask(self, what, **question):
        return super()._ask(what, **question | ({"compare": []} if what == "txn" else {}))


def test_the_files_need_their_lock():
    """Without it the check sees two winners: what it passed above it can refuse."""
    with pytest.raises(ConformanceError) as refused:
        check_storage(partial(fresh_folder, Unlocked), reopen=same_folder, events=ids_in_files)

    assert "S5" in {breach.id for breach in refused.value.breaches}


@pytest.mark.server
def test_etcd_has_to_compare(port):
    """A check before the transaction is none."""
    with pytest.raises(ConformanceError) as refused:
        check_storage(
            partial(empty_etcd, port, Unconditional), reopen=same_etcd, events=ids_in_etcd
        )

    assert "S5" in {breach.id for breach in refused.value.breaches}


@pytest.mark.parametrize("name", ["files", "etcd"])
def test_they_are_short(name):
    """The page promises fewer than sixty lines of code, and shows the very file."""
    lines = (EXAMPLES / f"{name}.py").read_text("utf-8").splitlines()

    assert sum(1 for line in lines if line.strip()) < 60
    assert f"examples/storages/{name}.py" in PAGE.read_text("utf-8")
