"""What a host does in the transaction that spends a code, as a value: any kit can be driven by it.

The host writes one session row through the connection, by Core or by an ORM session that is bound
to it, and then does what the case wants of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    """The host's tables."""


class Login(Base):
    """A session of the host's: who got in, by which code and in which attempt."""

    __tablename__ = "logins"
    __table_args__: ClassVar = {"mariadb_engine": "InnoDB", "mysql_engine": "InnoDB"}
    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(sa.String(80))
    ordinal: Mapped[int]
    attempt: Mapped[str] = mapped_column(sa.String(80))


class Binding(Enum):
    """How the host uses the connection."""

    CORE = "Core"
    ORM = "ORM"


class End(Enum):
    """What the host does to the transaction or the connection, which are not its own."""

    NOTHING = "nothing"
    COMMIT = "commit"
    ROLL_BACK = "rollback"
    CLOSE = "close"


def nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One redemption by a host, with a session row.

    Attributes:
        subject: who claims.
        code: what they type; left out of the repr.
        ordinal: the place of the code, which the row tells.
        attempt: the id of the attempt.
        binding: how the row is written.
        statements: what the host runs in the transaction first.
        then: done in the transaction, after the row was written.
        end: what the host does to the transaction after that.
    """

    subject: str
    code: str = field(repr=False)
    ordinal: int = 0
    attempt: str = "attempt"
    binding: Binding = Binding.CORE
    statements: tuple[str, ...] = ()
    then: Callable[[], object] = nothing
    end: End = End.NOTHING

    @property
    def login(self) -> dict[str, object]:
        """The columns of the row."""
        return {"subject": self.subject, "ordinal": self.ordinal, "attempt": self.attempt}


def act(connection: sa.Connection, claim: Claim) -> None:
    """Do what the host of a claim does in the transaction."""
    for statement in claim.statements:
        connection.exec_driver_sql(statement)
    if claim.binding is Binding.CORE:
        connection.execute(sa.insert(Login), claim.login)
        claim.then()
        if claim.end is End.ROLL_BACK:
            connection.rollback()
    else:
        _act_by_session(connection, claim)
    if claim.end is End.COMMIT:
        connection.commit()
    elif claim.end is End.CLOSE:
        connection.close()


def _act_by_session(connection: sa.Connection, claim: Claim) -> None:
    with Session(bind=connection) as session:
        session.add(Login(**claim.login))
        session.flush()
        claim.then()
        if claim.end is End.ROLL_BACK:
            session.rollback()
        else:
            # Much code does so that does not know where it runs: in a transaction of somebody
            # else's it ends nothing.
            session.commit()
