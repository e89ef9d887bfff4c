"""Whatever is thrown at the kit: only errors of our tree, no success unstored, nothing lost."""

import contextlib
import json
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from itertools import count
from types import MappingProxyType

import argon2.low_level
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recoverykit import (
    Argon2idHasher,
    CodeAlreadyUsed,
    CodeFormat,
    CorruptRecord,
    InvalidArgument,
    InvalidCode,
    KeyedHasher,
    Keyring,
    MalformedCode,
    OutcomeUnknown,
    Overloaded,
    Pbkdf2Hasher,
    Policy,
    RecoveryKit,
    RecoveryKitError,
    RedemptionRefused,
    SetState,
    StorageError,
    Subject,
    Throttle,
)
from recoverykit.storage import MAX_DOCUMENT_BYTES, Change, Record
from recoverykit.storage.memory import MemoryStorage
from recoverykit.storage.sql import SQLStorage
from recoverykit.testing import ManualClock

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
CHEAP = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)
# Tests shall not take long, and one of them has short codes.
WEAK = frozenset({"A5-C-KDF", "N4-SRC-64", "OCS-MFA-OTPHASH"})
COUNT = 2
POLICY = Policy(count=COUNT, hasher=CHEAP, accept=WEAK)
PATIENT = Policy(count=COUNT, hasher=CHEAP, accept=WEAK, throttle=Throttle(free=100))
ALICE = Subject("alice")
ATTEMPT = "attempt-1"


def new_kit(storage=None, *, policy=POLICY, clock=None, **options):
    return RecoveryKit(
        storage or MemoryStorage(), policy=policy, clock=clock or ManualClock(START), **options
    )


def put(storage, document, *, subject=ALICE, revision="0" * 32):
    """Store a document as somebody with access to the storage could."""
    standing = storage.load(subject)
    change = Change(
        expected=standing.revision if standing else None,
        revision=revision,
        document=document,
        events=(),
        summary=None,
    )
    assert storage.commit(subject, change)


def uses_in(storage, subject="alice"):
    """Return each stored code's use; empty where no set is stored."""
    record = storage.load(Subject.of(subject))
    if record is None:
        return []
    return [code["use"] for code in json.loads(record.document)["active"]["codes"]]


def claims_in(storage, subject="alice"):
    return [use for use in uses_in(storage, subject) if use and use["attempt"] == ATTEMPT]


@contextlib.contextmanager
def counted_hashes():
    """Count the evaluations of Argon2id and PBKDF2, which still do their work."""
    calls = []
    genuine = argon2.low_level.hash_secret_raw

    def counting(*args, **kwargs):
        calls.append(kwargs)
        return genuine(*args, **kwargs)

    def forbidden(*args):
        raise AssertionError("nothing here may be hashed by PBKDF2")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(argon2.low_level, "hash_secret_raw", counting)
        patch.setattr("hashlib.pbkdf2_hmac", forbidden)
        yield calls


# One kit for many examples, each of which takes a subject of its own.
PATIENT_KIT = new_kit(policy=PATIENT)
NUMBERS = count()


# --- What is typed -------------------------------------------------------------------------------

ANY_TEXT = st.one_of(
    st.text(st.characters()),  # surrogates included
    st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ- .\u202e\u0301\u200d\x00\ud800", max_size=40),
    st.sampled_from(
        [
            "",
            "\x00",
            "\ud800\udfff",
            "\u202e00000-00000-00000",
            "e\u0301" * 60,
            "\ufdfa" * 128,  # the character that NFKC makes longest
            "\U0010ffff" * 64,
            "A" * 1_000_000,
            "\ufdfa" * 1_000_000,
            "-" * 1_000_000,
            "1." * 64,
        ]
    ),
)
ANYTHING = st.one_of(
    ANY_TEXT,
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.binary(),
    st.binary().map(bytearray),
    st.binary().map(memoryview),
    st.just(object()),
    st.lists(st.text()),
    st.dictionaries(st.text(), st.integers()),
    st.just(datetime),
)


@given(typed=ANYTHING)
def test_whatever_is_typed_is_refused_and_costs_no_code(typed):
    """No text that was not issued, and nothing that is no text, ever spends a code."""
    kit, subject = PATIENT_KIT, f"user {next(NUMBERS)}"
    kit.issue(subject)
    with pytest.raises(RedemptionRefused) as refused:
        kit.redeem(subject, typed)
    if not isinstance(typed, str):
        assert isinstance(refused.value, MalformedCode)
    status = kit.status(subject)
    assert status.remaining == COUNT
    assert status.failures == (0 if isinstance(refused.value, MalformedCode) else 1)


@given(typed=ANYTHING)
def test_whatever_is_typed_is_recognised_or_not(typed):
    """The shape check answers with a bool, whatever it is asked about."""
    assert new_kit().recognises(typed) in {True, False}


@given(
    typed=ANYTHING,
    code_format=st.sampled_from(
        [
            CodeFormat.digits(8),
            CodeFormat.hex(10),
            CodeFormat.alphanumeric(12, check=True),
            CodeFormat.base32(16, selector=True),
            CodeFormat.words(4),
        ]
    ),
)
def test_every_format_takes_or_refuses_whatever_is_typed(typed, code_format):
    """Every format refuses by `MalformedCode` alone, and what it takes it takes again."""
    try:
        parsed = code_format.parse(typed)
    except MalformedCode:
        assert not code_format.matches(typed)
    else:
        assert code_format.parse(code_format.display(parsed.canonical)) == parsed


@given(code=ANYTHING, subject=st.sampled_from(["nobody", "revoked"]))
def test_whatever_is_typed_without_a_live_set_is_refused(code, subject):
    """Where there is no set, or a revoked one, everything is a refusal."""
    PATIENT_KIT.issue("revoked")
    PATIENT_KIT.revoke("revoked")
    with pytest.raises(RedemptionRefused):
        PATIENT_KIT.redeem(subject, code)


# --- Who, when, why ------------------------------------------------------------------------------

PARTS = st.one_of(
    ANY_TEXT,
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=60),
    st.sampled_from(
        ["alice", "Alice", "alice ", " alice", "ali\u0301ce", "o'hara\"; --", "%s", "*"]
    ),
)


LIFE_KIT = new_kit()


def check_life(kit, subject, other):
    """Issue, redeem, refuse, revoke and erase for a subject, and see that another is untouched."""
    mine, theirs = kit.issue(subject), kit.issue(other)
    assert kit.redeem(subject, mine.codes[0]).remaining == COUNT - 1
    with pytest.raises(RedemptionRefused):
        kit.redeem(other, mine.codes[1])
    assert kit.status(other).remaining == COUNT
    assert kit.revoke(subject).state is SetState.REVOKED
    kit.erase(subject)
    assert kit.status(subject).state is SetState.NONE
    assert kit.redeem(other, theirs.codes[0]).remaining == COUNT - 1
    kit.erase(other)


def subject_or_refusal(id, tenant, scope):
    """Return the subject; None where its parts are refused, as they then must be."""
    parts = (id, tenant, scope)
    usable = id != "" and all(
        len(part) <= 255 and not set(part) & UNUSABLE and len(part.encode()) <= 255
        for part in parts
    )
    try:
        subject = Subject(id, tenant=tenant, scope=scope)
    except InvalidArgument:
        assert not usable
        return None
    assert usable
    return subject


UNUSABLE = {"\x00", *map(chr, range(0xD800, 0xE000))}
NEAR_MISSES = st.sampled_from(
    [
        lambda s: Subject(s.id + " ", tenant=s.tenant, scope=s.scope),
        lambda s: Subject(s.id, tenant=s.tenant + " ", scope=s.scope),
        lambda s: Subject(s.id, tenant=s.tenant, scope=s.scope + "x"),
        lambda s: Subject(s.id.swapcase() + "\u0301", tenant=s.tenant, scope=s.scope),
        lambda s: Subject(s.tenant + s.id, tenant=s.scope, scope="-"),
    ]
)


@given(id=PARTS, tenant=PARTS, scope=PARTS, near=NEAR_MISSES)
def test_any_unicode_subject_lives_alone_or_is_refused(id, tenant, scope, near):
    """A subject is refused as a whole, or all verbs work for it and touch nobody else."""
    if (subject := subject_or_refusal(id, tenant, scope)) is None:
        return
    with contextlib.suppress(InvalidArgument):  # the near miss may be too long
        check_life(LIFE_KIT, subject, near(subject))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(id=PARTS, tenant=PARTS, scope=PARTS, near=NEAR_MISSES)
def test_any_unicode_subject_lives_alone_in_sqlite(sqlite, id, tenant, scope, near):
    """The same, where subjects are compared by a database."""
    if (subject := subject_or_refusal(id, tenant, scope)) is None:
        return
    with contextlib.suppress(InvalidArgument):
        check_life(new_kit(sqlite), subject, near(subject))


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory):
    path = tmp_path_factory.mktemp("bad-input") / "recoverykit.db"
    with SQLStorage(f"sqlite:///{path}") as storage:
        storage.create_tables()
        yield storage


def test_an_absurd_subject_is_refused_before_it_is_read():
    """A subject of 10 MB costs no more than its length: a login form may send anything."""
    absurd = "\u00e9" * 5_000_000
    began = time.process_time()
    with pytest.raises(InvalidArgument):
        Subject(absurd)
    assert time.process_time() - began < 0.1


NOT_A_SUBJECT = ANYTHING.filter(lambda thing: not isinstance(thing, str))
VERBS = {
    "issue": lambda kit, subject: kit.issue(subject),
    "redeem": lambda kit, subject: kit.redeem(subject, "00000-00000-00000"),
    "status": lambda kit, subject: kit.status(subject),
    "revoke": lambda kit, subject: kit.revoke(subject),
    "erase": lambda kit, subject: kit.erase(subject),
}


@given(subject=NOT_A_SUBJECT, verb=st.sampled_from(sorted(VERBS)))
def test_what_is_no_subject_is_refused_by_every_verb(subject, verb):
    """Only a text or a `Subject` names a subject."""
    with pytest.raises(InvalidArgument):
        VERBS[verb](new_kit(), subject)


@given(attempt=ANYTHING.filter(lambda thing: thing is not None))
def test_any_attempt_id_is_refused_or_remembered(attempt):
    """An attempt id is refused with nothing written, or its success is told again under it."""
    storage = MemoryStorage()
    kit = new_kit(storage)
    code = kit.issue("alice").codes[0]
    before = storage.load(ALICE)
    try:
        first = kit.redeem("alice", code, attempt=attempt)
    except InvalidArgument:
        assert storage.load(ALICE) == before
        with pytest.raises(InvalidArgument):
            kit.issue("bob", attempt=attempt)
        assert storage.load(Subject("bob")) is None
    else:
        assert 1 <= len(attempt) <= 128
        assert first.attempt == attempt
        assert kit.redeem("alice", code, attempt=attempt).replayed


@given(
    attempt=st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=128)
)
def test_every_printable_attempt_id_is_remembered(attempt):
    """Quotes, backslashes and blanks included: what is allowed survives being stored."""
    kit = new_kit()
    code = kit.issue("alice").codes[0]
    assert kit.redeem("alice", code, attempt=attempt).attempt == attempt
    assert kit.redeem("alice", code, attempt=attempt).replayed


CONTEXTS = st.one_of(
    ANYTHING.filter(lambda thing: thing is not None),
    st.dictionaries(st.text(st.characters()), st.text(st.characters())),
    st.dictionaries(st.text(), st.text()).map(MappingProxyType),
    st.dictionaries(st.one_of(st.text(), st.integers(), st.none()), ANYTHING, min_size=1),
    st.just({"key": "v" * 3000}),
    st.just({"\x00": "\ud800"}),
)


@given(context=CONTEXTS)
def test_any_context_is_refused_or_kept_as_it_is(context):
    """A context is refused with nothing written, or the trail tells exactly that."""
    storage = MemoryStorage()
    kit = new_kit(storage)
    try:
        kit.issue("alice", context=context)
    except InvalidArgument:
        assert storage.load(ALICE) is None
        return
    assert isinstance(context, Mapping)
    (event,) = storage.events(ALICE)
    assert json.loads(event.details())["context"] == dict(context)


def test_what_a_listener_does_to_an_event_changes_no_stored_one():
    """The audit trail of the memory storage is not aliased by what is handed out (S11)."""
    storage = MemoryStorage()

    def vandal(event):
        with contextlib.suppress(TypeError, AttributeError):
            event.context["actor"] = "mallory"

    kit = new_kit(storage, on_event=vandal)
    kit.issue("alice", context={"actor": "alice"})
    assert [dict(event.context) for event in storage.events(ALICE)] == [{"actor": "alice"}]


class NoOffset(tzinfo):
    """A zone that does not know its offset: what it is attached to counts as naive."""

    def utcoffset(self, when):
        return None

    def dst(self, when):
        return None

    def tzname(self, when):
        return None


ZONES = st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))])
NO_TIMES = st.one_of(
    st.datetimes(),  # naive
    st.dates(),
    ANYTHING,
    st.sampled_from(
        [
            datetime(1, 1, 1, tzinfo=UTC),
            datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
            datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=-12))),
            datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
            date(2026, 11, 22),
        ]
    ),
)


@given(told=NO_TIMES, verb=st.sampled_from(["issue", "redeem", "status", "revoke"]))
def test_a_clock_that_tells_no_usable_time_is_refused(told, verb):
    """Naive, absurdly early or late, or no time at all: nothing is written by its light."""
    storage = MemoryStorage()
    with pytest.raises(InvalidArgument):
        VERBS[verb](new_kit(storage, clock=lambda: told), "alice")
    assert storage.load(ALICE) is None


def test_a_zone_without_an_offset_is_no_zone():
    """A time whose zone does not know its offset is refused like a naive one."""
    now = START.replace(tzinfo=NoOffset())
    with pytest.raises(InvalidArgument):
        new_kit(clock=lambda: now).issue("alice")


@given(after=st.timedeltas(timedelta(0), timedelta(days=366 * 6_600)), zone=ZONES)
def test_any_aware_clock_tells_the_same_instants_in_utc(after, zone):
    """What comes out is in UTC, whatever zone went in."""
    now = (START + after).astimezone(zone)
    kit = new_kit(
        clock=lambda: now,
        policy=Policy(count=COUNT, hasher=CHEAP, accept=WEAK, expires_after=timedelta(days=1)),
    )
    issued = kit.issue("alice")
    spent = kit.redeem("alice", issued.codes[0])
    for instant in (issued.issued_at, issued.expires_at, spent.redeemed_at):
        assert instant.utcoffset() == timedelta(0)
    assert issued.issued_at == spent.redeemed_at == now


JUMPS = st.timedeltas(timedelta(days=-400), timedelta(days=400))
MOVES = st.sampled_from(["right", "used", "wrong", "status"])


@given(script=st.lists(st.tuples(JUMPS, MOVES), max_size=12))
def test_a_jumping_clock_neither_revives_a_code_nor_outlasts_a_delay(script):
    """Back and forth in time: one success, and no delay that is told is longer than its length."""
    clock, throttle = ManualClock(START), Throttle(free=1)
    kit = new_kit(
        clock=clock,
        policy=Policy(
            count=COUNT,
            hasher=CHEAP,
            accept=WEAK,
            throttle=throttle,
            expires_after=timedelta(days=900),
        ),
    )
    codes, foreign = kit.issue("alice").codes, new_kit().issue("mallory").codes
    spent = []
    for jump, move in script:
        now = clock.advance(jump)
        if move == "status":
            status = kit.status("alice")
            assert status.remaining in {0, COUNT - len(spent)}
            continue
        code = foreign[0] if move == "wrong" else codes[0]
        try:
            spent.append(kit.redeem("alice", code).ordinal)
        except RedemptionRefused as refused:
            until = refused.retry_at
        else:
            until = None
        assert until is None or now < until <= now + throttle.max_delay
    assert spent in ([], [0])


def test_a_process_that_can_start_no_more_threads_is_overloaded(monkeypatch):
    """Where the system refuses a thread for the hashes, nothing was done: try later."""
    kit = new_kit()

    def refuse(thread):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr("threading.Thread.start", refuse)
        with pytest.raises(Overloaded):
            kit.issue("alice")
    assert kit.redeem("alice", kit.issue("alice").codes[0]).remaining == COUNT - 1


# --- What is stored ------------------------------------------------------------------------------


def real_document(*, spent=True, **policy):
    """Return a stored document and its codes: the first spent, one failure behind it."""
    storage = MemoryStorage()
    kit = new_kit(
        storage, policy=Policy(**({"count": COUNT, "hasher": CHEAP, "accept": WEAK} | policy))
    )
    codes = kit.issue("alice").codes
    if spent:
        kit.redeem("alice", codes[0])
        with pytest.raises(RedemptionRefused):
            kit.redeem("alice", codes[0])
    return storage.load(ALICE).document, codes


REAL, CODES = real_document()
FOREIGN = new_kit().issue("mallory").codes
# One kit for many examples, each of which begins and ends with nothing stored.
DESK = MemoryStorage()
KIT = new_kit(DESK)


def drive(document, codes=CODES):
    """Run every verb over a document, and return how each ended.

    Only errors of the tree may come out; a success must be stored; a refused record must be left
    as it is; and erasing leads out of everything.
    """
    ends = {}
    storage, kit = DESK, KIT
    for verb, call in {
        "status": lambda kit: kit.status("alice"),
        "redeem": lambda kit: kit.redeem("alice", codes[1], attempt=ATTEMPT),
        "issue": lambda kit: kit.issue("alice"),
        "replace": lambda kit: kit.issue("alice", replace=True),
        "revoke": lambda kit: kit.revoke("alice"),
    }.items():
        put(storage, document)
        before = storage.load(ALICE)
        try:
            call(kit)
        except RecoveryKitError as error:
            ends[verb] = type(error)
            if isinstance(error, CorruptRecord):
                assert storage.load(ALICE) == before, verb
        else:
            ends[verb] = None
            if verb == "redeem":
                assert len(claims_in(storage)) == 1
        kit.erase("alice")
        assert storage.load(ALICE) is None
    return ends


def check_corrupt(document):
    """A document that cannot be read is refused by every verb but `erase`."""
    assert set(drive(document).values()) == {CorruptRecord}


def test_a_real_document_serves_every_verb():
    """The yardstick of this section: what follows is refused because it was tampered with."""
    ends = drive(REAL)
    assert {verb for verb, end in ends.items() if end is None} == {
        "status",
        "redeem",
        "replace",
        "revoke",
    }


@given(document=ANY_TEXT)
def test_any_text_in_the_place_of_a_document_is_corrupt(document):
    """What is no document is never taken for one."""
    check_corrupt(document)


JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(), max_size=8)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(value=JSON)
def test_foreign_json_is_corrupt(value):
    """Somebody else's JSON is no document."""
    check_corrupt(json.dumps(value))


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(REAL.encode(), id="bytes"),
        pytest.param(bytearray(REAL.encode()), id="bytearray"),
        pytest.param(json.loads(REAL), id="a parsed document"),
        pytest.param(7, id="a number"),
        pytest.param("\ufeff" + REAL, id="byte order mark"),
        pytest.param(REAL + "}", id="something behind it"),
        pytest.param(REAL + REAL, id="two of them"),
        pytest.param(REAL + " " * MAX_DOCUMENT_BYTES, id="over 64 KiB of blanks"),
        pytest.param("[" * MAX_DOCUMENT_BYTES, id="nested lists"),
        pytest.param('{"active":' * 6_000, id="nested objects"),
        pytest.param("[" * 30_000 + "]" * 30_000, id="nested and closed"),
        pytest.param('{"format_number":1,"active":' * 2 + "null}}", id="a document in a document"),
        pytest.param("9" * 60_000, id="a number of 60,000 digits"),
    ],
)
def test_a_document_of_the_wrong_kind_or_size_is_corrupt(document):
    """Oversized, deeply nested or no text at all."""
    check_corrupt(document)


def test_every_truncated_document_is_corrupt():
    """A write that was cut anywhere is noticed."""
    for length in range(len(REAL)):
        storage = MemoryStorage()
        put(storage, REAL[:length])
        with pytest.raises(CorruptRecord):
            new_kit(storage).status("alice")


@given(at=st.integers(0, len(REAL) - 1), put_in=st.characters(max_codepoint=0x2FF))
def test_a_flipped_character_never_escapes_the_tree(at, put_in):
    """One damaged character anywhere: every verb still ends in a value or an error of ours."""
    drive(REAL[:at] + put_in + REAL[at + 1 :])


@pytest.mark.parametrize("number", [0, 2, -1, 1.5, "1", None, 10**30, [1], {}])
def test_an_unknown_format_number_is_corrupt_and_left_alone(number):
    """A document of a later release is not guessed at."""
    document = json.loads(REAL)
    document["format_number"] = number
    check_corrupt(json.dumps(document))


def paths_of(value, path=()):
    """Return the path of every value inside a JSON value, containers included."""
    if path:
        yield path
    items = dict(enumerate(value)) if isinstance(value, list) else value
    for key, inner in items.items() if isinstance(items, dict) else ():
        yield from paths_of(inner, (*path, key))


def with_value(path, value):
    """Return the real document with one value replaced."""
    document = json.loads(REAL)
    holder = document
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return json.dumps(document)


PATHS = tuple(paths_of(json.loads(REAL)))
STRANGE = (
    None,
    True,
    False,
    0,
    1,
    -1,
    99,
    100,
    1_000_000,
    2**31,
    2**63,
    10**400,
    0.5,
    float("inf"),
    float("nan"),
    "",
    "x",
    "-",
    "0" * 32,
    "\x00",
    "\ud800",
    "z" * 1000,
    "crockford32",
    "eff-long",
    "1969-12-31T23:59:59Z",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "2026-11-22T12:00:00",
    "2026-11-22T12:00:00Z",
    "8999-12-31T23:59:59Z",
    [],
    {},
    [[]],
    {"a": 1},
)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: ".".join(map(str, path)))
def test_one_strange_value_never_escapes_the_tree(path):
    """Each field of a real document in turn holds each strange value."""
    for value in STRANGE:
        drive(with_value(path, value))


@given(path=st.sampled_from(PATHS), value=JSON)
def test_one_random_value_never_escapes_the_tree(path, value):
    """Each field of a real document in turn holds any JSON."""
    drive(with_value(path, value))


def test_a_document_with_a_field_too_many_or_too_few_is_corrupt():
    """Nothing is ignored, and only what has a default may be missing."""
    document = json.loads(REAL)
    for holder in (document, document["active"], document["active"]["format"]):
        holder["surplus"] = None
        check_corrupt(json.dumps(document))
        del holder["surplus"]
    for key in ("id", "format", "issued_at", "attempt", "expires_at", "codes"):
        kept = document["active"].pop(key)
        check_corrupt(json.dumps(document))
        document["active"][key] = kept


def test_two_codes_of_one_ordinal_are_corrupt():
    """An ordinal names one code: with two, a spent one could hide behind a fresh one."""
    document = json.loads(REAL)
    spent = document["active"]["codes"][0]
    document["active"]["codes"].append({**spent, "use": None})
    check_corrupt(json.dumps(document))


@pytest.mark.parametrize(
    "instant", ["1969-12-31T23:59:59Z", "9000-01-01T00:00:01Z", "2026-02-30T00:00:00Z", 10**18]
)
def test_a_date_out_of_range_is_corrupt(instant):
    """No time of the stored document can make later arithmetic fail."""
    check_corrupt(with_value(("active", "issued_at"), instant))
    check_corrupt(with_value(("active", "codes", 0, "use", "at"), instant))


def test_the_largest_count_of_failures_stays_readable():
    """One failure more than the largest that can be read back writes nothing unreadable."""
    storage = MemoryStorage()
    put(storage, with_value(("active", "failures"), 1_000_000))
    kit = new_kit(storage, clock=ManualClock(START + timedelta(days=400)))
    with pytest.raises(CodeAlreadyUsed):
        kit.redeem("alice", CODES[0])
    assert kit.status("alice").state is SetState.DISABLED


def test_a_document_of_another_subject_helps_nobody():
    """A row copied to another subject makes none of its codes right there."""
    storage = MemoryStorage()
    kit = new_kit(storage)
    codes = kit.issue("mallory").codes
    put(storage, storage.load(Subject("mallory")).document)
    for code in codes:
        with pytest.raises(InvalidCode):
            kit.redeem("alice", code)


def test_a_damaged_line_takes_no_other_code_with_it():
    """A digest that cannot be read ends in `CorruptRecord` for its own code alone."""
    document, codes = real_document(spent=False)
    damaged = json.loads(document)
    damaged["active"]["codes"][1]["digest"] = "$argon2id$damaged"
    storage = MemoryStorage()
    put(storage, json.dumps(damaged))
    kit = new_kit(storage)
    with pytest.raises(CorruptRecord):
        kit.redeem("alice", codes[1])
    assert kit.redeem("alice", codes[0]).ordinal == 0


def test_a_set_with_a_damaged_line_can_be_revoked():
    """Its other codes still count, so the way to end them must not depend on the damaged one."""
    document, codes = real_document(spent=False)
    damaged = json.loads(document)
    damaged["active"]["codes"][1]["digest"] = "$argon2id$damaged"
    storage = MemoryStorage()
    put(storage, json.dumps(damaged))
    kit = new_kit(storage)
    with contextlib.suppress(CorruptRecord):
        kit.revoke("alice")
    with pytest.raises(RedemptionRefused):
        kit.redeem("alice", codes[0])


def test_undecodable_text_in_sqlite_can_be_erased(sqlite):
    """A flipped bit that makes stored text no UTF-8 is a damaged record: `erase` leads out."""
    kit = new_kit(sqlite)
    kit.issue("damaged")
    with sqlite._engine().begin() as connection:
        connection.exec_driver_sql(
            "UPDATE recoverykit_records SET document = CAST(x'7b80ff' AS TEXT)"
            " WHERE subject = 'damaged'"
        )
    with pytest.raises(StorageError):
        kit.status("damaged")
    kit.erase("damaged")
    assert kit.status("damaged").state is SetState.NONE


SALT_AND_DIGEST = "$" + "A" * 22 + "$" + "A" * 43


@pytest.mark.parametrize(
    "head",
    [
        "$argon2id$v=19$m=4194304,t=64,p=64,keyid=-",  # 4 GiB, 64 times
        "$argon2id$v=19$m=4194304,t=1,p=1,keyid=-",
        "$argon2id$v=19$m=262145,t=1,p=1,keyid=-",
        "$argon2id$v=19$m=65536,t=64,p=1,keyid=-",
        "$argon2id$v=19$m=9999999,t=99,p=99,keyid=-",
        "$argon2id$v=19$m=0,t=0,p=0,keyid=-",
        "$argon2id$v=19$m=99999999999999999999,t=1,p=1,keyid=-",
        "$argon2id$v=16$m=8,t=1,p=1,keyid=-",
        "$argon2i$v=19$m=8,t=1,p=1,keyid=-",
        "$argon2id$v=19$m=\u0668,t=1,p=1,keyid=-",  # an Arabic eight
        "$argon2id$v=19$m=-8,t=1,p=1,keyid=-",
        "$argon2id$v=19$m=8,t=1,p=1,keyid=--",
        "$argon2id$v=19$m=8,t=1,p=1,keyid=-,keyid=x",
        "$pbkdf2-sha256$i=5000001,keyid=-",
        "$pbkdf2-sha256$i=50000000,keyid=-",
        "$pbkdf2-sha256$i=99999999,keyid=-",
        "$pbkdf2-sha256$i=0,keyid=-",
        "$scrypt$ln=63,r=8,p=1,keyid=-",
        "$md5$keyid=-",
        "plain",
    ],
)
def test_a_stored_line_that_would_cost_too_much_is_refused_without_hashing(head):
    """Parameters from the storage are held against a ceiling before anything is hashed."""
    document, codes = real_document(spent=False)
    hostile = json.loads(document)
    for code in hostile["active"]["codes"]:
        code["digest"] = head + SALT_AND_DIGEST
    storage = MemoryStorage()
    put(storage, json.dumps(hostile))
    before = storage.load(ALICE)
    kit = new_kit(storage)
    with counted_hashes() as hashes:
        with pytest.raises(CorruptRecord):
            kit.redeem("alice", codes[0])
        if head.isascii():  # otherwise no document of ours can hold it at all
            assert kit.status("alice").stale
    assert hashes == []
    assert storage.load(ALICE) == before


@given(memory=st.integers(0, 10**8), passes=st.integers(0, 10**3), lanes=st.integers(0, 10**3))
def test_no_stored_parameters_of_argon2_cost_more_than_the_ceiling(memory, passes, lanes):
    """256 MiB and 1 GiB times passes bound whatever a line asks for: the rest is not hashed."""
    costly = memory > 256 * 1024 or memory * passes > 1024 * 1024
    if not costly and memory * passes > 4096:
        memory = passes = 1  # a fair price, but not for a test to pay
    document, codes = real_document(spent=False)
    hostile = json.loads(document)
    line = f"$argon2id$v=19$m={memory},t={passes},p={lanes},keyid=-{SALT_AND_DIGEST}"
    hostile["active"]["codes"][0]["digest"] = line
    storage = MemoryStorage()
    put(storage, json.dumps(hostile))
    with counted_hashes() as hashes, pytest.raises((CorruptRecord, InvalidCode)) as end:
        new_kit(storage).redeem("alice", codes[0])
    assert len(hashes) == (0 if isinstance(end.value, CorruptRecord) else 1)
    assert not (costly and hashes)


def test_the_largest_set_that_a_policy_allows_fits_into_a_document():
    """64 codes, the longest key id, every code spent under the longest attempt id."""
    storage = MemoryStorage()
    kit = new_kit(
        storage,
        policy=Policy(count=64, format=CodeFormat.base32(24, check=True), hasher=KeyedHasher()),
        keyring=Keyring({"k" * 64: b"0123456789abcdef"}),
    )
    awkward = count()
    codes = kit.issue("alice", attempt='"' * 128).codes
    for code in codes:
        kit.redeem("alice", code, attempt=f"{next(awkward):03}" + '"\\' * 62)
    document = storage.load(ALICE).document
    assert len(document.encode()) <= MAX_DOCUMENT_BYTES
    widest = Argon2idHasher(memory_kib=4_194_304, time_cost=64, parallelism=64)
    surplus = len(f"argon2id$v=19$m={widest.memory_kib},t=64,p=64,") - len("hmac-sha256$")
    assert len(document.encode()) + 64 * surplus <= MAX_DOCUMENT_BYTES
    assert kit.status("alice").state is SetState.EXHAUSTED


@pytest.mark.parametrize(
    "hasher", [CHEAP, Pbkdf2Hasher(iterations=1_000)], ids=["argon2id", "pbkdf2"]
)
@given(typed=ANY_TEXT)
@settings(max_examples=20)
def test_every_hasher_takes_whatever_is_typed(hasher, typed):
    """The same for each way of hashing, in a format that takes nearly any digits."""
    kit = new_kit(
        policy=Policy(count=COUNT, hasher=hasher, format=CodeFormat.digits(8), accept=WEAK)
    )
    kit.issue("alice")
    with pytest.raises(RedemptionRefused):
        kit.redeem("alice", typed)


# --- A storage that misbehaves -------------------------------------------------------------------


class Misbehaving(MemoryStorage):
    """Does as `MemoryStorage` does, but for some of its steps, counted from 0.

    A step is a load or a commit. ``act(step, do)`` stands in for each step from ``first`` on, for
    as many as ``times``; ``do()`` is what it would have done.
    """

    def __init__(self):
        super().__init__()
        self.steps = 0
        self.act = None
        self.first = self.times = 0

    def misbehave(self, act, *, first, times):
        self.steps, self.act, self.first, self.times = 0, act, first, times

    def heal(self):
        self.act = None

    def load(self, subject):
        return self._step("load", lambda: MemoryStorage.load(self, subject))

    def commit(self, subject, change):
        return self._step("commit", lambda: MemoryStorage.commit(self, subject, change))

    def commit_within(self, subject, change, within):
        return self._step(
            "commit", lambda: MemoryStorage.commit_within(self, subject, change, within)
        )

    def _step(self, kind, do):
        step, self.steps = self.steps, self.steps + 1
        if self.act is not None and self.first <= step < self.first + self.times:
            return self.act(kind, do)
        return do()


class Unforeseen(Exception):
    """An exception that no library knows."""


class Falsy(Exception):
    """An exception that is false, as one that counts its details may be."""

    def __bool__(self):
        return False


def raising(make, *, after):
    """Raise an exception before or after the step has done its work."""

    def act(kind, do):
        if after:
            do()
        raise make()

    return act


def answering(answer, *, after, kinds=("load", "commit")):
    """Answer something else, before or after the step has done its work."""

    def act(kind, do):
        if kind not in kinds:
            return do()
        if after:
            do()
        return answer

    return act


ERRORS = {
    "unforeseen": Unforeseen,
    "value": ValueError,
    "stop": StopIteration,
    "generator exit": GeneratorExit,
    "falsy": Falsy,
    "refusal": InvalidCode,
    "corrupt": CorruptRecord,
    "storage": lambda: StorageError("down"),
    "unknown": OutcomeUnknown,
    "interrupt": KeyboardInterrupt,
    "exit": SystemExit,
}
GARBAGE = {
    "none": None,
    "one": 1,
    "zero": 0,
    "text": "True",
    "object": object(),
    "tuple": ("r", "d"),
    "change": Change(expected=None, revision="r", document=None, events=(), summary=None),
}
RECORDS = {
    "no revision": Record(revision=None, document=REAL),
    "revision of bytes": Record(revision=b"r", document=REAL),
    "empty revision": Record(revision="", document=REAL),
    "document of bytes": Record(revision="r", document=REAL.encode()),
    "no document": Record(revision="r", document=None),
}
FAULTS = {
    **{
        f"{name} {'after' if after else 'before'}": raising(make, after=after)
        for name, make in ERRORS.items()
        for after in (False, True)
    },
    **{
        # To a load, None is a proper answer: that nothing is stored.
        f"answer {name} {'after' if after else 'before'}": answering(
            answer, after=after, kinds=("commit",) if answer is None else ("load", "commit")
        )
        for name, answer in GARBAGE.items()
        for after in (False, True)
    },
    **{
        f"record with {name}": answering(record, after=False, kinds=("load",))
        for name, record in RECORDS.items()
    },
    "lost": answering(False, after=False, kinds=("commit",)),
}
# A storage that says "certainly not" about what it did breaks its contract, and no caller can
# tell: of such a one only the retry is expected to tell the truth.
FALSE_DENIALS = {"storage after", "corrupt after"}
# The longest call over a storage that heals takes four steps; the fault lasts for some of them.
SPANS = tuple((step, times) for step in range(5) for times in (1, 2, 4))
everything = pytest.mark.parametrize("fault", FAULTS)


def attempt_under_fault(storage, call, *, fault, step, times):
    """Call while the storage misbehaves; return the value and the error, one of them None."""
    storage.misbehave(FAULTS[fault], first=step, times=times)
    try:
        return call(), None
    except (RecoveryKitError, KeyboardInterrupt, SystemExit, GeneratorExit) as error:
        return None, error
    finally:
        storage.heal()


class FaultyKit(RecoveryKit):
    """A kit over a storage of its own that can be told to misbehave."""

    def __init__(self):
        self.storage = Misbehaving()
        super().__init__(self.storage, policy=POLICY, clock=ManualClock(START))


def check_redemption(kit, subject, fault, **span):
    storage = kit.storage
    codes = kit.issue(subject).codes

    value, error = attempt_under_fault(
        storage,
        lambda: kit.redeem(subject, codes[0], attempt=ATTEMPT),
        fault=fault,
        **span,
    )

    claimed = len(claims_in(storage, subject))
    assert kit.status(subject).remaining == COUNT - claimed
    assert kit.status(subject).failures == 0
    if value is not None:
        assert claimed == 1
    elif isinstance(error, RecoveryKitError) and not isinstance(error, OutcomeUnknown):
        assert claimed == 0 or fault in FALSE_DENIALS
    again = kit.redeem(subject, codes[0], attempt=ATTEMPT)
    assert (again.replayed, again.remaining) == (claimed == 1, COUNT - 1)
    assert kit.redeem(subject, codes[1]).remaining == 0


@everything
def test_a_redemption_over_a_failing_storage_is_told_or_can_be_retried(fault):
    """No success unstored; healed, the set has lost nothing; the same attempt tells the truth."""
    kit = FaultyKit()
    for step, times in SPANS:
        check_redemption(kit, f"user {step} {times}", fault, step=step, times=times)


def check_guess(kit, subject, fault, **span):
    storage = kit.storage
    codes, wrong = kit.issue(subject).codes, FOREIGN[0]

    value, error = attempt_under_fault(
        storage, lambda: kit.redeem(subject, wrong), fault=fault, **span
    )

    assert value is None
    status = kit.status(subject)
    assert status.failures in {0, 1}
    if isinstance(error, RedemptionRefused):
        assert isinstance(error, InvalidCode)
        assert status.failures == 1
    elif isinstance(error, StorageError) and not isinstance(error, OutcomeUnknown):
        assert status.failures == 0 or fault in FALSE_DENIALS
    assert kit.redeem(subject, codes[0]).remaining == COUNT - 1


@everything
def test_a_wrong_guess_over_a_failing_storage_is_told_only_if_it_is_counted(fault):
    """A guess is answered only where its count is stored; and one call counts once."""
    kit = FaultyKit()
    for step, times in SPANS:
        check_guess(kit, f"user {step} {times}", fault, step=step, times=times)


def check_issue(kit, subject, fault, replace, **span):
    storage = kit.storage
    old = kit.issue(subject).codes if replace else ()

    def issue():
        return kit.issue(subject, replace=replace, attempt=ATTEMPT)

    value, error = attempt_under_fault(storage, issue, fault=fault, **span)

    status = kit.status(subject)
    assert status.remaining in ({COUNT} if replace else {0, COUNT})
    if value is None and isinstance(error, StorageError) and not isinstance(error, OutcomeUnknown):
        assert fault in FALSE_DENIALS or status.total == len(old)
        assert fault in FALSE_DENIALS or all(kit.redeem(subject, code) for code in old)
    if value is None:
        value = issue()
        for code in old:
            with pytest.raises(InvalidCode):
                kit.redeem(subject, code)
    assert [kit.redeem(subject, code).ordinal for code in value.codes] == [0, 1]


def check_end(kit, subject, fault, verb, **span):
    storage = kit.storage
    code = kit.issue(subject).codes[0]
    ended = {"revoke": SetState.REVOKED, "erase": SetState.NONE, "status": SetState.ACTIVE}[verb]

    _, error = attempt_under_fault(
        storage, lambda: getattr(kit, verb)(subject), fault=fault, **span
    )

    state = kit.status(subject).state
    assert state in {ended, SetState.ACTIVE}
    if error is None:
        assert state is ended or "record with" in fault
    getattr(kit, verb)(subject)
    assert kit.status(subject).state is ended
    if verb == "status":
        assert kit.redeem(subject, code).remaining == COUNT - 1


@everything
@pytest.mark.parametrize("replace", [False, True], ids=["first", "replacing"])
def test_an_issue_over_a_failing_storage_leaves_one_whole_set(fault, replace):
    """The old set or a new one stands, whole; whoever was told codes has codes that count."""
    kit = FaultyKit()
    for step, times in SPANS:
        check_issue(kit, f"user {step} {times}", fault, replace, step=step, times=times)


@everything
@pytest.mark.parametrize("verb", ["revoke", "erase", "status"])
def test_ending_a_set_over_a_failing_storage_is_whole_and_can_be_repeated(fault, verb):
    """Done or not done, never half; what was reported done is done; and again is fine."""
    kit = FaultyKit()
    for step, times in SPANS:
        check_end(kit, f"user {step} {times}", fault, verb, step=step, times=times)


@pytest.mark.parametrize("revision", [None, ["r"]], ids=repr)
def test_a_revision_that_is_no_text_is_a_failure_of_the_storage(revision):
    """A storage that hands out what is no revision ends every verb in an error of ours."""

    class Foreign(MemoryStorage):
        def load(self, subject):
            return Record(revision=revision, document=REAL)

    for verb in ("issue", "redeem", "revoke", "erase"):
        with pytest.raises(RecoveryKitError):
            VERBS[verb](new_kit(Foreign()), "alice")


def test_a_storage_that_always_loses_ends_in_an_error_and_writes_nothing():
    """Bounded tries: then an error of ours, and the code is as it was."""
    storage = Misbehaving()
    kit = new_kit(storage)
    code = kit.issue("alice").codes[0]
    before = MemoryStorage.load(storage, ALICE)
    storage.misbehave(FAULTS["lost"], first=0, times=1_000)
    with counted_hashes() as hashes, pytest.raises(StorageError):
        kit.redeem("alice", code)
    storage.heal()
    assert len(hashes) == 1
    assert storage.load(ALICE) == before


@pytest.mark.parametrize("thing", [None, 7, "sqlite://", object()], ids=type)
def test_what_is_no_storage_is_refused_when_the_kit_is_made(thing):
    """A storage without its two methods is noticed before anything is asked of it."""
    with pytest.raises(InvalidArgument):
        RecoveryKit(thing, policy=POLICY)


# --- The host's function -------------------------------------------------------------------------

HOST_ERRORS = {
    **ERRORS,
    "invalid argument": lambda: InvalidArgument("the host's own"),
    "type": TypeError,
}


@pytest.fixture(params=["memory", "sqlite"])
def hosting(request):
    """A storage that can run the host's function in its transaction."""
    return MemoryStorage() if request.param == "memory" else request.getfixturevalue("sqlite")


@pytest.mark.parametrize("name", HOST_ERRORS)
def test_what_the_host_raises_passes_through_and_spends_nothing(hosting, name):
    """The very object, whatever its class; the function called once; the code unspent."""
    kit = new_kit(hosting)
    subject = f"within {name}"
    code = kit.issue(subject, replace=True).codes[0]
    raised, calls = HOST_ERRORS[name](), []

    def fail(connection):
        calls.append(connection)
        raise raised

    with pytest.raises(BaseException) as passed:  # noqa: PT011 - identity is asserted below
        kit.redeem(subject, code, within=fail)
    assert passed.value is raised
    assert len(calls) == 1
    assert kit.status(subject).remaining == COUNT
    assert kit.status(subject).failures == 0
    assert kit.redeem(subject, code, within=lambda connection: None).remaining == COUNT - 1


def test_what_the_host_raises_keeps_its_cause(hosting):
    """What the host said with ``raise ... from`` is for the host's log, and stays."""
    kit = new_kit(hosting)
    code = kit.issue("caused", replace=True).codes[0]
    cause = LookupError("why")

    def fail(connection):
        raise Unforeseen from cause

    with pytest.raises(Unforeseen) as passed:
        kit.redeem("caused", code, within=fail)
    assert passed.value.__cause__ is cause


@pytest.mark.parametrize("function", [7, "text"])
def test_what_cannot_be_called_spends_nothing(function):
    """A host's slip in ``within`` is an error, and the code is unspent."""
    kit = new_kit()
    code = kit.issue("alice").codes[0]
    with pytest.raises(InvalidArgument):
        kit.redeem("alice", code, within=function)
    assert kit.status("alice").remaining == COUNT


@pytest.mark.parametrize("keys", [[b"k" * 16], b"k" * 16, None, 7], ids=type)
def test_what_is_no_mapping_of_keys_is_no_keyring(keys):
    """A keyring made of anything else is refused by our own error."""
    with pytest.raises(RecoveryKitError):
        Keyring(keys)


@pytest.mark.parametrize("keyring", [{"k": b"k" * 16}, b"k" * 16, "k"], ids=type)
def test_what_is_no_keyring_is_refused_when_the_kit_is_made(keyring):
    """A bare key in the place of a keyring is noticed before a code is bound to nothing."""
    with pytest.raises(RecoveryKitError):
        new_kit(keyring=keyring)
