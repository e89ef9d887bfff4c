"""What is to be seen from outside, by a kit and connections of its own, after all is over."""

from collections import Counter
from dataclasses import dataclass

import sqlalchemy as sa

from recoverykit import EventKind, Issued, RecoveryKit, Redemption
from recoverykit.storage.sql import SQLStorage
from tests.hosts.claims import Base, Claim, Login
from tests.hosts.desks import HOSTS_POLICY, standing
from tests.races.trail import Trail


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What stands of a subject.

    Attributes:
        spent: the places of the codes that are spent, each with a session row and an event.
        attempts: the attempts that opened the sessions.
        failures: the failures in a row, each with its event since the last success.
        failed: how many failures there were altogether, by their events.
    """

    spent: frozenset[int]
    attempts: tuple[str, ...]
    failures: int
    failed: int


class Outside:
    """An onlooker, in whose eyes nothing may ever be half done.

    Args:
        url: the address of the database; the tables are made in it.
    """

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url, pool_size=1, max_overflow=0, hide_parameters=True)
        storage = SQLStorage(self._engine)
        storage.create_tables()
        Base.metadata.create_all(self._engine)
        self._kit = RecoveryKit(storage, policy=HOSTS_POLICY, clock=standing)
        self._subjects = 0

    def issue(self) -> tuple[str, Issued]:
        """Issue a set to somebody new."""
        self._subjects += 1
        subject = f"subject {self._subjects}"
        return subject, self._kit.issue(subject)

    def see(self, subject: str) -> Seen:
        """Look at the rows, the status and the trail, which must tell one and the same story."""
        self._engine.dispose()  # a fresh connection has no snapshot of its own
        logins = sa.select(Login.ordinal, Login.attempt).where(Login.subject == subject)
        with self._engine.connect() as connection:
            rows = connection.execute(logins.order_by(Login.id)).all()
        status = self._kit.status(subject)
        trail = Trail.of(self._engine, subject)
        spent = frozenset(code.ordinal for code in status.codes if code.used_at)
        sessions = Counter(row.ordinal for row in rows)

        assert sessions == dict.fromkeys(spent, 1), "a session without its code, or the reverse"
        assert trail.ordinals(EventKind.REDEEMED) == sessions, "a success without its event"
        assert status.remaining == len(status.codes) - len(spent)
        assert trail.counts()[EventKind.FAILED] == len(trail.failures()) >= status.failures
        return Seen(
            spent=spent,
            attempts=tuple(row.attempt for row in rows),
            failures=status.failures,
            failed=len(trail.failures()),
        )

    def redeem(self, claim: Claim) -> Redemption:
        """Spend the code of a claim without a session row: it must be good for that."""
        return self._kit.redeem(claim.subject, claim.code, attempt=claim.attempt)

    def close(self) -> None:
        self._engine.dispose()
