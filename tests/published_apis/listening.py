"""An application in a thread of the tests, which hold its clock."""

import contextlib
import socket
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib import import_module
from pathlib import Path
from threading import Thread

import sqlalchemy as sa

from examples.fastapi_host.serving import Server
from examples.host.settings import Settings
from examples.published_apis.application import Application
from tests.published_apis.served import DEMO_PASSWORD, Served

_SECONDS = 60.0


@contextlib.contextmanager
def listening(api: str, *, folder: Path, clock: Callable[[], datetime]) -> Iterator[Served]:
    """Serve an application over a socket, and end it in the end.

    Args:
        api: its module.
        folder: where it leaves its files.
        clock: the time of its kit.
    """
    database = f"sqlite:///{folder / 'host.db'}"
    settings = Settings(
        port=0,
        database=database,
        key_file=folder / f"{api}.key",
        users=("ada", "bob"),
        password=DEMO_PASSWORD,
        is_https=False,
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        application = Application(
            api=import_module(f"examples.published_apis.{api}").API,
            settings=settings,
            base_url=f"http://127.0.0.1:{listener.getsockname()[1]}",
            clock=clock,
        )
        server = Server(application.asgi(), port=0, welcome=lambda _: "")
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        engine = sa.create_engine(database)
        try:
            while not server.started:
                thread.join(0.02)
                assert thread.is_alive()
            line = application.line
            yield Served(api=api, line=line, database=database, folder=folder, engine=engine)
        finally:
            server.should_exit = True
            thread.join(_SECONDS)
            engine.dispose()
