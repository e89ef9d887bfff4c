"""Codes of other systems: hashed on the way in, or read by the hashes that came along."""

import base64
import dataclasses
import traceback
from datetime import UTC, datetime, timedelta

import argon2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recoverykit import (
    Argon2idHasher,
    CodeAlreadyUsed,
    CodeFormat,
    CodesAlreadyIssued,
    CorruptRecord,
    ForeignScheme,
    InvalidArgument,
    InvalidCode,
    KeyedHasher,
    Keyring,
    MalformedCode,
    ManagementLocked,
    Policy,
    PolicyError,
    RecoveryKit,
    RecoveryKitError,
    SetState,
    Subject,
    SwitchedOff,
    Throttle,
)
from recoverykit.core.document import document_in
from recoverykit.core.events import EventKind
from recoverykit.core.foreign import ForeignHash
from recoverykit.storage.memory import MemoryStorage
from recoverykit.testing import ManualClock
from tests.core.test_foreign import CODE, VECTORS

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ALNUM = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
MIXED = CodeFormat.symbols(ALNUM, 10, group=5)  # the shape of CODE
CHEAP = Argon2idHasher(memory_kib=8, time_cost=1, parallelism=1)
SHORT = frozenset({"N4-SRC-64", "OCS-MFA-OTPHASH", "A5-C-KDF"})
PATIENT = Throttle(free=90)
POLICY = Policy(hasher=CHEAP, throttle=PATIENT, accept=SHORT)
ALICE = Subject("alice")

each_vector = pytest.mark.parametrize(("scheme", "line"), VECTORS.values(), ids=VECTORS)


@pytest.fixture
def storage():
    return MemoryStorage()


def a_kit(storage, policy=POLICY, **arguments):
    return RecoveryKit(storage, policy=policy, clock=ManualClock(NOW), **arguments)


def with_vector(kit, scheme, line, **arguments):
    return kit.import_hashes(
        ALICE, [line], scheme=scheme, format=MIXED, with_separators=True, **arguments
    )


class TestHashes:
    @each_vector
    def test_a_code_is_redeemed_by_the_hash_of_the_original_library(self, storage, scheme, line):
        """In any spelling that its format reads; once, and no other code."""
        kit = a_kit(storage)
        assert with_vector(kit, scheme, line).legacy == 1
        with pytest.raises(InvalidCode):
            kit.redeem(ALICE, CODE[:-1] + "y")
        assert kit.redeem(ALICE, f" 1. {CODE.replace('-', ' ')}").remaining == 0
        assert (kit.status(ALICE).legacy, kit.status(ALICE).state) == (0, SetState.EXHAUSTED)

    def test_the_spelling_that_was_hashed_counts(self, storage):
        """With or without separators: the host says which."""
        kit = a_kit(storage)
        scheme, line = VECTORS["argon2id"]
        kit.import_hashes(ALICE, [line], scheme=scheme, format=MIXED)
        with pytest.raises(InvalidCode):
            kit.redeem(ALICE, CODE)

    @pytest.mark.parametrize("name", VECTORS)
    @settings(max_examples=max(60, settings.default.max_examples // 10))
    @given(data=st.data())
    def test_a_stored_form_never_redeems(self, name, data):
        """R17: not the line, nor a field of it, nor another spelling of them."""
        scheme, line = VECTORS[name]
        storage = MemoryStorage()
        kit = a_kit(storage)
        with_vector(kit, scheme, line)
        forms = st.sampled_from(stored_forms(scheme, line))
        joined = st.lists(forms, min_size=2, max_size=3).map("".join)
        form = data.draw(forms | joined.flatmap(pieces))
        with pytest.raises((MalformedCode, InvalidCode)):
            kit.redeem(ALICE, form)
        assert kit.status(ALICE).remaining == 1

    def test_a_guess_costs_an_evaluation_for_each_hash(self, storage, monkeypatch):
        """And no fewer for a code that fits: all are compared."""
        lines = [line for scheme, line in VECTORS.values() if scheme is ForeignScheme.ARGON2]
        kit = a_kit(storage)
        kit.import_hashes(
            ALICE, lines, scheme=ForeignScheme.ARGON2, format=MIXED, with_separators=True
        )
        real, evaluated = ForeignHash.derive, []
        monkeypatch.setattr(
            ForeignHash, "derive", lambda own, code: evaluated.append(own) or real(own, code)
        )
        kit.redeem(ALICE, CODE, attempt="a")
        assert len(evaluated) == len(lines)
        with pytest.raises(InvalidCode):
            kit.redeem(ALICE, CODE[:-1] + "y")
        assert len(evaluated) == 2 * len(lines)
        assert kit.redeem(ALICE, CODE, attempt="a").replayed

    def test_a_bound_is_kept(self, storage):
        """No more than sixteen, when they come in and when they are read back."""
        scheme, line = VECTORS["argon2id"]
        lines = [line[:-2] + a + "A" for a in ALNUM[:17]]
        kit = a_kit(storage)
        with pytest.raises(InvalidArgument, match="1 to 16"):
            kit.import_hashes(ALICE, lines, scheme=scheme, format=MIXED)
        kit.import_hashes(ALICE, lines[:16], scheme=scheme, format=MIXED)
        record = storage.load(ALICE)
        document = document_in(record, keyring=None, subject=ALICE)
        codes = document.active.codes
        more = dataclasses.replace(codes[0], ordinal=16, digest=codes[0].digest[:-1] + "Q")
        active = dataclasses.replace(document.active, codes=(*codes, more))
        put(storage, dataclasses.replace(document, active=active))
        with pytest.raises(CorruptRecord):
            kit.redeem(ALICE, CODE)

    def test_hashes_of_ours_and_of_another_system_live_side_by_side(self, storage):
        """Replaced codes are hashed by us, under one salt: the others stay as they came."""
        policy = dataclasses.replace(POLICY, rotate=True)
        kit = a_kit(storage, policy, keyring=Keyring({"k": b"k" * 32}))
        lines = [line for scheme, line in VECTORS.values() if scheme is ForeignScheme.ARGON2]
        kit.import_hashes(
            ALICE, lines, scheme=ForeignScheme.ARGON2, format=MIXED, with_separators=True
        )
        first = kit.redeem(ALICE, CODE, attempt="a")
        assert kit.status(ALICE).legacy == len(lines) - 1
        assert kit.redeem(ALICE, CODE, attempt="a").reissue_required
        second = kit.redeem(ALICE, first.replacement.codes[0])
        kept = {code.ordinal: code.digest for code in stored(storage, "k").active.codes}
        assert sum(digest.startswith("$foreign$") for digest in kept.values()) == len(lines) - 1
        third = kit.redeem(ALICE, CODE, attempt="b")  # all these lines hash the same code
        assert third.ordinal != first.ordinal
        ours = [code for code in stored(storage, "k").active.codes if not code.is_foreign]
        assert len({code.digest.rpartition("$")[0] for code in ours}) == 1
        assert kit.redeem(ALICE, second.replacement.codes[0]).ordinal == first.ordinal

    def test_a_replacement_of_a_short_code_is_hashed_slowly(self, storage):
        """Whatever the policy says of the long codes that it issues itself."""
        policy = Policy(
            format=CodeFormat.base32(24),
            hasher=KeyedHasher(),
            rotate=True,
            accept=SHORT | {"N4-LS-112"},
        )
        kit = a_kit(storage, policy, keyring=Keyring({"k": b"k" * 32}))
        with_vector(kit, *VECTORS["argon2id"])
        kit.redeem(ALICE, CODE)
        assert stored(storage, "k").active.codes[0].digest.startswith("$argon2id$v=19$m=19456,t=2")

    @pytest.mark.parametrize(
        ("lines", "scheme", "shape"),
        [
            ([], "argon2id", MIXED),
            (None, "argon2id", MIXED),
            ("line", "argon2id", MIXED),
            ([None], "argon2id", MIXED),
            (["nothing"], "argon2id", MIXED),
            ([VECTORS["argon2id"][1]] * 2, "argon2id", MIXED),
            ([VECTORS["argon2id"][1]], "bcrypt 2b", MIXED),
            ([VECTORS["argon2id"][1]], "argon2id", CodeFormat.default()),
            ([VECTORS["bcrypt 2b"][1]], "bcrypt 2b", CodeFormat.base32(73)),
            ([VECTORS["bcrypt 2b"][1]], "bcrypt 2b", CodeFormat.base32(64, group=4)),
        ],
    )
    def test_what_cannot_be_used_is_refused_and_nothing_is_stored(
        self, storage, lines, scheme, shape
    ):
        """None of them, too many, twice the same, another scheme, a selector, too long a code."""
        kit = a_kit(storage)
        with pytest.raises(InvalidArgument) as caught:
            kit.import_hashes(ALICE, lines, scheme=VECTORS[scheme][0], format=shape)
        assert "line" not in str(caught.value) or "$" not in str(caught.value)
        assert storage.load(ALICE) is None

    def test_words_may_be_too_long_for_bcrypt(self, storage):
        """By the longest words there are."""
        with pytest.raises(InvalidArgument):
            a_kit(storage).import_hashes(
                ALICE,
                [VECTORS["bcrypt 2b"][1]],
                scheme=ForeignScheme.BCRYPT,
                format=CodeFormat.words(7),
            )

    def test_a_code_may_be_as_long_as_bcrypt_hashes(self, storage):
        """72 bytes are in."""
        scheme, line = VECTORS["bcrypt 2b"]
        kit = a_kit(storage)
        kit.import_hashes(ALICE, [line], scheme=scheme, format=CodeFormat.base32(72))
        assert kit.status(ALICE).remaining == 1

    def test_an_attempt_is_remembered_by_the_last_code_that_it_spent(self, storage):
        """One evaluation tells: those before it are used, and nothing more."""
        cheap = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        codes = ["aBcDe-12345", "aBcDe-12346", "aBcDe-12347"]
        kit = a_kit(storage)
        kit.import_hashes(
            ALICE,
            [cheap.hash(code) for code in codes],
            scheme=ForeignScheme.ARGON2,
            format=MIXED,
            with_separators=True,
        )
        for code in codes[:2]:
            assert not kit.redeem(ALICE, code, attempt="a").replayed
        assert kit.redeem(ALICE, codes[1], attempt="a").replayed
        with pytest.raises(CodeAlreadyUsed):
            kit.redeem(ALICE, codes[0], attempt="a")


class TestPlainCodes:
    def test_codes_keep_their_own_format(self, storage):
        """Their alphabet, case and groups are the set's; ours are not asked."""
        kit = a_kit(storage)
        status = kit.import_codes(ALICE, ["aBcDe-12345", "AbCdE-12345"], format=MIXED)
        assert (status.state, status.remaining, status.legacy) == (SetState.ACTIVE, 2, 0)
        assert (status.stale, status.issued_at) == (False, NOW)
        assert kit.redeem(ALICE, "AbCdE12345").ordinal == 1
        with pytest.raises(CodeAlreadyUsed):
            kit.redeem(ALICE, "AbCdE-12345")
        assert kit.redeem(ALICE, "aBcDe 12345").remaining == 0

    def test_look_alikes_of_another_alphabet_are_read(self, storage):
        """Where only one symbol can be meant."""
        kit = a_kit(storage)
        shape = CodeFormat.symbols("123456789ABCDEFGHJKMNPQRSTUVWXYZ", 13)
        kit.import_codes(ALICE, ["1ABCDEFGHJKMN"], format=shape)
        assert kit.redeem(ALICE, "iabcdefghjkmn").remaining == 0

    def test_codes_that_name_their_place_keep_it(self, storage):
        """In any order, and with gaps."""
        codes = a_kit(MemoryStorage()).issue(ALICE).codes
        kit = a_kit(storage)
        kit.import_codes(ALICE, [codes[7], codes[2]], format=CodeFormat.default())
        assert [each.ordinal for each in kit.status(ALICE).codes] == [7, 2]
        assert kit.redeem(ALICE, codes[2]).ordinal == 2

    def test_nothing_is_stored_as_it_came(self, storage):
        """Neither the code nor a part of it."""
        a_kit(storage).import_codes(ALICE, ["qXzWk-83927"], format=MIXED)
        text = storage.load(ALICE).document
        assert all(part not in text for part in ("qXzWk", "83927", "qXzWk83927"))

    def test_the_set_counts_at_once_and_is_told_as_imported(self, storage):
        """Even where new sets are confirmed first: these codes were kept long ago."""
        policy = dataclasses.replace(POLICY, confirm=True, expires_after=timedelta(days=1))
        kit = a_kit(storage, policy)
        status = kit.import_codes(ALICE, ["aBcDe-12345"], format=MIXED, context={"by": "job"})
        assert (status.state, status.expires_at) == (SetState.ACTIVE, NOW + timedelta(days=1))
        (event,) = storage.events(ALICE)
        assert (event.kind, dict(event.context)) == (EventKind.IMPORTED, {"by": "job"})

    def test_it_takes_a_place_as_a_new_set_does(self, storage):
        """Not over one that counts; with ``replace`` over any; with an unlock; not when off."""
        kit = a_kit(storage)
        old = kit.issue(ALICE).codes
        with pytest.raises(CodesAlreadyIssued):
            kit.import_codes(ALICE, ["aBcDe-12345"], format=MIXED)
        kit.import_codes(ALICE, ["aBcDe-12345"], format=MIXED, replace=True)
        with pytest.raises(MalformedCode):
            kit.redeem(ALICE, old[0])
        locked = a_kit(storage, dataclasses.replace(POLICY, management="unlock"))
        with pytest.raises(ManagementLocked):
            locked.import_codes(ALICE, ["aBcDe-12345"], format=MIXED, replace=True, session="s")
        locked.unlock(ALICE, session="s")
        locked.import_codes(ALICE, ["aBcDe-12345"], format=MIXED, replace=True, session="s")
        with pytest.raises(SwitchedOff):
            a_kit(storage, Policy(count=0)).import_codes("bob", ["aBcDe-12345"], format=MIXED)

    def test_an_import_that_runs_twice_brings_nothing_back(self, storage):
        """What was spent, revoked or has expired stays so, unless the host says ``replace``."""
        kit = a_kit(storage)
        kit.import_codes(ALICE, ["aBcDe-12345"], format=MIXED)
        kit.redeem(ALICE, "aBcDe-12345")
        for end in (lambda: None, lambda: kit.revoke(ALICE)):
            end()
            with pytest.raises(CodesAlreadyIssued):
                kit.import_codes(ALICE, ["aBcDe-12345"], format=MIXED)
            with pytest.raises(CodesAlreadyIssued):
                with_vector(kit, *VECTORS["argon2id"])
        kit.erase(ALICE)
        kit.import_codes(ALICE, ["aBcDe-12345"], format=MIXED)
        assert kit.status(ALICE).remaining == 1

    @pytest.mark.parametrize(
        "codes",
        [
            [],
            None,
            "aBcDe-12345",
            b"aBcDe-12345",
            7,
            [None],
            ["aBcDe-12345", 7],
            [""],
            ["aBcDe-1234"],
            ["aBcDe-12345", "aBcDe-123456"],
            ["aBcDe-12345", "aBcDe 12345"],
            [f"aBcDe-{number:05}" for number in range(65)],
        ],
    )
    def test_what_cannot_be_used_is_refused_and_nothing_is_stored(self, storage, codes):
        """None, too many, no texts, another format, twice the same."""
        with pytest.raises(InvalidArgument):
            a_kit(storage).import_codes(ALICE, codes, format=MIXED)
        assert storage.load(ALICE) is None

    def test_a_set_has_64_places(self, storage):
        """As many codes, and as many places that they name."""
        codes = [f"aBcDe-{number:05}" for number in range(64)]
        assert a_kit(storage).import_codes(ALICE, codes, format=MIXED).remaining == 64
        places = CodeFormat.words(7, selector=True)
        last, past = (
            places.display(places.encode(ordinal=place, secret=[0] * 7)) for place in (63, 64)
        )
        kit = a_kit(MemoryStorage())
        with pytest.raises(InvalidArgument, match=r"past the 64 that a set can have$"):
            kit.import_codes(ALICE, [past], format=places)
        assert kit.import_codes(ALICE, [last], format=places).remaining == 1

    def test_two_codes_cannot_have_one_place(self, storage):
        """Where a selector names it."""
        codes = [a_kit(MemoryStorage()).issue(ALICE).codes[3] for _ in range(2)]
        with pytest.raises(InvalidArgument, match="the same place"):
            a_kit(storage).import_codes(ALICE, codes, format=CodeFormat.default())

    def test_a_format_that_breaks_a_rule_must_be_accepted(self, storage):
        """By its id, as a policy's own format must be."""
        strict = RecoveryKit(storage, policy=Policy())
        with pytest.raises(PolicyError) as caught:
            strict.import_codes(ALICE, ["12345678"], format=CodeFormat.digits(8))
        rules = {finding.rule for finding in caught.value.findings}
        assert {"N4-SRC-64", "OCS-MFA-OTPHASH"} <= rules
        with pytest.raises(PolicyError):
            strict.import_hashes(
                ALICE,
                [VECTORS["argon2id"][1]],
                scheme=ForeignScheme.ARGON2,
                format=CodeFormat.digits(8),
            )
        assert storage.load(ALICE) is None

    def test_as_many_codes_are_audited_as_come(self, storage):
        """Not as many as the policy would issue: each of them may be guessed."""
        strict, digits = RecoveryKit(storage, policy=Policy()), CodeFormat.digits(8)
        _, line = VECTORS["argon2id"]
        lines = [line, line[:-2] + "AA", line[:-2] + "BA"]
        for bring in (
            lambda: strict.import_codes(ALICE, ["1234567" + each for each in "012"], format=digits),
            lambda: strict.import_hashes(ALICE, lines, scheme=ForeignScheme.ARGON2, format=digits),
        ):
            with pytest.raises(PolicyError, match="guesses against 3 codes at a time"):
                bring()

    def test_hashes_are_audited_without_the_key_that_they_lack(self, storage):
        """A keyring protects what is bound to it, and nothing that came along."""
        accepting = Policy(accept=frozenset({"N4-SRC-64"}))
        kit = RecoveryKit(storage, policy=accepting, keyring=Keyring({"k": b"k" * 32}))
        with pytest.raises(PolicyError, match="OCS-MFA-OTPHASH"):
            kit.import_hashes(
                ALICE,
                [VECTORS["argon2id"][1]],
                scheme=ForeignScheme.ARGON2,
                format=CodeFormat.digits(8),
            )
        kit.import_codes(ALICE, ["12345678"], format=CodeFormat.digits(8))


def test_no_error_shows_what_was_handed_in(storage):
    """Neither a code nor a hash stands in a message or in a frame of ours."""
    line = VECTORS["argon2id"][1]
    kit = a_kit(storage)
    for provoke in (
        lambda: kit.import_codes(ALICE, ["canary-12345", "no"], format=MIXED),
        lambda: kit.import_hashes(ALICE, [line, line], scheme=ForeignScheme.ARGON2, format=MIXED),
        lambda: kit.import_hashes(ALICE, [line], scheme=ForeignScheme.BCRYPT, format=MIXED),
    ):
        with pytest.raises(RecoveryKitError) as caught:
            provoke()
        frames = list(traceback.walk_tb(caught.value.__traceback__))[2:]
        shown = "".join(traceback.StackSummary.extract(iter(frames), capture_locals=True).format())
        assert "import_" in shown
        assert all(secret not in shown for secret in ("canary", line[-30:]))


def stored_forms(scheme, line):
    """Return all that is stored of a line, in the spellings that somebody could try."""
    text = ForeignHash.read(scheme, line).to_text()
    parts = [line, text, *line.split("$"), *text.split("$")]
    spelled = [
        form
        for part in parts
        for form in (
            part,
            part.encode().hex(),
            base64.b64encode(part.encode()).decode(),
            base64.urlsafe_b64encode(part.encode()).decode().rstrip("="),
            part.upper(),
        )
    ]
    # Cut to the length of a code as well: the shape alone must not be what refuses them.
    return spelled + [form[:10] for form in spelled] + [form[-10:] for form in spelled]


def pieces(form):
    """Return a strategy for what of a form is as long as a code."""
    return st.integers(0, max(len(form) - 10, 0)).map(lambda start: form[start : start + 10])


def stored(storage, key_id):
    keyring = Keyring({key_id: key_id.encode() * 32})
    return document_in(storage.load(ALICE), keyring=keyring, subject=ALICE)


def put(storage, document):
    """Store a document behind the kit's back, unsealed."""
    record = storage.load(ALICE)
    text = document.to_text(keyring=None, subject=ALICE, revision=record.revision)
    storage._records[ALICE] = dataclasses.replace(record, document=text)
