"""One test for each published advisory or incident of this kind that the present scope reaches.

Each is numbered, as below; its docstring tells how others failed, and what happens here. Rows
about storage run on every storage.

===== ==================================================== ========================================
Row   What it is about                                     Where the rest of it, or all, is shown
===== ==================================================== ========================================
R4    the race of R3 on sets that wait for confirmation    ``test_advisories_lifecycle.py``
R7    one-off codes made by an administrator               there, on every storage
R9    codes made before the second factor was switched on  there, on every storage
R17   stored hashes accepted during an import              ``test_importing.py``, for every scheme
R18   fixed seeds, modulo bias                             the generator's own tests count symbols
R23   new codes that nobody saw                            ``test_advisories_lifecycle.py``
R31   an asynchronous memory storage that races            not here: there is no such storage yet
R32   an administrator's code that did not expire          ``test_advisories_lifecycle.py``, too
===== ==================================================== ========================================
"""

import ast
import contextlib
import json
import pickle
import re
import threading
from base64 import b64decode, b64encode
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count, islice, product
from pathlib import Path

import argon2.low_level
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymysql.constants import CLIENT
from sqlalchemy import create_engine, event, make_url, text
from sqlalchemy.exc import IntegrityError

import recoverykit
from recoverykit import (
    Argon2idHasher,
    CodeAlreadyUsed,
    CodeFormat,
    ConcurrentUpdate,
    CorruptRecord,
    HashLimits,
    InvalidCode,
    KeyedHasher,
    Keyring,
    MalformedCode,
    NoActiveCodes,
    OutcomeUnknown,
    Overloaded,
    Policy,
    PolicyError,
    RecoveryKit,
    RecoveryKitError,
    RedemptionRefused,
    SetDisabled,
    SetState,
    StorageError,
    Subject,
    Throttle,
    TooManyAttempts,
    UnknownKey,
)
from recoverykit.core.alphabet import Alphabet
from recoverykit.storage import Change, Record, Storage
from recoverykit.storage.memory import MemoryStorage
from recoverykit.storage.sql import SQLStorage
from recoverykit.testing import ManualClock

SOURCE = Path(recoverykit.__file__).parent
START = datetime(2026, 11, 22, 12, tzinfo=UTC)
CHEAP = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)
WEAK = frozenset({"A5-C-KDF"})  # tests shall not take long
# And some of them guess often, at short codes.
WEAKER = WEAK | {"N4-SRC-64", "N4-THR-100", "OCS-MFA-OTPHASH"}
KEY = b"0123456789abcdef"
ALICE = Subject("alice")
ROUNDS = 10
THREADS = 8


def new_kit(storage=None, *, clock=None, keyring=None, hashing=None, **policy):
    return RecoveryKit(
        storage or MemoryStorage(),
        policy=Policy(**({"count": 3, "hasher": CHEAP, "accept": WEAK} | policy)),
        keyring=keyring,
        clock=clock or ManualClock(START),
        hashing=hashing or HashLimits(queue=1_000),
    )


def end_of(call):
    """Return what a call returned, or the error of ours that it raised."""
    try:
        return call()
    except RecoveryKitError as error:
        return error


def at_once(*calls):
    """Run the calls in as many threads, all released by one barrier; return how each ended."""
    barrier = threading.Barrier(len(calls))

    def released(call):
        barrier.wait()
        return end_of(call)

    with ThreadPoolExecutor(len(calls)) as threads:
        return [*threads.map(released, calls)]


def kinds(ends):
    return Counter(type(end) for end in ends)


def foreign_codes(count=1):
    """Return codes of the right shape, check symbol included, that belong to nobody here."""
    return new_kit(count=count).issue("mallory").codes


class Place:
    """One kind of storage: `open` returns a new handle on the same data, where there is one.

    Memory has no second handle: its data are the handle's.
    """

    def __init__(self, url, stack, *, prefix):
        self._url, self._prefix, self._stack = url, prefix, stack
        self._memory = None if url else MemoryStorage()
        if url:
            self.open().create_tables()

    def open(self):
        if self._memory:
            return self._memory
        return self._stack.enter_context(SQLStorage(self._url, prefix=self._prefix))


TABLES = count()


@pytest.fixture
def place(url):
    """An empty storage of each kind in turn: tables of its own in a shared database."""
    with contextlib.ExitStack() as stack:
        yield Place(url, stack, prefix=f"place_{next(TABLES)}_")


@pytest.fixture
def hashes(monkeypatch):
    """The evaluations of Argon2id, as the parameters of each; they still do their work."""
    calls = []
    genuine = argon2.low_level.hash_secret_raw

    def counting(*args, **kwargs):
        calls.append(kwargs)
        return genuine(*args, **kwargs)

    monkeypatch.setattr(argon2.low_level, "hash_secret_raw", counting)
    return calls


def put(storage, document, subject=ALICE):
    """Store a document as somebody with access to the storage could."""
    standing = storage.load(subject)
    change = Change(
        expected=standing.revision if standing else None,
        revision="f" * 32,
        document=document,
        events=(),
        summary=None,
    )
    assert storage.commit(subject, change)


# --- A code is spent once ------------------------------------------------------------------------


def test_r01_cve_2026_31875_a_code_is_gone_after_its_success(place):
    """A used code was never removed; here the second try is refused, reopened or not."""
    codes = new_kit(place.open()).issue("alice").codes
    kit = new_kit(place.open())
    assert kit.redeem("alice", codes[0]).remaining == 2
    for storage in (place.open(), place.open()):
        with pytest.raises(CodeAlreadyUsed):
            new_kit(storage).redeem("alice", codes[0])
    assert new_kit(place.open()).status("alice").remaining == 2


def test_r02_cve_2025_67507_the_use_of_a_code_is_persisted(place):
    """The removal lived in memory only; here a new handle refuses the used code as well."""
    first = place.open()
    codes = new_kit(first).issue("alice").codes
    new_kit(first).redeem("alice", codes[0])
    if isinstance(first, SQLStorage):
        first.close()
    reopened = place.open()
    with pytest.raises(CodeAlreadyUsed):
        new_kit(reopened).redeem("alice", codes[0])
    document = json.loads(reopened.load(ALICE).document)
    assert [code["use"] is None for code in document["active"]["codes"]] == [False, True, True]


def test_r03_cve_2026_33624_parallel_redemptions_have_one_success(place):
    """Read, check, write let several requests through; here the commit decides, and one wins."""
    storage = place.open()
    kit = new_kit(storage, throttle=Throttle(free=100))
    for number in range(ROUNDS):
        subject = f"user {number}"
        code = kit.issue(subject).codes[0]
        ends = at_once(*[partial(kit.redeem, subject, code)] * THREADS)
        assert kinds(ends) == {recoverykit.Redemption: 1, CodeAlreadyUsed: THREADS - 1}
        assert kit.status(subject).remaining == 2


def test_r04_cve_2026_48505_redeeming_and_replacing_race_to_one_truth(place):
    """The first mend left the race open; here a spent code and a new set agree in any order."""
    storage = place.open()
    kit = new_kit(storage, throttle=Throttle(free=100))
    for number in range(ROUNDS):
        subject = f"user {number}"
        code = kit.issue(subject).codes[0]
        *redeemed, issued = at_once(
            *[partial(kit.redeem, subject, code)] * (THREADS - 1),
            partial(kit.issue, subject, replace=True),
        )
        assert kinds(redeemed)[recoverykit.Redemption] <= 1
        assert set(kinds(redeemed)) <= {recoverykit.Redemption, CodeAlreadyUsed, InvalidCode}
        assert {kit.redeem(subject, each).set_id for each in issued.codes} == {issued.set_id}


def story(storage):
    """Live through a set's life, and return how each step ended."""
    clock = ManualClock(START)
    kit = new_kit(storage, clock=clock, throttle=Throttle(free=2, disable_after=3))
    wrong, codes = foreign_codes()[0], kit.issue("alice").codes
    steps = [
        partial(kit.redeem, "alice", codes[0], attempt="a"),
        partial(kit.redeem, "alice", codes[0], attempt="a"),
        partial(kit.redeem, "alice", codes[0], attempt="b"),
        partial(kit.redeem, "alice", wrong),
        partial(kit.redeem, "alice", codes[1]),
        lambda: clock.advance(timedelta(seconds=30)),
        partial(kit.redeem, "alice", wrong),
        partial(kit.redeem, "alice", codes[1]),
        lambda: kit.revoke("alice"),
        partial(kit.issue, "alice"),
        partial(kit.issue, "alice", replace=True),
        partial(kit.redeem, "alice", codes[2]),
        lambda: kit.status("alice"),
        lambda: kit.erase("alice"),
        lambda: kit.status("alice"),
    ]
    transcript = []
    for step in steps:
        end = end_of(step)
        facts = {name: getattr(end, name, None) for name in ("remaining", "replayed", "failures")}
        transcript.append((type(end), getattr(end, "state", None), facts))
    return transcript


def test_r05_cve_2026_22751_every_storage_behaves_like_the_memory(place):
    """The SQL store raced where the memory store did not; here one story ends alike on all."""
    assert story(place.open()) == story(MemoryStorage())


def test_r06_cve_2026_20779_nothing_verifies_a_code_without_claiming_it():
    """One path checked a code and never recorded its use; here a single verb compares, and claims.

    Digests are compared in one place, where masked values are, in constant time. Confirming does
    verify without claiming, but only a set of which no code counts yet, or that was confirmed a
    moment ago, and a wrong guess at it is counted all the same. A storage can load and swap, and
    nothing else.
    """
    comparing = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "compare_digest"
    }
    assert comparing == {"core/masked.py"}
    assert {name for name in vars(Storage) if not name.startswith("_")} == {"load", "commit"}
    verbs = {name for name in dir(RecoveryKit) if not name.startswith("_")}
    assert verbs == {
        *("issue", "confirm", "redeem", "status", "revoke", "unlock", "lock"),
        *("erase", "erase_scopes", "reseal", "purge", "recognises"),
        *("import_codes", "import_hashes"),
    }
    pending = new_kit(confirm=True)
    code = pending.issue("alice").codes[0]
    assert pending.confirm("alice", code).remaining == 3
    assert pending.redeem("alice", code).remaining == 2
    assert new_kit().recognises(foreign_codes()[0])  # a shape, known to be nobody's


def test_r08_cve_2025_64175_a_code_belongs_to_one_subject(place):
    """Codes were looked up globally; here another's code is wrong, and unchanged for its owner."""
    kit = new_kit(place.open())
    mine = kit.issue("mallory").codes
    kit.issue("alice")
    for subject in ("alice", Subject("mallory", tenant="t"), Subject("mallory", scope="s")):
        with pytest.raises(RedemptionRefused):
            kit.redeem(subject, mine[0])
    assert kit.status("alice").remaining == kit.status("mallory").remaining == 3
    assert kit.redeem("mallory", mine[0]).remaining == 2


def test_r08_the_same_digests_under_another_subject_are_wrong():
    """Even with a row copied to the victim, an attacker's own codes are wrong there."""
    storage = MemoryStorage()
    kit = new_kit(storage)
    mine = kit.issue("mallory").codes
    put(storage, storage.load(Subject("mallory")).document)
    for code in mine:
        with pytest.raises(InvalidCode):
            kit.redeem("alice", code)


def test_r09_cve_2022_36071_no_earlier_set_outlives_a_revocation_or_a_new_one(place):
    """Codes made earlier stayed valid; here revoking leaves none, and a new set replaces all."""
    kit = new_kit(place.open(), throttle=Throttle(free=100))
    earlier = list(kit.issue("alice").codes)
    assert kit.revoke("alice").remaining == 0
    with pytest.raises(NoActiveCodes):
        kit.redeem("alice", earlier[0])
    for replace in (False, True, True):
        new = kit.issue("alice", replace=replace).codes
        for code in earlier:
            with pytest.raises(InvalidCode):
                kit.redeem("alice", code)
        earlier += new
    kit.revoke("alice")
    for code in earlier:
        with pytest.raises(NoActiveCodes):
            kit.redeem("alice", code)


# --- Guesses are counted -------------------------------------------------------------------------


class Broken(MemoryStorage):
    """A storage of which one method fails, by an exception or by an answer that means nothing."""

    def __init__(self):
        super().__init__()
        self.method = None
        self.fault = None

    def load(self, subject):
        return self._or_fail("load", lambda: MemoryStorage.load(self, subject))

    def commit(self, subject, change):
        return self._or_fail("commit", lambda: MemoryStorage.commit(self, subject, change))

    def _or_fail(self, method, do):
        if self.method != method:
            return do()
        if isinstance(self.fault, Exception):
            raise self.fault
        return self.fault


@pytest.mark.parametrize("fault", [OSError("down"), StorageError("down"), 7], ids=repr)
@pytest.mark.parametrize("method", ["load", "commit"])
def test_r10_cve_2021_41177_no_guess_is_answered_while_it_cannot_be_counted(method, fault):
    """The limit was off without its cache; here a guess that cannot be counted gets no answer."""
    storage = Broken()
    kit = new_kit(storage)
    codes, wrong = kit.issue("alice").codes, foreign_codes()[0]
    storage.method, storage.fault = method, fault
    for code in [wrong, codes[0]] * 10:
        with pytest.raises(StorageError):
            kit.redeem("alice", code)
    storage.method = None
    assert kit.status("alice").remaining == 3


def test_r11_ezbookkeeping_070_no_new_session_brings_new_guesses(place):
    """The budget hung on a short-lived token; here it is the subject's, and outlives handles."""
    wrong = foreign_codes()[0]
    code = new_kit(place.open()).issue("alice").codes[0]
    clock = ManualClock(START)
    for number in range(5):
        kit = new_kit(place.open(), clock=clock)
        with pytest.raises(InvalidCode):
            kit.redeem("alice", wrong, attempt=f"session {number}")
        kit.status("alice")
        kit.recognises(wrong)
        end_of(partial(kit.issue, "alice"))
    for number in range(5):
        with pytest.raises(TooManyAttempts):
            new_kit(place.open(), clock=clock).redeem("alice", code, attempt=f"again {number}")
    assert kit.status("alice").failures == 5


def test_r11_a_remembered_attempt_brings_no_guess_during_a_lock():
    """The id of a success lets its code through a delay, and no other code."""
    kit = new_kit()
    codes, wrong = kit.issue("alice").codes, foreign_codes()[0]
    kit.redeem("alice", codes[0], attempt="remembered")
    for _ in range(5):
        end_of(partial(kit.redeem, "alice", wrong))
    for typed in (wrong, codes[1]):
        with pytest.raises(TooManyAttempts):
            kit.redeem("alice", typed, attempt="remembered")
    assert kit.redeem("alice", codes[0], attempt="remembered").replayed
    assert (kit.status("alice").failures, kit.status("alice").remaining) == (5, 2)


def test_r12_parse_server_10266_parallel_wrong_guesses_lose_no_count(place):
    """Parallel guesses lost increments; here at most five are judged, and none goes uncounted."""
    kit = new_kit(place.open())
    for number in range(ROUNDS):
        subject, wrong = f"user {number}", foreign_codes()[0]
        kit.issue(subject)
        ends = at_once(*[partial(kit.redeem, subject, wrong)] * THREADS)
        assert kinds(ends) == {InvalidCode: 5, TooManyAttempts: THREADS - 5}
        assert kit.status(subject).failures == 5


def test_r12_a_success_among_wrong_guesses_erases_no_later_failure(place):
    """A success resets the count that it saw; a failure that comes after it stays counted."""
    kit = new_kit(place.open())
    for number in range(ROUNDS // 2):
        subject, wrong = f"user {number}", foreign_codes()[0]
        code = kit.issue(subject).codes[0]
        *guesses, right = at_once(
            *[partial(kit.redeem, subject, wrong)] * (THREADS - 1),
            partial(kit.redeem, subject, code),
        )
        judged = kinds(guesses)[InvalidCode]
        status = kit.status(subject)
        if isinstance(right, TooManyAttempts):
            assert (judged, status.failures, status.remaining) == (5, 5, 3)
        else:
            assert status.remaining == 2
            assert status.failures <= judged <= status.failures + 4


@pytest.mark.parametrize("typed", ["123456", "123 456", "1234567", "12345678", "000000", "cccccc"])
def test_r13_django_otp_110_a_one_time_password_charges_no_recovery_attempt(typed):
    """Another factor's right code counted as a failure; here its shape is told apart for free."""
    kit = new_kit()
    kit.issue("alice")
    assert not kit.recognises(typed)
    for _ in range(10):
        with pytest.raises(MalformedCode):
            kit.redeem("alice", typed)
    assert kit.status("alice").failures == 0


@pytest.mark.parametrize(
    "typed",
    ["", " ", "-", "\x00", "\t\n", "--- ---", None, b"", b"\x00", [], 0, False, "0" * 100_000],
    ids=lambda typed: repr(typed)[:10],
)
def test_r14_keycloak_26104_nothing_empty_is_a_code(typed):
    """An empty field became an empty code; here no caller hands in codes, and no emptiness fits."""
    kit = new_kit()
    assert all(len(code) == 17 for code in kit.issue("alice").codes)
    for subject in ("alice", "nobody"):
        with pytest.raises(MalformedCode):
            kit.redeem(subject, typed)
    assert kit.status("alice").remaining == 3


def test_r15_keycloak_26106_codes_can_be_used_in_any_order(place):
    """Only "the next" code was compared; here the selector finds the code, in any order."""
    kit = new_kit(place.open(), count=10)
    codes = kit.issue("alice").codes
    order = [7, 0, 9, 2, 1, 5, 4, 8, 6, 3]
    assert [kit.redeem("alice", codes[number]).ordinal for number in order] == order
    assert kit.status("alice").state is SetState.EXHAUSTED


def test_r16_keycloak_26180_a_lock_is_told_and_grows():
    """After the lock guessing went on as before; here each further failure doubles the delay."""
    clock = ManualClock(START)
    kit = new_kit(clock=clock)
    code, wrong = kit.issue("alice").codes[0], foreign_codes()[0]
    for _ in range(4):
        assert end_of(partial(kit.redeem, "alice", wrong)).retry_at is None
    waits = []
    while len(waits) < 96:
        failed = end_of(partial(kit.redeem, "alice", wrong))
        if isinstance(failed, SetDisabled) or kit.status("alice").state is SetState.DISABLED:
            break
        waits.append(failed.retry_at - clock())
        locked = end_of(partial(kit.redeem, "alice", code))
        assert isinstance(locked, TooManyAttempts)
        assert locked.retry_at == failed.retry_at
        clock.advance(waits[-1])
    seconds = [30 * 2**n for n in range(12)]
    assert [wait.total_seconds() for wait in waits[:12]] == seconds
    assert set(waits[12:]) == {timedelta(hours=24)}
    assert len(waits) == 95
    with pytest.raises(SetDisabled):
        kit.redeem("alice", code)


# --- What is stored ------------------------------------------------------------------------------


def texts_in(value):
    """Return every text and number inside a JSON value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner)
    elif value is not None:
        yield str(value)


def spellings(stored):
    """Return a stored text in the forms in which somebody might hand it in."""
    yield stored
    yield from stored.split("$")
    for part in (stored, *stored.split("$")):
        yield part.encode().hex()
        yield b64encode(part.encode()).decode()
        with contextlib.suppress(ValueError):
            raw = b64decode(part + "=" * (-len(part) % 4), validate=True)
            yield raw.hex()
            yield raw.hex().upper()
            yield str(int.from_bytes(raw))


FORMATS = {
    "default": CodeFormat.default(),
    "digits": CodeFormat.digits(12),
    "hex": CodeFormat.hex(32),
    "hex64": CodeFormat.hex(64),
    "base32": CodeFormat.base32(52),
    "alphanumeric": CodeFormat.alphanumeric(22),
    "words": CodeFormat.words(5),
}


@pytest.mark.parametrize("name", FORMATS)
def test_r17_simple_login_2132_no_stored_form_is_a_code(name):
    """The stored hash was accepted as a code; here no field, in any encoding, spends anything."""
    storage = MemoryStorage()
    patient = Throttle(free=1_000, disable_after=1_000)
    kit = new_kit(storage, format=FORMATS[name], throttle=patient, accept=WEAKER)
    kit.issue("alice")
    document = storage.load(ALICE).document
    for stored in {document, *texts_in(json.loads(document))}:
        for spelling in spellings(stored):
            assert isinstance(end_of(partial(kit.redeem, "alice", spelling)), RedemptionRefused)
    assert kit.status("alice").remaining == 3


@given(stored=st.data())
@settings(max_examples=50)
def test_r17_no_piece_of_a_stored_form_is_a_code(stored):
    """Any slice of the stored document, as text, in hex or in base64, is refused."""
    storage = MemoryStorage()
    kit = new_kit(storage, format=CodeFormat.hex(16), throttle=Throttle(free=100))
    kit.issue("alice")
    document = storage.load(ALICE).document
    start = stored.draw(st.integers(0, len(document) - 1))
    length = stored.draw(st.integers(1, 90))
    for spelling in spellings(document[start : start + length]):
        with pytest.raises(RedemptionRefused):
            kit.redeem("alice", spelling)


def test_r18_openrisk_240_no_two_sets_share_a_code():
    """A fixed seed gave every user the same codes; here no two sets of any two kits coincide."""
    kits = [new_kit(), new_kit()]
    sets = [kit.issue(f"user {n}").codes for n in range(50) for kit in kits]
    codes = [code[1:-1] for codes in sets for code in codes]
    assert len(set(codes)) == len(codes) == 300


def test_r18_the_only_source_of_randomness_is_secrets():
    """Nothing imports a generator that can be seeded, nor draws from the system by another way.

    What checks others may, and nothing of the library imports it.
    """
    imported, drawn = set(), set()
    for path in sorted(set(SOURCE.rglob("*.py")) - set((SOURCE / "testing").rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
            elif isinstance(node, ast.Attribute):
                drawn.add(node.attr)
    assert not imported & {"random", "numpy", "uuid", "_random"}
    assert not drawn & {"urandom", "getrandom", "uuid1", "uuid4", "SystemRandom", "seed"}
    assert "secrets" in imported


TINY = [
    CodeFormat.digits(2),
    CodeFormat.digits(3, check=True),
    CodeFormat.hex(2, selector=True, check=True),
    CodeFormat.base32(2, check=True),
    CodeFormat.alphanumeric(2, check=True),
    CodeFormat(alphabet=Alphabet.CROCKFORD32, length=2, selector=True, check=True, group=2),
]


@pytest.mark.parametrize("tiny", TINY, ids=lambda tiny: f"{tiny.alphabet.value}-{tiny.length}")
def test_r19_nodebb_126_the_declared_entropy_is_that_of_the_codes(tiny):
    """Less entropy came out than was meant; here the declared space is what can come out."""
    ordinal = 0 if tiny.selector else None
    secrets_of = product(range(tiny.alphabet.order), repeat=tiny.length)
    encoded = [tiny.encode(ordinal=ordinal, secret=secret) for secret in secrets_of]
    codes = {code.reveal() for code in encoded if code is not None}
    assert len(codes) == sum(code is not None for code in encoded) == tiny.space
    assert 2**tiny.entropy_bits == pytest.approx(len(codes))


def test_r19_too_little_entropy_is_refused_by_name():
    """A setting below the floor is an error when the kit is made, not a warning."""
    for code_format in (*TINY, CodeFormat.digits(5), CodeFormat.hex(4)):
        with pytest.raises(PolicyError) as refused:
            new_kit(format=code_format)
        rules = [finding.rule for finding in refused.value.findings]
        assert rules == ["N4-LS-MIN", "N4-SRC-64", "OCS-MFA-OTPHASH"]
    with pytest.raises(PolicyError) as refused:
        new_kit(hasher=KeyedHasher(), keyring=Keyring({"k": KEY}))
    assert [finding.rule for finding in refused.value.findings] == ["N4-LS-112"]
    assert CodeFormat.default().entropy_bits == 65


# --- When something fails ------------------------------------------------------------------------


class Interrupted(MemoryStorage):
    """A storage whose next commit fails before, at or after its write."""

    def __init__(self):
        super().__init__()
        self.fails = None

    def commit(self, subject, change):
        fails, self.fails = self.fails, None
        if fails == "before":
            raise StorageError("refused")
        landed = super().commit(subject, change) if fails in {None, "after", "denied"} else False
        if fails:
            raise OutcomeUnknown if fails != "denied" else KeyboardInterrupt
        return landed


@pytest.mark.parametrize("fails", ["before", "at", "after", "denied"])
def test_r20_cudly_1916_no_success_without_a_stored_claim(fails):
    """Persisting failed and access was granted; here a success is a stored claim, or no success."""
    storage = Interrupted()
    kit = new_kit(storage)
    code = kit.issue("alice").codes[0]
    storage.fails = fails
    ends = []
    for _ in range(3):
        try:
            ends.append(end_of(partial(kit.redeem, "alice", code, attempt="one")))
        except KeyboardInterrupt as interrupt:
            ends.append(interrupt)
    told = [end for end in ends if isinstance(end, recoverykit.Redemption)]
    assert sum(not end.replayed for end in told) == (fails != "denied")
    assert told
    assert kit.status("alice").remaining == 2
    with pytest.raises(CodeAlreadyUsed):
        kit.redeem("alice", code, attempt="another")


def test_r21_gladys_199_a_host_that_fails_gets_the_code_back(place):
    """The code was gone and the session never came; here both land together, or neither does."""
    storage = place.open()
    kit = new_kit(storage)
    code = kit.issue("alice").codes[0]
    with pytest.raises(InvalidCode):
        kit.redeem("alice", foreign_codes()[0])
    rows = SessionRows(storage)

    def fail(connection):
        rows.insert(connection)
        raise LookupError("no session today")

    with pytest.raises(LookupError):
        kit.redeem("alice", code, within=fail)
    assert (rows.count(), kit.status("alice").remaining) == (0, 3)
    assert kit.status("alice").failures == 1
    assert kit.redeem("alice", code, within=rows.insert).remaining == 2
    assert (rows.count(), kit.status("alice").failures) == (1, 0)


class SessionRows:
    """A table of the host's beside ours; in memory a list, whose undoing is the host's affair."""

    def __init__(self, storage):
        self._engine = storage._engine() if isinstance(storage, SQLStorage) else None
        self._rows = []
        if self._engine:
            with self._engine.begin() as connection:
                connection.execute(text("CREATE TABLE session_rows (id INTEGER)"))

    def insert(self, connection):
        if self._engine:
            connection.execute(text("INSERT INTO session_rows VALUES (1)"))
        else:
            self._rows.append(1)

    def count(self):
        if self._engine:
            with self._engine.connect() as connection:
                return connection.execute(text("SELECT count(*) FROM session_rows")).scalar()
        return len(self._rows) - 1 if len(self._rows) > 1 else 0


def test_r22_yuzu_4173_two_replaces_leave_the_winners_codes(place):
    """Twenty live codes or none were left; here one set is live, and the loser is told."""
    kit = new_kit(place.open(), throttle=Throttle(free=100))
    for number in range(ROUNDS):
        subject = f"user {number}"
        kit.issue(subject)
        ends = at_once(*[partial(kit.issue, subject, replace=True)] * 4)
        assert set(kinds(ends)) <= {recoverykit.Issued, ConcurrentUpdate}
        assert kit.status(subject).total == kit.status(subject).remaining == 3
        live = [end for end in ends if not isinstance(end, ConcurrentUpdate)]
        outcome = [
            [end_of(partial(kit.redeem, subject, code)) for code in end.codes] for end in live
        ]
        assert [isinstance(o[0], recoverykit.Redemption) for o in outcome].count(True) == 1


@pytest.mark.parametrize("fails", ["before", "at", "after", "denied"])
def test_r22_a_crash_leaves_a_whole_old_or_a_whole_new_set(fails):
    """Deleting and inserting crashed in between; here one swap holds the old set or the new."""
    storage = Interrupted()
    kit = new_kit(storage)
    old = kit.issue("alice")
    storage.fails = fails
    with contextlib.suppress(StorageError, KeyboardInterrupt):
        kit.issue("alice", replace=True, attempt="replace")
    document = json.loads(storage.load(ALICE).document)
    assert len(document["active"]["codes"]) == 3
    assert (document["active"]["id"] == old.set_id) == (fails == "before")
    new = kit.issue("alice", replace=True, attempt="replace")
    assert [kit.redeem("alice", code).ordinal for code in new.codes] == [0, 1, 2]


# --- Keys, bytes, texts --------------------------------------------------------------------------


def test_r24_nocturne_1235_a_rotated_key_is_told_apart_from_a_wrong_code(place):
    """Rotating a key killed all codes silently; here old keys verify, a missing one is named.

    A document is sealed anew by each commit, so that after the first redemption the new key is the
    one that cannot be missed; the other codes are still bound to the old one.
    """
    storage = place.open()
    old = new_kit(storage, keyring=Keyring({"old": KEY}))
    codes = old.issue("alice").codes
    both = new_kit(storage, keyring=Keyring({"old": KEY, "new": KEY[::-1]}, primary="new"))
    assert both.redeem("alice", codes[0]).remaining == 2
    assert both.status("alice").stale
    with pytest.raises(UnknownKey, match="'new'"):
        old.redeem("alice", codes[1])
    assert old.status("alice").missing_keys == ("new",)
    dropped = new_kit(storage, keyring=Keyring({"new": KEY[::-1]}))
    for code in (codes[1], codes[0]):
        with pytest.raises(UnknownKey) as unknown:
            dropped.redeem("alice", code)
        assert unknown.value.key_id == "old"
    assert dropped.status("alice").missing_keys == ("old",)
    assert dropped.status("alice").failures == 0
    assert both.redeem("alice", codes[1]).remaining == 1


def test_r25_better_auth_7231_the_other_codes_are_not_rewritten(place):
    """The rest was saved in another form and became useless; here its bytes stay as they were."""
    storage = place.open()
    codes = new_kit(storage, count=5).issue("alice").codes
    other = new_kit(storage, hasher=Argon2idHasher(memory_kib=16, time_cost=2, parallelism=1))
    before = stored_codes(storage)
    for number, code in enumerate(codes):
        other.redeem("alice", code)
        after = stored_codes(storage)
        assert after[number + 1 :] == before[number + 1 :]
        assert [c.partition('"use"')[0] for c in after] == [c.partition('"use"')[0] for c in before]


def stored_codes(storage):
    return re.findall(r'\{"ordinal".*?"use":(?:null|\{.*?\})\}', storage.load(ALICE).document)


SEPARATORS = ["", "-", " ", "--", "\u2013", "\u2014", "\u2212", "\u00a0", "\u2009", "\u200b", "\n"]
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


STYLES = st.tuples(st.integers(0, 59), st.booleans(), st.sampled_from(SEPARATORS))
MARKS = st.sampled_from(["", "1. ", "1) ", "(1) ", "#1 ", "\u2022 ", "  "])


@given(styles=st.lists(STYLES, min_size=15, max_size=15), mark=MARKS)
def test_r26_silverstripe_435_every_spelling_of_a_code_is_that_code(styles, mark):
    """Dashes, case or full-width digits were refused; here every spelling is the one code."""
    kit = new_kit()
    spelled = mark
    code = kit.issue("alice").codes[0].replace("-", "")
    for symbol, (choice, is_wide, separator) in zip(code, styles, strict=True):
        alike = {"0": "0Oo", "1": "1IiLl"}.get(symbol, symbol + symbol.lower())
        chosen = alike[choice % len(alike)]
        spelled += (chosen.translate(FULL_WIDTH) if is_wide else chosen) + separator
    assert kit.redeem("alice", spelled).ordinal == 0


# --- The cost of a guess -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code_format", [CodeFormat.default(), CodeFormat.digits(8)], ids=["s", "d"]
)
@pytest.mark.parametrize("count", [1, 10, 32])
def test_r27_paramant_379_every_guess_costs_one_hash(hashes, code_format, count):
    """A wrong guess cost as many hashes as there were codes; here any guess costs one."""
    clock = ManualClock(START)
    patient = Throttle(free=1_000, disable_after=1_000)
    policy = {"format": code_format, "throttle": patient, "expires_after": timedelta(days=1)}
    policy["accept"] = WEAKER
    kit = new_kit(clock=clock, count=count, **policy)
    wrong = new_kit(count=count, **policy).issue("mallory").codes[0]
    codes = kit.issue("alice").codes
    spent = kit.issue("exhausted").codes
    for code in spent:
        kit.redeem("exhausted", code)
    revoked = kit.issue("revoked").codes[0]
    kit.revoke("revoked")
    assert {len(line) for line in map(repr, hashes)} == {len(repr(hashes[0]))}

    def cost(subject, code, kind):
        del hashes[:]
        assert isinstance(end_of(partial(kit.redeem, subject, code)), kind)
        return len(hashes)

    assert cost("nobody", wrong, NoActiveCodes) == 1
    assert cost("alice", wrong, InvalidCode) == 1
    assert cost("exhausted", spent[0], NoActiveCodes) == 1
    assert cost("exhausted", wrong, NoActiveCodes) == 1
    assert cost("revoked", revoked, NoActiveCodes) == 1
    assert cost("alice", codes[-1], recoverykit.Redemption) == 1
    if count > 1:
        assert cost("alice", codes[-1], CodeAlreadyUsed) == 1
        assert cost("alice", codes[0], recoverykit.Redemption) == 1
    clock.advance(timedelta(days=1))
    assert cost("alice", codes[0], NoActiveCodes) == 1


def test_r27_a_selector_that_names_no_code_costs_one_hash(hashes):
    """A code of a larger set than the subject has is wrong at the same price."""
    kit = new_kit(count=3)
    kit.issue("alice")
    beyond = new_kit(count=10).issue("mallory").codes[9]
    del hashes[:]
    with pytest.raises(InvalidCode):
        kit.redeem("alice", beyond)
    assert len(hashes) == 1


def test_r27_what_is_not_judged_costs_no_hash(hashes):
    """A typing error, a lock and a disabled set are refused for nothing."""
    kit = new_kit(throttle=Throttle(free=1, disable_after=2))
    disabling = new_kit(throttle=Throttle(free=1, disable_after=1))
    wrong = foreign_codes()[0]
    locked, disabled = kit.issue("alice").codes[0], disabling.issue("alice").codes[0]
    end_of(partial(kit.redeem, "alice", wrong))
    end_of(partial(disabling.redeem, "alice", wrong))
    del hashes[:]
    for call, kind in (
        (partial(kit.redeem, "alice", locked[:-1]), MalformedCode),
        (partial(kit.redeem, "nobody", "123456"), MalformedCode),
        (partial(kit.redeem, "alice", locked), TooManyAttempts),
        (partial(disabling.redeem, "alice", disabled), SetDisabled),
    ):
        assert isinstance(end_of(call), kind)
    assert hashes == []


def test_r27_a_call_that_goes_round_does_not_hash_again(hashes):
    """Losing a swap to somebody else costs no second hash."""
    storage = Interrupted()
    kit = new_kit(storage)
    code = kit.issue("alice").codes[0]
    del hashes[:]
    storage.fails = "at"
    assert kit.redeem("alice", code).remaining == 2
    assert len(hashes) == 1


def test_r28_keycloak_28477_no_more_hashes_run_than_the_limit_allows(monkeypatch):
    """Parallel Argon2 exhausted the memory; here two run, two wait, the rest is told at once."""
    running, most, lock = set(), [], threading.Lock()
    entered, gate = threading.Semaphore(0), threading.Event()
    genuine = argon2.low_level.hash_secret_raw

    def watched(*args, **kwargs):
        me = object()
        with lock:
            running.add(me)
            most.append(len(running))
        entered.release()
        gate.wait(30)
        with lock:
            running.discard(me)
        return genuine(*args, **kwargs)

    kit = new_kit(hashing=HashLimits(concurrency=2, queue=2), throttle=Throttle(free=100))
    kit.issue("alice")
    wrong = foreign_codes()[0]
    monkeypatch.setattr(argon2.low_level, "hash_secret_raw", watched)
    with ThreadPoolExecutor(THREADS) as threads:
        calls = [
            threads.submit(end_of, partial(kit.redeem, "alice", wrong)) for _ in range(THREADS)
        ]
        for _ in range(2):
            assert entered.acquire(timeout=30)
        # Whoever has a place waits at the gate: the first to be done are those who got none.
        first = islice(as_completed(calls, timeout=30), THREADS - 4)
        turned_away = [call.result() for call in first]
        gate.set()
        ends = [call.result() for call in calls]
    assert kinds(turned_away) == {Overloaded: THREADS - 4}
    assert kinds(ends) == {Overloaded: THREADS - 4, InvalidCode: 4}
    assert max(most) == 2
    assert kit.status("alice").failures == 4


def test_r28_model_hotel_552_stored_parameters_above_the_cap_are_not_hashed(hashes):
    """Parameters parsed from a stored hash were believed; here they are capped before any work."""
    storage = MemoryStorage()
    kit = new_kit(storage)
    codes = kit.issue("alice").codes
    document = storage.load(ALICE).document.replace("m=8,t=1", "m=4194304,t=64")
    put(storage, document)
    del hashes[:]
    with pytest.raises(CorruptRecord):
        kit.redeem("alice", codes[0])
    assert kit.status("alice").stale
    assert hashes == []


# --- Databases -----------------------------------------------------------------------------------

LEVELS = {
    "sqlite": ["SERIALIZABLE", "READ UNCOMMITTED", "AUTOCOMMIT"],
    "postgresql": ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE", "AUTOCOMMIT"],
    "mysql": [
        "READ UNCOMMITTED",
        "READ COMMITTED",
        "REPEATABLE READ",
        "SERIALIZABLE",
        "AUTOCOMMIT",
    ],
}


def backend_of(url):
    return make_url(url).get_backend_name().replace("mariadb", "mysql")


@contextlib.contextmanager
def host_engine(url, **options):
    if backend_of(url) == "sqlite":
        options["connect_args"] = {"timeout": 30}
    engine = create_engine(url, pool_size=THREADS, **options)
    try:
        yield engine
    finally:
        engine.dispose()


def check_one_success(storage, *, rounds=3):
    """Race redemptions and wrong guesses, and see that one success and every failure counts."""
    kit = new_kit(storage, throttle=Throttle(free=100))
    wrong = foreign_codes()[0]
    for number in range(rounds):
        subject = f"user {number}"
        code = kit.issue(subject, replace=True).codes[0]
        right = at_once(*[partial(kit.redeem, subject, code)] * (THREADS // 2))
        assert kinds(right) == {recoverykit.Redemption: 1, CodeAlreadyUsed: THREADS // 2 - 1}
        failed = kit.status(subject).failures
        assert kinds(at_once(*[partial(kit.redeem, subject, wrong)] * (THREADS // 2))) == {
            InvalidCode: THREADS // 2
        }
        assert kit.status(subject).failures == failed + THREADS // 2


def test_r29_superset_44091_no_isolation_level_of_a_host_lets_two_win(database_url):
    """A decision was taken on a pinned snapshot; here the guarded write decides, at every level."""
    for level in LEVELS[backend_of(database_url)]:
        with host_engine(database_url, isolation_level=level) as engine:
            storage = SQLStorage(engine, prefix=level.lower().replace(" ", "_"))
            storage.create_tables()
            check_one_success(storage, rounds=1)


@pytest.mark.parametrize(
    "database_url", [pytest.param("mariadb", marks=pytest.mark.server)], indirect=True
)
@pytest.mark.parametrize("found_rows", [True, False])
def test_r29_ichnaea_990_counting_changed_or_matched_rows_is_the_same(database_url, found_rows):
    """Row counts meant matched or changed rows; here every write changes its row, so both agree."""
    flag = CLIENT.FOUND_ROWS if found_rows else 0
    with host_engine(database_url, connect_args={"client_flag": flag}) as engine:
        storage = SQLStorage(engine)
        storage.create_tables()
        check_one_success(storage)


def test_r29_jentic_529_two_writers_of_one_sqlite_file_wait_for_each_other(tmp_path):
    """A deferred lock failed at once; here writers begin at once with the lock, and wait."""
    url = f"sqlite:///{tmp_path / 'two.db'}"
    with SQLStorage(url) as one, SQLStorage(url) as two:
        one.create_tables()
        kits = [new_kit(one, throttle=Throttle(free=100)), new_kit(two)]
        for code in kits[0].issue("alice").codes[:2]:
            ends = at_once(*[partial(k.redeem, "alice", code) for k in kits * 2])
            assert kinds(ends) == {recoverykit.Redemption: 1, CodeAlreadyUsed: 3}


# MySQL and MariaDB check no constraint at COMMIT.
@pytest.mark.parametrize(
    "database_url",
    ["sqlite", pytest.param("postgresql", marks=pytest.mark.server)],
    indirect=True,
)
def test_r29_grafana_290_a_commit_that_is_refused_is_no_success(database_url):
    """The refusal came at COMMIT, after success was told; here it is the host's error, unspent."""
    calls = []

    def orphan(connection):
        calls.append(connection)
        connection.execute(text("INSERT INTO children VALUES (7)"))

    with host_engine(database_url) as engine:
        if backend_of(database_url) == "sqlite":
            event.listen(engine, "connect", enforce_foreign_keys)
        storage = SQLStorage(engine)
        storage.create_tables()
        with engine.begin() as connection:
            for statement in DEFERRED:
                connection.execute(text(statement))
        kit = new_kit(storage)
        code = kit.issue("alice").codes[0]
        with pytest.raises(IntegrityError):
            kit.redeem("alice", code, within=orphan)
        assert len(calls) == 1
        assert kit.status("alice").remaining == 3
        assert kit.redeem("alice", code).remaining == 2


DEFERRED = (
    "CREATE TABLE parents (id INTEGER PRIMARY KEY)",
    "CREATE TABLE children (id INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)",
)


def enforce_foreign_keys(driver, _):
    driver.execute("PRAGMA foreign_keys = ON")


# --- The rest ------------------------------------------------------------------------------------


def test_r30_bottle_34_no_event_or_repr_holds_a_code_and_what_is_shown_parses(place):
    """An event carried the code, a page showed ``b'..'``; here only `codes` shows any."""
    events = []
    storage = place.open()
    kit = RecoveryKit(
        storage, policy=Policy(count=3, hasher=CHEAP, accept=WEAK), on_event=events.append
    )
    issued = kit.issue("alice")
    kit.redeem("alice", issued.codes[0])
    end_of(partial(kit.redeem, "alice", issued.codes[0]))
    told = " ".join([repr(issued), str(issued), repr(kit.status("alice")), repr(events)])
    told += " ".join(event.details() for event in events)
    digests = re.findall(r"\$([A-Za-z0-9+/]{43})\"", storage.load(ALICE).document)
    assert len(digests) == 3
    for secret in (
        *issued.codes,
        *(code.replace("-", "")[1:-1] for code in issued.codes),
        *digests,
    ):
        assert secret not in told
    for code in issued.codes:
        assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{5}(-[0-9A-HJKMNP-TV-Z]{5}){2}", code)
        assert CodeFormat.default().matches(f"{code}")
    with pytest.raises(TypeError):
        pickle.dumps(issued)


REVISIONS = st.sampled_from([None, "a", "b", "c"])
SUBJECTS = st.sampled_from(
    [ALICE, Subject("Alice"), Subject("alice", scope="s"), Subject("alice ")]
)
WRITES = st.tuples(
    SUBJECTS, REVISIONS, st.sampled_from(["a", "b", "c"]), st.sampled_from(["{}", None])
)


@given(writes=st.lists(WRITES, max_size=30))
def test_r31_limits_277_the_memory_storage_keeps_the_contract_of_all(writes):
    """The memory store alone was wrong; here it swaps exactly as a dictionary says it should."""
    storage, model = MemoryStorage(), {}
    for subject, expected, revision, document in writes:
        standing = model.get(subject)
        wins = expected == (standing.revision if standing else None)
        change = Change(
            expected=expected, revision=revision, document=document, events=(), summary=None
        )
        assert storage.commit(subject, change) is wins
        if wins and document is None:
            model.pop(subject, None)
        elif wins:
            model[subject] = Record(revision=revision, document=document)
        assert {each: storage.load(each) for each in model} == model


def test_r31_of_simultaneous_swaps_in_memory_one_wins():
    """The same under threads: of all writers on one revision one is told that it won."""
    storage = MemoryStorage()
    expected = None
    for number in range(ROUNDS * 10):
        changes = [
            Change(
                expected=expected, revision=f"{number}-{n}", document="{}", events=(), summary=None
            )
            for n in range(THREADS)
        ]
        won = at_once(*[lambda c=c: storage.commit(ALICE, c) for c in changes])
        assert sorted(won) == [False] * (THREADS - 1) + [True]
        expected = changes[won.index(True)].revision
        assert storage.load(ALICE).revision == expected


def test_r32_twofactor_admin_401_expiry_is_exact_on_both_sides_of_the_instant(place):
    """A code promised to expire did not; here the claim itself looks at the clock."""
    clock = ManualClock(START)
    kit = new_kit(place.open(), clock=clock, expires_after=timedelta(hours=48))
    issued = kit.issue("alice")
    assert issued.expires_at == START + timedelta(hours=48)
    clock.advance(timedelta(hours=48) - timedelta.resolution)
    assert kit.redeem("alice", issued.codes[0]).remaining == 2
    clock.advance(timedelta.resolution)
    with pytest.raises(NoActiveCodes):
        kit.redeem("alice", issued.codes[1])
    assert kit.status("alice").state is SetState.EXPIRED
    assert kit.status("alice").remaining == 0
    assert kit.issue("alice").expires_at == clock() + timedelta(hours=48)


def test_r32_a_set_that_expires_while_its_code_is_hashed_is_not_redeemed(monkeypatch):
    """The time that counts is the one after the hash."""
    clock = ManualClock(START)
    kit = new_kit(clock=clock, expires_after=timedelta(hours=48))
    code = kit.issue("alice").codes[0]
    genuine = argon2.low_level.hash_secret_raw

    def slow(*args, **kwargs):
        clock.advance(timedelta(hours=48))
        return genuine(*args, **kwargs)

    monkeypatch.setattr(argon2.low_level, "hash_secret_raw", slow)
    with pytest.raises(NoActiveCodes):
        kit.redeem("alice", code)
    assert kit.status("alice").last_used_at is None
