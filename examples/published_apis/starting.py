"""How an application is started: its command line, its socket, and the line that it prints."""

import json
import os
import secrets
import socket
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Final

from examples.fastapi_host import serving
from examples.fastapi_host.serving import Server
from examples.host import journal
from examples.host.settings import PASSWORD_VARIABLE, Settings
from examples.published_apis.application import Api, Application

_HOST: Final = "127.0.0.1"
_USERS: Final = ("ada", "bob")


def parser_for(program: str) -> ArgumentParser:
    """Return the command line of an application, to which it may add words of its own."""
    parser = ArgumentParser(prog=f"python -m examples.published_apis.{program}")
    parser.add_argument("--port", type=int, default=8000, help="0 for any free one")
    parser.add_argument("--database", default=f"sqlite:///{program}.db", help="SQLAlchemy's URL")
    parser.add_argument("--key-file", type=Path, default=Path(f"{program}.key"))
    return parser


def settings_from(given: Namespace) -> Settings:
    """Return what was chosen on the command line, and a new password for the demonstration."""
    return Settings(
        port=given.port,
        database=given.database,
        key_file=given.key_file,
        users=_USERS,
        password=os.environ.get(PASSWORD_VARIABLE) or secrets.token_urlsafe(9),
        is_https=False,
    )


def serve(api: Api, settings: Settings) -> None:
    """Serve until interrupted; print one JSON line once the application listens."""
    journal.start()
    serving.end_by_signals()
    # Bound before the application is made: some of what it says holds its own address.
    with socket.create_server((_HOST, settings.port)) as listening:
        port = listening.getsockname()[1]
        application = Application(api=api, settings=settings, base_url=f"http://{_HOST}:{port}")
        server = Server(
            application.asgi(), port=port, welcome=lambda _: json.dumps(application.line)
        )
        server.run(sockets=[listening])
