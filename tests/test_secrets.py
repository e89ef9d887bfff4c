"""The canary: known codes, digests and keys, and no trace of them anywhere but where they belong.

Where they belong: ``Issued.codes``, the argument of the caller's own frame, and what is stored.
"""

import copy
import hashlib
import io
import json
import logging
import pickle
import re
import traceback
import warnings
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import argon2.low_level
import pytest
from argon2.exceptions import HashingError
from sqlalchemy import make_url

import recoverykit
from recoverykit import (
    Argon2idHasher,
    CodeAlreadyUsed,
    CodesAlreadyIssued,
    CorruptRecord,
    Finding,
    HashLimits,
    InvalidArgument,
    InvalidCode,
    Keyring,
    MalformedCode,
    ManagementLocked,
    MissingExtra,
    NoActiveCodes,
    OutcomeUnknown,
    Overloaded,
    Pbkdf2Hasher,
    Policy,
    PolicyError,
    RecoveryKit,
    RecoveryKitError,
    SetDisabled,
    StorageError,
    Subject,
    Throttle,
    TooManyAttempts,
    UnknownKey,
)
from recoverykit.core.masked import Masked
from recoverykit.storage import Change
from recoverykit.storage.memory import MemoryStorage
from recoverykit.storage.sql import SQLStorage
from recoverykit.testing import ManualClock

SOURCE = Path(recoverykit.__file__).parent
START = datetime(2026, 11, 22, 12, tzinfo=UTC)
CHEAP = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)
WEAK = frozenset({"A5-C-KDF"})  # tests shall not take long
KEY, OTHER_KEY = b"pepper-canary-0123456789", b"other-canary-9876543210"
SESSION = "session-canary-5f0c1d9e7b"
JUNK = "hunter2 is what a person types by mistake"
FRAGMENT = 6  # symbols of a code's secret that may not be shown in a row
DIGEST_FRAGMENT = 12  # characters of a digest in base64: 72 bits
LOGGERS = ("", "recoverykit", "sqlalchemy", "psycopg", "pymysql", "argon2")


class Canary:
    """Everything that must not be seen, and the search for it.

    A fragment that is spelled in hexadecimal alone is not looked for: ids would be taken for it.
    """

    def __init__(self):
        self._exact = {}
        self._folded = {}
        self.add_key(KEY)
        self.add_key(OTHER_KEY)
        self._exact[SESSION] = "a session's id"
        self._folded[JUNK.upper().replace(" ", "")] = "what was typed"

    def add_codes(self, codes):
        for code in codes:
            canonical = code.replace("-", "")
            for at in range(1, len(canonical) - FRAGMENT):
                fragment = canonical[at : at + FRAGMENT]
                if not set(fragment) <= set("0123456789ABCDEF"):
                    self._folded[fragment] = "a code"

    def add_document(self, document):
        for line in re.findall(r'"(\$[^"]+)"', document):
            self.add_bytes("a digest", b64decode(line.rpartition("$")[2] + "="))

    def add_key(self, key):
        self.add_bytes("a key", key)
        for label in (b"recoverykit/1/code", b"recoverykit/1/seal"):
            self.add_bytes("a subkey", hmac_sha256(key, label))

    def add_bytes(self, name, secret):
        base64 = b64encode(secret).rstrip(b"=").decode()
        for at in range(len(base64) - DIGEST_FRAGMENT + 1):
            self._exact[base64[at : at + DIGEST_FRAGMENT]] = name
        self._exact[repr(secret)[2:-1]] = name
        self._folded[secret.hex().upper()] = name

    def found_in(self, texts):
        """Return what is seen in the texts, and in which of them."""
        found = set()
        for text in set(texts):
            folded = re.sub("[- ]", "", text.upper())
            found |= {(name, text) for needle, name in self._exact.items() if needle in text}
            found |= {(name, text) for needle, name in self._folded.items() if needle in folded}
        return found


def hmac_sha256(key, message):
    return recoverykit.core.keyring.hmac.digest(key, message, hashlib.sha256)


def shown(thing):
    """Return every way in which a value shows itself without being asked for its fields."""
    return [repr(thing), str(thing), f"{thing}", f"{thing!s:.9999}", f"{thing!a}"]


def told(error):
    """Return all that an exception tells: its chain, its notes, its fields, our frames' locals."""
    texts, seen, queue = [], [], [error]
    while queue:
        each = queue.pop()
        if each is None or any(each is one for one in seen):
            continue
        seen.append(each)
        queue += [each.__cause__, each.__context__]
        texts += [*shown(each), repr(each.args), repr(vars(each))]
        texts += getattr(each, "__notes__", [])
        texts += locals_of_ours(each.__traceback__)
        texts += traceback.format_exception_only(each)
    return texts


def locals_of_ours(trace):
    """Return the locals of each frame of a traceback that runs code of the library."""
    ours = [
        frame
        for frame, _ in traceback.walk_tb(trace)
        if Path(frame.f_code.co_filename).is_relative_to(SOURCE)
    ]
    return [
        f"{frame.f_code.co_name}: {name} = {safe_repr(value)}"
        for frame in ours
        for name, value in frame.f_locals.items()
    ]


def safe_repr(value):
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - a debugger goes on as well
        return f"no repr: {error!r}"


class Everything(logging.Handler):
    """Keeps what a log file, and a collector that looks at the arguments, would have."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.texts = []

    def emit(self, record):
        self.texts += [record.getMessage(), repr(record.args), repr(vars(record))]
        if record.exc_info and record.exc_info[1]:
            self.texts += told(record.exc_info[1])


@pytest.fixture
def logged():
    """Every log record from the lowest level up."""
    handler = Everything()
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    yield handler.texts
    logging.getLogger().removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.fixture(autouse=True)
def steady_entropy(monkeypatch):
    """The same codes in every run, so that no fragment of them is a word of a message by chance."""
    blocks = count()

    def token_bytes(size):
        return hashlib.shake_256(b"canary %d" % next(blocks)).digest(size)

    monkeypatch.setattr("secrets.token_bytes", token_bytes)


class Stage:
    """A kit with a canary in everything that is secret, and all that comes out of it."""

    def __init__(self, storage):
        self.canary = Canary()
        self.storage = storage
        self.clock = ManualClock(START)
        self.events, self.values, self.errors = [], [], []
        self.kit = self.open()

    def open(self, *, storage=None, key_id="canary", key=KEY, accept_unsealed=False, **options):
        policy = {
            "count": 3,
            "hasher": CHEAP,
            "accept": WEAK,
            "throttle": Throttle(free=2, disable_after=4),
            "expires_after": timedelta(days=30),
        }
        return RecoveryKit(
            storage or self.storage,
            policy=Policy(**(policy | options.pop("policy", {}))),
            keyring=Keyring({key_id: key}, accept_unsealed=accept_unsealed),
            clock=self.clock,
            on_event=self.events.append,
            **options,
        )

    def issue(self, subject, **options):
        issued = self.kit.issue(subject, **options)
        self.values.append(issued)
        self.canary.add_codes(issued.codes)
        self.canary.add_document(self.storage.load(Subject(subject)).document)
        return issued.codes

    def gain(self, call):
        self.values.append(call())

    def fail(self, kind, call):
        try:
            call()
        except kind as error:
            self.errors.append(error)
        else:
            pytest.fail(f"{kind} was not raised")

    def told(self):
        return [text for error in self.errors for text in told(error)]


def play(stage):
    """Drive every verb through its success and every refusal that it knows."""
    kit = stage.kit
    foreign = stage.issue("mallory")
    codes = stage.issue("alice", attempt="issue-1", context={"actor": "alice"})
    play_refusals_of_arguments(stage, codes)
    stage.fail(CodesAlreadyIssued, lambda: kit.issue("alice"))
    stage.gain(lambda: kit.redeem("alice", codes[0], attempt="a-1", context={"source": "::1"}))
    stage.gain(lambda: kit.redeem("alice", codes[0], attempt="a-1"))
    stage.gain(lambda: kit.status("alice"))
    typo = codes[1][:-1] + ("0" if codes[1][-1] != "0" else "1")
    for typed in (typo, codes[1][:-1], codes[1] + "U", JUNK, JUNK.encode(), codes[1].encode()):
        stage.fail(MalformedCode, lambda typed=typed: kit.redeem("alice", typed))
        stage.gain(lambda typed=typed: kit.recognises(typed))
    stage.fail(CodeAlreadyUsed, lambda: kit.redeem("alice", codes[0]))
    stage.fail(InvalidCode, lambda: kit.redeem("alice", foreign[1]))
    stage.fail(TooManyAttempts, lambda: kit.redeem("alice", codes[1]))
    for _ in range(2):
        stage.clock.advance(timedelta(days=2))
        stage.fail(InvalidCode, lambda: kit.redeem("alice", foreign[2]))
    stage.fail(SetDisabled, lambda: kit.redeem("alice", codes[1]))
    stage.gain(lambda: kit.revoke("alice"))
    play_lifecycle(stage)
    play_ends(stage)


def play_lifecycle(stage):
    """Unlock, issue, confirm and rotate, each of them refused as well."""
    policy = {"management": "unlock", "confirm": True, "rotate": True}
    before, stage.kit = stage.kit, stage.open(policy=policy)
    kit = stage.kit
    for bad in (SESSION + "\ud800", SESSION * 50, SESSION.encode(), None):
        stage.fail(InvalidArgument, lambda bad=bad: kit.unlock("leo", session=bad))
        stage.fail(InvalidArgument, lambda bad=bad: kit.lock("leo", session=bad))
    stage.fail(ManagementLocked, lambda: kit.issue("leo", session=SESSION))
    stage.fail(ManagementLocked, lambda: kit.revoke("leo", session=SESSION))
    stage.gain(lambda: kit.unlock("leo", session=SESSION))
    codes = stage.issue("leo", session=SESSION)
    stage.fail(NoActiveCodes, lambda: kit.redeem("leo", codes[0]))
    stage.fail(MalformedCode, lambda: kit.confirm("leo", JUNK))
    stage.fail(InvalidCode, lambda: kit.confirm("leo", foreign_code(stage)))
    stage.gain(lambda: kit.confirm("leo", codes[0]))
    stage.gain(lambda: kit.confirm("leo", codes[0]))
    redemption = kit.redeem("leo", codes[0], attempt="rotated")
    stage.values.append(redemption)
    stage.canary.add_codes(redemption.replacement.codes)
    stage.canary.add_document(stage.storage.load(Subject("leo")).document)
    stage.gain(lambda: kit.redeem("leo", codes[0], attempt="rotated"))
    stage.gain(lambda: kit.lock("leo", session=SESSION))
    stage.fail(ManagementLocked, lambda: kit.revoke("leo", session=SESSION))
    stage.kit = before


def foreign_code(stage):
    codes = Stage(MemoryStorage()).issue("mallory")
    stage.canary.add_codes(codes)
    return codes[0]


def play_refusals_of_arguments(stage, codes):
    kit = stage.kit
    for bad in ({"attempt": ""}, {"attempt": "\x00"}, {"context": 7}, {"within": 7}):
        stage.fail(
            (InvalidArgument, TypeError), lambda bad=bad: kit.redeem("alice", codes[1], **bad)
        )
    stage.fail(InvalidArgument, lambda: kit.redeem("", codes[1]))
    stage.fail(InvalidArgument, lambda: kit.redeem(7, codes[1]))

    def host(connection):
        raise LookupError("the host's own")

    stage.fail(LookupError, lambda: kit.redeem("alice", codes[1], within=host))


def play_ends(stage):
    kit = stage.kit
    stage.fail(NoActiveCodes, lambda: kit.redeem("nobody", stage.issue("bob")[0]))
    for code in stage.issue("eve"):
        stage.gain(lambda code=code: kit.redeem("eve", code))
    stage.fail(NoActiveCodes, lambda: kit.redeem("eve", code))
    revoked = stage.issue("eve")
    stage.gain(lambda: kit.revoke("eve"))
    stage.fail(NoActiveCodes, lambda: kit.redeem("eve", revoked[0]))
    late = stage.issue("eve")
    other = stage.open(key_id="other", key=OTHER_KEY)
    stage.fail(UnknownKey, lambda: other.redeem("eve", late[0]))
    stage.gain(lambda: other.status("eve"))
    stage.clock.advance(timedelta(days=31))
    stage.fail(NoActiveCodes, lambda: kit.redeem("eve", late[0]))
    stage.gain(lambda: kit.status("eve"))
    stage.gain(lambda: kit.erase("bob"))
    play_damage(stage)


def play_damage(stage):
    codes = stage.issue("damaged")
    record = stage.storage.load(Subject("damaged"))
    document = json.loads(record.document)["content"]
    document["active"]["codes"][0]["digest"] = "$x" + document["active"]["codes"][0]["digest"]
    trusting = stage.open(accept_unsealed=True)
    for kit, text in (
        (trusting, json.dumps(document)),
        (stage.kit, json.dumps(document)),
        (stage.kit, record.document.replace('"use":null', '"use": null', 1)),
        (stage.kit, record.document[:-1]),
    ):
        revision = stage.storage.load(Subject("damaged")).revision
        change = Change(
            expected=revision,
            revision=revision[::-1],
            document=text,
            events=(),
            summary=None,
        )
        assert stage.storage.commit(Subject("damaged"), change)
        stage.fail(CorruptRecord, lambda kit=kit: kit.redeem("damaged", codes[0]))
    stage.fail(CorruptRecord, lambda: stage.kit.status("damaged"))
    stage.fail(CorruptRecord, lambda: stage.kit.revoke("damaged"))
    stage.fail(CorruptRecord, lambda: stage.kit.issue("damaged", replace=True))
    stage.gain(lambda: stage.kit.erase("damaged"))


TABLES = count()


@pytest.fixture
def storage(url, logged):
    """An empty storage of each kind in turn; its engine is our own, and is told to log all."""
    if url is None:
        yield MemoryStorage()
        return
    with SQLStorage(url, prefix=f"canary_{next(TABLES)}_") as storage:
        storage.create_tables()
        yield storage


# --- The canary itself ---------------------------------------------------------------------------


def test_the_canary_is_found_where_it_is():
    """The search finds codes, fragments, digests, keys and locals; else it would prove nothing."""
    stage = Stage(MemoryStorage())
    codes = stage.issue("alice")
    document = stage.storage.load(Subject("alice")).document
    digest = b64decode(re.search(r"keyid=canary\$.{22}\$([A-Za-z0-9+/]{43})\"", document)[1] + "=")
    seen = (codes[0], codes[1].lower(), codes[2][2:11], document, repr(KEY), f"<{KEY.hex()}>")
    for text in (*seen, repr(digest), b64encode(digest).decode(), f"you typed {JUNK!r}"):
        assert stage.canary.found_in([text])
    assert not stage.canary.found_in([stage.kit.status("alice").codes.__repr__(), "alice"])


def test_the_locals_of_our_frames_are_found():
    """A frame of the library that holds a bare secret is noticed."""
    with pytest.raises(InvalidArgument) as refused:
        Subject("\x00 a local of ours")
    assert any("a local of ours" in text for text in told(refused.value))


# --- Every verb, every refusal, every storage ----------------------------------------------------


def test_nothing_that_comes_out_shows_a_secret(storage):
    """No repr, str or format of a result, of an event, or of what the host built the kit from."""
    stage = Stage(storage)
    play(stage)
    things = [stage.kit, stage.storage, Keyring({"a": KEY}), *stage.values, *stage.events]
    things += [storage.load(Subject("mallory")), Masked(KEY), Masked(JUNK), Policy(), HashLimits()]
    texts = [text for thing in things for text in shown(thing)]
    texts += [event.details() for event in stage.events]
    assert stage.canary.found_in(texts) == set()


def test_no_error_shows_a_secret(storage):
    """No message, argument, note, cause, context or local of ours, whatever was refused."""
    stage = Stage(storage)
    play(stage)
    assert len({type(error) for error in stage.errors}) >= 10
    assert stage.canary.found_in(stage.told()) == set()


def test_no_log_record_shows_a_secret(storage, logged):
    """At DEBUG, from all loggers, those of the database's driver and of our engine included."""
    stage = Stage(storage)
    play(stage)
    assert stage.canary.found_in(logged) == set()


def test_nothing_is_printed_and_no_warning_is_given(storage, capfd):
    """Standard output and standard error stay empty, and nothing warns."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        play(Stage(storage))
    assert [str(warning.message) for warning in warned] == []
    assert tuple(capfd.readouterr()) == ("", "")


def test_a_listener_that_fails_is_logged_by_its_type_alone(logged):
    """What a listener raises may quote what it was told: nothing of it reaches our log."""

    def listener(event):
        raise LookupError(f"{JUNK}: {event}")

    stage = Stage(MemoryStorage())
    kit = RecoveryKit(
        stage.storage, policy=Policy(hasher=CHEAP, accept=WEAK, count=3), on_event=listener
    )
    stage.canary.add_codes(kit.issue("alice").codes)
    assert any("LookupError" in text for text in logged)
    assert stage.canary.found_in(logged) == set()


# --- Pickles and copies --------------------------------------------------------------------------


def pickles_of(thing):
    """Return the pickles of a value, as texts; empty where it refuses."""
    texts = []
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        try:
            texts.append(pickle.dumps(thing, protocol).decode("latin-1"))
        except Exception:  # noqa: BLE001, S112 - refusing is right, however it is done
            continue
    return texts


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda stage: stage.values[0], id="issued"),
        pytest.param(lambda stage: stage.values[0].sheet(issuer="a", account="b"), id="sheet"),
        pytest.param(lambda stage: Keyring({"a": KEY}), id="keyring"),
        pytest.param(lambda stage: Masked(JUNK), id="masked"),
        pytest.param(lambda stage: stage.kit, id="kit"),
    ],
)
def test_what_holds_a_secret_can_be_neither_pickled_nor_copied(make):
    """A queue, a cache or a copy for a debugger never gets hold of one."""
    stage = Stage(MemoryStorage())
    stage.issue("alice")
    thing = make(stage)
    assert pickles_of(thing) == []
    assert pickles_of([thing]) == []
    with pytest.raises(TypeError):
        copy.deepcopy(thing)


def test_no_other_pickle_holds_a_secret():
    """What can be pickled, errors included, holds none: a record and a change are for storages."""
    stage = Stage(MemoryStorage())
    play(stage)
    things = [*stage.values, *stage.events, *stage.errors, Policy(), HashLimits(), Subject("a")]
    pickles = [text for thing in things for text in pickles_of(thing)]
    assert len(pickles) > 100
    assert stage.canary.found_in(pickles) == set()


ERRORS = [
    InvalidCode(retry_at=START),
    MalformedCode(),
    OutcomeUnknown("attempt-1"),
    UnknownKey("2026-11"),
    MissingExtra("sql"),
    PolicyError(Finding(rule="a", figure="b", mend="c")),
    InvalidArgument("no"),
    CorruptRecord("no"),
    Overloaded("no"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_crosses_into_another_process(error):
    """A worker's refusal reaches the one who waits for it, with its sentence and its facts."""
    arrived = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(arrived), str(arrived), vars(arrived)) == (type(error), str(error), vars(error))


# --- When the storage fails ----------------------------------------------------------------------


class Quoting(MemoryStorage):
    """A storage whose errors quote what it was given, like those of many drivers.

    Args:
        kind: the class of its errors.
        verb: the method that fails.
    """

    def __init__(self, kind, verb):
        super().__init__()
        self.fails = False
        self._kind, self._verb = kind, verb

    def load(self, subject):
        record = super().load(subject)
        if self.fails and self._verb == "load":
            raise self._quoting(record.document if record else "")
        return record

    def commit(self, subject, change):
        if self.fails and self._verb == "commit":
            raise self._quoting(change.document)
        return super().commit(subject, change)

    def _quoting(self, document):
        error = self._kind(document)
        error.add_note(f"while writing {document}")
        error.__cause__ = ValueError(document)
        return error


@pytest.mark.parametrize("verb", ["load", "commit"])
@pytest.mark.parametrize("kind", [KeyError, RuntimeError, OSError, StopIteration, ExceptionGroup])
def test_an_error_of_a_storage_that_quotes_the_document_is_not_passed_on(kind, verb, logged):
    """What a storage raises is named by its class alone, and not chained."""
    make = (
        (lambda text: ExceptionGroup(text, [ValueError(text)])) if kind is ExceptionGroup else kind
    )
    stage = Stage(Quoting(make, verb))
    codes = stage.issue("alice")
    stage.storage.fails = True
    run_all(stage, codes)
    assert stage.canary.found_in(stage.told() + logged) == set()


def run_all(stage, codes, *, kit=None):
    """Call every verb, some of which must fail; note each error, and require that it is ours."""
    kit = kit or stage.kit
    before = len(stage.errors)
    for call in (
        lambda: kit.redeem("alice", codes[0]),
        lambda: kit.redeem("alice", codes[0], within=lambda connection: None),
        lambda: kit.redeem("alice", foreign_code(stage)),
        lambda: kit.issue("alice", replace=True),
        lambda: kit.issue("carol"),
        lambda: kit.status("alice"),
        lambda: kit.revoke("alice"),
        lambda: kit.erase("alice"),
    ):
        try:
            stage.values.append(call())
        except RecoveryKitError as error:
            stage.errors.append(error)
    assert len(stage.errors) > before


SABOTAGE = {
    "no records": {"*": ["DROP TABLE recoverykit_records"]},
    "no events": {"*": ["DROP TABLE recoverykit_events"]},
    "an event too long": {
        "postgresql": [
            "DELETE FROM recoverykit_events",
            "ALTER TABLE recoverykit_events ALTER COLUMN details TYPE varchar(5)",
        ],
        "mysql": [
            "DELETE FROM recoverykit_events",
            "ALTER TABLE recoverykit_events MODIFY details VARCHAR(5)",
        ],
        "sqlite": [
            (
                "CREATE TRIGGER canary BEFORE INSERT ON recoverykit_events"
                " BEGIN SELECT RAISE(ABORT, 'too long'); END"
            )
        ],
    },
    "a constraint that quotes the row": {
        "postgresql": [
            "ALTER TABLE recoverykit_records ADD CHECK (remaining > 100) NOT VALID",
        ],
        "mysql": [
            "SET SESSION check_constraint_checks = 0",
            "ALTER TABLE recoverykit_records ADD CONSTRAINT c CHECK (remaining > 100)",
            "SET SESSION check_constraint_checks = 1",
        ],
        "sqlite": [
            (
                "CREATE UNIQUE INDEX canary ON recoverykit_records"
                " (CASE WHEN json(document) IS NULL THEN document ELSE 'one' END)"
            )
        ],
    },
    "a trigger that quotes the document": {
        "postgresql": [
            (
                "CREATE FUNCTION canary() RETURNS trigger LANGUAGE plpgsql AS"
                " 'BEGIN RAISE EXCEPTION USING MESSAGE = NEW.document, DETAIL = OLD.document,"
                " HINT = NEW.document; END'"
            ),
            (
                "CREATE TRIGGER canary BEFORE UPDATE ON recoverykit_records"
                " FOR EACH ROW EXECUTE FUNCTION canary()"
            ),
        ],
        "mysql": [
            (
                "CREATE TRIGGER canary BEFORE UPDATE ON recoverykit_records FOR EACH ROW"
                " BEGIN DECLARE quote TEXT; SET quote = RIGHT(NEW.document, 120);"
                " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = quote; END"
            ),
        ],
        "sqlite": [
            (
                "CREATE TRIGGER canary BEFORE UPDATE ON recoverykit_records"
                " BEGIN SELECT json_extract(NEW.document, NEW.document); END"
            )
        ],
    },
}
READ_ONLY: Mapping[str, Mapping[str, str]] = {
    "postgresql": {"options": "-cdefault_transaction_read_only=on"},
    "mysql": {"init_command": "SET SESSION TRANSACTION READ ONLY"},
    "sqlite": {"mode": "ro", "uri": "true"},
}


def backend_of(url):
    return make_url(url).get_backend_name().replace("mariadb", "mysql")


def read_only(url):
    """Return the address of the same database for one who may not write."""
    backend = backend_of(url)
    checked = make_url(url).update_query_dict(READ_ONLY[backend])
    if backend == "sqlite":
        checked = checked.set(database=f"file:{checked.database}")
    return checked


@pytest.mark.parametrize("name", SABOTAGE)
def test_no_error_of_a_database_shows_what_was_written(database_url, name, capfd):
    """Missing tables, values too long, constraints and triggers whose messages quote the row."""
    with SQLStorage(database_url) as storage:
        storage.create_tables()
        stage = Stage(storage)
        codes = stage.issue("alice")
        statements = SABOTAGE[name].get("*") or SABOTAGE[name][backend_of(database_url)]
        with storage._engine().connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
            connection.commit()
        run_all(stage, codes)
    assert stage.canary.found_in(stage.told()) == set()
    assert tuple(capfd.readouterr()) == ("", "")


def test_no_error_of_a_database_that_may_not_be_written_shows_what_was(database_url):
    """A missing permission is a failure of the storage, and quotes nothing."""
    with SQLStorage(database_url) as storage, SQLStorage(read_only(database_url)) as barred:
        storage.create_tables()
        stage = Stage(storage)
        codes = stage.issue("alice")
        kit = stage.open(storage=barred)
        run_all(stage, codes, kit=kit)
        assert {type(error) for error in stage.errors} == {StorageError}
        assert stage.kit.redeem("alice", codes[0]).remaining == 2
    assert stage.canary.found_in(stage.told()) == set()


def test_no_error_of_a_database_that_is_not_there_shows_its_password():
    """The address that cannot be reached is nobody's business: it holds a password."""
    url = f"postgresql://user:{JUNK.replace(' ', '')}@127.0.0.1:9/nowhere?connect_timeout=1"
    stage = Stage(MemoryStorage())
    with SQLStorage(url) as storage:
        texts = shown(storage)
        stage.fail(StorageError, lambda: stage.open(storage=storage).status("alice"))
    assert stage.canary.found_in(stage.told() + texts) == set()


# --- When hashing fails or is interrupted --------------------------------------------------------


@pytest.mark.parametrize("failure", [HashingError, MemoryError])
def test_a_hash_that_fails_shows_nothing(monkeypatch, failure):
    """No memory for a hash is `Overloaded`, without a trace of what was to be hashed."""
    stage = Stage(MemoryStorage())
    codes = stage.issue("alice")

    def fail(secret, *args, **kwargs):
        stage.canary.add_bytes("what is hashed", secret)
        raise failure(secret)

    monkeypatch.setattr(argon2.low_level, "hash_secret_raw", fail)
    stage.fail(Overloaded, lambda: stage.kit.redeem("alice", codes[0]))
    stage.fail(Overloaded, lambda: stage.kit.issue("bob"))
    assert stage.canary.found_in(stage.told()) == set()


@pytest.mark.parametrize("hasher", [CHEAP, Pbkdf2Hasher(iterations=1_000)], ids=lambda h: h.scheme)
@pytest.mark.parametrize("verb", ["redeem", "issue"])
def test_a_hash_that_is_interrupted_shows_nothing(monkeypatch, hasher, verb):
    """A signal during a hash (a worker's time limit) leaves no frame of ours with its input.

    Without a keyring that input is a fast hash of the code under a public key: as good as the code.
    """
    stage = Stage(MemoryStorage())
    kit = RecoveryKit(stage.storage, policy=Policy(hasher=hasher, count=3, accept=WEAK))
    codes = kit.issue("alice").codes
    stage.canary.add_codes(codes)

    def interrupt(*args, **kwargs):
        secret = args[1] if args[0] == "sha256" else args[0]
        stage.canary.add_bytes("what is hashed", secret)
        raise KeyboardInterrupt

    monkeypatch.setattr(argon2.low_level, "hash_secret_raw", interrupt)
    monkeypatch.setattr("hashlib.pbkdf2_hmac", interrupt)
    call = {"redeem": lambda: kit.redeem("alice", codes[0]), "issue": lambda: kit.issue("bob")}
    stage.fail(KeyboardInterrupt, call[verb])
    seen = {name for name, _ in stage.canary.found_in(stage.told())}
    assert seen == set()


# --- Keys ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "keys",
    [
        {"short": KEY[:15]},
        {"bad id": KEY},
        {7: KEY},
        {"": KEY},
        {"a": KEY, "b": OTHER_KEY},
        {"text": KEY.decode()},
        {"array": bytearray(KEY)},
        {"view": memoryview(KEY)},
        {"number": int.from_bytes(KEY)},
        {},
        [KEY],
        [("a", KEY)],
        KEY,
    ],
    ids=lambda keys: type(keys).__name__ + "".join(map(str, keys) if type(keys) is dict else ""),
)
def test_a_keyring_that_is_refused_shows_no_key(keys):
    """Whatever is wrong with the keys, neither the error nor a frame of ours shows one."""
    stage = Stage(MemoryStorage())
    stage.canary.add_bytes("a short key", KEY[:15])
    stage.canary.add_bytes("a number", str(int.from_bytes(KEY)).encode())
    stage.fail(Exception, lambda: Keyring(keys))
    assert stage.canary.found_in(stage.told()) == set()


def test_the_error_of_a_keyring_can_be_reported_with_locals():
    """A reporter that shows the locals of all frames is not itself stopped by one of ours."""
    with pytest.raises(PolicyError) as refused:
        Keyring({})
    report = traceback.TracebackException.from_exception(refused.value, capture_locals=True)
    assert "PolicyError" in "".join(report.format())


def test_a_bare_key_in_the_place_of_a_keyring_is_not_shown():
    """A host that forgot `Keyring` learns so without its key in a traceback."""
    stage = Stage(MemoryStorage())
    stage.fail(
        Exception,
        lambda: RecoveryKit(
            stage.storage, policy=Policy(hasher=CHEAP, accept=WEAK), keyring={"a": KEY}
        ).issue("bob"),
    )
    assert stage.canary.found_in(stage.told()) == set()


def test_a_masked_value_is_masked_in_every_container():
    """Neither a list nor a log line nor a printed value shows what is masked."""
    sink = io.StringIO()
    print([Masked(JUNK)], {"key": Masked(KEY)}, file=sink)
    texts = [sink.getvalue(), "%s %r" % (Masked(JUNK), Masked(KEY))]  # noqa: UP031 - as loggers do
    assert Canary().found_in(texts) == set()
    with pytest.raises(TypeError):
        hash(Masked(JUNK))
