"""The health of a storage: what is wrong is told as data, and nothing of it is secret."""

import pytest
import sqlalchemy as sa

from recoverykit.errors import MissingExtra
from recoverykit.storage import ExaminableStorage, Health, Problem
from recoverykit.storage.memory import MemoryStorage
from recoverykit.storage.sql import SQLStorage
from recoverykit.storage.sql.settings import in_cluster, in_variables
from tests.servers import MariaDBServer, PostgreSQLServer

# What the servers of the tests have switched off, so that they are fast.
SWITCHED_OFF = {
    "sqlite": set(),
    "postgresql": {
        "postgresql-fsync",
        "postgresql-full-page-writes",
        "postgresql-synchronous-commit",
    },
    "mysql": {"mysql-flush"},
}
CANARY = "canary-51f0"


def ids(storage):
    health = storage.health()
    assert health.ok is (not health.problems)
    for problem in health.problems:
        assert problem.id
        assert problem.sentence.endswith(".")
        assert problem.mend
    return {problem.id for problem in health.problems}


def found(storage, id):
    return [each.sentence for each in storage.health().problems if each.id == id]


def alter(storage, *statements):
    with storage._engine().begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@pytest.fixture
def storage(database_url):
    with SQLStorage(database_url) as storage:
        storage.create_tables()
        yield storage


@pytest.fixture
def off(database_url):
    """What is wrong with the server itself."""
    return SWITCHED_OFF[sa.make_url(database_url).get_backend_name()]


def test_every_storage_of_ours_can_be_examined(storage):
    """And the health of nothing wrong is good."""
    assert isinstance(storage, ExaminableStorage)
    assert isinstance(MemoryStorage(), ExaminableStorage)
    assert Health().ok is True


def test_memory_says_that_it_does_not_last():
    """Always, so that nobody takes it into production."""
    assert ids(MemoryStorage()) == {"not-durable"}
    assert MemoryStorage().health().ok is False


def test_an_engine_of_our_own_is_set_up_well(storage, off):
    """On every database; what remains are the settings of the server."""
    assert ids(storage) == off


def test_a_plain_engine_of_the_hosts_is_told_what_it_lacks(storage, database_url, off):
    """With our tables in it, and the pool has its connection back."""
    engine = sa.create_engine(database_url)
    assert ids(SQLStorage(engine)) == off
    assert engine.pool.checkedout() == 0
    engine.dispose()


@pytest.mark.server
@pytest.mark.parametrize("kind", [PostgreSQLServer, MariaDBServer])
def test_a_server_that_keeps_its_word_is_well(kind, request):
    """As it is installed, nothing is switched off."""
    request.getfixturevalue(
        "postgresql_server" if kind is PostgreSQLServer else "mariadb_server"
    )  # skips where it is not installed
    server = kind(durable=True).start()
    try:
        with server.database() as url, SQLStorage(url) as storage:
            storage.create_tables()
            assert storage.health() == Health()
    finally:
        server.stop()


def test_missing_tables_are_told_by_name(database_url, off):
    """All of them, or the one."""
    with SQLStorage(database_url, prefix="mfa_") as storage:
        assert ids(storage) == {"no-table", *off}
        assert sorted(found(storage, "no-table")) == [
            "There is no table mfa_events.",
            "There is no table mfa_positions.",
            "There is no table mfa_records.",
        ]
        storage.create_tables()
        alter(storage, "DROP TABLE mfa_positions")
        assert found(storage, "no-table") == ["There is no table mfa_positions."]


def test_a_missing_column_is_told_by_name(storage, off):
    """As after a migration that was forgotten."""
    index = "DROP INDEX recoverykit_events_by_position"
    on_table = " ON recoverykit_events" if storage._engine().name == "mysql" else ""
    alter(storage, index + on_table, "ALTER TABLE recoverykit_events DROP COLUMN position")
    assert ids(storage) == {"no-column", *off}
    assert found(storage, "no-column") == ["The column recoverykit_events.position is missing."]


LOOSE = {
    "sqlite": ["TEXT COLLATE NOCASE", "INT"],
    "postgresql": ["char(64)", "bytea", "text COLLATE loose"],
    "mysql": ["VARCHAR(64) COLLATE utf8mb4_bin", "VARBINARY(63)", "BINARY(64)"],
}
EXACT = {"sqlite": "VARCHAR(64)", "postgresql": "varchar(64)", "mysql": "VARBINARY(255)"}


def remade(storage, kind, key="PRIMARY KEY"):
    """Make the smallest of the tables anew, with another column."""
    alter(
        storage,
        "DROP TABLE recoverykit_positions",
        f"CREATE TABLE recoverykit_positions (name {kind} {key}, position BIGINT)",
    )


def test_a_column_that_compares_loosely_is_told_by_name(storage, off):
    """By case, by accents, by trailing blanks, or cut."""
    name = storage._engine().name
    if name == "postgresql":
        alter(
            storage,
            "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2',"
            " deterministic = false)",
        )
    for kind in LOOSE[name]:
        remade(storage, kind)
        assert ids(storage) == {"not-exact", *off}, kind
        assert found(storage, "not-exact") == [
            "The column recoverykit_positions.name does not tell texts apart byte for byte."
        ]


def test_other_exact_types_are_fine(storage, off):
    """What a host's migration may have chosen instead."""
    remade(storage, EXACT[storage._engine().name])
    assert ids(storage) == off


def test_a_table_without_its_key_is_told(storage, off):
    """Two rows for one subject would be two successes."""
    remade(storage, EXACT[storage._engine().name], key="")
    assert ids(storage) == {"no-key", *off}
    assert "recoverykit_positions is not (name)" in found(storage, "no-key")[0]


def test_a_document_column_that_is_too_short_is_told(storage, off):
    """MySQL's TEXT is one byte short; SQLite has no lengths, but what is declared is told."""
    table = "ALTER TABLE recoverykit_records"
    name = storage._engine().name
    if name == "sqlite":
        alter(
            storage,
            f"{table} DROP COLUMN document",
            f"{table} ADD COLUMN document VARCHAR(100) NOT NULL DEFAULT ''",
        )
    elif name == "postgresql":
        alter(storage, f"{table} ALTER COLUMN document TYPE varchar(65535)")
    else:
        alter(storage, f"{table} MODIFY document TEXT")
    assert ids(storage) == {"too-short", *off}
    if name == "mysql":
        alter(storage, f"{table} MODIFY document LONGTEXT")
        assert ids(storage) == off


@pytest.mark.server
def test_a_table_without_transactions_is_told(mariadb_server):
    """It is there, and loses half of a change; in another schema as well."""
    with mariadb_server.database() as url, mariadb_server.database() as other:
        schema = sa.make_url(other).database
        for named, prefix in ((None, ""), (schema, f"{schema}.")):
            with SQLStorage(url, schema=named) as storage:
                storage.create_tables()
                alter(storage, f"ALTER TABLE {prefix}recoverykit_events ENGINE = Aria")
                assert ids(storage) == {"no-transactions", "mysql-flush"}
                assert (
                    Problem(
                        id="no-transactions",
                        sentence="The table recoverykit_events is kept by Aria:"
                        " a change may land by half.",
                        mend="ALTER TABLE recoverykit_events ENGINE = InnoDB",
                    )
                    in storage.health().problems
                )


@pytest.mark.parametrize(
    ("pragma", "id"),
    [
        ("journal_mode = DELETE", "sqlite-journal"),
        ("synchronous = NORMAL", "sqlite-synchronous"),
        ("synchronous = OFF", "sqlite-synchronous"),
        ("busy_timeout = 0", "sqlite-busy"),
    ],
)
def test_a_host_s_sqlite_is_told_what_it_lacks(tmp_path, pragma, id):
    """Its settings are of the connection: each is asked on one of the engine's own."""
    url = f"sqlite:///{tmp_path / 'codes.db'}"
    with SQLStorage(url) as ours:
        ours.create_tables()
        assert ours.health() == Health()
    engine = sa.create_engine(url)

    @sa.event.listens_for(engine, "connect")
    def connect(driver, _):
        driver.execute(f"PRAGMA {pragma}")

    storage = SQLStorage(engine)
    assert ids(storage) == {id}
    with engine.connect() as connection:
        name, _, value = pragma.partition(" = ")
        now = connection.exec_driver_sql(f"PRAGMA {name}").scalar()
        assert str(now).upper() in {value, "0", "1"}  # left as it is
    engine.dispose()


@pytest.mark.server
def test_a_standby_is_told(postgresql_server):
    """White-box: the server says that it is in recovery."""
    with postgresql_server.database() as url, SQLStorage(url) as storage:
        storage.create_tables()
        alter(
            storage,
            "CREATE FUNCTION public.pg_is_in_recovery() RETURNS boolean LANGUAGE sql"
            " AS 'SELECT true'",
        )

        @sa.event.listens_for(storage._engine(), "connect")
        def connect(driver, _):
            driver.execute("SET search_path = public, pg_catalog")
            driver.commit()

        storage.close()
        assert "no-primary" not in ids(storage)  # a new engine, without the listener
        sa.event.listen(storage._engine(), "connect", connect)
        storage._engine().dispose()
        assert ids(storage) == {"no-primary", *SWITCHED_OFF["postgresql"]}


WELL = {
    "innodb_flush_log_at_trx_commit": "1",
    "log_bin": "ON",
    "sync_binlog": "1",
    "sql_mode": "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES",
    "read_only": "OFF",
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"innodb_flush_log_at_trx_commit": "2"}, ["mysql-flush"]),
        ({"innodb_flush_log_at_trx_commit": "0"}, ["mysql-flush"]),
        ({"sync_binlog": "0"}, ["mysql-binlog"]),
        ({"sync_binlog": "100"}, ["mysql-binlog"]),
        ({"sync_binlog": "0", "log_bin": "OFF"}, []),
        ({"sql_mode": ""}, ["mysql-not-strict"]),
        ({"sql_mode": "ANSI,NO_ZERO_DATE"}, ["mysql-not-strict"]),
        ({"sql_mode": "STRICT_ALL_TABLES"}, []),
        ({"read_only": "ON"}, ["no-primary"]),
        ({"read_only": "NO_LOCK_NO_ADMIN"}, ["no-primary"]),
        ({"read_only": "0"}, []),
    ],
)
def test_the_variables_of_mysql_are_judged(changes, expected):
    """Those on which a promise rests."""
    assert [each.id for each in in_variables(WELL | changes)] == expected


def test_variables_that_are_not_told_are_taken_for_the_worst():
    """But for the binary log, and a server that does not call itself read-only."""
    assert [each.id for each in in_variables({})] == ["mysql-flush", "mysql-not-strict"]


@pytest.mark.parametrize(
    ("wait", "status", "expected"),
    [
        ("1", "Primary", []),
        ("7", "Primary", []),
        ("0", "Primary", ["galera-stale"]),
        ("6", "Primary", ["galera-stale"]),
        ("1", "non-Primary", ["galera-not-primary"]),
        ("1", "Disconnected", ["galera-not-primary"]),
    ],
)
def test_a_node_of_a_cluster_is_judged(wait, status, expected):
    """Loads must wait for what others have acknowledged; a node alone serves nobody."""
    problems = in_cluster({"wsrep_sync_wait": wait}, {"wsrep_cluster_status": status})
    assert [each.id for each in problems] == expected
    assert len(list(in_cluster({}, {}))) == 2


@pytest.mark.server
def test_a_server_of_mariadb_is_asked(mariadb_server):
    """The session's own values, and the cluster only where there is one."""
    with mariadb_server.database() as url:
        loose = sa.create_engine(url, connect_args={"init_command": "SET sql_mode = ''"})
        SQLStorage(loose).create_tables()
        assert ids(SQLStorage(loose)) == {"mysql-flush", "mysql-not-strict"}
        clustered = sa.create_engine(url)

        @sa.event.listens_for(clustered, "before_cursor_execute", retval=True)
        def pretend(connection, cursor, statement, parameters, *_):
            if statement.startswith("SHOW SESSION VARIABLES"):
                return "SELECT 'wsrep_on', 'ON' UNION SELECT 'wsrep_sync_wait', '0'", parameters
            return statement, parameters

        assert ids(SQLStorage(clustered)) == {
            "mysql-flush",
            "mysql-not-strict",
            "galera-stale",
            "galera-not-primary",
        }
        loose.dispose()
        clustered.dispose()


UNREACHABLE = [
    f"sqlite:////no/such/folder/{CANARY}/codes.db",
    pytest.param(
        f"postgresql://{CANARY}:{CANARY}@127.0.0.1:1/{CANARY}?connect_timeout=2",
        marks=pytest.mark.server,
    ),
    pytest.param(
        f"mysql://{CANARY}:{CANARY}@127.0.0.1:1/{CANARY}?connect_timeout=2",
        marks=pytest.mark.server,
    ),
]


@pytest.mark.parametrize("url", UNREACHABLE, ids=["sqlite", "postgresql", "mysql"])
def test_a_database_that_is_not_there_is_a_problem_like_others(url):
    """Never an error; neither its address nor a password is told."""
    with SQLStorage(url) as storage:
        health = storage.health()
    assert [each.id for each in health.problems] == ["no-answer"]
    assert CANARY not in repr(health)
    assert isinstance(health.problems[0], Problem)


def test_a_missing_driver_is_said(tmp_path):
    """That is no state of a database: nothing can be asked."""
    with SQLStorage("mysql+pymysql://127.0.0.1/codes") as storage:
        storage._own._make = lambda: (_ for _ in ()).throw(MissingExtra("mysql"))
        with pytest.raises(MissingExtra):
            storage.health()


def test_a_connection_that_died_in_the_pool_is_no_illness(server_database_url, off_server):
    """The server was started anew, say: the next connection is asked."""
    with SQLStorage(server_database_url) as storage:
        storage.create_tables()
        engine = storage._engine()
        rival = sa.create_engine(server_database_url)
        whoami, end = "connection_id", "KILL %d"
        if engine.name == "postgresql":
            whoami, end = "pg_backend_pid", "SELECT pg_terminate_backend(%d)"
        with engine.connect() as connection:
            number = connection.exec_driver_sql(f"SELECT {whoami}()").scalar()
        with rival.connect() as connection:
            connection.exec_driver_sql(end % number)
        rival.dispose()
        assert ids(storage) == off_server


@pytest.fixture
def off_server(server_database_url):
    return SWITCHED_OFF[sa.make_url(server_database_url).get_backend_name()]


def test_a_file_that_is_opened_to_read_is_told(tmp_path):
    """Every commit would fail."""
    path = tmp_path / "codes.db"
    with SQLStorage(f"sqlite:///{path}") as storage:
        storage.create_tables()
        assert storage.health().ok
    for query in ("mode=ro", "immutable=1"):
        url = f"sqlite:///file:{path}?{query}&uri=true"
        with SQLStorage(url) as storage:
            assert "read-only" in ids(storage)
    engine = sa.create_engine(f"sqlite:///{path}")
    sa.event.listen(engine, "connect", lambda driver, _: driver.execute("PRAGMA query_only = ON"))
    assert "read-only" in ids(SQLStorage(engine))
    engine.dispose()


@pytest.mark.server
def test_a_role_that_may_only_read_is_told(postgresql_server):
    """As it is set for a database, for example."""
    with postgresql_server.database() as url:
        with SQLStorage(url) as storage:
            storage.create_tables()
        engine = sa.create_engine(
            url, connect_args={"options": "-c default_transaction_read_only=on"}
        )
        assert "read-only" in ids(SQLStorage(engine))
        engine.dispose()


@pytest.mark.server
def test_a_table_that_a_crash_empties_is_told(postgresql_server):
    """It would take spent codes back, and delays."""
    with postgresql_server.database() as url, SQLStorage(url) as storage:
        storage.create_tables()
        alter(storage, "ALTER TABLE recoverykit_records SET UNLOGGED")
        told = [each for each in storage.health().problems if each.id == "not-logged"]
        assert told == [
            Problem(
                id="not-logged",
                sentence="The table recoverykit_records is not logged: a crash empties it.",
                mend="ALTER TABLE recoverykit_records SET LOGGED",
            )
        ]


@pytest.mark.server
def test_tables_of_a_schema_are_examined_where_they_are(postgresql_server):
    """Those of the default one are others, and may be missing."""
    with postgresql_server.database() as url, SQLStorage(url, schema="mfa") as storage:
        alter(storage, "CREATE SCHEMA mfa")
        storage.create_tables()
        assert ids(storage) == SWITCHED_OFF["postgresql"]
        alter(
            storage,
            "ALTER TABLE mfa.recoverykit_records DROP CONSTRAINT recoverykit_records_pkey",
        )
        (told,) = found(storage, "no-key")
        assert told == (
            "The primary key of recoverykit_records is not (tenant, subject, scope):"
            " a code might be spent twice."
        )
