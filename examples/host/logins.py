"""Logins that wait for the second factor: the password was right, and no session is open yet."""

from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, select

from examples.host import tokens
from examples.host.tables import pending_logins

# No longer than `Policy.replay_for`: until then a form that is sent again gets the same login.
LIFETIME: Final = 600  # seconds


class LoginFinished(Exception):
    """The login has opened its session before; another one needs the password again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingLogin:
    """A login that waits for the second factor.

    Attributes:
        id: what the browser holds.
        user_id: who has shown the password.
        attempt: the id of the attempt to redeem, one for the whole login.
        seed: what the id of its session is derived from, together with ``id``.
    """

    id: str = field(repr=False)
    user_id: str
    attempt: str
    seed: str = field(repr=False)

    @property
    def session_id(self) -> str:
        """The id of the one session that it may open."""
        return tokens.session_id_of(self.id, seed=self.seed)


def begin(connection: Connection, user_id: str, *, now: int) -> str:
    """Store a new login, and return the id for the browser."""
    login_id = tokens.new_id()
    connection.execute(
        pending_logins.insert().values(
            digest=tokens.digest_of(login_id),
            user_id=user_id,
            attempt=tokens.new_id(),
            seed=tokens.new_id(),
            expires_at=now + LIFETIME,
            is_finished=False,
        )
    )
    return login_id


def find(connection: Connection, login_id: str, *, now: int) -> PendingLogin | None:
    """Return the login, finished or not, until it expires."""
    query = select(pending_logins).where(
        pending_logins.c.digest == tokens.digest_of(login_id), pending_logins.c.expires_at > now
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return PendingLogin(id=login_id, user_id=row.user_id, attempt=row.attempt, seed=row.seed)


def finish(connection: Connection, login_id: str) -> None:
    """Use the login up, in the transaction that opens its session.

    Raises:
        LoginFinished: it was used up before, by another code.
    """
    finished = (
        pending_logins.update()
        .where(
            pending_logins.c.digest == tokens.digest_of(login_id),
            pending_logins.c.is_finished.is_(False),
        )
        .values(is_finished=True)
    )
    if connection.execute(finished).rowcount != 1:
        raise LoginFinished


def end(connection: Connection, attempt: str | None) -> None:
    """Forget the login that opened a session: a form of it must not be of use after a logout."""
    connection.execute(pending_logins.delete().where(pending_logins.c.attempt == attempt))


def sweep(connection: Connection, *, now: int) -> None:
    """Remove what has expired."""
    connection.execute(pending_logins.delete().where(pending_logins.c.expires_at <= now))
