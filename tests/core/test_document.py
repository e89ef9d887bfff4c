"""The document: what it holds comes back exactly, and anything else is corrupt."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoverykit import CodeFormat, CorruptRecord, Keyring, SetState, Subject
from recoverykit.core.document import (
    EMPTY,
    FORMAT_NUMBER,
    Document,
    Unlock,
    document_in,
    unchecked_document_in,
)
from recoverykit.core.record import MAX_DOCUMENT_BYTES, Record
from recoverykit.core.state import MAX_COUNT, MAX_FORMER, CodeSet, StoredCode, Use

NOW = datetime(2026, 11, 22, 12, 30, 15, 123456, tzinfo=UTC)
SPENT = Use(at=NOW, attempt="a ~", revision="c" * 32)
ALICE, REVISION = Subject("alice"), "e" * 32

instants = st.datetimes(datetime(1970, 1, 1), datetime(8999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  # Hypothesis adds the zone
tokens = st.text("0123456789abcdef", min_size=32, max_size=32)
attempts = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=128)
uses = st.builds(Use, at=instants, attempt=attempts, revision=tokens)


@st.composite
def code_sets(draw, *, pending=False):
    digests = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=200)
    ordinals = draw(st.sets(st.integers(0, MAX_COUNT - 1), min_size=1, max_size=12))
    optional = st.none() | instants
    return CodeSet(
        id=draw(tokens),
        format=draw(st.sampled_from([CodeFormat.default(), CodeFormat.digits(8, group=4)])),
        issued_at=draw(instants),
        attempt=draw(attempts),
        expires_at=draw(optional),
        codes=tuple(
            StoredCode(ordinal=n, digest=draw(digests), use=draw(st.none() | uses))
            for n in sorted(ordinals)
        ),
        former=tuple(
            StoredCode(ordinal=n, digest=draw(digests), use=draw(uses))
            for n in draw(st.lists(st.integers(0, MAX_COUNT - 1), max_size=2))
        ),
        failures=draw(st.integers(0, 1_000_000)),
        failed_at=draw(optional),
        lapses_at=draw(instants) if pending else None,
        confirmed_at=draw(optional),
        revoked_at=draw(optional),
        disabled_at=draw(optional),
    )


def a_set(**changes):
    codes = tuple(StoredCode(ordinal=n, digest="$") for n in range(3))
    fields = {
        "id": "0" * 32,
        "format": CodeFormat.default(),
        "issued_at": NOW,
        "attempt": "a",
        "expires_at": None,
        "codes": codes,
    }
    return CodeSet(**(fields | changes))


documents = st.builds(
    Document,
    format_number=st.just(FORMAT_NUMBER),
    active=st.none() | code_sets(),
    pending=st.none() | code_sets(pending=True),
    unlock=st.none()
    | st.builds(Unlock, session=st.text("0123456789abcdef", min_size=64, max_size=64), at=instants),
)


def written(document, keyring=None):
    return document.to_text(keyring=keyring, subject=ALICE, revision=REVISION)


def read(text, keyring=None):
    record = Record(revision=REVISION, document=text)
    return document_in(record, keyring=keyring, subject=ALICE)


@given(document=documents, keyring=st.sampled_from([None, Keyring({"2026-11": b"k" * 16})]))
def test_a_document_comes_back_exactly(document, keyring):
    """What is written as ASCII JSON, sealed or not, is read back equal, microseconds and all."""
    text = written(document, keyring)
    assert text.isascii()
    assert json.loads(text)
    assert read(text, keyring) == document
    assert written(read(text, keyring), keyring) == text
    assert unchecked_document_in(Record(revision="another", document=text)) == document


def test_the_largest_document_fits():
    """Two sets of 64 codes, used under ids that JSON must escape, and 16 former ones: 64 KiB.

    Every line is as long as the longest hasher under the longest key id makes it, and the longest
    key id seals it.
    """
    key_id = "k" * 64
    line = f"$argon2id$v=19$m=4194304,t=64,p=64,keyid={key_id}${'s' * 22}${'d' * 43}"
    attempt = "\\" * 128
    use = Use(at=NOW, attempt=attempt, revision="c" * 32)
    active = a_set(
        codes=tuple(StoredCode(ordinal=n, digest=line, use=use) for n in range(MAX_COUNT)),
        former=(StoredCode(ordinal=MAX_COUNT - 1, digest=line, use=use),) * MAX_FORMER,
        attempt=attempt,
        failures=1_000_000,
        **dict.fromkeys(("failed_at", "expires_at", "confirmed_at", "revoked_at"), NOW),
        disabled_at=NOW,
    )
    pending = a_set(
        codes=tuple(StoredCode(ordinal=n, digest=line) for n in range(MAX_COUNT)),
        attempt=attempt,
        failures=1_000_000,
        **dict.fromkeys(("failed_at", "expires_at", "lapses_at", "revoked_at"), NOW),
        disabled_at=NOW,
    )
    document = replace(
        EMPTY, active=active, pending=pending, unlock=Unlock(session="f" * 64, at=NOW)
    )
    keyring = Keyring({key_id: b"k" * 16})
    text = written(document, keyring)
    assert len(text) <= MAX_DOCUMENT_BYTES
    assert read(text, keyring) == document


def test_a_document_has_64_kib_at_the_most():
    """The bound is in. Beyond it nothing is looked at."""
    text = written(replace(EMPTY, active=a_set()))
    assert read(text.ljust(MAX_DOCUMENT_BYTES)).active == a_set()
    with pytest.raises(CorruptRecord, match=r"^a stored document is no text of at most 64 KiB$"):
        read(text.ljust(MAX_DOCUMENT_BYTES + 1))


def _mutations():
    def change(path, value):
        def apply(tree):
            *parents, last = path
            for step in parents:
                tree = tree[step]
            tree[last] = value

        return pytest.param(apply, id=f"{'.'.join(map(str, path))}={value!r:.20}")

    codes = ("active", "codes")
    return [
        change(("format_number",), 2),
        change(("format_number",), "1"),
        change(("format_number",), True),
        pytest.param(lambda tree: tree.pop("format_number"), id="no format_number"),
        change(("extra",), 1),
        change(("active",), []),
        change(("active", "lapses_at"), "2026-11-22T12:30:15Z"),
        change(("pending", "lapses_at"), None),
        change(("pending", "extra"), 1),
        change(("unlock", "session"), "0" * 63),
        change(("unlock", "session"), None),
        change(("unlock", "at"), None),
        change(("unlock", "extra"), 1),
        change(("active", "former", 0, "use"), None),
        change(("active", "former"), [None]),
        change(("active", "extra"), 1),
        change(("active", "id"), "0" * 31),
        change(("active", "id"), "G" * 32),
        change(("active", "id"), "0" * 32 + "\n"),
        change(("active", "format", "extra"), 1),
        change(("active", "format", "length"), 0),
        change(("active", "format", "length"), "13"),
        change(("active", "format", "alphabet"), "klingon"),
        change(("active", "issued_at"), "2026-11-22T12:30:15"),
        change(("active", "issued_at"), "1969-12-31T23:59:59Z"),
        change(("active", "issued_at"), "9000-01-02T00:00:00Z"),
        change(("active", "issued_at"), 1_700_000_000),
        change(("active", "issued_at"), "1700000000"),
        change(("active", "issued_at"), "0"),
        change(("active", "issued_at"), "2026-11-22 12:30:15Z"),
        change(("active", "attempt"), ""),
        change(("active", "attempt"), "ä"),
        change(("active", "attempt"), "a" * 129),
        change(("active", "failures"), -1),
        change(("active", "failures"), 1.0),
        change(("active", "failures"), True),
        change(("active", "failures"), 10**30),
        change(codes, []),
        change((*codes, 1, "ordinal"), 0),
        change((*codes, 1, "ordinal"), 64),
        change((*codes, 1, "extra"), 1),
        change((*codes, 1, "digest"), ""),
        change((*codes, 1, "digest"), "x" * 243),
        change((*codes, 1, "digest"), None),
        change((*codes, 0, "use", "revision"), "x"),
        change((*codes, 0, "use", "at"), None),
    ]


@pytest.mark.parametrize("mutate", _mutations())
def test_a_document_that_breaks_an_invariant_is_corrupt(mutate):
    """Unknown numbers, fields, types, zones and figures: one error, which shows nothing."""
    first, *others = a_set().codes
    spent = replace(first, use=SPENT)
    document = replace(
        EMPTY,
        active=a_set(codes=(spent, *others), former=(spent,)),
        pending=a_set(lapses_at=NOW),
        unlock=Unlock(session="f" * 64, at=NOW),
    )
    tree = json.loads(written(document))
    assert read(json.dumps(tree)) == document
    mutate(tree)
    with pytest.raises(CorruptRecord, match=r"^a stored document cannot be read$"):
        read(json.dumps(tree))


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "[]", "[" * 60_000, "\ud800", "1" * 60_000, None, b"{}", 7, " " * 65_537],
)
def test_what_is_no_document_is_corrupt(text):
    """Truncated, nested without end, too long, or no text at all."""
    with pytest.raises(CorruptRecord):
        read(text)
    with pytest.raises(CorruptRecord):
        unchecked_document_in(Record(revision=REVISION, document=text))


def test_a_stored_instant_is_read_in_utc():
    """A document written with another offset means the same instant."""
    text = written(replace(EMPTY, active=a_set()))
    moved = text.replace("12:30:15.123456Z", "14:30:15.123456+02:00")
    assert moved != text
    issued_at = read(moved).active.issued_at
    assert (issued_at, issued_at.utcoffset()) == (NOW, timedelta(0))
    assert a_set(issued_at=NOW.astimezone(timezone(timedelta(hours=2)))).issued_at == NOW


def test_nothing_stored_holds_no_set():
    """No record is an empty document, with or without a keyring."""
    for keyring in (None, Keyring({"a": b"k" * 16})):
        assert document_in(None, keyring=keyring, subject=ALICE) == EMPTY
    assert unchecked_document_in(None) == EMPTY
    assert (EMPTY.sets, EMPTY.ids, EMPTY.state_at(NOW)) == ((), (None, None), SetState.NONE)


def test_the_active_set_speaks_for_the_document():
    """And the pending one where there is no other."""
    active, pending = a_set(id="1" * 32, revoked_at=NOW), a_set(id="2" * 32, lapses_at=NOW)
    both, alone = replace(EMPTY, active=active, pending=pending), replace(EMPTY, pending=pending)
    before = NOW - timedelta.resolution
    assert (both.state_at(before), alone.state_at(before)) == (SetState.REVOKED, SetState.PENDING)
    assert (both.is_pending_at(before), both.is_pending_at(NOW)) == (True, False)
    assert (both.ids, alone.ids) == ((active.id, pending.id), (None, pending.id))
    assert both.sets == (active, pending)
