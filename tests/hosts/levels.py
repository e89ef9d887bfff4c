"""The places of the matrix: every database, at every isolation level that it has."""

from dataclasses import dataclass

import pytest

from tests.storage.flavours import SERVER_LEVELS, SKIPPING, SQLITE_LEVELS, SQLITE_MODES

OURS = "ours"
"""The engine that the storage makes from a URL."""

LEVELS = {
    # What begins SQLite's transactions may be SQLAlchemy's recipe, or the driver.
    "sqlite": [*SQLITE_LEVELS, "BEGIN", *SQLITE_MODES, SKIPPING, OURS],
    # PostgreSQL's READ UNCOMMITTED is READ COMMITTED:
    # https://www.postgresql.org/docs/current/transaction-iso.html
    "postgresql": [
        *(level for level in SERVER_LEVELS if level != "READ UNCOMMITTED"),
        SKIPPING,
        OURS,
    ],
    "mariadb": [*SERVER_LEVELS, SKIPPING, OURS],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A database and the flavour of the host's engine."""

    database: str
    flavour: str


def places(*databases: str) -> list[object]:
    """Return the parameters for the places of these databases."""
    return [
        pytest.param(
            Place(database=database, flavour=flavour),
            id=f"{database} {flavour}",
            marks=[] if database == "sqlite" else pytest.mark.server,
        )
        for database in databases
        for flavour in LEVELS[database]
    ]
