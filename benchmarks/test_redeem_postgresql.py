"""A redemption under a keyed hash on PostgreSQL, against SQLAlchemy Core and psycopg alone."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

import pytest
from sqlalchemy import Engine

from benchmarks.account import Account
from benchmarks.bare import CoreRedemption, PsycopgRedemption
from benchmarks.race import Race
from recoverykit import CodeFormat, KeyedHasher, Keyring, Policy, RecoveryKit
from recoverykit.core.alphabet import Alphabet
from recoverykit.storage.sql import SQLStorage
from recoverykit.storage.sql.engine import checked_url, opened

_LIMIT = 0.80
_ROUNDS = 400
_THREADS = 8
_FORMAT = CodeFormat(alphabet=Alphabet.CROCKFORD32, length=23, selector=True, check=True)


@pytest.fixture
def engine(postgresql_url: str) -> Iterator[Engine]:
    """An engine like the storage's own."""
    engine = opened(checked_url(postgresql_url))
    yield engine
    engine.dispose()


@pytest.fixture
def open_account(postgresql_url: str) -> Iterator[Callable[[str], Account]]:
    """Open an account by its name: all are on one storage, with an engine of its own."""
    policy = Policy(format=_FORMAT, hasher=KeyedHasher())
    keyring = Keyring({"new": secrets.token_bytes(32)})
    with SQLStorage(postgresql_url) as storage:
        storage.create_tables()
        kit = RecoveryKit(storage, policy=policy, keyring=keyring)
        yield partial(Account, kit, storage)


def test_one_connection(
    race: Race,
    open_account: Callable[[str], Account],
    engine: Engine,
    postgresql_url: str,
    request: pytest.FixtureRequest,
) -> None:
    """One redemption after the other, on one connection."""
    name = f"PostgreSQL, {request.node.callspec.id}"
    account, bare = open_account("ours"), open_account("bare")
    bare.redeem(bare.codes[0])
    with closing(PsycopgRedemption(postgresql_url, "bare")) as psycopg:
        race.run(
            lambda: account.redeem(account.codes[0]),
            bare={"psycopg": psycopg, "Core": CoreRedemption(engine, "bare")},
            prepare=account.put_back,
            rounds=_ROUNDS,
        )
        race.report(f"{name}, of psycopg's rate", over="psycopg", is_rate=True)
        race.report(f"{name}, of Core's rate", over="Core", is_rate=True, limit=_LIMIT)


def test_eight_threads(
    race: Race,
    open_account: Callable[[str], Account],
    engine: Engine,
    request: pytest.FixtureRequest,
) -> None:
    """Eight threads that each redeem all codes of a subject of their own."""
    accounts = [open_account(f"ours-{n}") for n in range(_THREADS)]
    core: list[Callable[[], object]] = []
    for n in range(_THREADS):
        bare = open_account(f"bare-{n}")
        bare.redeem(bare.codes[0])
        core.append(_ten_times(CoreRedemption(engine, f"bare-{n}")))

    def put_back() -> None:
        for account in accounts:
            account.put_back()

    with ThreadPoolExecutor(_THREADS) as threads:
        race.run(
            lambda: _wait(threads, [account.redeem_all for account in accounts]),
            bare={"Core": lambda: _wait(threads, core)},
            prepare=put_back,
            rounds=_ROUNDS // 20,
        )
        name = f"PostgreSQL, {request.node.callspec.id}, {_THREADS} threads, of Core's rate"
        race.report(name, over="Core", is_rate=True)


def _wait(threads: ThreadPoolExecutor, jobs: Sequence[Callable[[], object]]) -> None:
    for done in [threads.submit(job) for job in jobs]:
        done.result()


def _ten_times(job: Callable[[], object]) -> Callable[[], object]:
    def repeat() -> None:
        for _ in range(10):
            job()

    return repeat
