"""What clients did and were told, kept in files that survive their death.

A client writes a line before each call and one after it, by one system call each: when the client
is killed, the line is in the file, or was never begun.
"""

import dataclasses
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any


class Verb(Enum):
    """What a client asks for."""

    REDEEM = "redeem"
    REPLACE = "replace"
    REVOKE = "revoke"
    ERASE = "erase"
    STATUS = "status"


class Ending(Enum):
    """How a call ended, as its caller sees it."""

    OK = "ok"
    USED = "used"
    WRONG = "wrong"
    INACTIVE = "inactive"
    FAILED = "failed"  # the storage failed, and nothing was changed
    UNKNOWN = "unknown"


NEVER_TOLD = (Ending.UNKNOWN, None)
"""Ends after which nobody knows what became of the call; None is the death of its caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """A call that a client makes.

    Attributes:
        verb: what it asks for.
        subject: about whose codes.
        attempt: under which id.
        set_id: the set of the code that it presents; None where it presents none.
        ordinal: the place of that code.
    """

    verb: Verb
    subject: str
    attempt: str
    set_id: str | None = None
    ordinal: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a client was told.

    Attributes:
        ending: how the call ended.
        set_id: the set in which a code was redeemed, or that was issued.
        ordinal: the place of the code that was redeemed.
        remaining: how many codes are left.
        is_replayed: whether the success is one that was told or lost before.
        issued_at: when the set was issued; of a redemption nobody is told.
        state: the state of the set.
        spent: the places of the codes that are spent.
    """

    ending: Ending
    set_id: str | None = None
    ordinal: int | None = None
    remaining: int | None = None
    is_replayed: bool | None = None
    issued_at: str | None = None
    state: str | None = None
    spent: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A call from its beginning to its end.

    Attributes:
        client: who made it.
        number: which of the client's calls it was, from 0.
        deed: what was asked for.
        began: when, in nanoseconds of the machine's monotonic clock.
        ended: when the caller was told; None where the caller died before.
        told: what the caller was told; None where the caller died before.
        lost: how many commits of the call got no answer.
        has_won: whether one of its commits was answered to have won.
        why: of a failure, what was said of it; empty otherwise.
    """

    client: str
    number: int
    deed: Deed
    began: int
    ended: int | None = None
    told: Told | None = None
    lost: int = 0
    has_won: bool = False
    why: str = ""

    @property
    def ending(self) -> Ending | None:
        """How it ended; None where its caller died."""
        return self.told.ending if self.told else None

    @property
    def is_open(self) -> bool:
        """Whether nobody was told what became of it."""
        return self.ending in NEVER_TOLD


class Log:
    """The file of one client, through all its lives.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self.before: tuple[Operation, ...] = read(path)
        self._client = path.stem
        self._next = len(self.before)
        self._file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)

    def begin(self, deed: Deed) -> Operation:
        """Note that a call is about to begin."""
        operation = Operation(
            client=self._client, number=self._next, deed=deed, began=time.monotonic_ns()
        )
        self._next += 1
        self._write({"call": operation.number, "at": operation.began, "deed": _plain(deed)})
        return operation

    def end(
        self,
        operation: Operation,
        told: Told,
        *,
        lost: int = 0,
        has_won: bool = False,
        why: str = "",
    ) -> None:
        """Note what a call has told its caller, and how its commits were answered."""
        ended = time.monotonic_ns()
        seen = {"told": _plain(told), "lost": lost, "has_won": has_won, "why": why}
        self._write({"call": operation.number, "at": ended, **seen})

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _write(self, line: Mapping[str, object]) -> None:
        os.write(self._file, json.dumps(line).encode() + b"\n")


def read(path: Path) -> tuple[Operation, ...]:
    """Return what stands in a client's file, in the order of its calls."""
    operations: list[Operation] = []
    for line in _lines(path):
        if "deed" in line:
            assert line["call"] == len(operations)
            deed = _deed(line["deed"])
            operations.append(
                Operation(client=path.stem, number=line["call"], deed=deed, began=line["at"])
            )
        else:
            operations[line["call"]] = dataclasses.replace(
                operations[line["call"]],
                ended=line["at"],
                told=_told(line["told"]),
                lost=line["lost"],
                has_won=line["has_won"],
                why=line["why"],
            )
    return tuple(operations)


def read_all(folder: Path) -> tuple[Operation, ...]:
    """Return what stands in the files of a folder."""
    return tuple(each for path in sorted(folder.glob("*.jsonl")) for each in read(path))


def by_subject(operations: Iterable[Operation]) -> dict[str, tuple[Operation, ...]]:
    """Return the operations on each subject, in the order in which they began."""
    found: dict[str, list[Operation]] = {}
    for each in sorted(operations, key=lambda each: each.began):
        found.setdefault(each.deed.subject, []).append(each)
    return {subject: tuple(each) for subject, each in found.items()}


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        for line in path.read_text().splitlines(keepends=True):
            if line.endswith("\n"):  # what was not written whole was never said
                yield json.loads(line)


def _plain(value: Deed | Told) -> dict[str, object]:
    fields = dataclasses.asdict(value)
    return {
        name: each.value if isinstance(each, Enum) else each
        for name, each in fields.items()
        if each is not None
    }


def _deed(fields: dict[str, Any]) -> Deed:
    return Deed(**fields | {"verb": Verb(fields["verb"])})


def _told(fields: dict[str, Any]) -> Told:
    spent = tuple(fields["spent"]) if "spent" in fields else None
    return Told(**fields | {"ending": Ending(fields["ending"]), "spent": spent})
