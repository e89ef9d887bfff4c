"""An example application in a process of its own, started by its one command."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from examples.host import tables

ROOT = Path(__file__).parents[2]
PASSWORD = "a password of the demonstration"

_SECONDS = 60.0
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """An application that listens.

    Attributes:
        url: where it listens.
        database: SQLAlchemy's address of its database.
        engine: the tests' own way into that database.
        folder: where it was started, and leaves its files.
    """

    url: str
    database: str
    engine: sa.Engine
    folder: Path

    def rows(self, table: sa.Table, **values: object) -> list[sa.Row]:
        """Return what stands in one of the host's tables."""
        query = sa.select(table).filter_by(**values)
        with self.engine.connect() as connection:
            return list(connection.execute(query).all())

    def sessions(self, user_id: str, *, with_code: bool) -> int:
        """Count the sessions of a user."""
        rows = self.rows(tables.sessions, user_id=user_id)
        return sum((row.attempt is not None) == with_code for row in rows)

    def said(self) -> str:
        """Return what the application has printed and logged."""
        return (self.folder / "output").read_text("utf-8")


@contextlib.contextmanager
def running(name: str, *options: str, database: str, folder: Path) -> Iterator[Program]:
    """Start an application, and end it in the end.

    Args:
        name: the package under ``examples``.
        options: further words for its command line.
        database: SQLAlchemy's address of an empty database.
        folder: where it runs.
    """
    command = [sys.executable, "-m", f"examples.{name}", "--port", "0", "--database", database]
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "DEMO_PASSWORD": PASSWORD}
    output = folder / "output"
    with output.open("wb") as stream:
        process = subprocess.Popen(
            [*command, *options], cwd=folder, env=environment, stdout=stream, stderr=stream
        )
    engine = sa.create_engine(database)
    try:
        yield Program(
            url=_address(process, output), database=database, engine=engine, folder=folder
        )
        assert process.poll() is None, output.read_text("utf-8")
    finally:
        process.terminate()
        process.wait(_SECONDS)
        engine.dispose()


def _address(process: subprocess.Popen[bytes], output: Path) -> str:
    deadline = time.monotonic() + _SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        _, found, rest = output.read_text("utf-8").partition("Listening on ")
        if found and "\n" in rest:
            return rest.split()[0]
        time.sleep(_POLL_SECONDS)
    raise AssertionError(output.read_text("utf-8"))
