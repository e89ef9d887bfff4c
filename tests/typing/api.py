"""Programs that are never run: only their types are checked, as a host's would be."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import assert_type

from sqlalchemy import Connection, create_engine, text

from recoverykit import (
    CodeFormat,
    CorruptRecord,
    Event,
    Finding,
    HashLimits,
    Issued,
    Keyring,
    Policy,
    Profile,
    Purged,
    RecoveryKit,
    Redemption,
    RedemptionRefused,
    RefusalReason,
    Resealed,
    Severity,
    Status,
    Subject,
    Throttle,
)
from recoverykit.observer import ObservedCall, ObservedStep, Observer
from recoverykit.sheet import Sheet, SheetWording
from recoverykit.storage import (
    Change,
    Delivery,
    EnumerableStorage,
    ExaminableStorage,
    Health,
    KeyUse,
    OutboxStorage,
    Outdated,
    Problem,
    PurgeableStorage,
    Record,
    Storage,
    TransactionalStorage,
)
from recoverykit.storage.memory import MemoryStorage
from recoverykit.storage.sql import SQLStorage
from recoverykit.telemetry import Telemetry
from recoverykit.testing import ManualClock


class Mine:
    """A storage of a host's needs no base class."""

    def load(self, subject: Subject) -> Record | None:
        """Return nothing."""

    def commit(self, subject: Subject, change: Change) -> bool:
        """Win."""
        return bool(subject.id and change.revision)


class Blind:
    """An observer of a host's needs no base class either."""

    def call(self, _call: ObservedCall) -> AbstractContextManager[None]:
        """Look away."""
        return nullcontext()

    def step(self, _step: ObservedStep) -> AbstractContextManager[None]:
        """Look away."""
        return nullcontext()


def takes_observers() -> tuple[Observer, ...]:
    """Return one of each."""
    kits = [RecoveryKit(MemoryStorage(), observer=each) for each in (Telemetry(), Blind(), None)]
    return (Telemetry(), Blind()) if kits else ()


def takes_storages() -> tuple[Storage, ...]:
    """Return one of each."""
    transactional: tuple[TransactionalStorage, ...] = (
        MemoryStorage(),
        SQLStorage(create_engine("sqlite:///codes.db")),
    )
    return (*transactional, Mine())


def takes_enumerable_storages() -> tuple[EnumerableStorage, ...]:
    """Return one of each that can say what it holds."""
    return MemoryStorage(), SQLStorage(create_engine("sqlite:///codes.db"))


def count_keys(storage: EnumerableStorage, subject: Subject) -> None:
    """Ask a storage what it holds."""
    assert_type(storage.key_use(), Mapping[str, KeyUse])
    assert_type(storage.scopes(subject), tuple[Subject, ...])
    assert_type(storage.sealed_otherwise(None, after=None, limit=1), tuple[Subject, ...])


def takes_operable_storages() -> tuple[PurgeableStorage, ExaminableStorage, OutboxStorage]:
    """Return one of each that can be kept running."""
    return MemoryStorage(), MemoryStorage(), SQLStorage(create_engine("sqlite:///codes.db"))


def keep_running(storage: SQLStorage, now: datetime) -> None:
    """Read the outbox, and look for what can be purged and for what is wrong."""
    assert_type(storage.outbox.readers(), Mapping[str, int])
    for delivery in storage.outbox.read("audit", limit=10):
        assert_type(delivery, Delivery)
        assert_type(delivery.event, Event | CorruptRecord)
        storage.outbox.acknowledge("audit", delivery.position)
    assert_type(storage.outbox.forget("audit"), bool)
    assert_type(storage.outdated(before=now, after=None, limit=1), tuple[Outdated, ...])
    assert_type(storage.purge_events(before=now, limit=1), int)
    assert_type(storage.health(), Health)
    assert_type(storage.health().problems, tuple[Problem, ...])


def listen(event: Event) -> None:
    """Take note of an event."""
    assert_type(event.reason, RefusalReason | None)
    assert_type(event.context["actor"], str)


def write_session(connection: Connection) -> None:
    """Write a row of the host's."""
    connection.execute(text("SELECT 1"))


def use_the_kit(storage: Storage, now: datetime, clock: Callable[[], datetime]) -> None:
    """Use every verb with every argument."""
    kit = RecoveryKit(
        storage,
        policy=Policy(
            count=8,
            format=CodeFormat.digits(10, check=True),
            throttle=Throttle(free=3, first_delay=timedelta(minutes=1)),
            confirm=True,
            pending_for=timedelta(minutes=30),
            rotate=True,
            management="unlock",
            unlock_for=timedelta(minutes=5),
        ),
        keyring=Keyring({"2026-11": b"0" * 32}, accept_unsealed=True),
        hashing=HashLimits(concurrency=2, queue=8),
        clock=clock,
        on_event=listen,
    )
    RecoveryKit(storage, clock=ManualClock(now))
    purged = kit.purge(before=now, after=None, limit=10)
    assert_type(purged, Purged)
    assert_type(purged.last, Subject | None)
    subject = Subject("alice", tenant="acme", scope="phone")
    assert_type(kit.unlock(subject, session="s"), datetime)
    issued = kit.issue(subject, replace=True, attempt="a", session="s", context={"actor": "web"})
    assert_type(issued, Issued)
    assert_type(issued.codes, tuple[str, ...])
    assert_type(kit.confirm(subject, issued.codes[0], context={"actor": "web"}), Status)
    try:
        redeemed = kit.redeem("alice", issued.codes[0], attempt="a", within=write_session)
    except RedemptionRefused as refusal:
        assert_type(refusal.reason, RefusalReason)
        assert_type(refusal.retry_at, datetime | None)
    else:
        assert_type(redeemed, Redemption)
        assert_type(redeemed.replacement, Issued | None)
    assert_type(kit.status(subject), Status)
    assert_type(kit.revoke(subject, session="s"), Status)
    kit.lock(subject, session="s")
    kit.erase(subject)
    assert_type(kit.erase_scopes(subject), tuple[Subject, ...])
    assert_type(kit.reseal(after=subject, limit=10), Resealed)
    assert_type(kit.recognises("729435"), bool)


def write_date(at: datetime) -> str:
    """Write a date."""
    return f"{at:%d.%m.%Y}"


def hand_out_a_sheet(issued: Issued) -> None:
    """Ask for every form of a sheet."""
    wording = SheetWording(language="he", right_to_left=True, write_date=write_date)
    assert_type(issued.format, CodeFormat)
    assert_type(issued.replaces, int | None)
    sheet = issued.sheet(issuer="a", account="b", translations=wording)
    assert_type(sheet, Sheet)
    assert_type(sheet.text(), str)
    assert_type(sheet.html(), str)
    assert_type(sheet.pdf(fonts=[Path("a.ttf"), "b.ttf"], code_font="c.ttf"), bytes)
    assert_type(Sheet.content_security_policy, str)


def audit_a_policy(policy: Policy, day: date) -> None:
    """Ask for every preset and every argument of an audit."""
    assert_type(policy.audit(peppered=True), tuple[Finding, ...])
    for preset in (Policy.pci(), Policy.psd2(), Policy.fips(), Policy.single()):
        for finding in preset.audit(peppered=False, profile=Profile.PCI, on=day):
            assert_type(finding.severity, Severity)
            assert_type(finding.accepted, bool)
