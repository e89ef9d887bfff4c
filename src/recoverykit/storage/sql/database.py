"""Which databases are served, and what they disagree about."""

from enum import Enum

from sqlalchemy.engine import Dialect

from recoverykit.errors import InvalidArgument


class Database(Enum):
    """A family of databases that behave alike."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"
    MYSQL = "mysql"  # and MariaDB

    @classmethod
    def of(cls, dialect: Dialect | type[Dialect]) -> "Database":
        """Return the family that SQLAlchemy's dialect speaks to.

        Raises:
            InvalidArgument: it is none of them.
        """
        try:
            return cls("mysql" if dialect.name == "mariadb" else dialect.name)
        except ValueError:
            raise InvalidArgument(
                "the database must be SQLite, PostgreSQL, MySQL or MariaDB"
            ) from None

    @property
    def begin(self) -> str:
        """What starts a transaction that is going to write.

        SQLite's plain BEGIN takes no lock: the first write could then fail at once, whatever
        the busy timeout, because somebody else wrote first.
        """
        return _BEGIN[self]


_BEGIN = {
    Database.SQLITE: "BEGIN IMMEDIATE",
    Database.POSTGRESQL: "BEGIN",
    Database.MYSQL: "START TRANSACTION",
}
