"""Private, throwaway database servers, started from the programs this machine has installed.

Each server lives in a temporary folder, listens on a free port of 127.0.0.1 and dies with the
process that started it, even when that process is killed.
"""

import atexit
import contextlib
import fcntl
import io
import os
import pwd
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

SERVER_PATH = "RECOVERYKIT_TEST_SERVER_PATH"
"""Environment variable: look for server programs in these folders and nowhere else."""

_START_SECONDS = 60.0
_POLL_SECONDS = 0.02
_CONNECTIONS = 300
_PREFIX = "rk_"
_FOLDER_PREFIX = "recoverykit-server-"


class ProgramMissing(Exception):
    """The server cannot run on this machine; the message says what to install."""


class ServerFailed(Exception):
    """The server is installed but did not start; the message ends with its log."""


@dataclass(kw_only=True)
class Server(ABC):
    """A database server that belongs to this process.

    `start` after `kill` recovers the same databases on the same port; after `stop` it begins
    with nothing.

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
    _lock: io.FileIO | None = field(default=None, init=False, repr=False)
    _owner: int = field(default_factory=os.getpid, init=False, repr=False)

    account: ClassVar[str]
    """The system user that runs the server when the tests run as root."""
    install: ClassVar[str]
    """The command that installs the server."""
    programs: ClassVar[tuple[str, ...]]
    """The programs it cannot do without."""
    _maintenance: ClassVar[str]
    """The database that is always there."""
    _list_databases: ClassVar[str]
    _show_data_folder: ClassVar[str]
    _end: ClassVar[signal.Signals]
    """The signal at which the server and its own children end at once, as in a crash."""

    @property
    def url(self) -> str:
        """SQLAlchemy's address of the server's own database, as its superuser."""
        return self._address(self._maintenance)

    def databases(self) -> tuple[str, ...]:
        """Names of the databases that tests made and have not dropped."""
        names = (str(name) for (name,) in self._ask(self._list_databases))
        return tuple(name for name in names if name.startswith(_PREFIX))

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """Make an empty database; yield its SQLAlchemy address; drop it with its connections."""
        name = _PREFIX + secrets.token_hex(8)
        self._ask(f"CREATE DATABASE {name}")
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
            for program in self.programs:
                self._program(program)
            self._settle()
        self.port = self.port or _free_port()
        try:
            self._launch()
        except BaseException:
            self.stop()
            raise
        return self

    def kill(self) -> None:
        """End the server as a crash would; its data stay for the next `start`."""
        if self._process is not None:
            self._process.send_signal(self._end)
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Stop the server and remove what it stored; do nothing if it is not there."""
        atexit.unregister(self._stop_at_exit)
        # What it stored goes with it, so it need not take its leave.
        self.kill()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()
        self._folder, self._lock, self.port = None, None, 0

    @abstractmethod
    def _initialise(self) -> None:
        """Make the data folder."""

    @abstractmethod
    def _command(self) -> Sequence[str]:
        """The command line of the server."""

    @abstractmethod
    def _address(self, name: str) -> str:
        """SQLAlchemy's address of a database."""

    @abstractmethod
    def _drop(self, name: str) -> None:
        """Drop a database and end the connections to it."""

    @abstractmethod
    def _ask(self, statement: str) -> Sequence[tuple[object, ...]]:
        """Run one statement on a connection of its own; return the rows it has."""

    def _program(self, name: str) -> str:
        """Path of a program that is installed."""
        if found := shutil.which(name, path=os.pathsep.join(_program_folders())):
            return found
        raise ProgramMissing(f"{name} is not installed: {self.install}")

    def _settle(self) -> None:
        """Make the folder, owned by whoever will run the server, and the data in it."""
        remove_abandoned()
        self._folder = Path(tempfile.mkdtemp(prefix=_FOLDER_PREFIX)).resolve()
        self._lock = _lock(self._folder)
        atexit.register(self._stop_at_exit)
        try:
            if entry := self._account():
                os.chown(self._folder, entry.pw_uid, entry.pw_gid)
            self._initialise()
        except BaseException:
            self.stop()
            raise

    def _run(self, *command: str) -> None:
        """Run a program of the server to its end."""
        with self._spawn(command, log="setup.log") as process:
            process.wait()
        if process.returncode:
            raise ServerFailed(f"{command[0]} failed:\n{_tail(self.folder / 'setup.log')}")

    def _launch(self) -> None:
        """Start the server's process and wait until it is the one that answers."""
        self._process = self._spawn(self._command(), log="server.log")
        deadline = time.monotonic() + _START_SECONDS
        while self.is_running and time.monotonic() < deadline:
            # Another server may hold the port that ours failed to get: compare the folders.
            with contextlib.suppress(psycopg.OperationalError, pymysql.err.OperationalError):
                ((folder,),) = self._ask(self._show_data_folder)
                if Path(str(folder)) == self.folder / "data":
                    return
            time.sleep(_POLL_SECONDS)
        self.kill()
        raise ServerFailed(f"{type(self).__name__} failed:\n{_tail(self.folder / 'server.log')}")

    def _spawn(self, command: Sequence[str], *, log: str) -> subprocess.Popen[bytes]:
        with (self.folder / log).open("ab") as output:
            return subprocess.Popen(
                self._drop_privileges(command),
                cwd=self.folder,
                env={"HOME": str(self.folder), "LC_ALL": "C", "PATH": os.defpath},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Ctrl-C is for pytest: its fixtures still need the server to clean up.
                start_new_session=True,
            )

    def _account(self) -> pwd.struct_passwd | None:
        """Whom to run the server as; None where that is whoever runs the tests."""
        if os.geteuid() != 0:
            return None
        try:
            return pwd.getpwnam(self.account)
        except KeyError:
            raise ProgramMissing(f"no user {self.account} here: {self.install}") from None

    def _drop_privileges(self, command: Sequence[str]) -> list[str]:
        """Prefix a command so that it runs as its own user and dies with this process."""
        setpriv = shutil.which("setpriv", path=os.defpath)
        entry = self._account()
        if setpriv is None:
            if entry is not None:
                raise ProgramMissing("setpriv is not installed: apt-get install util-linux")
            return list(command)
        # The kernel forgets the death signal when a process changes its user: setpriv sets it
        # last, which the servers' own --user switches would not.
        prefix = [setpriv, f"--pdeathsig={self._end.name.removeprefix('SIG')}"]
        if entry is not None:
            prefix += [f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--init-groups"]
        return [*prefix, *command]

    def _stop_at_exit(self) -> None:
        # A forked child inherits the handler, but the server is not its own.
        if os.getpid() == self._owner:
            self.stop()


@dataclass(kw_only=True)
class PostgreSQLServer(Server):
    """A private PostgreSQL."""

    account = "postgres"
    install = "apt-get install postgresql"
    programs = ("initdb", "postgres")
    _maintenance = "postgres"
    _list_databases = "SELECT datname FROM pg_database"
    _show_data_folder = "SHOW data_directory"
    # Killed outright, it would leave its children to finish what they were doing.
    _end = signal.SIGQUIT

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

    def _address(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@{self.host}:{self.port}/{name}"

    def _drop(self, name: str) -> None:
        self._ask(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _ask(self, statement: str) -> Sequence[tuple[object, ...]]:
        with psycopg.connect(
            host=self.host, port=self.port, user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else ()


@dataclass(kw_only=True)
class MariaDBServer(Server):
    """A private MariaDB."""

    account = "mysql"
    install = "apt-get install mariadb-server"
    programs = ("mariadb-install-db", "mariadbd")
    _maintenance = "mysql"
    _list_databases = "SHOW DATABASES"
    _show_data_folder = "SELECT @@datadir"
    _end = signal.SIGKILL

    def _initialise(self) -> None:
        self._run(
            self._program("mariadb-install-db"),
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        )

    def _command(self) -> Sequence[str]:
        fast = ["--innodb-flush-log-at-trx-commit=0", "--skip-innodb-doublewrite"]
        return [
            self._program("mariadbd"),
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            f"--bind-address={self.host}",
            f"--port={self.port}",
            # A relative name: a socket's whole path may have some hundred characters only.
            "--socket=server.sock",
            "--skip-name-resolve",
            "--character-set-server=utf8mb4",
            f"--max-connections={_CONNECTIONS}",
            *(() if self.durable else fast),
        ]

    def _address(self, name: str) -> str:
        return f"mysql+pymysql://root@{self.host}:{self.port}/{name}?charset=utf8mb4"

    def _drop(self, name: str) -> None:
        # An open transaction would hold its metadata locks and DROP would wait for them.
        for thread, _, _, database, *_ in self._ask("SHOW PROCESSLIST"):
            if database == name:
                with contextlib.suppress(pymysql.err.OperationalError):  # it may just have left
                    self._ask(f"KILL {thread}")
        self._ask(f"DROP DATABASE IF EXISTS {name}")

    def _ask(self, statement: str) -> Sequence[tuple[object, ...]]:
        with (
            pymysql.connect(host=self.host, port=self.port, user="root", autocommit=True) as db,
            db.cursor() as cursor,
        ):
            cursor.execute(statement)
            return cursor.fetchall()


def _program_folders() -> tuple[str, ...]:
    """Where to look for server programs, the newest PostgreSQL first."""
    if (chosen := os.environ.get(SERVER_PATH)) is not None:
        return tuple(chosen.split(os.pathsep))
    versions = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    newest_first = sorted(versions, key=lambda folder: -float(folder.parent.name))
    on_path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    # Debian keeps mariadbd where the PATH of an ordinary user does not reach.
    return (*map(str, newest_first), *on_path, "/usr/local/sbin", "/usr/sbin")


def _lock(folder: Path) -> io.FileIO:
    """Take a folder for as long as this process lives or the file is open."""
    # Locked before it has its name: nobody finds a lock that is not yet held.
    unnamed = folder / "lock.new"
    file = io.FileIO(unnamed, "w")
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    unnamed.rename(folder / "lock")
    return file


def remove_abandoned() -> None:
    """Remove the folders of servers whose owner was killed."""
    for lock in Path(tempfile.gettempdir()).glob(f"{_FOLDER_PREFIX}*/lock"):
        with contextlib.suppress(OSError), io.FileIO(lock) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])
