"""A redemption on SQLite, against one bare hash and one bare durable commit."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from benchmarks.account import Account
from benchmarks.bare import SQLiteCommit, argon2id
from benchmarks.race import Race
from recoverykit import CodeAlreadyUsed, InvalidCode, Policy, RecoveryKit
from recoverykit.storage.sql import SQLStorage

_LIMIT = 1.10
_ROUNDS = 40


def _guess(case: str, account: Account, stranger: Account) -> Callable[[], object]:
    """Return what each round does in a case."""
    first, last = account.codes[0], account.codes[-1]
    match case:
        case "right code first":
            return partial(account.redeem, first)
        case "right code last":
            return partial(account.redeem, last)
        case "wrong code":
            return partial(account.fail, stranger.codes[0], InvalidCode)
        case "used code":
            account.redeem(first)
            account.keep()
            return partial(account.fail, first, CodeAlreadyUsed)
    raise ValueError(case)


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SQLStorage]:
    """A storage of our own on a SQLite file."""
    with SQLStorage(f"sqlite:///{tmp_path / 'ours.db'}") as storage:
        storage.create_tables()
        yield storage


@pytest.mark.parametrize("count", [10, 32])
@pytest.mark.parametrize("case", ["right code first", "right code last", "wrong code", "used code"])
def test_redeem(race: Race, storage: SQLStorage, tmp_path: Path, case: str, count: int) -> None:
    """A redemption costs one hash and one durable commit, whatever the code and the count."""
    kit = RecoveryKit(storage, policy=Policy(count=count))
    account, stranger = Account(kit, storage, "us"), Account(kit, storage, "stranger")
    redeem = _guess(case, account, stranger)
    redeem()  # so that the bare commit finds the rows that this leaves
    storage.close()
    shutil.copy(tmp_path / "ours.db", tmp_path / "bare.db")
    with closing(SQLiteCommit(tmp_path / "bare.db", account.subject.id)) as commit:

        def hash_and_commit() -> None:
            argon2id()
            commit()

        race.run(redeem, bare={"bare": hash_and_commit}, prepare=account.put_back, rounds=_ROUNDS)
        race.report(f"SQLite, {case} of {count}", over="bare", limit=_LIMIT)
