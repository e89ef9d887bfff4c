"""Where the processes of the tests come from.

A server forks them: nothing of the tests' own threads and locks gets into them, and what is slow to
import is imported once.
"""

import multiprocessing

FORKSERVER = multiprocessing.get_context("forkserver")
FORKSERVER.set_forkserver_preload(
    [
        "aiosqlite",
        "asyncmy",
        "asyncpg",
        "psycopg",
        "pymysql",
        "pytest",  # every process imports again what the tests' own was started as
        "recoverykit.aio.runner",
        "recoverykit.storage.sql",
        "recoverykit.storage.sql.async_storage",
        "sqlalchemy.orm",
        "tests.faults.client",
        "tests.hosts.deaths",
        "trio",
    ]
)
