"""The oracle: what the changes of a history did, told from the stored JSON alone.

It reads documents with `json` and shares no code with the core. It knows the deeds of every verb
and when each may be done; a revision that is anything else fails.
"""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache

FREE = 5
FIRST_DELAY = timedelta(seconds=30)
FOREVER = datetime.max.replace(tzinfo=UTC)

INSTANTS = ("issued_at", "expires_at", "lapses_at", "confirmed_at", "failed_at", "revoked_at")
INSTANTS += ("disabled_at",)


@dataclass(frozen=True)
class Standing:
    """A stored set, as its JSON tells."""

    set_id: str
    issued_at: datetime
    expires_at: datetime | None
    lapses_at: datetime | None
    confirmed_at: datetime | None
    failures: int
    failed_at: datetime | None
    revoked_at: datetime | None
    disabled_at: datetime | None
    digests: tuple[str, ...]
    uses: tuple[tuple[str, str] | None, ...]  # attempt and time
    former: tuple[tuple[int, str, tuple[str, str]], ...]  # ordinal, digest and use

    @property
    def spent(self):
        return {ordinal for ordinal, use in enumerate(self.uses) if use}

    @property
    def spent_digests(self):
        return {self.digests[place] for place in self.spent} | {each[1] for each in self.former}

    @property
    def is_over(self):
        return bool(self.revoked_at or self.disabled_at)

    def is_locked(self, now):
        if self.failures < FREE:
            return False
        return now < self.failed_at + FIRST_DELAY * 2 ** (self.failures - FREE)

    def has_ended(self, now):
        """Say whether nothing of it can be redeemed or confirmed any more."""
        ends = (self.expires_at, self.lapses_at)
        is_late = any(end is not None and now >= end for end in ends)
        return self.is_over or is_late or len(self.spent) == len(self.uses)


@dataclass(frozen=True)
class Stored:
    """A stored document, as its JSON tells."""

    active: Standing | None = None
    pending: Standing | None = None
    unlock: tuple[str, datetime] | None = None  # the digest of a session, and when it unlocked
    seal: str | None = None  # the key that seals it

    @property
    def sets(self):
        return tuple(each for each in (self.active, self.pending) if each)

    @property
    def ids(self):
        return tuple(each and each.set_id for each in (self.active, self.pending))


@dataclass(frozen=True)
class Deed:
    """What a landed change did to the document ``replaced``; ``document`` stands afterwards.

    ``set_id`` is the set that it is about; None where that is all of them.
    """

    call: str
    kind: str
    replaced: str | None
    document: str | None
    revision: str = ""
    set_id: str | None = None
    ordinal: int | None = None
    is_replacing: bool = False  # a code was spent, and another put in its place

    @property
    def was(self):
        return read(self.replaced)

    @property
    def now(self):
        return read(self.document)

    @property
    def before(self):
        return self.was.active

    @property
    def after(self):
        return self.now.active


@cache
def read(document):
    """Return what a text tells; an empty one for no text."""
    if document is None:
        return Stored()
    stored, seal = json.loads(document), None
    if "seal" in stored:
        seal, stored = stored["seal"].partition("$")[0], stored["content"]
    unlock = stored["unlock"]
    return Stored(
        active=_standing(stored["active"]),
        pending=_standing(stored["pending"]),
        unlock=unlock and (unlock["session"], _time(unlock["at"])),
        seal=seal,
    )


def _standing(codes):
    if codes is None:
        return None
    times = {name: _time(codes[name]) for name in INSTANTS}
    return Standing(
        set_id=codes["id"],
        failures=codes["failures"],
        digests=tuple(code["digest"] for code in codes["codes"]),
        uses=tuple(_use(code["use"]) for code in codes["codes"]),
        former=tuple((c["ordinal"], c["digest"], _use(c["use"])) for c in codes["former"]),
        **times,
    )


def _time(text):
    return text and datetime.fromisoformat(text)


def _use(use):
    return use and (use["attempt"], use["at"])


@cache
def deed_of(call, replaced, document, latest):
    """Tell what a change did, and refuse whatever no verb does there.

    Only a call that is named so may replace a set that counts, unlock, lock or reseal. It decided
    at some time, which the document need not tell; the ``latest`` that it saw is no earlier.
    """
    was, now = read(replaced), read(document)
    deed = Deed(call, "erased", replaced, document)
    if document is None:
        return deed
    if was.sets == now.sets or was.unlock != now.unlock:
        return _managed(deed, was, now)
    if new := set(now.ids) - set(was.ids) - {None}:
        return _issued(deed, was, now, *new, latest)
    if was.pending and now.active and now.active.set_id == was.pending.set_id:
        return _confirmed(deed, was.pending, now)
    assert now.ids == was.ids, "a set has gone, and nothing took its place"
    changes = [each for each in zip(was.sets, now.sets, strict=True) if each[0] != each[1]]
    if any(after.revoked_at != before.revoked_at for before, after in changes):
        return _revoked(deed, changes, now)
    (change,) = changes
    return _guessed(deed, *change)


def _managed(deed, was, now):
    """The unlock or the seal has changed, and nothing else."""
    assert was.sets == now.sets, "a change of the unlock changed more than that"
    if was.unlock != now.unlock or deed.call.startswith("unlock"):
        kind = "unlock" if now.unlock else "lock"
        assert deed.call.startswith(kind), "a call changed the unlock that may not"
        return replace(deed, kind=f"{kind}ed")
    assert deed.call.startswith("reseal"), "a revision that no verb writes"
    assert was.seal != now.seal, "it was sealed so before"
    return replace(deed, kind="resealed")


def _issued(deed, was, now, set_id, latest):
    """A new set, whole and untouched: pending beside the active one, or active and alone.

    One that is imported never waits, and nothing gives way to it that is not asked to.
    """
    codes = now.pending or now.active
    assert codes.set_id == set_id, "two sets came at once, or an active one beside a pending one"
    assert not codes.failures, "a new set starts with failures"
    assert not codes.spent_digests, "a new set starts with a spent code"
    assert bool(codes.lapses_at) == (codes is now.pending)
    if deed.call.startswith("import"):
        assert codes is now.active, "an imported set waits to be confirmed"
        is_asked = not was.sets or deed.call.startswith("import and replace")
        assert is_asked, "a set was superseded by an import that did not ask for it"
        return replace(deed, kind="imported", set_id=set_id)
    counts = was.active and not was.active.has_ended(latest)
    is_disabled = was.active and was.active.disabled_at
    is_asked = not (counts or is_disabled) or deed.call.startswith("replace")
    assert is_asked, "a set that counts was superseded by a call that did not ask for it"
    if now.pending:
        assert now.active == was.active, "a pending set changed the active one"
    return replace(deed, kind="pended" if now.pending else "issued", set_id=set_id)


def _confirmed(deed, pending, now):
    """The pending set counts, just as it was, and nothing beside it."""
    codes = now.active
    assert now.pending is None, "a set is active and pending at once"
    assert codes == replace(
        pending, lapses_at=None, confirmed_at=codes.confirmed_at, failures=0, failed_at=None
    ), "a confirmation changed more than that"
    assert not pending.has_ended(codes.confirmed_at), "a set was confirmed after its end"
    assert not pending.is_locked(codes.confirmed_at), "a set was confirmed during a delay"
    return replace(deed, kind="confirmed", set_id=codes.set_id)


def _revoked(deed, changes, now):
    """Every set has ended, and nothing else has changed."""
    assert all(codes.is_over for codes in now.sets), "a set outlives a revocation"
    assert all(new == replace(old, revoked_at=new.revoked_at) for old, new in changes)
    return replace(deed, kind="revoked")


def _guessed(deed, before, after):
    """One set counts one more failure, or one code of it is spent."""
    deed = replace(deed, set_id=after.set_id)
    if after.failures:
        assert after == replace(
            before,
            failures=before.failures + 1,
            failed_at=after.failed_at,
        ), "a revision that no verb writes"
        assert not before.is_locked(after.failed_at), "a guess was judged during a delay"
        assert not before.is_over, "a guess was judged after the end of the set"
        return replace(deed, kind="counted")
    assert after.lapses_at is None, "a pending set was redeemed"
    return _spent(deed, before, after)


def _spent(deed, before, after):
    """One code, of the active set: used where it is, or moved to the former ones."""
    both = zip(before.digests, before.uses, after.digests, after.uses, strict=True)
    changed = [place for place, each in enumerate(both) if each[:2] != each[2:]]
    assert len(changed) == 1, "a code was spent twice, or two at a time"
    (place,) = changed
    assert before.uses[place] is None, "a spent code was spent again, or given back"
    is_replacing = before.digests[place] != after.digests[place]
    if is_replacing:
        assert after.uses[place] is None, "a code was put in place that was used before"
        last = after.former[-1]
        assert last[:2] == (place, before.digests[place]), "the spent code was forgotten"
        assert after.former[:-1] == before.former, "an earlier code was forgotten"
        use = last[2]
    else:
        assert after.former == before.former
        use = after.uses[place]
    at = datetime.fromisoformat(use[1])
    assert not before.is_locked(at), "spent during a delay"
    assert not before.has_ended(at), "spent after the end of the set"
    assert (
        replace(
            before,
            digests=after.digests,
            uses=after.uses,
            former=after.former,
            failures=0,
            failed_at=None,
        )
        == after
    ), "a success changed more than that"
    return replace(deed, kind="spent", ordinal=place, is_replacing=is_replacing)


def deeds_of(history):
    """Return what the changes of a history did, one after the other."""
    before = history.before[-1].change.document if history.before else None
    deeds = []
    for landed in history.landed:
        change = landed.change
        replies = getattr(history.ends[landed.call], "replies", ())
        times = [reply.now for reply in replies if hasattr(reply, "now")]
        latest = max(times, default=FOREVER)  # who has crashed has told nobody
        deed = deed_of(landed.call, before, change.document, latest)
        deeds.append(replace(deed, revision=change.revision))
        before = change.document
    return deeds
