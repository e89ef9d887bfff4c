"""The promises: what every history must keep, whatever the order and whatever goes wrong.

They are held against what callers were told and what the oracle reads, and use nothing of the core
but the verbs, with which they try whether a code is good for a stored document.
"""

from collections import Counter
from dataclasses import replace
from datetime import datetime
from functools import cache

from recoverykit.core.effects import Answer, Loaded
from recoverykit.core.events import EventKind
from recoverykit.core.record import Change, SetState
from recoverykit.core.results import Issued, Redemption, Status
from recoverykit.errors import (
    CodeAlreadyUsed,
    InvalidCode,
    OutcomeUnknown,
    RecoveryKitError,
    RedemptionRefused,
)
from recoverykit.testing.explorer import play
from recoverykit.testing.history import Crashed, Landed, Raised, Returned
from tests.oracle import deeds_of, read
from tests.verbs import ALICE, Code, InTurn, Kit, Verb, in_a_word, told_to

IN_THE_TRAIL = set(EventKind) - {EventKind.REPLAYED, EventKind.REFUSED, EventKind.ERASED}
NEW = {"issued", "pended", "imported"}
MANAGED = {*NEW, "revoked"}
KINDS = {"issued": "issued", "pended": "issued", "confirmed": "confirmed", "spent": "redeemed"}
KINDS |= {"imported": "imported", "counted": "failed", "unlocked": "unlocked", "locked": "locked"}


def check(history, *, family, faults):
    """Hold a history of a family against every promise."""
    deeds = deeds_of(history)
    check_errors(history)
    check_announced(history)
    check_trail(history, deeds)
    check_spent_once(history, family.calls, deeds)
    check_no_return(history, deeds)
    check_imported_once(deeds)
    check_told(history, family.calls, deeds)
    check_managed(family.calls, deeds)
    if not faults.stale_loads:
        check_honest(history, family.calls, deeds)
    is_exact = faults == replace(type(faults)(), clock_moves=family.clock)
    if family.also is not None and is_exact:
        family.also(history, deeds)


def check_errors(history):
    """Nothing is raised outside our tree; no outcome is unknown where no answer was lost."""
    for name, end in history.ends.items():
        if isinstance(end, Raised):
            assert isinstance(end.error, RecoveryKitError), f"{name} raised {end.error!r}"
            if isinstance(end.error, OutcomeUnknown):
                assert Answer.UNKNOWN in end.replies, f"{name} lost no answer"


def check_announced(history):
    """What is announced of a change stands in the audit trail, in the very same event."""
    for name, end in history.ends.items():
        if isinstance(end, Returned):
            changes = [landed.change for landed in history.landed if landed.call == name]
            trail = {event.id for change in changes for event in change.events}
            outcomes = end.value if isinstance(end.value, tuple) else (end.value,)
            for outcome in outcomes:
                announced = {event.id for event in outcome.events if event.kind in IN_THE_TRAIL}
                assert announced <= trail, f"{name} announced what never landed"


def check_trail(history, deeds):
    """The events of a change say what it did, to which set, and which sets it superseded."""
    for landed, deed in zip(history.landed, deeds, strict=True):
        expected = Counter()
        if deed.kind == "revoked":
            over = {codes.set_id for codes in deed.was.sets if codes.is_over}
            expected.update(("revoked", each.set_id) for each in deed.now.sets)
            expected.subtract(("revoked", set_id) for set_id in over)
        elif deed.kind != "erased":
            expected.update((KINDS[deed.kind], deed.set_id) for _ in "1" if deed.kind in KINDS)
            expected.update(("replaced", deed.set_id) for _ in "1" if deed.is_replacing)
            gone = set(deed.was.ids) - set(deed.now.ids) - {None}
            expected.update(("superseded", set_id) for set_id in gone)
        told = Counter((event.kind.value, event.set_id) for event in landed.change.events)
        assert told == +expected, f"the trail of {deed.kind} tells {told}"


def check_spent_once(history, calls, deeds):
    """No code is spent twice or has two successes."""
    spends = Counter(deed.before.digests[deed.ordinal] for deed in deeds if deed.kind == "spent")
    assert max(spends.values(), default=0) <= 1, "a code was spent twice"
    successes = Counter(
        (calls[name].code if place == 0 else None) or (name, place)
        for name, end in history.ends.items()
        for place, value in enumerate(told_to(end))
        if isinstance(value, Redemption) and not value.replayed
    )
    assert max(successes.values(), default=0) <= 1, "a code had two successes"


def check_no_return(history, deeds):
    """No spent code can be spent again, no code is put in place twice, no shown set comes back."""
    shown = {
        value.set_id
        for end in history.ends.values()
        for value in told_to(end)
        if isinstance(value, Issued)
    }
    spent, gone, placed = set(), set(), set()
    for deed in deeds:
        gone |= set(deed.was.ids) - set(deed.now.ids) - {None}
        assert not set(deed.now.ids) & gone & shown, "a set that was shown came back"
        for codes in deed.now.sets:
            spendable = set(codes.digests) - codes.spent_digests
            assert not spent & spendable, "a spent code came back"
            spent |= codes.spent_digests
        if deed.is_replacing:
            new = deed.after.digests[deed.ordinal]
            assert new not in placed | set(deed.before.digests), "a code took two places"
            placed.add(new)


def check_told(history, calls, deeds):
    """What a caller was told is what the storage says."""
    judged = 0
    for name, end in history.ends.items():
        call, own = calls[name], [deed for deed in deeds if deed.call == name]
        spends = iter([deed for deed in own if deed.kind == "spent"])
        for value in told_to(end):
            match value:
                case Redemption(replayed=True):
                    check_replay(value, deeds)
                case Redemption():
                    judged += 1
                    check_success(value, call, next(spends, None))
                case InvalidCode() | CodeAlreadyUsed():
                    judged += 1
                    assert any(deed.kind == "counted" for deed in own), f"{name} was not counted"
                case Issued():
                    issued = check_issued(value, call.kit, own)
                    if isinstance(call, Verb):
                        check_replaced(issued, call, end)
                case RedemptionRefused():
                    pass
                case _ if isinstance(call, Verb):
                    check_managing(value, call, own, end)
    counted = sum(deed.kind in {"counted", "spent"} for deed in deeds)
    assert judged <= counted, "more guesses were judged than counted"


def last_loaded(end):
    """Return what a call has seen last."""
    record = [reply.record for reply in end.replies if isinstance(reply, Loaded)][-1]
    return read(record and record.document)


def check_success(value, call, spent):
    """A success is stored, by this very call, and says what stood when it landed.

    A code that was shown in the place of the spent one stands there.
    """
    assert spent, "a success is not stored"
    assert (value.set_id, value.ordinal) == (spent.set_id, spent.ordinal)
    expected = call.code and call.code.set_id
    assert expected in {None, value.set_id}, "a code was spent in another set"
    assert (value.redeemed_at, value.attempt) == _use(spent)
    remaining = len(spent.after.uses) - len(spent.after.spent)
    assert value.remaining == remaining, "a success tells a wrong number of remaining codes"
    assert value.reissue_required == (remaining == 0)
    replacement = value.replacement
    assert (replacement is not None) == spent.is_replacing, "no code was shown, or one too many"
    if replacement is not None:
        (shown,) = replacement.codes
        assert replacement.set_id == value.set_id
        stands = is_good(spent.document, spent.revision, shown, call.kit)
        assert stands, "a replacement was shown that does not stand"


def check_replay(value, deeds):
    """A success told again was stored, under the same attempt; no other code is shown with it."""
    assert value.replacement is None, "a replacement was shown twice"
    told = value.redeemed_at, value.attempt
    assert any(
        deed.kind == "spent"
        and (deed.set_id, deed.ordinal) == (value.set_id, value.ordinal)
        and _use(deed) == told
        for deed in deeds
    ), "a replayed success is not stored"


def _use(deed):
    """Return when a spent code was spent, and under which attempt."""
    use = deed.after.former[-1][2] if deed.is_replacing else deed.after.uses[deed.ordinal]
    return datetime.fromisoformat(use[1]), use[0]


def check_issued(value, kit, own):
    """Codes that are shown are those of a set that landed; return how it did."""
    issued = [deed for deed in own if deed.kind in NEW and deed.set_id == value.set_id]
    assert len(issued) == 1, "codes were shown of a set that never landed, or landed twice"
    assert value.pending == (issued[0].kind == "pended")
    assert len(value.codes) == kit.policy.count
    (deed,) = issued
    assert all(is_good(deed.document, deed.revision, code, kit) for code in value.codes), "others"
    return deed


def check_replaced(issued, call, end):
    """Who asks to replace a set replaces the one that its call saw first; others what has ended."""
    loads = [reply for reply in end.replies if isinstance(reply, Loaded)]
    first, pending = loads[0].record, issued.was.pending
    saw = read(first and first.document).ids
    waits = pending is not None and not pending.has_ended(loads[-1].now)
    if call.options["replacing"] or waits:
        assert saw == issued.was.ids, f"{issued.call} replaced another set than it saw first"


def check_managing(value, call, own, end):
    """What a call that hands out no code was told has landed, or stood already."""
    kinds, loaded = [deed.kind for deed in own], last_loaded(end)
    match call.verb:
        case "install":
            check_import(value, call, own, end)
        case "confirm":
            assert isinstance(value, Status)
            is_own = [deed for deed in own if deed.kind == "confirmed"]
            confirmed = is_own[0].after if is_own else loaded.active
            assert confirmed.set_id == call.code.set_id, "another set was confirmed, or none"
            assert confirmed.confirmed_at, "the set was never confirmed"
        case "revoke":
            assert value.remaining == 0, "nothing was revoked"
            assert "revoked" in kinds or all(codes.is_over for codes in loaded.sets)
        case "unlock":
            until = {deed.now.unlock[1] + call.kit.policy.unlock_for for deed in own}
            assert value in until, "an unlock was told that never landed"
        case "lock":
            stood = loaded.unlock and loaded.unlock[0] == call.session
            assert "locked" in kinds or not stood, "nothing was locked"
        case "reseal":
            newest = call.kit.keyring.primary
            assert "resealed" in kinds or loaded.seal in {newest, None}, "nothing was resealed"
            assert value or "resealed" not in kinds, "a change of the seal was not told"
        case "erase":
            assert value is None


def check_import(value, call, own, end):
    """An import that was told has landed, and all its codes are good."""
    imported = [deed for deed in own if deed.kind == "imported"]
    assert len(imported) == 1, "an import was told that never landed"
    (deed,), codes = imported, call.options["codes"]
    assert (value.state, value.remaining) == (SetState.ACTIVE, len(codes))
    assert value.issued_at == deed.after.issued_at
    stand = [is_good(deed.document, deed.revision, code, call.kit) for code in codes]
    assert all(stand), "an imported code is not good"
    check_replaced(deed, call, end)


def check_managed(calls, deeds):
    """Under a lock nothing is issued or revoked but by a session whose unlock stands and lasts."""
    for deed in deeds:
        call = calls[deed.call]
        if deed.kind in {"unlocked", "locked"}:
            unlock = deed.now.unlock or deed.was.unlock
            assert unlock[0] == call.session, f"{deed.call} {deed.kind} another session"
        if deed.kind not in MANAGED or call.kit.policy.management == "open":
            continue
        assert deed.was.unlock, f"{deed.call} landed without an unlock"
        session, since = deed.was.unlock
        assert session == call.session, f"{deed.call} landed by the unlock of another session"
        at = max(codes.revoked_at or codes.issued_at for codes in deed.now.sets)
        assert at - since < call.kit.policy.unlock_for, f"{deed.call} landed after the unlock"


def check_imported_once(deeds):
    """What is known already is not offered twice: it could bring back what was spent meanwhile."""
    imports = Counter(deed.call for deed in deeds if deed.kind == "imported")
    assert max(imports.values(), default=0) <= 1, "an import landed twice"


def check_honest(history, calls, deeds):
    """On a storage that keeps its contract nobody is refused whose change has landed, or lands."""
    for name, end in history.ends.items():
        if isinstance(end, Crashed) or isinstance(getattr(end, "error", None), OutcomeUnknown):
            continue
        values, what = told_to(end), in_a_word(end)
        own = [deed for deed in deeds if deed.call == name]
        kinds = {deed.kind for deed in own}
        if history.before and None in values and getattr(calls[name], "verb", "erase") == "erase":
            assert "erased" in {deed.kind for deed in deeds}, f"{name} has erased nothing"
        if "spent" in kinds and not (isinstance(calls[name], InTurn) and isinstance(end, Raised)):
            assert what == "Redemption", f"{name} has spent a code and was told {what}"
        if "confirmed" in kinds:
            assert what == "Status", f"{name} has confirmed a set and was told {what}"
        if "revoked" in kinds:
            assert what == "Status", f"{name} has revoked the sets and was told {what}"
        # A set that was inserted late, behind an erasure, was never shown to anybody.
        is_erased = any(deed.kind == "erased" for deed in deeds)
        refusals = {"CodesAlreadyIssued", "ConcurrentUpdate", "ManagementLocked"}
        if what in refusals and not is_erased:
            issued = {deed.set_id for deed in own if deed.kind in NEW}
            stands = set(deeds[-1].now.ids) if deeds else set()
            assert not issued & stands, f"{name}'s set stands, and it was told {what}"


@cache
def is_good(document, revision, text, kit):
    """Say whether a code is good for a stored document: it can be redeemed, once confirmed."""
    change = Change(expected=None, revision=revision, document=document, events=(), summary=None)
    landed = [Landed(call="before", subject=ALICE, change=change)]
    kit = Kit(replace(kit.policy, throttle=None), kit.keyring)
    code, calls = Code(text, ""), {}
    if read(document).pending:
        calls["confirm"] = kit.confirm("confirm", code)
    calls["redeem"] = kit.redeem("redeem", code)
    end = play(calls, before=landed, keyring=kit.keyring).ends["redeem"]
    return isinstance(end, Returned) and isinstance(end.value.value, Redemption)
