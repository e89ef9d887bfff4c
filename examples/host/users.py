"""Who may sign in, and the first factor: a password, hashed by Argon2id."""

import secrets
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import Connection, select

from examples.host.tables import users

_hasher = PasswordHasher()
# Verified where there is no such user, so that the time it takes does not tell.
_NOBODYS_HASH = _hasher.hash(secrets.token_hex(16))


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who may sign in.

    Attributes:
        id: whom the recovery codes belong to.
        name: what they type.
        password_hash: what is left of the password.
    """

    id: str
    name: str
    password_hash: str


def find(connection: Connection, name: str) -> User | None:
    """Return the user of that name, which must be folded."""
    if "\0" in name:
        return None  # PostgreSQL refuses it as a text
    query = select(users).where(users.c.name == name)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return User(id=row.id, name=row.name, password_hash=row.password_hash)


def is_password_of(user: User | None, password: str) -> bool:
    """Whether the password is right. It is never for nobody, and takes as long."""
    try:
        _hasher.verify(_NOBODYS_HASH if user is None else user.password_hash, password)
    except VerifyMismatchError:
        return False
    return user is not None


def hash_of(password: str) -> str:
    """Return what is stored of a password."""
    return _hasher.hash(password)


def put(connection: Connection, name: str, password_hash: str) -> None:
    """Make a user, or give one another password."""
    values = {"password_hash": password_hash}
    changed = connection.execute(
        users.update().where(users.c.name == folded(name)).values(values)
    ).rowcount
    if not changed:
        values |= {"id": secrets.token_hex(16), "name": folded(name)}
        connection.execute(users.insert().values(values))


def folded(name: str) -> str:
    """Return a name as it is stored, in whatever case it was typed."""
    return name.strip().casefold()
