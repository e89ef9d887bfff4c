"""The bare way of a host that awaits: the same reads and writes through SQLAlchemy alone."""

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.bare import CoreRedemption


class AsyncCoreRedemption(CoreRedemption):
    """A load in autocommit and one transaction, awaited.

    Args:
        engine: an engine on the same database, to find the tables by.
        awaited: an asynchronous engine set up like our own.
        subject: the id of a subject that has redeemed a code.
    """

    def __init__(self, engine: Engine, awaited: AsyncEngine, subject: str) -> None:
        super().__init__(engine, subject)
        self._awaited = awaited
        self._awaited_reading = awaited.execution_options(isolation_level="AUTOCOMMIT")

    async def run(self) -> None:
        """Load, write and commit."""
        async with self._awaited_reading.connect() as connection:
            row = (await connection.execute(self._select, self._key)).one()
        async with self._awaited.begin() as connection:
            updated = await connection.execute(self._update, self._written_over(row.revision))
            assert updated.rowcount == 1
            await connection.execute(self._insert, self._new_event())
