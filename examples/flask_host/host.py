"""What every request needs: the database, the kit, the settings."""

import time
from dataclasses import dataclass, field
from typing import cast

from flask import Flask, current_app, request
from sqlalchemy import Engine

from examples.host import codes, database, keys, users
from examples.host.brake import PasswordBrake
from examples.host.settings import Settings
from recoverykit import RecoveryKit
from recoverykit.storage.sql import SQLStorage

_NAME = "recoverykit-host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What an application is made of, one for the whole process.

    Attributes:
        engine: the database of the host's tables and of the codes.
        kit: the recovery codes.
        settings: what was chosen at the start.
        brake: the brake on passwords.
    """

    engine: Engine
    kit: RecoveryKit
    settings: Settings
    brake: PasswordBrake = field(default_factory=PasswordBrake)


def build(settings: Settings) -> Host:
    """Open the database, make what is missing in it, and return the host."""
    engine = database.open_engine(settings.database)
    database.create_tables(engine)
    # The same engine as for the host's tables: a redemption and a session share a transaction.
    storage = SQLStorage(engine)
    storage.create_tables()
    password_hash = users.hash_of(settings.password)
    with engine.begin() as connection:
        for name in settings.users:
            users.put(connection, name, password_hash)
    kit = RecoveryKit(
        storage,
        policy=codes.POLICY,
        keyring=keys.keyring(settings.key_file),
        on_event=codes.write_trail,
    )
    return Host(engine=engine, kit=kit, settings=settings)


def attach(app: Flask, host: Host) -> None:
    """Make the host known to the requests of an application."""
    app.extensions[_NAME] = host


def current() -> Host:
    """Return the host of this request."""
    return cast("Host", current_app.extensions[_NAME])


def now() -> int:
    """Return the seconds since 1970."""
    return int(time.time())


def source() -> dict[str, str]:
    """Return what the audit trail shall say about this request."""
    return {"source": request.remote_addr or ""}
