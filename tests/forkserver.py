"""Where the processes of the tests come from.

A server forks them: nothing of the tests' own threads and locks gets into them, and what is slow to
import is imported once.
"""

import multiprocessing

FORKSERVER = multiprocessing.get_context("forkserver")
FORKSERVER.set_forkserver_preload(
    ["recoverykit.storage.sql", "sqlalchemy.orm", "psycopg", "pymysql"]
)
