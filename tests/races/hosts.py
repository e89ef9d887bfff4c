"""A host that opens a session in the transaction that spends the code, and may then fail."""

from collections import Counter
from dataclasses import dataclass

import sqlalchemy as sa

_METADATA = sa.MetaData()
_SESSIONS = sa.Table(
    "sessions",
    _METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("subject", sa.String(40), nullable=False),
    sa.Column("ordinal", sa.Integer, nullable=False),
    mariadb_engine="InnoDB",
)


class HostFailed(Exception):
    """What a failing host raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The function of a host.

    Attributes:
        subject: who logs in.
        ordinal: the place of the code that lets them in.
        fails: whether the host raises once it has written its row.
    """

    subject: str
    ordinal: int
    fails: bool = False

    def __call__(self, connection: sa.Connection) -> None:
        connection.execute(_SESSIONS.insert(), {"subject": self.subject, "ordinal": self.ordinal})
        if self.fails:
            raise HostFailed


def create_sessions(engine: sa.Engine) -> None:
    """Make the host's table."""
    _METADATA.create_all(engine)


def sessions_of(engine: sa.Engine, subject: str) -> Counter[int]:
    """Return how many sessions were opened with each code."""
    query = sa.select(_SESSIONS.c.ordinal).where(_SESSIONS.c.subject == subject)
    with engine.connect() as connection:
        return Counter(connection.scalars(query).all())
