"""A program that forks while its kit is in use, and prints as JSON what everybody got.

    python -m tests.races.forking share|outlive|busy URL|memory

It is a process of its own, so that the child can end as a host's child ends: its objects are
finalised, and whatever they say to a server is said.
"""

import json
import multiprocessing
import os
import signal
import sys
import warnings
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from threading import Event
from typing import NoReturn

from recoverykit import RecoveryKit, RecoveryKitError
from recoverykit.storage import Storage
from recoverykit.storage.memory import MemoryStorage
from recoverykit.storage.sql import SQLStorage
from tests.races.arena import POLICY

FORKS = 8
_FORK = multiprocessing.get_context("fork")
_THREADS = 5  # the connections that an engine keeps: more would open and close them all the time
_SECONDS = 30  # the child's deadline; it takes a fraction of one


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A forked child, as its parent sees it."""

    pid: int
    report: int

    def heard(self) -> object:
        """Wait for the child's end; return what it got, or how it ended otherwise."""
        with os.fdopen(self.report) as report:
            text = report.read()
        _, status = os.waitpid(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        return json.loads(text) if code == 0 else f"ended with {code}"


def forked(work: Callable[[], object]) -> Child:
    """Fork, although the threads of the kit are running; the child does the work and ends."""
    receiving, sending = os.pipe()
    with warnings.catch_warnings():
        # From 3.12 on CPython warns of locks that a thread may hold for ever in the child. That
        # the kit's own are renewed there is what this program shows.
        warnings.filterwarnings(
            "ignore", "This process .* is multi-threaded", category=DeprecationWarning
        )
        pid = os.fork()
    if pid == 0:
        os.close(receiving)
        _work(work, sending)
    os.close(sending)
    return Child(pid=pid, report=receiving)


def _work(work: Callable[[], object], sending: int) -> NoReturn:
    signal.alarm(_SECONDS)  # a child that hangs is ended by its alarm
    with os.fdopen(sending, "w") as report:
        json.dump(work(), report)
    sys.exit()


@contextmanager
def opened(address: str) -> Generator[Storage]:
    """Open the storage to fork with."""
    if address == "memory":
        yield MemoryStorage()
        return
    with SQLStorage(address) as storage:
        storage.create_tables()
        yield storage


def redeemed(kit: RecoveryKit, subject: str, *codes: str) -> list[str]:
    """Redeem the codes one after the other; return the class of what came of each."""

    def attempts() -> Iterator[str]:
        for code in codes:
            try:
                yield type(kit.redeem(subject, code)).__name__
            except RecoveryKitError as error:
                yield type(error).__name__

    return list(attempts())


def use(kit: RecoveryKit, prefix: str) -> None:
    """Use the kit in as many threads as its engine keeps connections."""
    names = [f"{prefix} {number}" for number in range(2 * _THREADS)]
    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(kit.issue, names))


def share(kit: RecoveryKit, _: Storage) -> object:
    """Parent and child redeem one code at the same time, and one more each."""
    codes = kit.issue("alice").codes
    use(kit, "before the fork")

    def work() -> object:
        got = redeemed(kit, "alice", codes[0], codes[1])
        use(kit, "in the child")
        return got

    child = forked(work)
    of_parent = redeemed(kit, "alice", codes[0], codes[2])
    of_child = child.heard()
    use(kit, "after the child's end")
    remaining = kit.status("alice").remaining
    return {"child": of_child, "parent": of_parent, "remaining": remaining}


def outlive(kit: RecoveryKit, storage: Storage) -> object:
    """The parent closes its storage while the child goes on; then both redeem one code."""
    codes = kit.issue("alice").codes
    is_used, is_closed = _FORK.Event(), _FORK.Event()

    def work() -> object:
        first = redeemed(kit, "alice", codes[0])
        is_used.set()
        is_closed.wait(_SECONDS)
        return first + redeemed(kit, "alice", codes[1])

    child = forked(work)
    is_used.wait(_SECONDS)
    if isinstance(storage, SQLStorage):
        storage.close()
    of_parent = redeemed(kit, "alice", codes[1])
    is_closed.set()
    return {"child": child.heard(), "parent": of_parent}


def busy(kit: RecoveryKit, _: Storage) -> object:
    """Fork again and again while other threads write; each child redeems a code."""
    codes = [kit.issue(f"alice {number}").codes[0] for number in range(FORKS)]
    is_over = Event()

    def write(thread: int) -> None:
        for number in count():
            if is_over.is_set():
                return
            kit.issue(f"bob {thread} {number}")

    with ThreadPoolExecutor(_THREADS) as threads:
        writers = [threads.submit(write, thread) for thread in range(_THREADS)]
        got: list[object] = []
        try:
            for number, code in enumerate(codes):
                got.append(forked(partial(redeemed, kit, f"alice {number}", code)).heard())
                if got[-1] != ["Redemption"]:
                    break
        finally:
            is_over.set()
    for writer in writers:
        writer.result()
    return {"children": got}


def main() -> None:
    """Run what the command line names, on the storage that it names."""
    _, scenario, address = sys.argv
    run = {"share": share, "outlive": outlive, "busy": busy}[scenario]
    with opened(address) as storage:
        got = run(RecoveryKit(storage, policy=POLICY), storage)
    sys.stdout.write(json.dumps(got))


if __name__ == "__main__":
    main()
