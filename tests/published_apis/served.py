"""A published API, served by a process of its own, and people who use it."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

import requests
import sqlalchemy as sa
from argon2 import PasswordHasher

from examples.host import clock, keys, sessions, users
from recoverykit import KeyedHasher, Policy, RecoveryKit, Subject
from recoverykit.storage.sql import SQLStorage
from tests.applications.program import ROOT

APIS = ["fortanix_dsm", "auth0_mfa", "arklow", "circularo"]
DEMO_PASSWORD = "a password of the demonstration"

_SECONDS = 60.0
_POLL_SECONDS = 0.02
_PASSWORD = "something that somebody has made up"
# What is hashed cheaply is verified cheaply: most tests are about something else.
_HASH = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(_PASSWORD)
_CHEAP = frozenset({"A5-C-KDF", "N4-LS-112"})  # rules that codes break which are hashed cheaply
_NUMBERS = count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may sign in, and the codes they have kept."""

    id: str
    name: str
    codes: list[str] = field(repr=False)
    password: str = _PASSWORD


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """An application that listens.

    Attributes:
        api: its module.
        line: what it has printed.
        database: SQLAlchemy's address of its database.
        folder: where it was started, and leaves its files.
        engine: the tests' own way into its database.
    """

    api: str
    line: Mapping[str, Any] = field(repr=False)
    database: str
    folder: Path
    engine: sa.Engine

    @property
    def policy(self) -> Policy:
        """What its codes are like."""
        return import_module(f"examples.published_apis.{self.api}").POLICY

    @property
    def key_file(self) -> Path:
        """The keys of its codes, which it has made."""
        return self.folder / f"{self.api}.key"

    @property
    def office(self) -> RecoveryKit:
        """The kit of somebody who hands out codes behind its back, and cheaply."""
        accepted = self.policy.accept | _CHEAP
        policy = replace(
            self.policy, hasher=KeyedHasher(), accept=accepted, management="open", confirm=False
        )
        keyring = keys.keyring(self.key_file)
        return RecoveryKit(SQLStorage(self.engine), policy=policy, keyring=keyring)

    def somebody(self, scope: str = "") -> Person:
        """Return somebody new, with codes."""
        name = f"somebody-{next(_NUMBERS)}"
        with self.engine.begin() as connection:
            users.put(connection, name, _HASH)
            user = users.find(connection, name)
        codes = self.office.issue(Subject(user.id, scope=scope)).codes
        return Person(id=user.id, name=name, codes=list(codes))

    def session_of(self, person: Person) -> str:
        """Open a session behind the application's back, and return its token."""
        with self.engine.begin() as connection:
            return sessions.open_with_password(connection, user_id=person.id, now=clock.now())

    def end_session(self, token: str) -> None:
        """End a session behind the application's back."""
        with self.engine.begin() as connection:
            sessions.close(connection, token)

    def send(self, method: str, path: str, **choices: Any) -> requests.Response:
        """Send a request, and return the answer."""
        response = requests.request(
            method, self.line["base_url"] + path, timeout=_SECONDS, **choices
        )
        assert response.headers["Cache-Control"] == "no-store"
        return response

    def post(self, path: str, body: object = None, **choices: Any) -> requests.Response:
        """Send a JSON body."""
        return self.send("POST", path, json=body, **choices)

    def said(self) -> str:
        """Return what it has logged."""
        return (self.folder / "log").read_text("utf-8")


@contextlib.contextmanager
def running(api: str, *options: str, database: str, folder: Path) -> Iterator[Served]:
    """Start an application as its page says, and end it in the end.

    Args:
        api: its module.
        options: further words for its command line.
        database: SQLAlchemy's address of its database.
        folder: where it runs.
    """
    module = f"examples.published_apis.{api}"
    command = [sys.executable, "-m", module, "--port", "0", "--database", database, *options]
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {"PYTHONPATH": os.pathsep.join(paths), "DEMO_PASSWORD": DEMO_PASSWORD}
    output, log = folder / "output", folder / "log"
    with output.open("wb") as stdout, log.open("ab") as stderr:
        process = subprocess.Popen(
            command, cwd=folder, env=os.environ | environment, stdout=stdout, stderr=stderr
        )
    engine = sa.create_engine(database)
    try:
        line = _line(process, output, log)
        yield Served(api=api, line=line, database=database, folder=folder, engine=engine)
        assert process.poll() is None, log.read_text("utf-8")
        [_] = output.read_text("utf-8").splitlines()  # exactly one line, to the end
    finally:
        process.terminate()
        process.wait(_SECONDS)
        engine.dispose()


def _line(process: subprocess.Popen[bytes], output: Path, log: Path) -> Mapping[str, Any]:
    deadline = time.monotonic() + _SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        said = output.read_text("utf-8")
        if said.endswith("\n"):
            return json.loads(said)
        time.sleep(_POLL_SECONDS)
    raise AssertionError(log.read_text("utf-8"))
