"""What a sign-in writes, step by step. Each function belongs into one transaction."""

from sqlalchemy import Connection

from examples.host import logins, sessions
from examples.host.logins import PendingLogin
from examples.host.sessions import Session
from examples.host.users import User


def wait_for_code(connection: Connection, user: User, *, now: int) -> str:
    """Store that the password was right, and return the id of the login for the browser."""
    _sweep(connection, now=now)
    return logins.begin(connection, user.id, now=now)


def let_in(connection: Connection, user: User, *, now: int) -> str:
    """Open the session of a user who has no second factor, and return its id."""
    _sweep(connection, now=now)
    return sessions.open_with_password(connection, user_id=user.id, now=now)


def open_session(connection: Connection, login: PendingLogin, *, now: int) -> None:
    """Use the login up and open its session, in the transaction that spends the code.

    Where the form is sent twice the second redemption is a replay, and this is not called: the
    session of the first is there, and the browser gets its id once more.

    Raises:
        LoginFinished: the login was used up before, by another code.
    """
    logins.finish(connection, login.id)
    sessions.open_with_code(
        connection, login.session_id, user_id=login.user_id, attempt=login.attempt, now=now
    )


def leave(connection: Connection, session: Session) -> None:
    """End a session on the server, not only in the browser, and the login that opened it."""
    sessions.close(connection, session.id)
    logins.end(connection, session.attempt)


def _sweep(connection: Connection, *, now: int) -> None:
    # Only after a right password: nobody else makes the database write.
    logins.sweep(connection, now=now)
    sessions.sweep(connection, now=now)
