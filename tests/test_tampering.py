"""Tampering: somebody who writes to the database, and has no key, changes nothing unnoticed."""

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoverykit import (
    Argon2idHasher,
    CodeAlreadyUsed,
    CorruptRecord,
    Keyring,
    NoActiveCodes,
    Policy,
    RecoveryKit,
    SetState,
    Subject,
    UnknownKey,
)
from recoverykit.core.masked import Masked
from recoverykit.core.seal import opened, sealed
from recoverykit.storage import Record
from recoverykit.storage.memory import MemoryStorage
from recoverykit.storage.sql import SQLStorage
from recoverykit.testing import ManualClock
from tests.weak import WEAK

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
CHEAP = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)
ALICE = Subject("alice")
KEY = b"0123456789abcdef"
KEYRING = Keyring({"2026-11": KEY})
TRUSTING = Keyring({"2026-11": KEY}, accept_unsealed=True)
SESSION = "a session of alice's"


class MemoryRows:
    """Somebody with a hand in the memory of a storage."""

    def __init__(self):
        self.storage = MemoryStorage()

    def put(self, record, subject=ALICE):
        self.storage._records[subject] = record


class SQLiteRows:
    """Somebody with a connection to the database of a storage."""

    def __init__(self, path):
        self.storage = SQLStorage(f"sqlite:///{path}")
        self.storage.create_tables()
        self._connection = sqlite3.connect(path, isolation_level=None)

    def put(self, record, subject=ALICE):
        done = self._connection.execute(
            "UPDATE recoverykit_records SET revision = ?, document = ?"
            " WHERE tenant = ? AND subject = ? AND scope = ?",
            (record.revision, record.document, subject.tenant, subject.id, subject.scope),
        )
        assert done.rowcount == 1

    def close(self):
        self._connection.close()
        self.storage.close()


@pytest.fixture(params=["memory", "sqlite"])
def rows(request, tmp_path):
    """Somebody who can write rows, past every check, over each of two storages."""
    if request.param == "memory":
        yield MemoryRows()
        return
    with closing(SQLiteRows(tmp_path / "codes.db")) as rows:
        yield rows


def a_kit(storage, *, keyring=KEYRING, **policy):
    policy = {"count": 2, "hasher": CHEAP, "confirm": True} | policy
    return RecoveryKit(
        storage,
        policy=Policy(**({"accept": WEAK} | policy)),
        keyring=keyring,
        clock=ManualClock(START),
    )


def fill(storage, subject=ALICE, **options):
    """Store a document in which everything stands; return it and the codes that count.

    A confirmed set with a spent code and a failure behind it, a pending set, and an unlock.
    """
    kit = a_kit(storage, **options)
    codes = kit.issue(subject).codes
    kit.confirm(subject, codes[0])
    kit.redeem(subject, codes[0])
    with pytest.raises(CodeAlreadyUsed):
        kit.redeem(subject, codes[0])
    pending = kit.issue(subject, replace=True).codes
    kit.unlock(subject, session=SESSION)
    return storage.load(subject), codes, pending


VERBS = {
    "redeem": lambda kit, subject, codes, pending: kit.redeem(subject, codes[1]),
    "status": lambda kit, subject, codes, pending: kit.status(subject),
    "issue": lambda kit, subject, codes, pending: kit.issue(subject, replace=True),
    "confirm": lambda kit, subject, codes, pending: kit.confirm(subject, pending[0]),
    "revoke": lambda kit, subject, codes, pending: kit.revoke(subject),
    "unlock": lambda kit, subject, codes, pending: kit.unlock(subject, session=SESSION),
    "lock": lambda kit, subject, codes, pending: kit.lock(subject, session=SESSION),
}


def refuse(rows, record, codes=("", ""), pending=("",), *, subject=ALICE, kit=None, verbs=VERBS):
    """Put a record in the place of a subject's: every verb refuses it, and nothing is written."""
    rows.put(record, subject)
    kit = kit or a_kit(rows.storage)
    for verb in verbs:
        with pytest.raises(CorruptRecord):
            VERBS[verb](kit, subject, codes, pending)
    assert rows.storage.load(subject) == record


def test_what_was_not_touched_serves_every_verb(rows):
    """The yardstick: what follows is refused because it was tampered with."""
    record, codes, pending = fill(rows.storage)
    assert record.document.startswith('{"seal":"2026-11$')
    for verb in VERBS.values():
        rows.put(record)
        verb(a_kit(rows.storage), ALICE, codes, pending)


def flips(char):
    """Return other characters for one: a bit, a case, a figure, a quote, a blank, a letter."""
    near = {chr(ord(char) ^ 1), chr(ord(char) ^ 0x20), chr(ord(char) ^ 0x40)}
    return sorted(near | {"0", '"', " ", "\u00e9"} - {char})


KEY_ID = range(len('{"seal":"'), len('{"seal":"2026-11'))


def flip_all(record, values):
    """Yield the place, and the record with another character there, for every place of it."""
    text = record.document
    for at, char in enumerate(text):
        for other in values(char):
            if other != char:
                yield at, replace(record, document=text[:at] + other + text[at + 1 :])


def check_flip(rows, at, record, guess, verbs=VERBS, *, keyring=KEYRING):
    """Refuse a record that was changed in one place, or miss its key where that was changed."""
    kit = a_kit(rows.storage, keyring=keyring)
    key_id = record.document[KEY_ID.start : KEY_ID.stop]
    if at not in KEY_ID or not re.fullmatch("[A-Za-z0-9][A-Za-z0-9._-]*", key_id, re.ASCII):
        refuse(rows, record, *guess, kit=kit, verbs=verbs)
        return
    rows.put(record)
    for verb in verbs:
        if verb == "status":
            told = kit.status(ALICE)
            assert (told.remaining, told.missing_keys) == (0, (key_id,))
        else:
            with pytest.raises(UnknownKey):
                VERBS[verb](kit, ALICE, *guess)
    assert rows.storage.load(ALICE) == record


def test_any_byte_that_is_changed_is_noticed_in_memory():
    """Each place of the document, by several values, under every verb."""
    rows = MemoryRows()
    record, *guess = fill(rows.storage)
    for at, changed in flip_all(record, flips):
        check_flip(rows, at, changed, guess)


def test_any_byte_that_is_changed_is_noticed_in_a_database(tmp_path):
    """Each place of the document, under redeem and, in turn, the other verbs."""
    with closing(SQLiteRows(tmp_path / "codes.db")) as rows:
        record, *guess = fill(rows.storage)
        others = [verb for verb in VERBS if verb != "redeem"]
        for at, changed in flip_all(record, lambda char: [chr(ord(char) ^ 1)]):
            verbs = ("redeem", others[at % len(others)])
            check_flip(rows, at, changed, guess, verbs)


def test_no_byte_that_is_changed_makes_a_document_without_a_seal():
    """Where unsealed documents are read, one whose seal is damaged is still refused."""
    rows = MemoryRows()
    record, *guess = fill(rows.storage)
    for at, changed in flip_all(record, flips):
        check_flip(rows, at, changed, guess, keyring=TRUSTING)


def test_erasing_leads_out_of_it(rows):
    """Whatever was done to a row, it can be removed, and the subject begins anew."""
    record, codes, pending = fill(rows.storage)
    kit = a_kit(rows.storage)
    for text in (record.document[1:], record.document.replace("2026-11", "2026-12"), "", "{}"):
        rows.put(replace(record, document=text))
        kit.erase(ALICE)
        assert rows.storage.load(ALICE) is None
        record, codes, pending = fill(rows.storage)
    assert kit.redeem(ALICE, codes[1]).remaining == 0
    assert kit.confirm(ALICE, pending[0]).remaining == 2


NEIGHBOURS = (
    ALICE,
    Subject("bob"),
    Subject("alice", tenant="t"),
    Subject("alice", scope="t"),
    Subject("t", scope="alice"),
)


def test_the_documents_of_any_two_subjects_swapped_are_refused(rows):
    """Of two users, of two tenants, of two scopes of one user, with their revisions or without."""
    filled = {subject: fill(rows.storage, subject) for subject in NEIGHBOURS}
    for mine, theirs in permutations(NEIGHBOURS, 2):
        (own, *_), (foreign, *guess) = filled[mine], filled[theirs]
        refuse(rows, foreign, *guess, subject=mine)
        refuse(rows, replace(foreign, revision=own.revision), *guess, subject=mine)
        rows.put(own, mine)


def test_an_older_document_under_the_current_revision_is_refused(rows):
    """The seal binds the revision: what a commit wrote fits that commit alone."""
    old, *guess = fill(rows.storage)
    a_kit(rows.storage).redeem(ALICE, guess[0][1])
    current = rows.storage.load(ALICE)
    refuse(rows, replace(old, revision=current.revision), *guess)
    refuse(rows, replace(current, revision=old.revision), *guess)
    refuse(rows, replace(current, revision="0" * 32), *guess)


def test_a_whole_older_row_is_accepted(rows):
    """What no seal can tell, and the threat model says: an older row is one that we wrote.

    A code that was spent since counts again, and so does everything else of that time.
    """
    old, codes, _ = fill(rows.storage)
    kit = a_kit(rows.storage)
    kit.redeem(ALICE, codes[1])
    with pytest.raises(NoActiveCodes):
        kit.redeem(ALICE, codes[1])
    rows.put(old)
    assert kit.redeem(ALICE, codes[1]).ordinal == 1


def edits():
    """Return what somebody might like to change in a document, by name."""

    def edit(name, *path, value):
        def apply(content):
            for step in path[:-1]:
                content = content[step]
            assert content[path[-1]] != value
            content[path[-1]] = value

        return pytest.param(apply, id=name)

    active = "active"
    return [
        edit("unspend a code", active, "codes", 0, "use", value=None),
        edit("forget the failures", active, "failures", value=0),
        edit("count more failures", active, "failures", value=100),
        edit("end the delay", active, "failed_at", value=None),
        edit("expire later", active, "expires_at", value="2099-01-01T00:00:00Z"),
        edit("revoke", active, "revoked_at", value="2026-11-22T12:00:00Z"),
        edit("disable", active, "disabled_at", value="2026-11-22T12:00:00Z"),
        edit("take another code's digest", active, "codes", 1, "digest", value="$x$keyid=-$s$d"),
        edit("remember an attempt", active, "codes", 0, "use", "attempt", value="mine"),
        edit("confirm later", "pending", "lapses_at", value="2099-01-01T00:00:00Z"),
        edit("drop the pending set", "pending", value=None),
        edit("unlock another session", "unlock", "session", value="f" * 64),
        edit("unlock for longer", "unlock", "at", value="2099-01-01T00:00:00Z"),
    ]


@pytest.mark.parametrize("edit", edits())
def test_an_edited_document_is_refused(rows, edit):
    """Under the seal that it had, cut off from it, or with the fields of the seal in another order.

    Where unsealed documents are read, only the one that is cut off passes.
    """
    record, *guess = fill(rows.storage)
    tree = json.loads(record.document)
    edit(tree["content"])
    content = json.dumps(tree["content"], separators=(",", ":"))
    kept = f'{{"seal":"{tree["seal"]}","content":{content}}}'
    turned = f'{{"content":{content},"seal":"{tree["seal"]}"}}'
    spaced = f'{{"seal": "{tree["seal"]}", "content": {content}}}'
    for text in (kept, turned, spaced, content):
        refuse(rows, replace(record, document=text), *guess)
    for text in (kept, turned, spaced):
        kit = a_kit(rows.storage, keyring=TRUSTING)
        refuse(rows, replace(record, document=text), *guess, kit=kit)


def test_a_document_without_a_seal_is_read_only_while_that_is_said(rows):
    """For the time of a migration; and the next commit seals it."""
    unsealed, codes, pending = fill(rows.storage, keyring=None)
    assert unsealed.document.startswith('{"format_number":1,')
    refuse(rows, unsealed, codes, pending)
    assert a_kit(rows.storage, keyring=TRUSTING).redeem(ALICE, codes[1]).remaining == 0
    assert rows.storage.load(ALICE).document.startswith('{"seal":"2026-11$')
    assert a_kit(rows.storage).confirm(ALICE, pending[0]).remaining == 2


def test_a_document_under_a_retired_key_is_told_apart(rows):
    """Nothing is judged or written; the status names the key and shows what stands, unchecked."""
    record, codes, pending = fill(rows.storage)
    retired = Keyring({"2027-02": KEY[::-1]})
    for keyring in (retired, None):
        kit = a_kit(rows.storage, keyring=keyring)
        for name, verb in VERBS.items():
            if name != "status":
                with pytest.raises(UnknownKey, match="'2026-11'"):
                    verb(kit, ALICE, codes, pending)
        status = kit.status(ALICE)
        assert (status.state, status.total, status.failures) == (SetState.ACTIVE, 2, 1)
        assert (status.missing_keys, status.stale, status.remaining) == (("2026-11",), True, 0)
    assert rows.storage.load(ALICE) == record


def test_an_empty_document_under_a_retired_key_names_it():
    """A subject that was unlocked and locked again has no set, but a seal."""
    storage = MemoryStorage()
    kit = a_kit(storage)
    kit.unlock(ALICE, session=SESSION)
    kit.lock(ALICE, session=SESSION)
    assert (kit.status(ALICE).missing_keys, kit.status(ALICE).stale) == ((), False)
    status = a_kit(storage, keyring=Keyring({"2027-02": KEY[::-1]})).status(ALICE)
    assert (status.state, status.missing_keys) == (SetState.NONE, ("2026-11",))
    assert (status.stale, status.remaining) == (True, 0)


def test_a_seal_under_another_key_of_the_ring_does_not_fit(rows):
    """The key's id is no choice of whoever writes rows: the MAC must be under that very key."""
    record, *guess = fill(rows.storage)
    both = Keyring({"2026-11": KEY, "2026-12": KEY[::-1]}, primary="2026-12")
    renamed = record.document.replace("2026-11$", "2026-12$", 1)
    kit = a_kit(rows.storage, keyring=both)
    refuse(rows, replace(record, document=renamed), *guess, kit=kit)
    rows.put(record)
    assert kit.redeem(ALICE, guess[0][1]).remaining == 0


parts = st.text("ab", max_size=3)
owners = st.tuples(parts, parts.map(lambda text: text + "a"), parts, parts)


@given(mine=owners, theirs=owners)
def test_no_two_subjects_and_revisions_share_a_seal(mine, theirs):
    """Each part stands behind its length: none of them runs into the next."""

    def named(owner):
        tenant, name, scope, revision = owner
        return {"subject": Subject(name, tenant=tenant, scope=scope), "revision": revision}

    text = Masked(sealed("{}", keyring=KEYRING, **named(mine)))
    if mine == theirs:
        assert opened(text, keyring=KEYRING, **named(theirs)).reveal() == "{}"
    else:
        with pytest.raises(CorruptRecord):
            opened(text, keyring=KEYRING, **named(theirs))


@given(text=st.text(st.characters(), max_size=40))
def test_no_text_of_somebody_elses_is_under_a_seal(text):
    """Lone surrogates and any other text that a database may hold: no seal, no other error."""
    for found in (text, f'{{"seal":"2026-11${"A" * 43}","content":{text}}}'):
        with pytest.raises(CorruptRecord):
            opened(Masked(found), keyring=KEYRING, subject=ALICE, revision="\ud800")


def test_a_record_of_another_shape_is_refused(rows):
    """No text, or one past 64 KiB, is not even looked at for a seal."""
    record, *guess = fill(rows.storage)
    kit = a_kit(rows.storage)
    refuse(rows, Record(revision=record.revision, document=""), *guess, kit=kit)
    long = record.document + " " * 65_536
    refuse(rows, Record(revision=record.revision, document=long), *guess, kit=kit)
