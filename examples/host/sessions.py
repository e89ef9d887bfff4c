"""Sessions, kept on the server: the browser holds a random id, and the database its digest."""

from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, select

from examples.host import tokens
from examples.host.tables import sessions, users

LIFETIME: Final = 8 * 3600  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who is signed in.

    Attributes:
        id: what the browser holds.
        user_id: who it is.
        name: what they are called.
        attempt: the attempt that spent a code for it; None where the password was enough.
        has_second_factor: whether a second factor was shown in it.
    """

    id: str = field(repr=False)
    user_id: str
    name: str
    attempt: str | None
    has_second_factor: bool


def open_with_code(
    connection: Connection, session_id: str, *, user_id: str, attempt: str, now: int
) -> None:
    """Store the session of a code, in the transaction that spends it."""
    _insert(connection, session_id, user_id=user_id, attempt=attempt, now=now)


def open_with_password(connection: Connection, *, user_id: str, now: int) -> str:
    """Store a session of a user who has no second factor, and return its id."""
    session_id = tokens.new_id()
    _insert(connection, session_id, user_id=user_id, attempt=None, now=now)
    return session_id


def find(connection: Connection, session_id: str, *, now: int) -> Session | None:
    """Return the session, until it expires."""
    query = (
        select(sessions, users.c.name)
        .join(users)
        .where(sessions.c.digest == tokens.digest_of(session_id), sessions.c.expires_at > now)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return Session(
        id=session_id,
        user_id=row.user_id,
        name=row.name,
        attempt=row.attempt,
        has_second_factor=row.has_second_factor,
    )


def mark_second_factor(connection: Connection, session_id: str) -> bool:
    """Remember that the session has shown a code; return whether it is still there."""
    marked = (
        sessions.update()
        .where(sessions.c.digest == tokens.digest_of(session_id))
        .values(has_second_factor=True)
    )
    return connection.execute(marked).rowcount == 1


def close(connection: Connection, session_id: str) -> None:
    """End the session."""
    connection.execute(sessions.delete().where(sessions.c.digest == tokens.digest_of(session_id)))


def sweep(connection: Connection, *, now: int) -> None:
    """Remove what has expired."""
    connection.execute(sessions.delete().where(sessions.c.expires_at <= now))


def _insert(
    connection: Connection, session_id: str, *, user_id: str, attempt: str | None, now: int
) -> None:
    connection.execute(
        sessions.insert().values(
            digest=tokens.digest_of(session_id),
            user_id=user_id,
            attempt=attempt,
            has_second_factor=attempt is not None,
            expires_at=now + LIFETIME,
        )
    )
