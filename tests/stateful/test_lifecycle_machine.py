"""Every verb in every order, against the oracle: what is told, what is stored, and what is not."""

from functools import partial

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from tests.stateful import brought, drawing
from tests.stateful.accounts import Account
from tests.stateful.benches import BENCHES
from tests.stateful.comparison import Comparison

OFFSETS = (-drawing.SPANS[0], 0 * drawing.SPANS[0], drawing.SPANS[0])

numbers = st.integers(0, 5)
attempts = st.sampled_from(drawing.ATTEMPTS)
sessions = st.sampled_from(drawing.SESSIONS)
edges = st.none() | st.sampled_from(OFFSETS)
ORIGINS = {
    "issued": st.none(),
    "brought": brought.codes(sound=True),
    "hashed": brought.hashes(sound=True),
}

spellings = st.sampled_from((*drawing.SPELLINGS, *drawing.SPELLINGS, *drawing.ERRORS))


class LifecycleMachine(Comparison):
    """The verbs, and what changes around them."""

    @initialize(
        subjects=st.lists(st.sampled_from(drawing.SUBJECTS), min_size=1, max_size=3, unique=True),
        policies=st.lists(drawing.rules, min_size=1, max_size=3),
        plan=st.sampled_from(drawing.PLANS),
        data=st.data(),
        are_enrolled=st.booleans(),
    )
    def begin(self, *, subjects, policies, plan, data, are_enrolled):
        self.subjects, self.policies, self.plan = subjects, policies, plan
        self.brought = data.draw(ORIGINS[self.origin])
        self.stage = 0
        self._set_up(policies[0])
        for who in subjects if are_enrolled else ():
            self._enrol(who, "a")

    # What changes around the verbs.

    @precondition(lambda self: len(self.policies) > 1)
    @rule(n=numbers)
    def switch_the_policy(self, n):
        self._set_up(self.policies[n % len(self.policies)])

    @precondition(lambda self: len(self.plan) > 1)
    @rule(n=numbers, by=st.sampled_from((1, 1, -1)), reseals=st.booleans())
    def change_the_keys(self, *, n, by, reseals):
        """Go to the next keys, perhaps reseal, and spend a code that is older than they are."""
        self.stage = min(max(self.stage + by, 0), len(self.plan) - 1)
        self._set_up(self.policy)
        if reseals:
            self._reseal(None, len(self.subjects))
        who = self._who(n)
        self._redeem(who, self._typed(who, "unused", n), None)

    @rule()
    def reopen_the_storage(self):
        self.bench.reopen()
        self._set_up(self.policy)

    @rule(span=st.sampled_from((*drawing.SPANS, *drawing.STEPS_BACK)))
    def wait(self, span):
        self.clock.advance(span)

    @rule(n=numbers, which=numbers, edge=st.sampled_from(OFFSETS))
    def wait_for_a_boundary(self, n, which, edge):
        self._wait_until(self._boundaries(self._who(n)), which, edge)

    # The verbs.

    @rule(n=numbers, replace=st.booleans(), attempt=attempts, session=sessions, edge=edges)
    def issue(self, *, n, replace, attempt, session, edge):
        self._wait_until(self._boundaries(self._who(n)), n, edge)
        self._issue(self._who(n), replace=replace, attempt=attempt, session=session)

    @rule(
        n=numbers,
        brought=brought.codes() | brought.hashes(),
        replace=st.booleans(),
        session=sessions,
        edge=edges,
        is_new=st.booleans(),
    )
    def import_(self, *, n, brought, replace, session, edge, is_new):
        """Over what stands there, or over a set that was just issued and may wait alone."""
        who = self._who(n)
        if is_new:
            self._erase(who)
            self._issue(who)
        self._wait_until(self._boundaries(who), n, edge)
        self._import(who, brought, replace=replace, session=session)

    @precondition(lambda self: self.rules.confirm or any(self.oracle.to_be_confirmed()))
    @rule(
        n=numbers,
        source=st.sampled_from(("pending", "stranger", "pending", "active", "mine", "any")),
        which=numbers,
        spelling=spellings,
        edge=edges,
        misses=st.integers(0, 2),
    )
    def confirm(self, *, n, source, which, spelling, edge, misses):
        who = self._who(n)
        if self.rules.confirm and misses:
            self._issue(who, replace=True, session=drawing.SESSIONS[0])
        pending = self.oracle.accounts.get(who, Account()).pending
        self._wait_until([pending.lapses_at] if pending else self._boundaries(who), which, edge)
        for _ in range(misses):
            self._confirm(who, self._typed(who, "stranger", which))
        self._confirm(who, self._typed(who, source, which, spelling))

    @rule(
        n=numbers,
        source=st.sampled_from(("unused", "used", "mine", "pending", "any", "stranger")),
        which=numbers,
        attempt=attempts,
        spelling=spellings,
        host=st.sampled_from((None, None, "writes", "fails")),
    )
    def redeem(self, *, n, source, which, attempt, spelling, host):
        who = self._who(n)
        self._redeem(who, self._typed(who, source, which, spelling), attempt, host)

    @rule(
        n=numbers,
        which=numbers,
        attempt=attempts,
        spelling=st.sampled_from(("as shown", "as shown", "as shown", *drawing.SPELLINGS)),
        host=st.sampled_from((None, "writes", "fails")),
        edge=edges,
    )
    def redeem_a_right_code(self, *, n, which, attempt, spelling, host, edge):
        who = self._with_codes(n, attempt)
        self._wait_until(self._boundaries(who), which, edge)
        self._redeem(who, self._typed(who, "unused", which, spelling), attempt, host)

    @rule(
        n=numbers,
        source=st.sampled_from(("stranger", "used")),
        which=numbers,
        attempt=attempts,
        times=st.sampled_from((1, 1, 2, 6)),
    )
    def redeem_a_wrong_code(self, *, n, source, which, attempt, times):
        """As soon as it will be judged, and so often that it may come to disable the set."""
        who = self._with_codes(n, attempt)
        for _ in range(times):
            self._wait_until([self._retry_at(who)], 0, OFFSETS[1])
            self._redeem(who, self._typed(who, source, which), attempt)

    @rule(n=numbers, which=numbers, attempt=attempts)
    def redeem_what_is_stored(self, *, n, which, attempt):
        """Whoever has read the storage has no code: nothing there is one, or looks like one."""
        who = self._with_codes(n, attempt)
        for text in self._stored(who, which):
            self._wait_until([self._retry_at(who)], 0, OFFSETS[1])
            self._redeem(who, text, attempt)

    @rule(
        n=numbers,
        which=numbers,
        span=st.sampled_from((*drawing.SPANS[:3], *drawing.STEPS_BACK)),
        edge=edges,
        times=st.sampled_from((1, 1, 2)),
        is_revoked=st.sampled_from((False, False, False, True)),
    )
    def redeem_once_more(self, *, n, which, span, edge, times, is_revoked):
        """The same attempt and code again, as after an answer that was lost."""
        who = self._with_codes(n, "a")
        codes = self.oracle.accounts[who].active if who in self.oracle.accounts else None
        for _ in range(times - len(codes.attempted) if codes else 0):
            self._redeem(who, self._typed(who, "unused", which), "a")
        if is_revoked:
            self._managed("revoke", who, session=drawing.SESSIONS[0])
        self.clock.advance(span)
        if done := codes.attempted if codes else []:
            slot = done[-1 - which % len(done)]
            self._wait_until([slot.used_at + self.rules.replay_for], 0, edge)
            self._redeem(who, self.purse.text_of(slot), slot.attempt)

    @rule(n=numbers, session=sessions)
    def unlock(self, n, session):
        self._managed("unlock", self._who(n), session=session)

    @rule(
        n=numbers,
        verb=st.sampled_from(("lock", "revoke", "erase", "erase_scopes")),
        session=sessions,
    )
    def end(self, n, verb, session):
        who = self._who(n)
        if verb in {"revoke", "lock"}:
            self._managed(verb, who, session=session)
        elif verb == "erase":
            self._erase(who)
        else:
            expected = self.oracle.erase_scopes(who, now=self.now)
            assert self._call(self.kit.erase_scopes, who)[1] == drawing.subjects_of(expected)

    @precondition(lambda self: len(self.plan) > 1)
    @rule(after=st.none() | numbers, limit=st.integers(1, 4))
    def reseal(self, after, limit):
        self._reseal(None if after is None else self._who(after), limit)


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("kind", BENCHES)
def test_every_verb_does_what_the_oracle_says(kind, origin):
    """In any order, on either storage, under any rules and keys, wherever the codes come from."""
    part = {"issued": 2, "brought": 1, "hashed": 1}[origin]
    least, share = {"memory": (70, 4), "sqlite": (9, 20)}[kind]
    examples = part * max(least, settings.default.max_examples // share)
    run_state_machine_as_test(
        partial(LifecycleMachine, BENCHES[kind], origin),
        settings=settings(max_examples=examples),
    )
