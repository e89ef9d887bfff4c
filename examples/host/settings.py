"""What can be chosen at the start: the command line and the environment."""

import os
import secrets
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PASSWORD_VARIABLE: Final = "DEMO_PASSWORD"  # noqa: S105 - the name of one
"""Environment variable: the password of the users of the demonstration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How an application is started.

    Attributes:
        port: where it listens on 127.0.0.1; 0 for any free port.
        database: SQLAlchemy's URL.
        key_file: where the keys of the codes are kept, unless the environment holds them.
        users: who may sign in.
        password: their password.
        is_https: whether browsers come by https, through a proxy: cookies are bound to it.
    """

    port: int
    database: str = field(repr=False)
    key_file: Path
    users: tuple[str, ...]
    password: str = field(repr=False)
    is_https: bool


def read(program: str, *, arguments: Sequence[str] | None = None) -> Settings:
    """Read the command line.

    Args:
        program: the name of the application, which its files are called by.
        arguments: the words after the command; None for those of this process.
    """
    parser = ArgumentParser(prog=f"python -m examples.{program}")
    parser.add_argument("--port", type=int, default=8000, help="0 for any free one")
    parser.add_argument("--database", default=f"sqlite:///{program}.db", help="SQLAlchemy's URL")
    parser.add_argument("--key-file", type=Path, default=Path(f"{program}.key"))
    parser.add_argument("--users", nargs="*", default=["ada", "bob"], help="who may sign in")
    parser.add_argument("--https", action="store_true", help="browsers come by https")
    given = parser.parse_args(arguments)
    return Settings(
        port=given.port,
        database=given.database,
        key_file=given.key_file,
        users=tuple(given.users),
        password=os.environ.get(PASSWORD_VARIABLE) or secrets.token_urlsafe(9),
        is_https=given.https,
    )


def welcome(settings: Settings, port: int) -> str:
    """Return what the terminal says once the application listens."""
    names = " or ".join(settings.users) or "nobody"
    return (
        f"Listening on http://127.0.0.1:{port}\n"
        f"Sign in as {names}, with the password {settings.password}"
    )
