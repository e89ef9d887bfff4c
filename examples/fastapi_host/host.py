"""What every request needs: the database, the kit, the settings."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from examples.fastapi_host.hashing import PasswordThreads
from examples.host import codes, database, keys
from examples.host.brake import PasswordBrake
from examples.host.settings import Settings
from recoverykit import AsyncRecoveryKit, Policy
from recoverykit.storage.sql import AsyncSQLStorage

_Rest = ParamSpec("_Rest")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What an application is made of, one for the whole process.

    Attributes:
        engine: the database of the host's tables and of the codes.
        kit: the recovery codes.
        settings: what was chosen at the start.
        brake: the brake on passwords.
        passwords: where passwords are hashed.
    """

    engine: AsyncEngine
    kit: AsyncRecoveryKit
    settings: Settings
    brake: PasswordBrake = field(default_factory=PasswordBrake)
    passwords: PasswordThreads = field(default_factory=PasswordThreads)

    async def read(
        self,
        function: Callable[Concatenate[Connection, _Rest], _Result],
        *args: _Rest.args,
        **kwargs: _Rest.kwargs,
    ) -> _Result:
        """Return what a function finds that takes a connection which is not awaited."""
        async with self.engine.connect() as connection:
            return await connection.run_sync(function, *args, **kwargs)

    async def write(
        self,
        function: Callable[Concatenate[Connection, _Rest], _Result],
        *args: _Rest.args,
        **kwargs: _Rest.kwargs,
    ) -> _Result:
        """Run such a function in a transaction, and commit."""
        async with self.engine.begin() as connection:
            return await connection.run_sync(function, *args, **kwargs)


@asynccontextmanager
async def opened(
    settings: Settings, *, policy: Policy, clock: Callable[[], datetime] | None = None
) -> AsyncGenerator[Host]:
    """Open the database, make what is missing in it, and close it in the end.

    In the event loop that serves, for its connections belong to it.

    Args:
        settings: what was chosen at the start.
        policy: what the codes are like.
        clock: the time of the kit; None for the system's.
    """
    engine = database.open_async_engine(settings.database)
    try:
        # The same engine as for the host's tables: a redemption and a session share a transaction.
        storage = AsyncSQLStorage(engine)
        kit = AsyncRecoveryKit(
            storage,
            policy=policy,
            keyring=keys.keyring(settings.key_file),
            clock=clock,
            on_event=codes.write_trail,
        )
        host = Host(engine=engine, kit=kit, settings=settings)
        await host.write(database.prepare, settings)
        await storage.create_tables()
        yield host
    finally:
        await engine.dispose()
