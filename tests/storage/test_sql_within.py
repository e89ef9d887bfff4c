"""The host's function in the transaction of a commit: together or not at all."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from recoverykit.errors import OutcomeUnknown, StorageError
from recoverykit.storage.sql import SQLStorage
from tests.storage.changes import ALICE, change, erasure

AUTOCOMMIT = {"isolation_level": "AUTOCOMMIT"}


class Base(DeclarativeBase):
    """The host's tables."""


class Login(Base):
    """A session of the host's."""

    __tablename__ = "logins"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    owner: Mapped[str] = mapped_column(sa.String(40))


LOGINS = sa.select(sa.func.count()).select_from(Login)


@pytest.fixture(params=["URL", "autocommit engine"])
def engine(request, database_url):
    """The engine of the storage, with the host's tables made."""
    host = sa.create_engine(database_url, **(AUTOCOMMIT if "auto" in request.param else {}))
    Base.metadata.create_all(host)
    with SQLStorage(database_url) as storage:
        yield storage._engine() if request.param == "URL" else host
    host.dispose()


@pytest.fixture
def storage(engine):
    """A storage that shares the engine; at the end, no connection was leaked."""
    storage = SQLStorage(engine)
    storage.create_tables()
    yield storage
    assert engine.pool.checkedout() == 0


@pytest.fixture
def first(storage):
    """The change that has stored Alice's record."""
    first = change()
    assert storage.commit(ALICE, first)
    return first


def log_in(connection, number=1):
    connection.execute(sa.insert(Login).values(id=number, owner="alice"))


def count(engine):
    """How many logins there are; sees only what is committed."""
    with engine.connect() as connection:
        return connection.scalar(LOGINS)


def is_free(storage, first):
    """Whether nobody holds a lock on Alice's record, on which ``first`` stands."""
    return storage.load(ALICE).revision == first.revision and storage.commit(
        ALICE, change(first.revision)
    )


def test_what_the_function_writes_lands_with_the_change(storage, engine, first):
    """One commit for both; the change is visible to the function."""
    second = change(first.revision)
    seen = []

    def within(connection):
        log_in(connection)
        seen.append(connection.exec_driver_sql("SELECT revision FROM recoverykit_records").scalar())
        with engine.connect() as other:
            seen.append(other.scalar(LOGINS) if engine.name != "sqlite" else 0)

    assert storage.commit_within(ALICE, second, within) is True
    assert [s.decode() if isinstance(s, bytes) else s for s in seen] == [second.revision, 0]
    assert (storage.load(ALICE).revision, count(engine)) == (second.revision, 1)


def test_an_orm_session_can_be_bound_to_the_connection(storage, engine, first):
    """The session's own commit ends nothing, and its savepoints work."""

    def within(connection):
        with Session(bind=connection) as session:
            session.add(Login(id=1, owner="alice"))
            with pytest.raises(sa.exc.IntegrityError), session.begin_nested():
                log_in(session)
            session.commit()
        assert connection.in_transaction()

    assert storage.commit_within(ALICE, change(first.revision), within) is True
    assert count(engine) == 1


def test_the_function_is_not_called_where_the_swap_is_lost(storage, engine, first):
    """Neither for a stale revision nor for a record that is there already."""

    def within(_):
        pytest.fail("called")

    assert storage.commit_within(ALICE, change("0" * 32), within) is False
    assert storage.commit_within(ALICE, change(None), within) is False
    assert storage.commit_within(ALICE, erasure("0" * 32), within) is False
    assert is_free(storage, first)


@pytest.mark.parametrize(
    "raised", [ValueError("no"), KeyboardInterrupt(), SystemExit(1), StorageError("mine")]
)
def test_what_the_function_raises_passes_through_and_undoes_everything(
    storage, engine, first, raised
):
    """The same object comes out; neither change nor login is there, and no lock is left."""

    def within(connection):
        log_in(connection)
        raise raised

    with pytest.raises(type(raised)) as caught:
        storage.commit_within(ALICE, change(first.revision), within)
    assert caught.value is raised
    assert count(engine) == 0
    assert is_free(storage, first)


def test_a_database_error_of_the_function_is_its_own(storage, engine, first):
    """It is not taken for ours, even where it looks like one of ours."""
    log_in_twice = [lambda c: log_in(c, 1), lambda c: log_in(c, 1)]

    def within(connection):
        for step in log_in_twice:
            step(connection)

    with pytest.raises(sa.exc.IntegrityError, match="logins"):
        storage.commit_within(ALICE, change(first.revision), within)
    with pytest.raises(sa.exc.IntegrityError, match="logins"):
        storage.commit_within(ALICE, erasure(first.revision), within)
    assert count(engine) == 0
    assert is_free(storage, first)


def test_an_erasure_takes_a_function_as_well(storage, engine, first):
    """What the function writes lands with the erasure."""
    assert storage.commit_within(ALICE, erasure(first.revision), log_in) is True
    assert storage.load(ALICE) is None
    assert count(engine) == 1


@pytest.mark.parametrize("end", ["commit", "rollback", "close"])
def test_a_function_that_ends_the_transaction_leaves_the_outcome_unknown(
    storage, engine, first, end
):
    """Nobody can tell any more what landed; the storage goes on working."""

    def within(connection):
        log_in(connection)
        getattr(connection, end)()

    with pytest.raises(OutcomeUnknown) as caught:
        storage.commit_within(ALICE, change(first.revision), within)
    assert caught.value.__notes__ == [
        "COMMIT was answered by a function that ended the transaction"
    ]
    assert storage.commit(ALICE, change(storage.load(ALICE).revision)) is True


def test_a_function_that_ends_the_transaction_behind_our_back_wins_nothing(storage, engine, first):
    """Where the function rolled back in SQL, a COMMIT that succeeds would prove nothing."""

    def within(connection):
        log_in(connection)
        connection.exec_driver_sql("ROLLBACK")

    assert storage.commit_within(ALICE, change(first.revision), within) is False
    assert storage.commit_within(ALICE, erasure(first.revision), within) is False
    assert count(engine) == 0
    assert is_free(storage, first)


def test_a_swallowed_error_that_cost_the_transaction_wins_nothing(storage, engine, first):
    """PostgreSQL answers COMMIT by a silent ROLLBACK, SQLite has rolled back already."""
    log_in_again = "INSERT OR ROLLBACK INTO logins VALUES (1, 'twice')"
    failing = log_in_again if engine.name == "sqlite" else "SELECT no_such_column"

    def within(connection):
        log_in(connection)
        with pytest.raises(sa.exc.DBAPIError):
            connection.exec_driver_sql(failing)

    if engine.name == "postgresql":
        with pytest.raises(StorageError, match="25P02"):
            storage.commit_within(ALICE, change(first.revision), within)
    else:
        # MySQL undoes the one statement only, and all the rest is good.
        won = storage.commit_within(ALICE, change(first.revision), within)
        assert won is (engine.name == "mysql")
        assert count(engine) == won
        return
    assert count(engine) == 0
    assert is_free(storage, first)
