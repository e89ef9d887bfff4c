"""The document: what it holds comes back exactly, and anything else is corrupt."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoverykit import CodeFormat, CorruptRecord, SetState
from recoverykit.core.record import MAX_DOCUMENT_BYTES
from recoverykit.core.state import CodeSet, Document, StoredCode, Use, codes_in

NOW = datetime(2026, 11, 22, 12, 30, 15, 123456, tzinfo=UTC)
SPENT = Use(at=NOW, attempt="a ~", revision="c" * 32)

instants = st.datetimes(datetime(1970, 1, 1), datetime(8999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  # Hypothesis adds the zone
tokens = st.text("0123456789abcdef", min_size=32, max_size=32)
attempts = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=128)
uses = st.builds(Use, at=instants, attempt=attempts, revision=tokens)


@st.composite
def code_sets(draw):
    digests = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=200)
    ordinals = draw(st.sets(st.integers(0, 99), min_size=1, max_size=12))
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
        failures=draw(st.integers(0, 1_000_000)),
        failed_at=draw(optional),
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


@given(codes=code_sets())
def test_a_document_comes_back_exactly(codes):
    """What is written as ASCII JSON is read back equal, microseconds and all."""
    text = Document(active=codes).to_text()
    assert text.isascii()
    assert Document.from_text(text) == Document(active=codes)
    assert Document.from_text(text).to_text() == text


def test_the_largest_set_fits_into_a_document():
    """100 codes with the longest lines, all used under the longest ids, fit 64 KiB."""
    use = Use(at=NOW, attempt="\\" * 128, revision="c" * 32)
    codes = tuple(StoredCode(ordinal=n, digest="x" * 200, use=use) for n in range(100))
    text = Document(active=a_set(codes=codes)).to_text()
    assert len(text) <= MAX_DOCUMENT_BYTES
    assert Document.from_text(text).active.codes == codes


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
        change(("extra",), 1),
        change(("active",), None),
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
        change(("active", "attempt"), ""),
        change(("active", "attempt"), "ä"),
        change(("active", "attempt"), "a" * 129),
        change(("active", "failures"), -1),
        change(("active", "failures"), 1.0),
        change(("active", "failures"), True),
        change(("active", "failures"), 10**30),
        change(codes, []),
        change((*codes, 1, "ordinal"), 0),
        change((*codes, 1, "ordinal"), 100),
        change((*codes, 1, "extra"), 1),
        change((*codes, 1, "digest"), ""),
        change((*codes, 1, "digest"), "x" * 201),
        change((*codes, 1, "digest"), None),
        change((*codes, 0, "use", "revision"), "x"),
        change((*codes, 0, "use", "at"), None),
    ]


@pytest.mark.parametrize("mutate", _mutations())
def test_a_document_that_breaks_an_invariant_is_corrupt(mutate):
    """Unknown numbers, fields, types, zones and figures: one error, which shows nothing."""
    codes = a_set().codes
    document = Document(active=a_set(codes=(replace(codes[0], use=SPENT), *codes[1:])))
    tree = json.loads(document.to_text())
    assert Document.from_text(json.dumps(tree)) == document
    mutate(tree)
    with pytest.raises(CorruptRecord, match=r"^a stored document cannot be read$"):
        Document.from_text(json.dumps(tree))


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "[]", "[" * 60_000, "\ud800", "1" * 60_000, None, b"{}", 7, " " * 65_537],
)
def test_what_is_no_document_is_corrupt(text):
    """Truncated, nested without end, too long, or no text at all."""
    with pytest.raises(CorruptRecord):
        Document.from_text(text)


def test_a_stored_instant_is_read_in_utc():
    """A document written with another offset means the same instant."""
    text = Document(active=a_set()).to_text()
    moved = text.replace("12:30:15.123456Z", "14:30:15.123456+02:00")
    assert moved != text
    read = Document.from_text(moved).active.issued_at
    assert (read, read.utcoffset()) == (NOW, timedelta(0))
    assert a_set(issued_at=NOW.astimezone(timezone(timedelta(hours=2)))).issued_at == NOW


def test_nothing_stored_holds_no_set():
    """No record is no set."""
    assert codes_in(None) is None


class TestStates:
    def test_a_new_set_is_active(self):
        """All its codes can be redeemed."""
        assert a_set().state_at(NOW) is SetState.ACTIVE
        assert a_set().remaining_at(NOW) == 3
        assert a_set().last_used_at is None

    def test_a_set_without_unspent_codes_is_exhausted(self):
        """The last use is the latest one."""
        later = replace(SPENT, at=NOW + timedelta(1))
        codes = (
            StoredCode(ordinal=0, digest="$", use=later),
            StoredCode(ordinal=1, digest="$", use=SPENT),
        )
        assert a_set(codes=codes).state_at(NOW) is SetState.EXHAUSTED
        assert a_set(codes=codes).last_used_at == later.at

    def test_a_set_expires_at_the_instant(self):
        """One microsecond before it counts; at the instant it does not."""
        codes = a_set(expires_at=NOW)
        assert codes.state_at(NOW - timedelta.resolution) is SetState.ACTIVE
        assert codes.state_at(NOW) is SetState.EXPIRED
        assert codes.remaining_at(NOW) == 0

    def test_disabled_outlives_every_other_end(self):
        """Nothing that happens to a disabled set makes it another one."""
        ends = {"expires_at": NOW, "revoked_at": NOW, "disabled_at": NOW}
        assert a_set(**ends).state_at(NOW) is SetState.DISABLED
        assert a_set(**(ends | {"disabled_at": None})).state_at(NOW) is SetState.REVOKED
        assert a_set(**ends).remaining_at(NOW) == 0

    def test_the_keys_of_a_set_are_named_once(self):
        """Sorted, without repetition, and none where no keyring was used."""
        lines = ("$x$keyid=b$s$d", "$x$keyid=a$s$d", "$x$keyid=b$s$d", "$x$keyid=-$s$d")
        codes = tuple(StoredCode(ordinal=n, digest=line) for n, line in enumerate(lines))
        assert a_set(codes=codes).key_ids == ("a", "b")
