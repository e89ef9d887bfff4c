"""Calls that the kit and the oracle are asked alike, and all that must be the same afterwards."""

import re
from datetime import UTC, datetime
from functools import partial

from hypothesis.stateful import RuleBasedStateMachine, invariant

from recoverykit import RecoveryKit
from recoverykit.testing import ManualClock
from tests.stateful import drawing
from tests.stateful.accounts import Account
from tests.stateful.answers import plain, told
from tests.stateful.benches import plain_event
from tests.stateful.brought import Codes
from tests.stateful.oracle import Oracle
from tests.stateful.purse import Purse
from tests.stateful.reading import as_a_code, read

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
STRANGERS = drawing.strangers()


class Comparison(RuleBasedStateMachine):
    """One storage, one kit at a time, and an oracle beside them.

    Args:
        make_bench: makes a bench with a fresh storage.
        origin: whether the codes of who has none are issued, or brought along, or their hashes are.
    """

    def __init__(self, make_bench, origin):
        super().__init__()
        self.origin = origin
        self.bench = make_bench()
        self.clock = ManualClock(START)
        self.oracle = Oracle()
        self.purse = Purse()
        self.spent = set()
        self.announced = []
        self.logins = 0

    def teardown(self):
        self.bench.close()

    def _set_up(self, policy):
        self.rules = drawing.at_stage(policy, self.plan[self.stage])
        self.kit = RecoveryKit(
            self.bench.storage,
            policy=drawing.policy_of(self.rules),
            keyring=drawing.keyring_of(self.rules),
            clock=self.clock,
            on_event=self.announced.append,
        )
        self.policy = policy

    def _wait_until(self, instants, which, edge):
        """Move to one of the instants to come, or right before or after it; or not at all."""
        ahead = sorted({at for at in instants if at and at > self.now})
        if ahead and edge is not None:
            self.clock.advance(ahead[which % len(ahead)] + edge - self.now)

    def _with_codes(self, n, attempt):
        """Return a subject of whom a code counts, for whatever is in its way was done."""
        who = self._who(n)
        active = self.oracle.accounts[who].active if who in self.oracle.accounts else None
        if active is None or active.state(self.now) != "active":
            self._enrol(who, attempt)
        return who

    def _enrol(self, who, attempt):
        """Do all that it takes to have codes that count."""
        session = drawing.SESSIONS[0]
        if self.rules.needs_unlock:
            self._managed("unlock", who, session=session)
        if self.brought:
            self._import(who, self.brought, replace=True, session=session)
            return
        self._issue(who, replace=True, attempt=attempt, session=session)
        if self.rules.confirm:
            self._confirm(who, self._typed(who, "pending", 0))

    def _issue(self, who, **asked):
        expected = told(partial(self.oracle.issue, who, rules=self.rules, now=self.now, **asked))
        actual = self._call(self.kit.issue, who, **asked)
        assert expected[0] == actual[0]
        if expected[0]:
            return
        (facts, new), issued = expected[1], actual[1]
        assert {name: getattr(issued, name) for name in facts} == facts
        new.id = issued.set_id
        for slot, text in zip(new.slots, issued.codes, strict=True):
            self.purse.keep(who, new, slot, text)

    def _import(self, who, brought, **asked):
        said = {"format": drawing.FORMATS[brought.shape]}
        if isinstance(brought, Codes):
            verb, what = "import_codes", brought.texts
        else:
            verb, what = "import_hashes", brought.lines
            said |= {"scheme": brought.scheme, "with_separators": brought.with_separators}
        self.purse.hide(*brought.texts, *what)
        asks = partial(getattr(self.oracle, verb), who, brought, rules=self.rules, now=self.now)
        expected = told(partial(asks, **asked))
        actual = self._call(getattr(self.kit, verb), who, what, **said, **asked)
        assert expected[0] == actual[0]
        if expected[0]:
            return
        status, new = expected[1]
        assert status == plain(actual)
        new.id = self.announced[-1].set_id  # nothing else tells it
        for slot, text in zip(new.slots, brought.texts, strict=True):
            self.purse.bring(who, new, slot, text)

    def _confirm(self, who, text):
        expected = told(partial(self.oracle.confirm, who, text, rules=self.rules, now=self.now))
        assert plain(expected) == plain(self._call(self.kit.confirm, who, text))

    def _redeem(self, who, text, attempt, host=None):
        fails = host == "fails"
        asked = {"rules": self.rules, "now": self.now, "attempt": attempt, "host_fails": fails}
        expected = told(partial(self.oracle.redeem, who, text, **asked))
        within = {None: None, "writes": self.bench.login, "fails": self.bench.failing_login}[host]
        actual = self._call(self.kit.redeem, who, text, attempt=attempt, within=within)
        assert expected[0] == actual[0]
        if expected[0]:
            return
        (facts, fresh), redemption = expected[1], actual[1]
        if attempt is None:
            facts["attempt"] = redemption.attempt  # a random one
        assert {name: getattr(redemption, name) for name in facts} == facts
        if not redemption.replayed:
            spent = redemption.set_id, read(self.oracle.accounts[who].active.shape, text)
            assert spent not in self.spent, "a code was spent twice"
            self.spent.add(spent)
            self.logins += host is not None
        self._keep_replacement(who, redemption, fresh)

    def _keep_replacement(self, who, redemption, fresh):
        if fresh is None:
            assert redemption.replacement is None
            return
        codes, issued = self.oracle.accounts[who].active, redemption.replacement
        (text,) = issued.codes
        assert (issued.set_id, issued.issued_at) == (codes.id, codes.issued_at)
        assert (issued.expires_at, issued.pending) == (codes.expires_at, False)
        self.purse.keep(who, codes, fresh, text)

    def _erase(self, who):
        self.oracle.erase(who, now=self.now)
        assert self._call(self.kit.erase, who)[1] is None

    def _managed(self, verb, who, **asked):
        asks = partial(getattr(self.oracle, verb), who, rules=self.rules, now=self.now, **asked)
        assert plain(told(asks)) == plain(self._call(getattr(self.kit, verb), who, **asked))

    def _reseal(self, who, limit):
        expected = self.oracle.reseal(rules=self.rules, now=self.now, after=who, limit=limit)
        self.announced.clear()
        actual = self.kit.reseal(after=who and drawing.subject_of(who), limit=limit)
        assert actual.count == expected["count"]
        assert actual.failed == drawing.subjects_of(expected["failed"])
        assert actual.last == (expected["last"] and drawing.subject_of(expected["last"]))

    # What holds after every step.

    @invariant()
    def all_is_as_the_oracle_says(self):
        self._the_status_is_the_oracles()
        self._what_is_announced_is_the_oracles()
        self._the_trail_is_the_oracles()
        self._the_storage_lists_what_is_there()
        assert self.bench.count_logins() == self.logins

    def _the_status_is_the_oracles(self):
        for who in getattr(self, "subjects", ()):
            expected = told(partial(self.oracle.status, who, rules=self.rules, now=self.now))
            subject = drawing.subject_of(who)
            assert plain(expected) == plain(told(partial(self.kit.status, subject)))

    def _what_is_announced_is_the_oracles(self):
        said = [plain_event(event) for event in self.announced]
        self._same_events(self.oracle.told, said)
        self.announced.clear()
        self.oracle.told = []

    def _the_trail_is_the_oracles(self):
        for who in getattr(self, "subjects", ()):
            account = self.oracle.accounts.get(who)
            trail = self.bench.trail(drawing.subject_of(who))
            self._same_events(account.trail if account else [], trail)

    def _the_storage_lists_what_is_there(self):
        for who in getattr(self, "subjects", ()):
            listed = self.bench.storage.scopes(drawing.subject_of(who))
            assert listed == drawing.subjects_of(self.oracle.scopes(who))
        used = self.bench.storage.key_use()
        assert {key: (use.sets, use.seals) for key, use in used.items()} == self.oracle.key_use()

    # Helpers.

    @property
    def now(self):
        return self.clock()

    def _typed(self, who, source, which, spelling="as shown"):
        """Return what is typed in, having asked what the kit takes it for."""
        account = self.oracle.accounts.get(who, Account())
        shape, code = self.purse.pick(account, who, source, which) or self._strange(account, which)
        text = drawing.spelt(shape, code, spelling)
        is_code = not self.rules.is_off and read(self.rules.shape, text) is not None
        assert self.kit.recognises(text) is is_code
        return text

    def _strange(self, account, which):
        shape = account.sets[0].shape if account.sets else self.rules.shape
        return shape, STRANGERS[shape][which % len(STRANGERS[shape])]

    def _stored(self, who, which):
        """Return a line that is stored of a code, and what of it has the shape of one."""
        codes = self.oracle.accounts.get(who, Account()).active
        if codes is None:
            return ()
        record = self.bench.storage.load(drawing.subject_of(who))
        lines = re.findall(r'"(\$[^"]+)"', record.document)
        line = lines[which % len(lines)]
        return line, as_a_code(codes.shape, line)

    def _who(self, n):
        return self.subjects[n % len(self.subjects)]

    def _call(self, verb, who, *args, **kwargs):
        self.announced.clear()
        answer = told(partial(verb, drawing.subject_of(who), *args, **kwargs))
        self.purse.is_not_in(repr(answer[1]), str(answer[1]), *map(repr, self.announced))
        return answer

    def _boundaries(self, who):
        """Return when something about the subject begins or ends."""
        account = self.oracle.accounts.get(who, Account())
        return [self._retry_at(who), *account.boundaries(self.rules)]

    def _retry_at(self, who):
        answer = told(partial(self.oracle.status, who, rules=self.rules, now=self.now))[1]
        return answer["retry_at"] if isinstance(answer, dict) else None

    def _same_events(self, expected, actual):
        self.purse.is_not_in(repr(actual))
        attempts = [said.pop("attempt") for said in actual]
        assert [entry.plain() for entry in expected] == actual
        for entry, attempt in zip(expected, attempts, strict=True):
            assert entry.attempt in {None, attempt}
