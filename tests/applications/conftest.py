"""Every application on every database that these tests try it on, and people who use it."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count

import pytest
from argon2 import PasswordHasher

from examples.host import users
from tests.applications.program import Program, running
from tests.applications.visitor import Account, Visitor

APPLICATIONS = ["flask_host"]
DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.server)]

_PASSWORD = "something that Ada has made up"
# What is hashed cheaply is verified cheaply: the tests sign in hundreds of times.
_HASH = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(_PASSWORD)

_NUMBERS = count()


@pytest.fixture(scope="session", params=APPLICATIONS)
def application(request: pytest.FixtureRequest) -> str:
    """The name of each application in turn."""
    return request.param


@pytest.fixture(scope="session", params=DATABASES)
def program(
    request: pytest.FixtureRequest, application: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    """Each application on each database in turn, for all tests together."""
    folder = tmp_path_factory.mktemp(application)
    if request.param == "sqlite":
        database = f"sqlite:///{folder / 'host.db'}"
        with running(application, database=database, folder=folder) as program:
            yield program
    else:
        server = request.getfixturevalue(f"{request.param}_server")
        with (
            server.database() as database,
            running(application, database=database, folder=folder) as program,
        ):
            yield program


@pytest.fixture(scope="session")
def somebody(program: Program) -> Callable[[], Account]:
    """Make people who may sign in, and have no codes yet."""

    def make() -> Account:
        name = f"somebody-{next(_NUMBERS)}"
        with program.engine.begin() as connection:
            users.put(connection, name, _HASH)
            user = users.find(connection, users.folded(name))
        return Account(id=user.id, name=name, password=_PASSWORD)

    return make


@pytest.fixture
def ada(somebody: Callable[[], Account]) -> Account:
    """Somebody who has no codes."""
    return somebody()


@pytest.fixture
def enrolled(program: Program, ada: Account) -> Account:
    """Ada, with ten codes that count."""
    visitor = Visitor(program)
    visitor.sign_in(ada)
    visitor.make_codes(ada)
    return ada


@pytest.fixture(scope="session")
def foreign(program: Program, somebody: Callable[[], Account]) -> Sequence[str]:
    """Codes of somebody else: well-formed, and wrong for everybody else."""
    visitor, bob = Visitor(program), somebody()
    visitor.sign_in(bob)
    return tuple(visitor.make_codes(bob))


@pytest.fixture
def visitor(program: Program) -> Visitor:
    """A browser that has seen nothing yet."""
    return Visitor(program)
