"""The decoy: a guess at nothing does what a guess does that is counted, and leaves no trace."""

import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recoverykit import CodeFormat, Keyring
from recoverykit.core import flows
from recoverykit.core.call import Call, Setup
from recoverykit.core.effects import Answer, Commit, Derive, Derived, Load, Loaded
from recoverykit.core.hasher import KeyedHasher
from recoverykit.core.masked import Masked
from recoverykit.core.record import Record
from recoverykit.errors import InvalidCode, NoActiveCodes
from recoverykit.testing.model import digest
from recoverykit.testing.script import entropy_of
from tests.verbs import ALICE, POLICY

CORE = str(Path("recoverykit", "core"))
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
KEYRING = Keyring({"k1": b"one of 16 bytes."})
# As many codes are used in a set as in the decoy, so that both documents are of one length.
HALF = replace(POLICY, count=4, expires_after=timedelta(hours=1))
DIGITS = replace(HALF, format=CodeFormat.digits(12))
POLICIES = {
    "with selectors": HALF,
    "without": DIGITS,
    "keyed": replace(HALF, format=CodeFormat.alphanumeric(24), hasher=KeyedHasher()),
    "rotating": replace(HALF, rotate=True),
}


DEAR = (
    "document._read",
    "document.Document.to_text",
    "status.summary_of",
    "probe.probe_of",
    "redeemer.count",
    "refusals.failed_events",
    "rounds.change_to",
)


class Desk:
    """One subject's record, and what the verbs do with it."""

    def __init__(self, name, policy, keyring):
        self.setup = Setup(policy=policy, keyring=keyring, entropy=entropy_of(name))
        self.digest = None
        self.record = None
        self.commits = 0
        self.attempts = 0

    def run(self, verb, *args, now=NOW, **named):
        self.attempts += 1
        call = Call(setup=self.setup, subject=ALICE, attempt=f"attempt {self.attempts}", context={})
        flow, reply = verb(call, *args, **named), None
        try:
            while True:
                effect = flow.send(reply)
                reply = self._reply(effect, now)
        except StopIteration as end:
            return end.value.value

    def redeem(self, text, now=NOW):
        return self.run(flows.redeem, Masked(text), now=now)

    def _reply(self, effect, now):
        match effect:
            case Load():
                return Loaded(record=self.record, now=now)
            case Derive(requests=requests):
                return Derived(digests=tuple(map(self._digest, requests)), now=now)
            case Commit(change=change):
                self.commits += 1
                self.record = Record(revision=change.revision, document=change.document)
                return Answer.WON

    def _digest(self, request):
        if self.digest is not None:
            return Masked(self.digest)
        return digest(request, keyring=self.setup.keyring)


def work_of(call):
    """Return how often each function of the core has been called, and what the call returned."""
    done = Counter()

    def note(frame, event, _):
        if event == "call" and CORE in frame.f_code.co_filename:
            done[f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_qualname}"] += 1

    sys.setprofile(note)
    try:
        end = call()
    finally:
        sys.setprofile(None)
    return done, end


def a_desk(name, policy, keyring, *, used):
    desk = Desk(name, policy, keyring)
    codes = desk.run(flows.issue, replacing=False, session=None).codes
    for code in codes[:used]:
        desk.redeem(code)
    return desk, codes


def dear(work):
    """Return how often what takes long was done; the MAC of a seal only where there is a key."""
    return {name: work[name] for name in DEAR}, work["seal._mac"]


@pytest.mark.parametrize("keyring", [None, KEYRING], ids=["no key", "a key"])
@pytest.mark.parametrize("name", POLICIES)
def test_a_guess_at_nothing_does_what_a_counted_one_does(name, keyring):
    """It reads a document, hashes, counts and writes: all of it in vain."""
    policy = POLICIES[name]
    wrong = a_desk("mallory", policy, keyring, used=0)[1][0]
    desk, _ = a_desk("alice", policy, keyring, used=2)
    nobody = Desk("nobody", policy, keyring)
    nobody.redeem(wrong)  # the decoy is made once and kept
    counted, told = work_of(lambda: desk.redeem(wrong))
    assert isinstance(told, InvalidCode)
    in_vain, told = work_of(lambda: nobody.redeem(wrong))
    assert isinstance(told, NoActiveCodes)
    assert dear(counted) == dear(in_vain)
    assert all(in_vain[name] for name in DEAR)
    assert (nobody.commits, nobody.record) == (0, None)


@pytest.mark.parametrize("keyring", [None, KEYRING], ids=["no key", "a key"])
@pytest.mark.parametrize("name", POLICIES)
def test_a_guess_at_a_set_that_has_ended_does_so_too(name, keyring):
    """And what has ended stays as it is."""
    policy = POLICIES[name]
    wrong = a_desk("mallory", policy, keyring, used=0)[1][0]
    desk, _ = a_desk("alice", policy, keyring, used=2)
    counted, _ = work_of(lambda: desk.redeem(wrong))
    record, commits = desk.record, desk.commits
    in_vain, told = work_of(lambda: desk.redeem(wrong, NOW + timedelta(hours=2)))
    assert isinstance(told, NoActiveCodes)
    assert dear(counted) == dear(in_vain)
    assert (desk.record, desk.commits) == (record, commits)


def test_no_code_is_one_of_the_decoy():
    """Not even one whose digest is all zeros, as those of the decoy are."""
    nobody = Desk("nobody", HALF, None)
    nobody.digest = bytes(32)
    told = nobody.redeem(a_desk("mallory", HALF, None, used=0)[1][0])
    assert isinstance(told, NoActiveCodes)
    assert nobody.commits == 0
