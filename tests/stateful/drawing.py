"""What the machine draws: subjects, rules, plans for the keys; and their form in the library."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st

from recoverykit import (
    Argon2idHasher,
    CodeFormat,
    KeyedHasher,
    Keyring,
    Policy,
    RecoveryKit,
    Subject,
    Throttle,
)
from recoverykit.storage.memory import MemoryStorage
from tests.stateful.accounts import LONG_ENOUGH, Rules
from tests.stateful.reading import BASE58, BASE64, CROCKFORD, DIGITS, HEX, LONG, SHAPES
from tests.weak import WEAK

_SECOND, _MINUTE = timedelta(seconds=1), timedelta(minutes=1)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)

# (tenant, id, scope): one id in other realms, and what sloppy comparisons take for the same.
SUBJECTS = (
    ("", "alice", ""),
    ("acme", "alice", ""),
    ("", "alice", "phone"),
    ("", "alice ", ""),
    ("", "Alice", ""),
    ("", "al'ice\"; --", "\u00e9"),
    ("", "al'ice\"; --", "e\u0301"),
)
ATTEMPTS = (None, "a", "b")
SESSIONS = ("monday", "monday", "tuesday")
SPANS = (timedelta.resolution, _SECOND, 30 * _SECOND, 10 * _MINUTE, _HOUR, _DAY)
STEPS_BACK = (-timedelta.resolution, -_SECOND, -5 * _MINUTE)

FORMATS = {
    CROCKFORD: CodeFormat.default(),
    DIGITS: CodeFormat.digits(12, group=4),
    HEX: CodeFormat.hex(16, selector=True),
    LONG: CodeFormat.alphanumeric(24, group=6),
    BASE58: CodeFormat.symbols(BASE58.symbols, 12, group=4),
    BASE64: CodeFormat.symbols(BASE64.symbols, 43),
}

# Each stage holds keys (the first of them signs), and may accept what is not sealed.
_OLD, _BOTH, _NEWEST, _NEW = ("k1",), ("k1", "k2"), ("k2", "k1"), ("k2",)
PLANS = (
    (((), False),),
    ((_OLD, False),),
    (((), False), (_OLD, True), (_OLD, False)),
    ((_OLD, False), (_BOTH, False), (_NEWEST, False), (_NEW, False)),
    (((), False), (_NEWEST, True), (_NEW, False)),
    ((_OLD, False), (_NEWEST, False), (_NEW, False)),
)
_KEYS = {"k1": b"one of 16 bytes.", "k2": b"another of them."}

rules = st.builds(
    Rules,
    count=st.sampled_from((3, 3, 3, 3, 3, 3, 3, 2, 2, 1, 1, 0)),
    shape=st.sampled_from((*SHAPES, LONG)),
    work=st.sampled_from((("argon2id", 1), ("argon2id", 2), ("hmac", 0), ("hmac", 0))),
    free=st.sampled_from((2, 1)),
    first_delay=st.just(30 * _SECOND),
    factor=st.sampled_from((2, 3)),
    max_delay=st.sampled_from((_HOUR, _MINUTE)),
    disable_after=st.sampled_from((6, 3)),
    low_at=st.sampled_from((1, 0, 3)),
    replay_for=st.sampled_from((10 * _MINUTE, timedelta(0))),
    expires_after=st.sampled_from((None, _DAY, 20 * _MINUTE)),
    confirm=st.booleans(),
    pending_for=st.sampled_from((_HOUR, 5 * _MINUTE)),
    rotate=st.booleans(),
    elevation=st.sampled_from((None, 5 * _MINUTE)),
    needs_unlock=st.sampled_from((False, False, False, True)),
    unlock_for=st.sampled_from((10 * _MINUTE, _MINUTE)),
    accepts_short=st.booleans(),
)


def at_stage(rules, stage):
    """Return the rules with the keys of a stage, and what must be granted to their own codes."""
    keys, accepts = stage
    if rules.work[0] == "hmac" and not (keys and rules.shape is LONG):
        rules = replace(rules, work=("argon2id", 1))
    if rules.shape.bits < LONG_ENOUGH:
        rules = replace(rules, accepts_short=True)
    return replace(rules, keys=keys, primary=keys[0] if keys else None, accepts_unsealed=accepts)


def keyring_of(rules):
    if not rules.keys:
        return None
    keys = {key: _KEYS[key] for key in rules.keys}
    return Keyring(keys, primary=rules.primary, accept_unsealed=rules.accepts_unsealed)


def policy_of(rules):
    kind, passes = rules.work
    return Policy(
        count=rules.count,
        format=FORMATS[rules.shape],
        hasher=KeyedHasher()
        if kind == "hmac"
        else Argon2idHasher(memory_kib=8, time_cost=passes, parallelism=1),
        throttle=Throttle(
            free=rules.free,
            first_delay=rules.first_delay,
            factor=rules.factor,
            max_delay=rules.max_delay,
            disable_after=rules.disable_after,
        ),
        low_at=rules.low_at,
        replay_for=rules.replay_for,
        expires_after=rules.expires_after,
        confirm=rules.confirm,
        pending_for=rules.pending_for,
        rotate=rules.rotate,
        elevation=rules.elevation,
        management="unlock" if rules.needs_unlock else "open",
        unlock_for=rules.unlock_for,
        accept=WEAK if rules.accepts_short else WEAK - {"N4-SRC-64"},
    )


def subject_of(who):
    tenant, id_, scope = who
    return Subject(id_, tenant=tenant, scope=scope)


def subjects_of(everybody):
    return tuple(map(subject_of, everybody))


def strangers():
    """Return codes of each shape that belong to nobody here, with selectors near and far."""
    cheap = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)
    codes = {}
    for shape, code_format in FORMATS.items():
        count = code_format.capacity or 4
        kit = RecoveryKit(
            MemoryStorage(),
            policy=Policy(count=count, format=code_format, hasher=cheap, accept=WEAK),
        )
        issued = kit.issue("mallory").codes
        codes[shape] = (*issued[:4], issued[-1])
    return codes


SPELLINGS = (
    "as shown",
    "without hyphens",
    "lower case",
    "upper case",
    "numbered",
    "spaced",
    "mistaken",
    "mistaken",
)
_MISTAKES = str.maketrans("0o1iL", "OOlIl")
ERRORS = ("one symbol", "too short", "too long", "a stranger in it", "far too long", "empty")


def spelt(shape, text, how):
    """Return a code as it may be typed, or with an error in it.

    Where the shape has no check symbol, one wrong symbol makes another code.
    """
    at = len(text) - 2
    other = shape.symbols[(shape.symbols.index(text[at]) + 1) % len(shape.symbols)]
    return {
        "as shown": text,
        "without hyphens": text.replace("-", ""),
        "lower case": text.lower(),
        "upper case": text.upper(),
        "numbered": "1. " + text,
        "mistaken": text.translate(_MISTAKES),
        "spaced": " " + text.replace("-", " ") + " ",
        "one symbol": text[:at] + other + text[at + 1 :],
        "too short": text[:-1],
        "too long": text + text[-1],
        "a stranger in it": text[:-1] + "!",
        "far too long": text + " " * 2_000,
        "empty": "",
    }[how]
