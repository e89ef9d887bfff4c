"""Who has enrolled a factor: the host's own table, as far as recovery codes ask about it."""

from sqlalchemy import Column, Connection, MetaData, String, Table, select
from sqlalchemy.exc import IntegrityError

_metadata = MetaData()

_factors = Table("first_factors", _metadata, Column("user_id", String(32), primary_key=True))


class AlreadyEnrolled(Exception):
    """The user has a factor."""


def create_table(connection: Connection) -> None:
    """Make the table where it is missing."""
    _metadata.create_all(connection)


def has(connection: Connection, user_id: str) -> bool:
    """Whether the user has a factor."""
    query = select(_factors).where(_factors.c.user_id == user_id)
    return connection.execute(query).one_or_none() is not None


def add_first(connection: Connection, user_id: str) -> None:
    """Store the first factor of a user: of two calls at the same moment one does.

    Raises:
        AlreadyEnrolled: there is one.
    """
    try:
        connection.execute(_factors.insert().values(user_id=user_id))
    except IntegrityError:
        raise AlreadyEnrolled from None


def remove(connection: Connection, user_id: str) -> None:
    """Let the user have no factor."""
    connection.execute(_factors.delete().where(_factors.c.user_id == user_id))
