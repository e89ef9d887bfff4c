"""What comes before what: the hash, then the transaction, then the host's function."""

from dataclasses import replace

import argon2.low_level
import pytest
import sqlalchemy as sa

from recoverykit import InvalidCode
from tests.hosts.claims import Claim
from tests.storage.flavours import SKIPPING

LOAD = ["taken", "given back"]


@pytest.fixture
def log(desk, monkeypatch):
    """What the desk does with connections and hashes, in the order in which it does it."""
    log, real = [], argon2.low_level.hash_secret_raw

    def hash_secret_raw(*args, **options):
        log.append("hash")
        assert desk.engine.pool.checkedout() == 0
        return real(*args, **options)

    monkeypatch.setattr("argon2.low_level.hash_secret_raw", hash_secret_raw)
    sa.event.listen(desk.engine, "checkout", lambda *_: log.append("taken"))
    for event in ("checkin", "close_detached"):
        sa.event.listen(desk.engine, event, lambda *_: log.append("given back"))
    return log


def test_the_hash_is_over_before_the_transaction_opens(site, desk, outside, log):
    """No connection is out while it runs, whether the code is right or wrong or the host fails."""
    subject, issued = outside.issue()
    _, others = outside.issue()
    claim = Claim(subject=subject, code=issued.codes[0], then=lambda: log.append("function"))
    desk.work(str)  # the first connection of an engine is not like the others
    place = site.place
    # Of psycopg's that has left its pool, SQLAlchemy does not tell that it is closed.
    is_told = (site.shell, place.database, place.flavour) != ("awaited", "postgresql", SKIPPING)
    back = ["given back"] if is_told else []

    del log[:]
    desk.claim(claim)
    assert log == [*LOAD, "hash", "taken", "function", *back]
    del log[:]
    with pytest.raises(InvalidCode):
        desk.claim(replace(claim, code=others.codes[1], attempt="wrong"))
    assert log == [*LOAD, "hash", *LOAD]
    del log[:]
    with pytest.raises(ZeroDivisionError):
        desk.claim(replace(claim, code=issued.codes[1], attempt="next", then=lambda: 1 / 0))
    assert log == [*LOAD, "hash", "taken", *back]
