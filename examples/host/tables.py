"""The host's own tables, in the database that holds the recovery codes too.

Times are whole seconds since 1970: SQLite keeps no time zone. Of an id that a browser holds only
a digest is stored, so that whoever reads the database can use none of them.
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, MetaData, String, Table

metadata = MetaData()

_DIGEST = String(64)  # SHA-256 in hex
_USER_ID = String(32)

users = Table(
    "users",
    metadata,
    # The codes belong to this id: a name may change.
    Column("id", _USER_ID, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("password_hash", String(200), nullable=False),
)

pending_logins = Table(
    "pending_logins",
    metadata,
    Column("digest", _DIGEST, primary_key=True),
    Column("user_id", _USER_ID, ForeignKey("users.id"), nullable=False),
    # Made by the server, and never sent to the browser.
    Column("attempt", String(64), nullable=False),
    Column("seed", String(64), nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("is_finished", Boolean, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", _DIGEST, primary_key=True),
    Column("user_id", _USER_ID, ForeignKey("users.id"), nullable=False),
    # The attempt that spent a code for it; null where the password was enough. Unique: one
    # redemption opens one session, whatever else goes wrong.
    Column("attempt", String(64), nullable=True, unique=True),
    Column("has_second_factor", Boolean, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
