"""Acts: what a verb does to a document that was read, however odd that document is."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from fuzz.contents import require_valid
from fuzz.samples import Sample
from fuzz.seals import seal_on
from fuzz.tape import Tape
from recoverykit.core import flows
from recoverykit.core.call import Call, Outcome, Setup
from recoverykit.core.document import Document, document_in
from recoverykit.core.effects import Answer, Commit, Derive, Derived, Flow, Load, Loaded, Reply
from recoverykit.core.keyring import Keyring
from recoverykit.core.masked import Masked
from recoverykit.core.probe import ForeignRequest, Request
from recoverykit.core.record import MAX_DOCUMENT_BYTES, Change, Record, SetState
from recoverykit.core.results import Redemption
from recoverykit.core.state import EARLIEST, LATEST, CodeSet
from recoverykit.core.subject import Subject
from recoverykit.errors import (
    CodesAlreadyIssued,
    CorruptRecord,
    ManagementLocked,
    RecoveryKitError,
    UnknownKey,
)
from recoverykit.testing.explorer import START
from recoverykit.testing.model import digest
from recoverykit.testing.script import entropy_of
from tests.verbs import POLICY

# What a verb may end in that reads what it did not write: never a fault of the host.
_ALLOWED: Final = (CodesAlreadyIssued, CorruptRecord, ManagementLocked, UnknownKey)
_SPANS: Final = (timedelta(0), timedelta.resolution, timedelta(minutes=5), timedelta(days=1))
_NOWS: Final = (*(START + span for span in _SPANS), EARLIEST, LATEST - timedelta(days=100_000))
_SESSION: Final = Masked("5" * 64)
_ATTEMPTS: Final = ("act", "spend", "turn", "issue")
_ROTATING, _LOCKED = replace(POLICY, rotate=True), replace(POLICY, management="unlock")
_POLICIES: Final = (POLICY, replace(POLICY, confirm=True), _ROTATING, _LOCKED)
_STRANGE: Final = ("", "1. ", "0" * 15, "\ud800", "aardvark " * 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A record that was read, and who reads it when."""

    record: Record
    document: Document
    call: Call
    now: datetime


def judge_act(
    record: Record,
    document: Document,
    *,
    subject: Subject,
    keyring: Keyring | None,
    sample: Sample | None,
    tape: Tape,
) -> None:
    """Run a verb on a record, and hold against the rules what it writes and tells.

    Raises:
        AssertionError: one is broken.
    """
    setup = Setup(policy=tape.pick(_POLICIES), keyring=keyring, entropy=entropy_of("act"))
    call = Call(setup=setup, subject=subject, attempt=tape.pick(_ATTEMPTS), context={})
    case = _Case(record=record, document=document, call=call, now=tape.pick(_NOWS))
    texts = (*(sample.codes if sample else ()), *_STRANGE)
    changes: list[Change] = []
    try:
        outcome = _end(_flow(call, tape.pick(texts), tape), case, changes)
    except RecoveryKitError as error:
        assert isinstance(error, _ALLOWED), f"it ended in {type(error).__name__}"
        assert not changes, "it failed after it had written"
        return
    if changes:
        (change,) = changes
        _judge_change(change, case)
    _judge_told(outcome.value, changes, case)


def _flow(call: Call, text: str, tape: Tape) -> Flow[Outcome[object]]:
    code = Masked(text)
    made: tuple[Callable[[], Flow[Outcome[object]]], ...] = (
        lambda: flows.redeem(call, code),
        lambda: flows.redeem(call, code),
        lambda: flows.confirm(call, code),
        lambda: flows.status(call),
        lambda: flows.issue(call, replacing=tape.flag(), session=_SESSION),
        lambda: flows.revoke(call, session=_SESSION),
        lambda: flows.unlock(call, session=_SESSION),
        lambda: flows.lock(call, session=_SESSION),
        lambda: flows.reseal(call),
        lambda: flows.purge(call, before=tape.pick(_NOWS), erasable=None),
    )
    return tape.pick(made)()


def _end(flow: Flow[Outcome[object]], case: _Case, changes: list[Change]) -> Outcome[object]:
    """Drive a flow to its end over a storage that lets it win at once."""
    reply: Reply | None = None
    try:
        while True:
            effect = next(flow) if reply is None else flow.send(reply)
            match effect:
                case Load():
                    reply = Loaded(record=case.record, now=case.now)
                case Derive(requests=requests):
                    digests = tuple(_digest(each, case.call) for each in requests)
                    reply = Derived(digests=digests, now=case.now)
                case Commit(change=change):
                    changes.append(change)
                    reply = Answer.WON
    except StopIteration as end:
        outcome: Outcome[object] = end.value
        return outcome


def _digest(request: Request, call: Call) -> Masked[bytes]:
    """Return the stand-in that the samples were made with; another system's hash fits nothing."""
    if isinstance(request, ForeignRequest):
        return Masked(bytes(32))
    return digest(request, keyring=call.setup.keyring)


def _judge_change(change: Change, case: _Case) -> None:
    """What is written can be read again, under the newest seal, and gives no code back."""
    assert change.expected == case.record.revision, "another revision is expected"
    if change.document is None or len(change.document) > MAX_DOCUMENT_BYTES:
        return
    keyring, subject = case.call.setup.keyring, case.call.subject
    new = document_in(
        Record(revision=change.revision, document=change.document),
        keyring=keyring,
        subject=subject,
    )
    seal = seal_on(change.document)
    assert (seal and seal[0]) == (keyring and keyring.primary), "it has not the newest seal"
    tree = json.loads(seal[2] if seal else change.document)
    require_valid(tree)
    for old in case.document.sets:
        for codes in new.sets:
            if codes.id == old.id:
                _judge_codes(old, codes)


def _judge_codes(old: CodeSet, new: CodeSet) -> None:
    """No code that was spent is spendable again, and an end is an end."""
    was_spent, was_free = _digests(old)
    _, is_free = _digests(new)
    assert not was_spent - was_free & is_free, "a spent code came back"
    assert old.format == new.format, "a set has changed its format"
    assert old.disabled_at in {None, new.disabled_at}, "a set is no longer disabled"
    assert old.revoked_at is None or new.revoked_at is not None, "a set is no longer revoked"


def _digests(codes: CodeSet) -> tuple[set[str], set[str]]:
    """Return the digests of the codes that are spent, and of those that can be spent."""
    both = (*codes.former, *codes.codes)
    return {code.digest for code in both if code.use}, {c.digest for c in both if not c.use}


def _judge_told(value: object, changes: Sequence[Change], case: _Case) -> None:
    """A success that is new is written, and of a set that counted."""
    if not isinstance(value, Redemption):
        return
    active = case.document.active
    assert active is not None, "a code was spent where there is none"
    assert value.set_id == active.id, "a code of another set was spent"
    assert value.replayed == (not changes), "a success is not written"
    if not value.replayed:
        assert active.state_at(case.now) is SetState.ACTIVE, "a code was spent after the end"
        free = {code.ordinal for code in active.codes if code.use is None}
        assert value.ordinal in free, "a spent code was spent again"
