"""A login that calls the kit keeps every promise, on each storage."""

from datetime import UTC, datetime
from itertools import count

import pytest
import sqlalchemy as sa

from recoverykit import KeyedHasher, Keyring, Policy, RecoveryKit, RedemptionRefused
from recoverykit.storage.memory import MemoryStorage
from recoverykit.storage.sql import SQLStorage, define_tables
from recoverykit.testing import ManualClock
from recoverykit.testing.hosts import FORMS, PROMISES, Host, check_host

# Cheap hashes, which the policies of hosts are refused.
POLICY = Policy(hasher=KeyedHasher(), accept=frozenset({"A5-C-KDF", "N4-LS-112"}))

_NUMBERS = count()  # the tests share a database


@pytest.fixture
def storage(url):
    """A storage on each kind of database, and in memory."""
    if url is None:
        yield MemoryStorage()
        return
    with SQLStorage(url) as storage:
        storage.create_tables()
        yield storage


def stored(storage, url):
    """Return all rows, or whatever memory holds."""
    if isinstance(storage, MemoryStorage):
        yield from map(repr, vars(storage).values())
        return
    tables = sa.MetaData()
    define_tables(tables)
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        for table in tables.sorted_tables:
            yield from map(repr, connection.execute(table.select()).all())
    engine.dispose()


def test_a_login_over_the_kit_passes(storage, url):
    """With a clock that the check may move."""
    check(storage, url, may_wait=True)


def test_it_passes_where_nobody_can_wait():
    """The check takes new users instead."""
    check(MemoryStorage(), None, may_wait=False)


def check(storage, url, *, may_wait):
    clock = ManualClock(datetime(2026, 11, 26, tzinfo=UTC))
    keyring = Keyring({"tests": b"k" * 32})
    kit = RecoveryKit(storage, policy=POLICY, keyring=keyring, clock=clock)
    host = Host(
        new_user=lambda: f"user-{next(_NUMBERS)}",
        issue=lambda user: kit.issue(user).codes,
        redeem=kit.redeem,
        refusals=(RedemptionRefused,),
        regenerate=lambda user: kit.issue(user, replace=True).codes,
        revoke=kit.revoke,
        remaining=lambda user: kit.status(user).remaining,
        stranger=lambda: "nobody",
        told=lambda refusal: refusal.public_message,
        dump=lambda: stored(storage, url),
        advance=clock.advance if may_wait else None,
        set_size=POLICY.count,
        free_guesses=4,
        further_forms=FORMS[-2:],
    )
    checked = check_host(host, examples=3, rounds=3, tell=lambda _: None)
    # Codes are shown in capitals: these are no other form.
    assert list(checked.kept) == [each.id for each in PROMISES if each.id != "F2"]
    assert checked.errors.keys() <= {"ConcurrentUpdate"}
