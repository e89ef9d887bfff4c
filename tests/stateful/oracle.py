"""The oracle: a second reading of what the verbs do to a subject's codes.

It shares no code with the library. It is handed what was asked, by whom, under which rules and at
what time, and says what the call must return, or raises the `Refusal` that the call must raise; it
keeps the trail of events that must be stored by then. What only chance decides (the codes, the ids)
it is told afterwards.
"""

from tests.stateful.accounts import (
    NO_KEY,
    NOTHING,
    Account,
    CodeSet,
    Entry,
    Refusal,
    Slot,
    is_over,
)
from tests.stateful.reading import read
from tests.stateful.taken_over import slots_of_codes, slots_of_hashes


class Oracle:
    """Everybody's codes as they must be.

    Attributes:
        accounts: what is stored, by (tenant, id, scope).
        told: what the last call announced, stored or not.
    """

    def __init__(self):
        self.accounts = {}
        self.told = []

    def issue(self, who, *, rules, now, replace=False, attempt=None, session=None):
        """Return what is told of the new set, and the set, whose id and codes are still unknown."""
        self.told = []
        if rules.is_off:
            raise Refusal("SwitchedOff")
        account = self._read(who, rules)
        account.let_manage(session, rules, now)
        for each in account.sets:
            is_lost_answer = (
                each.state(now) == "active"
                and attempt is not None
                and each.attempt == attempt
                and each.last_used_at is None
                and each.confirmed_at is None
                and not is_over(each.issued_at, rules.replay_for, now)
            )
            if each.state(now) in {"active", "disabled"} and not (replace or is_lost_answer):
                raise Refusal("CodesAlreadyIssued")
        new = CodeSet(rules.shape, now, attempt)
        new.slots = [Slot(n, rules.primary or NO_KEY, rules.work) for n in range(rules.count)]
        new.lapses_at = now + rules.pending_for if rules.confirm else None
        self._install("issued", who, account, new, rules=rules, now=now)
        told = {"issued_at": now, "expires_at": new.expires_at, "pending": rules.confirm}
        return told, new

    def import_codes(self, who, brought, *, rules, **asked):
        """Return the status after codes were hashed like ours, and their set, of unknown id."""
        self.told = []
        return self._import(who, brought, slots_of_codes(brought, rules), rules=rules, **asked)

    def import_hashes(self, who, brought, *, rules, **asked):
        """Return the same after hashes were taken over as they are."""
        self.told = []
        return self._import(who, brought, slots_of_hashes(brought, rules), rules=rules, **asked)

    def _import(self, who, brought, slots, *, rules, now, replace=False, session=None):
        """Let them count at once, where nothing stands: what has ended does not give way either."""
        if rules.is_off:
            raise Refusal("SwitchedOff")
        account = self._read(who, rules)
        account.let_manage(session, rules, now)
        if account.sets and not replace:
            raise Refusal("CodesAlreadyIssued")
        new = CodeSet(brought.shape, now, None, slots=slots)
        self._install("imported", who, account, new, rules=rules, now=now)
        return self.status(who, rules=rules, now=now), new

    def _install(self, kind, who, account, new, *, rules, now):
        """Put a set in the place of all that stands, or of what waits, if it has to wait too."""
        new.expires_at = now + rules.expires_after if rules.expires_after else None
        forgiven = 0
        gone = [account.pending]
        if new.lapses_at:
            account.pending = new
        else:
            gone.insert(0, account.active)
            forgiven = account.active.failures if account.active else 0
            account.active, account.pending = new, None
        entries = [Entry("superseded", now, each, attempt=new.attempt) for each in gone if each]
        entries.append(Entry(kind, now, new, attempt=new.attempt, failures=forgiven))
        self._store(who, account, rules, now, entries)

    def confirm(self, who, text, *, rules, now):
        """Return the status after the pending set has come to count, or did already."""
        self.told = []
        account = self._read(who, rules)
        codes = account.pending or account.lately_confirmed(rules, now)
        guess = self._admit(codes, text, rules, now)
        state = codes.state(now) if codes else "none"
        if state not in {"pending", "active", "exhausted"}:
            self._refuse("NoActiveCodes", codes, now)
        slot = self._match(codes, guess, rules)
        if slot is None and state == "exhausted":
            self._refuse("NoActiveCodes", codes, now)
        if slot is None:
            self._count(who, codes, None, rules=rules, now=now)
        if codes is account.pending:
            old, account.active, account.pending = account.active, codes, None
            codes.confirmed_at, codes.lapses_at = now, None
            codes.failures, codes.failed_at = 0, None
            entries = [Entry("superseded", now, old)] if old else []
            forgiven = old.failures if old else 0
            entries.append(Entry("confirmed", now, codes, failures=forgiven))
            self._store(who, account, rules, now, entries)
        return self.status(who, rules=rules, now=now)

    def redeem(self, who, text, *, rules, now, attempt=None, host_fails=False):
        """Return what is told of the code spent, and the place that waits for another code."""
        self.told = []
        account = self._read(who, rules)
        codes = account.active
        guess = self._shape(codes, text, rules, now, attempt)
        if spent := self._remembered(codes, guess, attempt, rules, now):
            self.told = [Entry("replayed", now, codes, spent.ordinal, attempt)]
            return self._redemption(codes, spent, rules, now, replayed=True), None
        self._lock(codes, rules, now, attempt)
        if codes is None or codes.state(now) != "active":
            self._refuse("NoActiveCodes", codes, now, attempt)
        slot = self._match(codes, guess, rules)
        if slot is None or slot.used_at:
            self._count(who, codes, slot, rules=rules, now=now, attempt=attempt)
        if host_fails:
            raise Refusal("HostError")
        slot.used_at, slot.attempt = now, attempt
        codes.failures, codes.failed_at = 0, None
        entries = [Entry("redeemed", now, codes, slot.ordinal, attempt)]
        fresh = None
        if rules.rotate:
            fresh = codes.fresh(slot, rules)
            codes.replace(slot, fresh)
            entries.append(Entry("replaced", now, codes, slot.ordinal, attempt))
        self._store(who, account, rules, now, entries)
        return self._redemption(codes, slot, rules, now, replayed=False), fresh

    def status(self, who, *, rules, now):
        """Return every field of the status."""
        seal = None
        try:
            account = self._read(who, rules)
        except Refusal as refusal:
            if refusal.name != "UnknownKey":
                raise
            account, seal = self.accounts[who], refusal.fact
        needs = {seal} - {None}
        if not account.sets:
            gone = tuple(needs)
            return {**NOTHING, "stale": bool(needs), "missing_keys": gone}
        codes = account.sets[0]
        needs |= {slot.key for slot in codes.slots}
        state = codes.state(now)
        remaining = 0
        if state == "active" and not seal and not rules.is_off:
            remaining = sum(s.used_at is None and rules.holds(s.key) for s in codes.slots)
        return {
            "state": state,
            "remaining": remaining,
            "total": len(codes.slots),
            "low": not rules.is_off
            and state not in {"revoked", "pending"}
            and remaining <= rules.low_at,
            "issued_at": codes.issued_at,
            "expires_at": codes.expires_at,
            "last_used_at": codes.last_used_at,
            "retry_at": codes.retry_at(rules, now),
            "failures": codes.failures,
            "pending": bool(account.pending) and account.pending.state(now) == "pending",
            "stale": needs != {rules.primary or NO_KEY}
            or any(rules.is_stronger_than(slot.work) for slot in codes.slots),
            "missing_keys": tuple(sorted(key for key in needs if not rules.holds(key))),
            "codes": tuple((slot.ordinal, slot.used_at) for slot in codes.slots),
            "legacy": sum(slot.is_foreign and not slot.used_at for slot in codes.slots),
        }

    def revoke(self, who, *, rules, now, session=None):
        """Return the status after the sets were revoked."""
        self.told = []
        account = self._read(who, rules)
        account.let_manage(session, rules, now)
        revoked = [each for each in account.sets if not (each.is_revoked or each.is_disabled)]
        for each in revoked:
            each.is_revoked = True
        if revoked:
            self._store(who, account, rules, now, [Entry("revoked", now, e) for e in revoked])
        return self.status(who, rules=rules, now=now)

    def unlock(self, who, *, rules, now, session):
        """Return until when the session may manage the codes."""
        self.told = []
        account = self._read(who, rules)
        account.unlock = (session, now)
        self._store(who, account, rules, now, [Entry("unlocked", now)])
        return now + rules.unlock_for

    def lock(self, who, *, rules, now, session):
        """End the unlock of this session; that of another stays."""
        self.told = []
        account = self._read(who, rules)
        if account.unlock and account.unlock[0] == session:
            account.unlock = None
            self._store(who, account, rules, now, [Entry("locked", now)])

    def erase(self, who, *, now):
        """Forget all, the trail too, whatever it is sealed with."""
        self.told = [Entry("erased", now)] if self.accounts.pop(who, None) else []

    def erase_scopes(self, who, *, now):
        """Erase each scope, and return them."""
        scopes = self.scopes(who)
        for each in scopes:
            self.erase(each, now=now)
        self.told = [Entry("erased", now) for _ in scopes]
        return scopes

    def scopes(self, who):
        """Return what is stored of the same tenant and id."""
        return tuple(each for each in self._everybody() if each[:2] == who[:2])

    def key_use(self):
        """Return (sets, seals) by key, as of the last commit of each."""
        use = {}
        for account in self.accounts.values():
            for key in account.keys_in_use:
                use.setdefault(key, [0, 0])[0] += 1
            if account.seal:
                use.setdefault(account.seal, [0, 0])[1] += 1
        return {key: tuple(counts) for key, counts in use.items()}

    def reseal(self, *, rules, now, after, limit):
        """Put a batch under the newest seal; return how many, who failed, and where to go on."""
        self.told = []
        old = [
            who
            for who in self._everybody()
            if self.accounts[who].seal != rules.primary
            and (not after or _place(who) > _place(after))
        ]
        batch, failed = old[:limit], []
        for who in batch:
            try:
                account = self._read(who, rules)
            except Refusal:
                failed.append(who)
            else:
                self._store(who, account, rules, now, [])
        last = batch[-1] if len(batch) == limit else None
        return {"count": len(batch) - len(failed), "failed": tuple(failed), "last": last}

    def to_be_confirmed(self):
        """Return the sets that wait to be confirmed, in time or not, or were confirmed."""
        for account in self.accounts.values():
            yield from (each for each in account.sets if each.lapses_at or each.confirmed_at)

    def _everybody(self):
        return sorted(self.accounts, key=_place)

    def _read(self, who, rules):
        """Return what is stored, if the kit can trust it."""
        account = self.accounts.get(who)
        if account is None:
            return Account()
        if account.seal and not rules.holds(account.seal):
            raise Refusal("UnknownKey", account.seal)
        if not account.seal and rules.keys and not rules.accepts_unsealed:
            raise Refusal("CorruptRecord")
        return account

    def _store(self, who, account, rules, now, entries):
        self.accounts[who] = account
        account.seal = rules.primary
        account.trail += entries
        account.keys_in_use = [
            key
            for each in account.sets
            if each.state(now) in {"pending", "active"}
            for key in {slot.key for slot in each.slots} - {NO_KEY}
        ]
        self.told = entries

    def _admit(self, codes, text, rules, now):
        guess = self._shape(codes, text, rules, now, None)
        self._lock(codes, rules, now, None)
        return guess

    def _shape(self, codes, text, rules, now, attempt):
        """Read the text by the set's own shape, or else by the policy's."""
        if rules.is_off:
            self._refuse("NoActiveCodes", codes, now, attempt)
        guess = read(codes.shape if codes else rules.shape, text)
        if guess is None:
            self._refuse("MalformedCode", codes, now, attempt)
        return guess

    def _remembered(self, codes, guess, attempt, rules, now):
        """Return the code of the guess, if it was spent under this attempt, and not long ago."""
        if codes is None or attempt is None or codes.is_revoked or codes.is_disabled:
            return None
        spent = [
            slot
            for slot in (*codes.former[-16:], *codes.slots)  # so many former ones are kept
            if slot.used_at
            and slot.attempt == attempt
            and guess.ordinal in {None, slot.ordinal}
            and not is_over(slot.used_at, rules.replay_for, now)
        ]
        if codes.shape.has_selector or len(codes.slots) == 1:
            spent = spent[-1:]  # each has a salt of its own, and one hash is all there is: the last
        if spent and spent[-1].is_foreign:
            spent = spent[-1:]  # likewise
        spent = [slot for slot in spent if not slot.is_foreign or slot is spent[-1]]
        if spent:
            rules.need(spent[-1].key)
        return next((slot for slot in spent if slot.values == guess.values), None)

    def _lock(self, codes, rules, now, attempt):
        if codes and codes.is_disabled:
            self._refuse("SetDisabled", codes, now, attempt)
        if codes and (until := codes.retry_at(rules, now)):
            self._refuse("TooManyAttempts", codes, now, attempt, until)

    def _match(self, codes, guess, rules):
        """Return the place whose code the guess is.

        One hash finds it, under that place's key, and one for each that another system has hashed.
        """
        named = [slot for slot in codes.slots if guess.ordinal in {None, slot.ordinal}]
        for slot in named or codes.slots[:1]:
            rules.need(slot.key)
        return next((slot for slot in named if slot.values == guess.values), None)

    def _count(self, who, codes, slot, *, rules, now, attempt=None):
        codes.failures += 1
        codes.failed_at = now
        kinds = ["failed"]
        if codes.failures >= rules.disable_after:
            codes.is_disabled = True
            kinds.append("disabled")
        name = "CodeAlreadyUsed" if slot else "InvalidCode"
        refusal = Refusal(name, codes.retry_at(rules, now))
        ordinal = slot.ordinal if slot else None
        entries = [
            Entry(kind, now, codes, ordinal, attempt, refusal.reason, codes.failures, refusal.fact)
            for kind in kinds
        ]
        self._store(who, self.accounts[who], rules, now, entries)
        raise refusal

    def _refuse(self, name, codes, now, attempt=None, until=None):
        refusal = Refusal(name, until)
        self.told = [Entry("refused", now, codes, None, attempt, refusal.reason, None, until)]
        raise refusal

    def _redemption(self, codes, slot, rules, now, *, replayed):
        is_active = codes.state(now) == "active"
        remaining = sum(each.used_at is None for each in codes.slots) if is_active else 0
        return {
            "remaining": remaining,
            "low": remaining <= rules.low_at,
            "ordinal": slot.ordinal,
            "set_id": codes.id,
            "redeemed_at": slot.used_at,
            "valid_until": slot.used_at + rules.elevation if rules.elevation else None,
            "reissue_required": remaining == 0 or (replayed and slot in codes.former),
            "replayed": replayed,
            "attempt": slot.attempt,
        }


def _place(who):
    return tuple(part.encode() for part in who)
