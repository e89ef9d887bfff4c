"""What the database shows after all: for each subject its status, its document and its events."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from recoverykit import EventKind, RecoveryKit, Subject
from recoverykit.storage.sql import SQLStorage, define_tables
from tests.faults.client import POLICY, told_of
from tests.faults.history import Deed, Log, Operation, Verb

_EVENTS = define_tables(sa.MetaData()).events


class Spending(NamedTuple):
    """A code that was spent, and under which attempt."""

    set_id: str
    ordinal: int
    attempt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What stands of one subject.

    Attributes:
        set_id: the set that stands; None where there is none.
        spent: what its document says of the codes of that set.
        events: how often the trail tells of each spending.
        issued: the attempts under which sets were issued, by the trail.
    """

    set_id: str | None
    spent: frozenset[Spending]
    events: Counter[Spending]
    issued: Counter[str]


def gather(url: str, subjects: Iterable[str], log: Path) -> dict[str, Evidence]:
    """Read what stands of the subjects; each status is noted like that of a client."""
    engine = sa.create_engine(url)
    writer = Log(log)
    try:
        with SQLStorage(url) as storage:
            kit = RecoveryKit(storage, policy=POLICY)
            found: dict[str, Evidence] = {}
            for subject in subjects:
                deed = Deed(verb=Verb.STATUS, subject=subject, attempt="the last look")
                began: Operation = writer.begin(deed)
                writer.end(began, told_of(kit.status(subject)))
                found[subject] = _evidence(engine, storage, subject)
            return found
    finally:
        writer.close()
        engine.dispose()


def _evidence(engine: sa.Engine, storage: SQLStorage, subject: str) -> Evidence:
    record = storage.load(Subject(subject))
    codes = json.loads(record.document)["active"] if record else None
    spent = frozenset(
        Spending(codes["id"], code["ordinal"], code["use"]["attempt"])
        for code in (codes["codes"] if codes else ())
        if code["use"]
    )
    query = sa.select(_EVENTS.c.kind, _EVENTS.c.details).where(_EVENTS.c.subject == subject)
    events: Counter[Spending] = Counter()
    issued: Counter[str] = Counter()
    with engine.connect() as connection:
        for kind, text in connection.execute(query):
            details = json.loads(text)
            if kind == EventKind.REDEEMED.value:
                spending = Spending(details["set_id"], details["ordinal"], details["attempt"])
                events[spending] += 1
            elif kind == EventKind.ISSUED.value:
                issued[details["attempt"]] += 1
    return Evidence(
        set_id=codes["id"] if codes else None, spent=spent, events=events, issued=issued
    )
