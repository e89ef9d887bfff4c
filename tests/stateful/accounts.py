"""What the oracle keeps: rules, accounts, sets, codes and events, as plain values."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.stateful.reading import Shape

NO_KEY = "-"
FOREIGN = ("foreign", 0)  # the work of a hash of another system's
LONG_ENOUGH = 64  # bits: shorter codes must be accepted
FAST_FROM = 112  # bits: shorter codes need a slow hash
SLOW = ("argon2id", 2)  # OWASP's minimum
NOTHING = {
    "state": "none",
    "remaining": 0,
    "total": 0,
    "low": False,
    "issued_at": None,
    "expires_at": None,
    "last_used_at": None,
    "retry_at": None,
    "failures": 0,
    "pending": False,
    "codes": (),
    "legacy": 0,
}
_REASONS = {
    "MalformedCode": "malformed",
    "InvalidCode": "invalid",
    "CodeAlreadyUsed": "used",
    "NoActiveCodes": "no_active_codes",
    "TooManyAttempts": "too_many_attempts",
    "SetDisabled": "disabled",
}


class Refusal(Exception):
    """What a call must raise: the name of the error, and when to retry or which key is missing."""

    def __init__(self, name, fact=None):
        super().__init__(name, fact)
        self.name, self.fact = name, fact

    @property
    def reason(self):
        return _REASONS[self.name]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a kit was set up with."""

    count: int
    shape: Shape
    work: tuple[str, int]  # the kind of hash, and how many passes
    free: int
    first_delay: timedelta
    factor: int
    max_delay: timedelta
    disable_after: int
    low_at: int
    replay_for: timedelta
    expires_after: timedelta | None
    confirm: bool
    pending_for: timedelta
    rotate: bool
    elevation: timedelta | None
    needs_unlock: bool
    unlock_for: timedelta
    keys: tuple[str, ...] = ()
    primary: str | None = None
    accepts_unsealed: bool = False
    accepts_short: bool = True

    @property
    def is_off(self):
        return self.count == 0

    def holds(self, key):
        return key == NO_KEY or key in self.keys

    def need(self, key):
        if not self.holds(key):
            raise Refusal("UnknownKey", key)

    def is_stronger_than(self, work):
        """Say whether a code was hashed by another kind of hash, or by fewer passes of it."""
        return work[0] != self.work[0] or work[1] < self.work[1]


@dataclass(eq=False)
class Slot:
    """A place in a set and the code that stands there, told as soon as it is known."""

    ordinal: int
    key: str
    work: tuple[str, int]
    values: tuple[int, ...] = ()
    used_at: datetime | None = None
    attempt: str | None = None

    @property
    def is_foreign(self):
        return self.work == FOREIGN


@dataclass(eq=False)
class CodeSet:
    """The codes issued together."""

    shape: Shape
    issued_at: datetime
    attempt: str | None
    id: str = ""
    expires_at: datetime | None = None
    slots: list[Slot] = field(default_factory=list)
    former: list[Slot] = field(default_factory=list)
    failures: int = 0
    failed_at: datetime | None = None
    lapses_at: datetime | None = None
    confirmed_at: datetime | None = None
    is_revoked: bool = False
    is_disabled: bool = False

    def state(self, now):
        if self.is_disabled:
            return "disabled"
        if self.is_revoked:
            return "revoked"
        if all(slot.used_at for slot in self.slots):
            return "exhausted"
        if self.expires_at and now >= self.expires_at:
            return "expired"
        if self.lapses_at:
            return "expired" if now >= self.lapses_at else "pending"
        return "active"

    def retry_at(self, rules, now):
        """Return the end of the delay that runs, if one does."""
        if self.state(now) not in {"pending", "active"} or self.failures < rules.free:
            return None
        delay = rules.first_delay * rules.factor ** (self.failures - rules.free)
        end = min(self.failed_at, now) + min(delay, rules.max_delay)
        return end if now < end else None

    def fresh(self, slot, rules):
        """Return a place for a new code, hashed as the others are that we have hashed.

        Without a selector one hash is held against all of those, so they share their key.
        """
        alike = [slot] if self.shape.has_selector else self.slots
        ours = [each for each in alike if not each.is_foreign]
        key, work = rules.primary or NO_KEY, rules.work
        if ours:
            work = ours[0].work
        elif work[0] == "hmac" and self.shape.bits < FAST_FROM:
            work = SLOW
        if ours and not self.shape.has_selector and len(self.slots) > 1:
            key = ours[0].key
        return Slot(slot.ordinal, key, work)

    def replace(self, slot, fresh):
        self.slots[self.slots.index(slot)] = fresh
        self.former.append(slot)

    @property
    def spent(self):
        return [slot for slot in (*self.former, *self.slots) if slot.used_at]

    @property
    def attempted(self):
        """The codes that were spent under an attempt with an id."""
        return [slot for slot in self.spent if slot.attempt]

    @property
    def last_used_at(self):
        return max((slot.used_at for slot in self.spent), default=None)

    def boundaries(self, rules):
        """Return when something about the set begins or ends; None where nothing does."""
        yield from (self.expires_at, self.lapses_at, self.issued_at + rules.replay_for)
        yield self.confirmed_at and self.confirmed_at + rules.pending_for
        yield from (slot.used_at + rules.replay_for for slot in self.spent)


@dataclass
class Account:
    """All that is stored about a subject."""

    active: CodeSet | None = None
    pending: CodeSet | None = None
    unlock: tuple[str, datetime] | None = None
    seal: str | None = None
    trail: list["Entry"] = field(default_factory=list)
    keys_in_use: list[str] = field(default_factory=list)

    @property
    def sets(self):
        return [each for each in (self.active, self.pending) if each]

    def lately_confirmed(self, rules, now):
        """Return the set that counts, if it was confirmed, and not long ago."""
        codes = self.active
        if codes is None or codes.confirmed_at is None:
            return None
        return None if is_over(codes.confirmed_at, rules.pending_for, now) else codes

    def let_manage(self, session, rules, now):
        """Refuse a session without an unlock that still lasts, where one is needed."""
        if not rules.needs_unlock:
            return
        if self.unlock is None or self.unlock[0] != session:
            raise Refusal("ManagementLocked")
        if is_over(self.unlock[1], rules.unlock_for, now):
            raise Refusal("ManagementLocked")

    def boundaries(self, rules):
        yield self.unlock and self.unlock[1] + rules.unlock_for
        for codes in self.sets:
            yield from codes.boundaries(rules)


@dataclass
class Entry:
    """An event."""

    kind: str
    at: datetime
    codes: CodeSet | None = None
    ordinal: int | None = None
    attempt: str | None = None
    reason: str | None = None
    failures: int | None = None
    retry_at: datetime | None = None

    def plain(self):
        return {
            "kind": self.kind,
            "at": self.at,
            "set_id": self.codes.id if self.codes else None,
            "ordinal": self.ordinal,
            "reason": self.reason,
            "failures": self.failures,
            "retry_at": self.retry_at,
        }


def is_over(since, span, now):
    """Say whether a span has passed; a time ahead of ours has just been."""
    return max(now - since, timedelta(0)) >= span
