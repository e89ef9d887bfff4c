"""Hosts that die in the middle of a claim: real processes, ended by SIGKILL."""

import os
import signal
from dataclasses import replace
from enum import Enum

import sqlalchemy as sa

from tests.forkserver import FORKSERVER
from tests.hosts.claims import Claim
from tests.hosts.desks import Site

_SECONDS = 60.0  # it takes a fraction of one


class Death(Enum):
    """When the host dies."""

    IN_FUNCTION = "in the function"
    BEFORE_COMMIT = "before COMMIT"
    AFTER_COMMIT = "after COMMIT"


def die() -> None:
    """End this process at once, as the kernel does where memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)


class Trap:
    """Kills the process when, its function being done, the host sends COMMIT or has its answer."""

    def __init__(self, engine: sa.Engine, death: Death) -> None:
        self._is_set = False
        if death is Death.BEFORE_COMMIT:
            # Sent by the driver, or as a statement where the driver commits everything by itself.
            sa.event.listen(engine, "commit", self._spring)
            sa.event.listen(engine, "before_cursor_execute", self._spring_at)
        elif death is Death.AFTER_COMMIT:
            # The connection goes back to its pool, or has left it: the caller knows nothing yet.
            sa.event.listen(engine, "checkin", self._spring)
            sa.event.listen(engine, "close_detached", self._spring)
            # Of psycopg's that has left its pool, SQLAlchemy does not tell that it is closed.
            sa.event.listen(engine, "after_cursor_execute", self._spring_at)

    def arm(self) -> None:
        """Set the trap."""
        self._is_set = True

    def _spring(self, *_: object) -> None:
        if self._is_set:
            die()

    def _spring_at(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement == "COMMIT":
            self._spring()


def _claim(site: Site, claim: Claim, death: Death) -> None:
    desk = site.opened()
    then = die if death is Death.IN_FUNCTION else Trap(desk.engine, death).arm
    desk.claim(replace(claim, then=then))


def claim_and_die(site: Site, claim: Claim, *, death: Death) -> None:
    """Let a process claim at a desk of its own, and see it die."""
    there = Site(shell=site.shell, url=site.url, place=site.place)
    process = FORKSERVER.Process(target=_claim, args=(there, claim, death), daemon=True)
    process.start()
    process.join(_SECONDS)
    ended = process.exitcode
    process.kill()
    process.join()
    assert ended == -signal.SIGKILL
