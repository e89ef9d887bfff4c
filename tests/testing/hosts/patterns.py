"""How logins spend a code in practice, on a real database: one that is right, and those that race.

Each is the way of spending codes that is seen in applications, made anew in a few lines: what it
reads, what it decides on, what it writes, and in which transaction. All else they have in common.
"""

import hashlib
import hmac
import json
import secrets
from contextlib import contextmanager

import sqlalchemy as sa

from recoverykit.testing.hosts import Host

SIZE = 8
MOST = 10  # wrong guesses in a row, where they are counted

metadata = sa.MetaData()
# The users with whatever the login keeps beside them, in one column as JSON.
users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    mysql_engine="InnoDB",
)
codes = sa.Table(
    "codes",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("user_id", sa.Integer, nullable=False, index=True),
    sa.Column("code", sa.String(128), nullable=False),
    sa.Column("used", sa.Boolean, nullable=False),
    mysql_engine="InnoDB",
)
cache = sa.Table(
    "cache", metadata, sa.Column("user_id", sa.Integer, nullable=False), mysql_engine="InnoDB"
)


class Login:
    """What all have in common: codes, users, and how typed text is read.

    Args:
        engine: the database.
    """

    def __init__(self, engine):
        self.engine = engine
        metadata.create_all(engine)

    def host(self):
        """Describe it; none of them limits guesses, but for those that say so."""
        return Host(
            new_user=self.new_user,
            issue=self.issue,
            redeem=self.redeem,
            regenerate=self.issue,
            dump=self.dump,
            set_size=SIZE,
            most_guesses=None,
        )

    def new_user(self):
        with self.engine.begin() as connection:
            made = connection.execute(users.insert().values(document="{}", failures=0))
            return made.inserted_primary_key[0]

    def issue(self, user):
        shown = [f"{text[:6]}-{text[6:]}" for text in (secrets.token_hex(6) for _ in range(SIZE))]
        with self.engine.begin() as connection:
            self.store(connection, user, [read(code) for code in shown])
        return shown

    def dump(self):
        with self.engine.connect() as connection:
            for table in (users, codes):
                yield from (repr(tuple(row)) for row in connection.execute(table.select()))

    # In JSON beside the user.

    def load(self, connection, user):
        query = sa.select(users.c.document).where(users.c.id == user)
        return json.loads(connection.scalar(query))

    def save(self, connection, user, document):
        change = users.update().where(users.c.id == user)
        connection.execute(change.values(document=json.dumps(document)))

    # In rows of their own.

    def store_rows(self, connection, user, texts):
        connection.execute(codes.delete().where(codes.c.user_id == user))
        rows = [{"user_id": user, "code": text, "used": False} for text in texts]
        connection.execute(codes.insert(), rows)


def read(typed):
    """Return a typed text as it was stored: forms of web frameworks take no character zero."""
    return "".join(each for each in typed if each not in " -\0").lower()


def hashed(text):
    """Hash a code with a salt of its own, cheaply for the tests."""
    salt = secrets.token_bytes(8)
    return f"{salt.hex()}${hashlib.pbkdf2_hmac('sha256', text.encode(), salt, 2).hex()}"


def is_hash_of(stored, text):
    """Compare a code with a hash."""
    salt, _, digest = stored.partition("$")
    made = hashlib.pbkdf2_hmac("sha256", text.encode(), bytes.fromhex(salt), 2).hex()
    return hmac.compare_digest(made, digest)


class ListInOneColumn(Login):
    """The codes as a list in a column: read, take the code out, write all the others back."""

    def store(self, connection, user, texts):
        self.save(connection, user, {"codes": texts})

    def redeem(self, user, typed):
        with self.engine.begin() as connection:
            left, code = self.load(connection, user)["codes"], read(typed)
            if code not in left:
                return False
            left.remove(code)
            self.save(connection, user, {"codes": left})
        return True


class HashesInOneColumn(Login):
    """The same with hashes, each of which is tried for each guess."""

    def store(self, connection, user, texts):
        self.save(connection, user, {"codes": [hashed(text) for text in texts]})

    def redeem(self, user, typed):
        with self.engine.begin() as connection:
            left, code = self.load(connection, user)["codes"], read(typed)
            found = next((each for each in left if is_hash_of(each, code)), None)
            if found is None:
                return False
            left.remove(found)
            self.save(connection, user, {"codes": left})
        return True


class MaskInAField(Login):
    """Codes derived from a seed, and a bit for each that was used, in one JSON field."""

    def store(self, connection, user, texts):
        self.save(connection, user, {"seed": secrets.token_hex(20), "used": 0})

    def issue(self, user):
        super().issue(user)
        with self.engine.connect() as connection:
            return list(self.derived(self.load(connection, user)["seed"]))

    def derived(self, seed):
        for number in range(SIZE):
            digest = hmac.digest(seed.encode(), str(number).encode(), "sha1").hex()
            yield f"{digest[:6]}-{digest[6:12]}"

    def redeem(self, user, typed):
        with self.engine.begin() as connection:
            data, code = self.load(connection, user), read(typed)
            for number, each in enumerate(self.derived(data["seed"])):
                if hmac.compare_digest(read(each), code.encode("ascii", "ignore").decode()):
                    if data["used"] >> number & 1:
                        return False
                    data["used"] |= 1 << number
                    self.save(connection, user, data)
                    return True
        return False


class StampInADocument(Login):
    """Each step by itself: read, decide, read the whole document again, write it with a stamp."""

    def store(self, connection, user, texts):
        stored = [{"code": text, "used_at": None} for text in texts]
        self.save(connection, user, {"codes": stored})

    def redeem(self, user, typed):
        with self.engine.connect() as connection:
            data = self.load(connection, user)
        code = read(typed)
        found = [each for each in data["codes"] if each["code"] == code and not each["used_at"]]
        if not found:
            return False
        with self.engine.connect() as connection:
            data = self.load(connection, user)
        for each in data["codes"]:
            if each["code"] == code:
                each["used_at"] = "now"
        with self.engine.begin() as connection:
            self.save(connection, user, data)
        return True


class Rows(Login):
    """A row for each code."""

    def store(self, connection, user, texts):
        self.store_rows(connection, user, texts)

    def find(self, connection, user, typed):
        query = sa.select(codes.c.id).where(
            codes.c.user_id == user, codes.c.code == read(typed), ~codes.c.used
        )
        return connection.scalar(query)


class CheckedInTheForm(Rows):
    """The form checks that the code is there, and the view deletes it in its own transaction."""

    def redeem(self, user, typed):
        with self.engine.connect() as connection:
            is_valid = self.find(connection, user, typed) is not None
        if not is_valid:
            return False
        with self.engine.begin() as connection:
            spent = codes.delete().where(codes.c.user_id == user, codes.c.code == read(typed))
            connection.execute(spent)
        return True


class DeletedAndNotCounted(Rows):
    """Found and deleted in one transaction; how many rows were deleted is not asked."""

    def redeem(self, user, typed):
        with self.engine.begin() as connection:
            found = self.find(connection, user, typed)
            if found is None:
                return False
            connection.execute(codes.delete().where(codes.c.id == found))
        return True


class BurnedWithoutALock(Rows):
    """Hashes, each tried for each guess, and a mark on the row by its id: READ COMMITTED."""

    def store(self, connection, user, texts):
        self.store_rows(connection, user, [hashed(text) for text in texts])

    def redeem(self, user, typed):
        engine = self.engine
        if engine.dialect.name != "sqlite":
            engine = engine.execution_options(isolation_level="READ COMMITTED")
        with engine.begin() as connection:
            query = codes.select().where(codes.c.user_id == user, ~codes.c.used)
            for row in connection.execute(query).all():
                if is_hash_of(row.code, read(typed)):
                    change = codes.update().where(codes.c.id == row.id)
                    connection.execute(change.values(used=True))
                    return True
        return False


class LockedInACache(DeletedAndNotCounted):
    """A lock in a cache that is a table, which is looked at first and set after."""

    def redeem(self, user, typed):
        with self.engine.connect() as connection:
            if connection.scalar(sa.select(cache.c.user_id).where(cache.c.user_id == user)):
                return False
        self.write(cache.insert().values(user_id=user))
        try:
            return super().redeem(user, typed)
        finally:
            self.write(cache.delete().where(cache.c.user_id == user))

    def write(self, statement):
        with self.engine.begin() as connection:
            connection.execute(statement)


class OnlyAdded(Rows):
    """It counts rows, and new codes come beside the old ones."""

    def store_rows(self, connection, user, texts):
        rows = [{"user_id": user, "code": text, "used": False} for text in texts]
        connection.execute(codes.insert(), rows)

    def redeem(self, user, typed):
        with self.engine.begin() as connection:
            spent = codes.delete().where(codes.c.user_id == user, codes.c.code == read(typed))
            return connection.execute(spent).rowcount == 1


class Right(Rows):
    """Salted hashes, guesses that are counted first, and the row's own mark decides."""

    def host(self):
        return Host(
            new_user=self.new_user,
            issue=self.issue,
            redeem=self.redeem,
            regenerate=self.issue,
            revoke=self.revoke,
            remaining=self.remaining,
            dump=self.dump,
            set_size=SIZE,
            most_guesses=MOST,
        )

    @contextmanager
    def alone(self, user):
        """Hold the user's row, which every writer writes first."""
        with self.engine.begin() as connection:
            touched = users.update().where(users.c.id == user)
            connection.execute(touched.values(failures=users.c.failures + 1))
            yield connection

    def issue(self, user):
        shown = [f"{text[:6]}-{text[6:]}" for text in (secrets.token_hex(6) for _ in range(SIZE))]
        stored = [hashed(read(code)) for code in shown]
        with self.alone(user) as connection:
            self.store_rows(connection, user, stored)
            self.forgive(connection, user)
        return shown

    def revoke(self, user):
        with self.alone(user) as connection:
            connection.execute(codes.delete().where(codes.c.user_id == user))

    def remaining(self, user):
        query = sa.select(sa.func.count()).where(codes.c.user_id == user, ~codes.c.used)
        with self.engine.connect() as connection:
            return connection.scalar(query)

    def redeem(self, user, typed):
        with self.alone(user) as connection:
            counted = sa.select(users.c.failures).where(users.c.id == user)
            if connection.scalar(counted) > MOST:
                return False
            query = codes.select().where(codes.c.user_id == user, ~codes.c.used)
            for row in connection.execute(query).all():
                if is_hash_of(row.code, read(typed)):
                    own = codes.update().where(codes.c.id == row.id, ~codes.c.used)
                    self.forgive(connection, user)
                    return connection.execute(own.values(used=True)).rowcount == 1
        return False

    def forgive(self, connection, user):
        connection.execute(users.update().where(users.c.id == user).values(failures=0))
