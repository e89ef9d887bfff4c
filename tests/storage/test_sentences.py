"""Every refusal and every problem of a storage is told in sentences that are pinned here."""

import pytest
import sqlalchemy as sa

from recoverykit.errors import InvalidArgument
from recoverykit.storage import Problem
from recoverykit.storage.memory import MemoryStorage
from recoverykit.storage.sql import AsyncSQLStorage, SQLStorage, define_tables
from recoverykit.storage.sql.columns import instant_in, text_in
from recoverykit.storage.sql.database import Database
from recoverykit.storage.sql.loop_engines import running_loop
from recoverykit.storage.sql.outbox import checked_position, checked_reader
from recoverykit.storage.sql.settings import in_cluster, in_settings, in_variables


def on_file(tmp_path):
    storage = SQLStorage(f"sqlite:///{tmp_path / 'codes.db'}")
    storage.create_tables()
    return storage


REFUSALS = {
    "this is no engine, and no URL of a database that SQLAlchemy knows": lambda: SQLStorage("what"),
    "SQLite in memory lasts no longer than a process: MemoryStorage does": lambda: SQLStorage(
        "sqlite://"
    ),
    "an asynchronous driver needs an asynchronous storage": lambda: SQLStorage(
        "sqlite+aiosqlite:///codes.db"
    ),
    "an asynchronous storage needs an asynchronous driver": lambda: AsyncSQLStorage(
        "sqlite+pysqlite:///codes.db"
    ),
    "the database must be SQLite, PostgreSQL, MySQL or MariaDB": lambda: Database.of(
        sa.make_url("mssql+pyodbc://").get_dialect()
    ),
    "prefix must be at most 40 ASCII letters, digits and underscores": lambda: define_tables(
        sa.MetaData(), prefix="a b"
    ),
    "a reader's name is 1 to 64 printable ASCII characters": lambda: checked_reader(""),
    "a position is a whole number": lambda: checked_position("1"),
    "the drivers of databases need a running loop of asyncio's": running_loop,
}


@pytest.mark.parametrize(("sentence", "refused"), REFUSALS.items())
def test_a_refusal_says_what_is_wrong(sentence, refused):
    """The sentence is the whole of it."""
    with pytest.raises(InvalidArgument) as refusal:
        refused()
    assert str(refusal.value) == sentence


def test_a_reader_that_is_none_is_told(tmp_path):
    """It has not begun, or is said to have read what nobody has written."""
    with on_file(tmp_path) as storage:
        with pytest.raises(InvalidArgument) as refusal:
            storage.outbox.acknowledge("mailer", 1)
        assert str(refusal.value) == "there is no such reader: it begins with its first read"

        storage.outbox.read("mailer", limit=1)
        with pytest.raises(InvalidArgument) as refusal:
            storage.outbox.acknowledge("mailer", 1_000)
        assert str(refusal.value) == "no event has this position yet"


def test_what_a_column_cannot_hold_is_told():
    """To whoever looks for the cause of a corrupt record."""
    with pytest.raises(TypeError, match=r"^a column holds no text$"):
        text_in(7)
    with pytest.raises(TypeError, match=r"^a column holds no time$"):
        instant_in(7)


WELL = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "default_transaction_read_only": "off",
    "is_standby": False,
}
LOSS = "a crash may take back what was acknowledged, and a spent code counts again"
PROBLEMS = {
    "postgresql-fsync": (
        lambda: in_settings(WELL | {"fsync": "off"}),
        f"fsync is off: {LOSS}.",
        "Set fsync = on, for the server, the database and the role.",
    ),
    "postgresql-full-page-writes": (
        lambda: in_settings(WELL | {"full_page_writes": "off"}),
        f"full_page_writes is off: {LOSS}.",
        "Set full_page_writes = on, for the server, the database and the role.",
    ),
    "postgresql-synchronous-commit": (
        lambda: in_settings(WELL | {"synchronous_commit": "off"}),
        f"synchronous_commit is off: {LOSS}.",
        "Set synchronous_commit = on, for the server, the database and the role.",
    ),
    "read-only": (
        lambda: in_settings(WELL | {"default_transaction_read_only": "on"}),
        "Nothing can be written: every commit fails.",
        "Set default_transaction_read_only = off, for the database and the role.",
    ),
    "no-primary": (
        lambda: in_settings(WELL | {"is_standby": True}),
        "This server is a standby: it takes no change, and may be behind.",
        "Connect to the primary server.",
    ),
    "mysql-flush": (
        lambda: in_variables({"sql_mode": "STRICT_ALL_TABLES"}),
        f"innodb_flush_log_at_trx_commit is None: {LOSS}.",
        "SET GLOBAL innodb_flush_log_at_trx_commit = 1, and in the server's configuration",
    ),
    "mysql-binlog": (
        lambda: in_variables(MYSQL | {"log_bin": "ON", "sync_binlog": "0"}),
        f"The binary log is not synced at each commit: {LOSS}, here or on a replica.",
        "SET GLOBAL sync_binlog = 1, and in the server's configuration",
    ),
    "mysql-not-strict": (
        lambda: in_variables(MYSQL | {"sql_mode": ""}),
        "sql_mode is not strict: what is too long is cut without an error.",
        "Add STRICT_TRANS_TABLES to sql_mode.",
    ),
    "galera-stale": (
        lambda: in_cluster({}, {"wsrep_cluster_status": "Primary"}),
        "A load may miss what another node has acknowledged.",
        "SET SESSION wsrep_sync_wait = 1, on each connection",
    ),
    "galera-not-primary": (
        lambda: in_cluster({"wsrep_sync_wait": "1"}, {}),
        "This node has lost its cluster: it serves neither loads nor commits.",
        "Connect to a node of the primary component, and see to this one.",
    ),
}
MYSQL = {"innodb_flush_log_at_trx_commit": "1", "sql_mode": "STRICT_ALL_TABLES"}


@pytest.mark.parametrize(("id", "told"), PROBLEMS.items())
def test_a_problem_of_a_server_is_told(id, told):
    """One thing that is wrong, one problem, with its mend."""
    problems, sentence, mend = told

    assert list(problems()) == [Problem(id=id, sentence=sentence, mend=mend)]


def test_a_server_that_is_well_has_no_problem():
    """Nor one that is read-only by another name for no."""
    assert not list(in_settings(WELL))
    assert not list(in_variables(MYSQL))
    (problem,) = in_variables(MYSQL | {"read_only": "ON"})
    assert problem.sentence == "This server is read-only: it takes no change, and may be behind."
    assert problem.mend == "Connect to the primary server."


def problems_of(url, *statements):
    """Return what an engine of the host's is told, each of whose connections says this first."""
    engine = sa.create_engine(url)

    @sa.event.listens_for(engine, "connect")
    def connect(driver, _):
        for statement in statements:
            driver.execute(statement)

    problems = SQLStorage(engine).health().problems
    engine.dispose()
    return problems


def test_what_is_wrong_with_settings_of_sqlite_is_told(tmp_path):
    """Whatever a host may have left as it was."""
    on_file(tmp_path).close()

    problems = problems_of(
        f"sqlite:///{tmp_path / 'codes.db'}",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA synchronous = OFF",
        "PRAGMA busy_timeout = 0",
        "PRAGMA query_only = ON",
    )

    assert problems == (
        Problem(
            id="sqlite-journal",
            sentence="The journal is delete, not WAL: readers and writers wait for each other.",
            mend="PRAGMA journal_mode = WAL, once for the file",
        ),
        Problem(
            id="sqlite-synchronous",
            sentence=f"Not every commit is synced: {LOSS}.",
            mend="PRAGMA synchronous = FULL, on each connection",
        ),
        Problem(
            id="sqlite-busy",
            sentence="A writer does not wait for another one: it fails at once.",
            mend="PRAGMA busy_timeout = 10000, on each connection",
        ),
        Problem(
            id="read-only",
            sentence="Nothing can be written: every commit fails.",
            mend="Open the file to write, and leave PRAGMA query_only off.",
        ),
    )


REMAKE = "Compare the table with define_tables(), and alter it."
POSITIONS = "recoverykit_positions"
NAME = f"{POSITIONS}.name"
LOOSE = (
    "CREATE TABLE recoverykit_positions (name TEXT COLLATE NOCASE, position BIGINT,"
    " PRIMARY KEY (position, name))"
)


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        (
            ["DROP TABLE recoverykit_positions"],
            [
                (
                    "no-table",
                    "There is no table recoverykit_positions.",
                    "Call create_tables(), or run the migration that makes it.",
                )
            ],
        ),
        (
            ["ALTER TABLE recoverykit_positions DROP COLUMN position"],
            [
                (
                    "no-column",
                    "The column recoverykit_positions.position is missing.",
                    "Call create_tables(), or run the migration that makes it.",
                )
            ],
        ),
        (
            [
                "DROP TABLE recoverykit_positions",
                LOOSE,
            ],
            [
                (
                    "not-exact",
                    f"The column {NAME} does not tell texts apart byte for byte.",
                    REMAKE,
                ),
                (
                    "no-key",
                    f"The primary key of {POSITIONS} is not (name): a code might be spent twice.",
                    REMAKE,
                ),
            ],
        ),
        (
            [
                "ALTER TABLE recoverykit_records DROP COLUMN document",
                "ALTER TABLE recoverykit_records ADD COLUMN document VARCHAR(100)",
            ],
            [
                (
                    "too-short",
                    "The column recoverykit_records.document does not hold 64 KiB.",
                    REMAKE,
                )
            ],
        ),
    ],
)
def test_what_is_wrong_with_a_table_is_told(tmp_path, statements, told):
    """With what to do about it."""
    with on_file(tmp_path) as storage:
        with storage._engine().begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

        problems = [(each.id, each.sentence, each.mend) for each in storage.health().problems]

    assert problems == told


def test_a_database_that_does_not_answer_is_told(tmp_path):
    """By the kind of what was raised, without where it should be."""
    (problem,) = SQLStorage(f"sqlite:///{tmp_path}/no/codes.db").health().problems

    assert problem.id == "no-answer"
    assert problem.sentence.startswith("The database does not answer what it is asked: ")
    assert problem.mend == (
        "See whether it runs, and whether its address, account and rights are right."
    )


def test_memory_says_that_it_does_not_last():
    """And what does."""
    told = Problem(
        id="not-durable",
        sentence="What is stored lasts no longer than this process.",
        mend="Use a storage over a database, but for tests and demonstrations.",
    )

    assert MemoryStorage().health().problems == (told,)


@pytest.mark.parametrize("name", ["a", "~" * 64])
def test_a_name_that_is_just_long_enough_is_one(name):
    """Of one character, and of 64."""
    assert checked_reader(name) == name
