"""Private, throwaway database servers, started from the programs this machine has installed.

Each server lives in a temporary folder, listens on a free port of 127.0.0.1 and dies with the
process that started it, even when that process is killed.
"""

import atexit
import contextlib
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Self

import psycopg
import pymysql
from psycopg import sql

SERVER_PATH = "RECOVERYKIT_TEST_SERVER_PATH"
"""Environment variable: look for server programs in these folders and nowhere else."""

_START_SECONDS = 30.0
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.02
_CONNECTIONS = 300
_PREFIX = "rk_"


class ProgramMissing(Exception):
    """The server cannot run on this machine; the message says what to install."""


class ServerFailed(Exception):
    """The server is installed but did not start or stop; the message ends with its log."""


@dataclass(kw_only=True)
class Server(ABC):
    """A database server that belongs to this process.

    Usable as a context manager. `start` after `kill` recovers the same databases on the same
    port; `start` after `stop` begins with nothing.

    Start it in a thread that outlives it: the kernel ends the server with that thread.

    Args:
        durable: Whether a commit waits until the disk has it. Off is faster and right for
            tests of logic; tests of crashes turn it on.
    """

    durable: bool = False
    host: str = field(default="127.0.0.1", init=False)
    port: int = field(default=0, init=False)
    _folder: Path | None = field(default=None, init=False, repr=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)
    _owner: int = field(default_factory=os.getpid, init=False, repr=False)

    account: ClassVar[str]
    """The system user that runs the server when the tests run as root."""
    install: ClassVar[str]
    """The command that installs the server."""
    _end: ClassVar[signal.Signals]
    """The signal at which the server and its own children end at once, as in a crash."""

    @property
    @abstractmethod
    def url(self) -> str:
        """SQLAlchemy's address of the server's own database, as its administrator."""

    @abstractmethod
    def databases(self) -> tuple[str, ...]:
        """Names of the databases that tests made and have not dropped."""

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """Make an empty database; yield its SQLAlchemy address; drop it with its connections."""
        name = _PREFIX + secrets.token_hex(8)
        self._create(name)
        try:
            yield self._address(name)
        finally:
            self._drop(name)

    @property
    def is_running(self) -> bool:
        """Whether the server's process is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def folder(self) -> Path:
        """Where the server keeps its data and its log; gone after `stop`."""
        if self._folder is None:
            raise ServerFailed(f"{type(self).__name__} was not started")
        return self._folder

    def start(self) -> Self:
        """Start the server and wait until it answers.

        Raises:
            ProgramMissing: If a program or the system user for it is not installed.
            ServerFailed: If the server did not answer in time.
        """
        if self.is_running:
            return self
        if self._folder is None:
            self._require()
            self._settle()
        # A port that was free a moment ago may be taken by now; a recovery keeps its port.
        attempts = 1 if self.port else 3
        for attempt in range(1, attempts + 1):
            self.port = self.port or _free_port()
            try:
                self._launch()
            except ServerFailed:
                if attempt == attempts:
                    self.stop()
                    raise
                self.port = 0
            else:
                break
        return self

    def kill(self) -> None:
        """End the server as a crash would; its data stay for the next `start`."""
        if self._process is not None:
            self._process.send_signal(self._end)
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Stop the server and remove what it stored; do nothing if it is not there."""
        atexit.unregister(self._stop_at_exit)
        # What it stored goes with it, so it need not take its leave.
        self.kill()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder, self.port = None, 0

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @abstractmethod
    def _require(self) -> None:
        """Raise `ProgramMissing` unless every program is there."""

    @abstractmethod
    def _initialise(self) -> None:
        """Make the data folder."""

    @abstractmethod
    def _command(self) -> Sequence[str]:
        """The command line of the server."""

    @abstractmethod
    def _data_folder(self) -> str:
        """Ask the running server where its data are."""

    @abstractmethod
    def _address(self, name: str) -> str: ...

    @abstractmethod
    def _create(self, name: str) -> None: ...

    @abstractmethod
    def _drop(self, name: str) -> None: ...

    def _program(self, *names: str) -> str:
        """Path of the first of these programs that is installed."""
        path = os.pathsep.join(_program_folders())
        for name in names:
            if found := shutil.which(name, path=path):
                return found
        raise ProgramMissing(f"{names[0]} is not installed: {self.install}")

    def _settle(self) -> None:
        """Make the folder, owned by whoever will run the server, and the data in it."""
        self._folder = Path(tempfile.mkdtemp(prefix=f"recoverykit-{self.account}-"))
        atexit.register(self._stop_at_exit)
        if os.geteuid() == 0:
            try:
                entry = pwd.getpwnam(self.account)
            except KeyError:
                self.stop()
                raise ProgramMissing(
                    f"no user {self.account} to run the server as: {self.install}"
                ) from None
            os.chown(self._folder, entry.pw_uid, entry.pw_gid)
        try:
            self._initialise()
        except BaseException:
            self.stop()
            raise

    def _run(self, *command: str) -> None:
        """Run a program of the server to its end."""
        with (self.folder / "setup.log").open("ab") as log:
            done = subprocess.run(  # noqa: S603 - a program found by _program, no shell
                self._drop_privileges(command),
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=False,
            )
        if done.returncode:
            raise ServerFailed(f"{command[0]} failed:\n{_tail(self.folder / 'setup.log')}")

    def _launch(self) -> None:
        """Start the server's process and wait until it is the one that answers."""
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - see _run
                self._drop_privileges(self._command()),
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is for pytest: its fixtures still need the server to clean up.
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while self.is_running and time.monotonic() < deadline:
            # Another server may hold the port that ours failed to get: compare the folders.
            with contextlib.suppress(psycopg.OperationalError, pymysql.err.OperationalError):
                if Path(self._data_folder()) == self.folder / "data":
                    return
            time.sleep(_POLL_SECONDS)
        self.kill()
        raise ServerFailed(f"{type(self).__name__} failed:\n{_tail(self.folder / 'server.log')}")

    def _drop_privileges(self, command: Sequence[str]) -> list[str]:
        """Prefix a command so that it runs as its own user and dies with this process."""
        setpriv = shutil.which("setpriv", path=os.defpath)
        if setpriv is None:
            if os.geteuid() == 0:
                raise ProgramMissing("root needs setpriv, a program of util-linux")
            return list(command)
        # The kernel forgets the death signal when a process changes its user: setpriv sets it
        # last, which the servers' own --user switches would not.
        prefix = [setpriv, f"--pdeathsig={self._end.name.removeprefix('SIG')}"]
        if os.geteuid() == 0:
            entry = pwd.getpwnam(self.account)
            prefix += [f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--init-groups"]
        return [*prefix, *command]

    def _environment(self) -> dict[str, str]:
        return {"HOME": str(self.folder), "LC_ALL": "C", "PATH": os.defpath}

    def _stop_at_exit(self) -> None:
        # A forked child inherits the handler, but the server is not its own.
        if os.getpid() == self._owner:
            self.stop()


@dataclass(kw_only=True)
class PostgreSQLServer(Server):
    """A private PostgreSQL."""

    account = "postgres"
    install = "apt-get install postgresql"
    # Killed outright, it would leave its children to finish what they were doing.
    _end = signal.SIGQUIT

    @property
    def url(self) -> str:
        """SQLAlchemy's address of the database `postgres`, as the superuser."""
        return self._address("postgres")

    def databases(self) -> tuple[str, ...]:
        """Names of the databases that tests made and have not dropped."""
        with self._connection() as connection:
            rows = connection.execute("SELECT datname FROM pg_database").fetchall()
        return tuple(name for (name,) in rows if name.startswith(_PREFIX))

    def _require(self) -> None:
        self._program("initdb")
        self._program("postgres")

    def _initialise(self) -> None:
        self._run(
            self._program("initdb"),
            f"--pgdata={self.folder / 'data'}",
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        )

    def _command(self) -> Sequence[str]:
        settings = {
            "listen_addresses": self.host,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": str(_CONNECTIONS),
        }
        if not self.durable:
            settings |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
        options = [word for item in settings.items() for word in ("-c", "=".join(item))]
        return [self._program("postgres"), "-D", str(self.folder / "data"), *options]

    def _data_folder(self) -> str:
        with self._connection() as connection:
            (folder,) = connection.execute("SHOW data_directory").fetchone() or ("",)
        return str(folder)

    def _address(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@{self.host}:{self.port}/{name}"

    def _create(self, name: str) -> None:
        with self._connection() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def _drop(self, name: str) -> None:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        with self._connection() as connection:
            connection.execute(drop)

    def _connection(self) -> psycopg.Connection:
        return psycopg.connect(
            host=self.host, port=self.port, user="postgres", dbname="postgres", autocommit=True
        )


@dataclass(kw_only=True)
class MariaDBServer(Server):
    """A private MariaDB."""

    account = "mysql"
    install = "apt-get install mariadb-server"
    _end = signal.SIGKILL

    @property
    def url(self) -> str:
        """SQLAlchemy's address of the database `mysql`, as the superuser."""
        return self._address("mysql")

    def databases(self) -> tuple[str, ...]:
        """Names of the databases that tests made and have not dropped."""
        return tuple(name for (name,) in self._ask("SHOW DATABASES") if name.startswith(_PREFIX))

    def _require(self) -> None:
        self._program("mariadb-install-db")
        self._program("mariadbd")

    def _initialise(self) -> None:
        self._run(
            self._program("mariadb-install-db"),
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-log-bin",
        )

    def _command(self) -> Sequence[str]:
        commit = ["--innodb-flush-log-at-trx-commit=1"]
        if not self.durable:
            commit = ["--innodb-flush-log-at-trx-commit=0", "--skip-innodb-doublewrite"]
        return [
            self._program("mariadbd"),
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            f"--bind-address={self.host}",
            f"--port={self.port}",
            # A relative name: a socket's whole path may have some hundred characters only.
            "--socket=server.sock",
            "--pid-file=server.pid",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--character-set-server=utf8mb4",
            f"--max-connections={_CONNECTIONS}",
            "--innodb-buffer-pool-size=64M",
            *commit,
        ]

    def _data_folder(self) -> str:
        ((folder,),) = self._ask("SELECT @@datadir")
        return str(folder)

    def _address(self, name: str) -> str:
        return f"mysql+pymysql://root@{self.host}:{self.port}/{name}?charset=utf8mb4"

    def _create(self, name: str) -> None:
        self._ask(f"CREATE DATABASE {name}")

    def _drop(self, name: str) -> None:
        # An open transaction would hold its metadata locks and DROP would wait for them.
        for thread, *_ in self._ask(
            "SELECT id FROM information_schema.processlist WHERE db = %s", name
        ):
            with contextlib.suppress(pymysql.err.OperationalError):  # it may just have left
                self._ask(f"KILL {thread}")
        self._ask(f"DROP DATABASE IF EXISTS {name}")

    def _ask(self, statement: str, *arguments: str) -> tuple[tuple[object, ...], ...]:
        with (
            pymysql.connect(host=self.host, port=self.port, user="root", autocommit=True) as db,
            db.cursor() as cursor,
        ):
            cursor.execute(statement, arguments)
            return tuple(cursor.fetchall())


def _program_folders() -> tuple[str, ...]:
    """Where to look for server programs, the newest PostgreSQL first."""
    if (chosen := os.environ.get(SERVER_PATH)) is not None:
        return tuple(chosen.split(os.pathsep))
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    on_path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    # Debian keeps mariadbd where the PATH of an ordinary user does not reach.
    return (*map(str, versions), *on_path, "/usr/local/sbin", "/usr/sbin")


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", folder.parent.name))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])
