"""The SQL storage over engines of the host's, whatever their isolation level and driver flags."""

import pytest
import sqlalchemy as sa

from recoverykit.core.subject import Subject
from recoverykit.errors import OutcomeUnknown, StorageError
from recoverykit.storage import HostRefused
from recoverykit.storage.sql import SQLStorage
from tests.storage.changes import ALICE, NOW, change, erasure, event
from tests.storage.flavours import FLAVOURS, engine_of
from tests.storage.test_sql import raced

on_every_flavour = pytest.mark.parametrize(
    ("server", "flavour"),
    [
        pytest.param(server, flavour, marks=[] if server == "sqlite" else pytest.mark.server)
        for server, flavours in FLAVOURS.items()
        for flavour in flavours
    ],
)


@pytest.fixture
def url(request, server, tmp_path):
    """An empty database on the flavour's server."""
    if server == "sqlite":
        yield f"sqlite:///{tmp_path / 'recoverykit.db'}"
    else:
        with request.getfixturevalue(f"{server}_server").database() as url:
            yield url


@pytest.fixture
def engine(url, flavour):
    engine = engine_of(url, flavour)
    yield engine
    assert engine.pool.checkedout() == 0
    engine.dispose()


@pytest.fixture
def storage(engine):
    storage = SQLStorage(engine)
    storage.create_tables()
    return storage


def count_events(engine):
    with engine.connect() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM recoverykit_events").scalar()


@on_every_flavour
def test_a_record_lives_from_its_first_commit_to_its_erasure(storage, engine):
    """Each step is won once, and lost the second time."""
    steps = [change()]
    steps.append(change(steps[-1].revision))
    steps.append(erasure(steps[-1].revision))
    for step in steps:
        assert storage.commit(ALICE, step) is True
        assert storage.commit(ALICE, step) is False or step.document is None
        loaded = storage.load(ALICE)
        assert (loaded and loaded.revision) == (step.revision if step.document else None)
    assert count_events(engine) == 1


@on_every_flavour
def test_a_failure_undoes_the_whole_transaction(storage, engine):
    """Even where the driver commits each statement by itself."""
    first = change()
    assert storage.commit(ALICE, first)
    twice = event()
    with pytest.raises(StorageError):
        storage.commit(ALICE, change(first.revision, events=[event(), twice, twice]))
    with pytest.raises(StorageError):
        storage.commit(ALICE, erasure(first.revision, events=[twice, twice]))
    with pytest.raises(ZeroDivisionError):
        storage.commit_within(ALICE, erasure(first.revision), lambda _: 1 / 0)
    assert storage.load(ALICE).revision == first.revision
    assert count_events(engine) == 1


@on_every_flavour
def test_of_simultaneous_commits_one_wins_at_every_level(storage, engine):
    """Ten rounds of first commits, next commits and erasures."""
    standing, wins = None, 0
    for round_ in range(10):
        makes = erasure if standing and round_ % 4 == 3 else change
        (winner,) = raced(storage, ALICE, [makes(standing) for _ in range(4)])
        standing = winner.revision if winner.document else None
        wins = wins + 1 if winner.document else 1
        assert count_events(engine) == wins
    loaded = storage.load(ALICE)
    assert (loaded and loaded.revision) == standing


@on_every_flavour
def test_a_load_shows_what_is_committed_and_waits_for_nobody(storage, engine, url):
    """While another transaction has written but not committed."""
    first = change()
    assert storage.commit(ALICE, first)
    second = change(first.revision)
    rival = sa.create_engine(url)
    if rival.name == "sqlite":
        with rival.begin() as connection:
            # Without it a reader of SQLite waits for the writer; the storage asks no host for it.
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    seen = []
    SQLStorage(rival).commit_within(
        ALICE, second, lambda _: seen.append(storage.load(ALICE).revision)
    )
    rival.dispose()
    assert seen == [first.revision]
    assert storage.load(ALICE).revision == second.revision


@on_every_flavour
def test_the_hosts_connections_stay_as_they_were(storage, engine):
    """Isolation level and autocommit are the same before and after."""
    before = settings_of(engine)
    first = change()
    storage.commit(ALICE, first)
    storage.commit(ALICE, change("0" * 32))
    storage.commit_within(ALICE, change(first.revision), lambda _: None)
    storage.load(ALICE)
    with pytest.raises(StorageError):
        storage.commit(Subject("bob"), change(None, events=first.events))
    assert settings_of(engine) == before


def settings_of(engine):
    with engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        return (
            connection.get_isolation_level(),
            connection.dialect.detect_autocommit_setting(driver),
            getattr(driver, "isolation_level", None),
        )


@pytest.mark.server
def test_an_isolation_level_set_by_hand_survives(postgresql_server):
    """A host that sets the level of each connection itself, past SQLAlchemy, keeps it."""
    with postgresql_server.database() as url:
        engine = sa.create_engine(url)
        level = "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE"

        @sa.event.listens_for(engine, "connect")
        def connect(driver, _):
            driver.execute(level)
            driver.commit()

        storage = SQLStorage(engine)
        storage.create_tables()
        assert storage.commit(ALICE, change())
        storage.load(ALICE)
        with engine.connect() as connection:
            assert connection.get_isolation_level() == "SERIALIZABLE"
        engine.dispose()


@pytest.mark.server
def test_a_refusal_at_commit_is_a_lost_commit(postgresql_server):
    """PostgreSQL may find out at COMMIT that two transactions cannot be put into an order."""
    with postgresql_server.database() as url:
        engine = sa.create_engine(url, isolation_level="SERIALIZABLE")
        storage = SQLStorage(engine)
        storage.create_tables()
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE stock (id int PRIMARY KEY, n int)")
            connection.exec_driver_sql("INSERT INTO stock VALUES (1, 1), (2, 1)")

        def take(connection, number):
            connection.exec_driver_sql("SELECT sum(n) FROM stock").scalar()
            connection.exec_driver_sql("UPDATE stock SET n = 0 WHERE id = %s", (number,))

        def overtake(connection):
            if waiting:  # everything but COMMIT was sent
                waiting.clear()
                with engine.begin() as rival:
                    take(rival, 2)

        def within(connection):
            take(connection, 1)
            waiting.append(connection)

        waiting = []
        sa.event.listen(engine, "commit", overtake)
        assert storage.commit_within(ALICE, change(), within) is False
        assert storage.load(ALICE) is None
        assert storage.commit_within(ALICE, change(), lambda c: take(c, 1)) is True
        engine.dispose()


@pytest.mark.server
@pytest.mark.parametrize(
    ("setting", "code"), [("lock_timeout=100", "55P03"), ("statement_timeout=100", "57014")]
)
def test_a_wait_that_is_too_long_for_postgresql_is_a_failure(postgresql_server, setting, code):
    """Nothing was changed; the writer that was waited for wins."""
    with postgresql_server.database() as url:
        impatient = sa.create_engine(url, connect_args={"options": f"-c {setting}"})
        check_impatience(impatient, url, code)


@pytest.mark.server
def test_a_wait_that_is_too_long_for_mariadb_is_a_failure(mariadb_server):
    """As on PostgreSQL."""
    with mariadb_server.database() as url:
        setting = "SET SESSION innodb_lock_wait_timeout = 1"
        impatient = sa.create_engine(url, connect_args={"init_command": setting})
        check_impatience(impatient, url, "1205")


def check_impatience(engine, url, code):
    impatient = SQLStorage(engine)
    with SQLStorage(url) as patient:
        patient.create_tables()
        first = change()
        assert patient.commit(ALICE, first)

        def within(_):
            with pytest.raises(StorageError, match=code):
                impatient.commit(ALICE, change(first.revision))

        assert patient.commit_within(ALICE, change(first.revision), within) is True
    assert impatient.commit(ALICE, change(first.revision)) is False
    engine.dispose()


@pytest.mark.server
def test_a_driver_that_counts_wrong_wins_nothing(postgresql_server):
    """Where a rule makes the database swallow or multiply the write, no count of one is seen."""
    with postgresql_server.database() as url, SQLStorage(url) as storage:
        storage.create_tables()
        with storage._engine().begin() as connection:
            connection.exec_driver_sql(
                "CREATE RULE nothing AS ON INSERT TO recoverykit_records DO INSTEAD NOTHING"
            )
        assert storage.commit(ALICE, change()) is False
        assert storage.load(ALICE) is None


@pytest.mark.server
def test_a_deferred_constraint_of_the_hosts_is_the_hosts_error(postgresql_server):
    """It is checked at COMMIT only, and handed over for the host; the change goes with it."""
    with postgresql_server.database() as url, SQLStorage(url) as storage:
        storage.create_tables()
        with storage._engine().begin() as connection:
            connection.exec_driver_sql(
                "CREATE TABLE t (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)"
            )

        def within(connection):
            connection.exec_driver_sql("INSERT INTO t VALUES (1), (1)")

        with pytest.raises(HostRefused) as caught:
            storage.commit_within(ALICE, change(), within)
        assert isinstance(caught.value.error, sa.exc.IntegrityError)
        assert "t_id_key" in str(caught.value.error)
        assert storage.load(ALICE) is None
        assert storage.commit(ALICE, change()) is True
        assert storage._engine().pool.checkedout() == 0


@pytest.mark.server
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Chatham"])
def test_times_come_back_in_utc_whatever_the_session_zone(postgresql_server, zone):
    """PostgreSQL hands them out in the zone of the session."""
    with postgresql_server.database() as url:
        engine = sa.create_engine(url, connect_args={"options": f"-c TimeZone={zone}"})
        storage = SQLStorage(engine)
        storage.create_tables()
        assert storage.commit(ALICE, change())
        with engine.connect() as connection:
            records = storage._metadata.tables["recoverykit_records"]
            read = connection.execute(sa.select(records.c.issued_at)).scalar()
        engine.dispose()
        assert (read, read.utcoffset()) == (NOW, NOW.utcoffset())


@pytest.mark.server
def test_a_commit_in_one_statement_waits_for_what_is_checked_last(postgresql_server):
    """A trigger that refuses as late as a COMMIT does still refuses before success is told."""
    with postgresql_server.database() as url, SQLStorage(url) as storage:
        storage.create_tables()
        first = change()
        assert storage.commit(ALICE, first) is True
        with storage._engine().begin() as connection:
            connection.exec_driver_sql(
                "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql"
                " AS $$ BEGIN RAISE EXCEPTION 'no'; END $$"
            )
            connection.exec_driver_sql(
                "CREATE CONSTRAINT TRIGGER no AFTER INSERT ON recoverykit_events"
                " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION no()"
            )
        for _ in range(7):  # more often than the driver takes to prepare the statement
            with pytest.raises(StorageError, match="the commit failed and changed nothing") as told:
                storage.commit(ALICE, change(first.revision))
            assert not isinstance(told.value, OutcomeUnknown)
        assert storage.load(ALICE).revision == first.revision
