"""Every refusal of the core says what is wrong in one sentence, and shows nothing of it."""

import pickle
from datetime import UTC, datetime

import pytest

from recoverykit import (
    CodeFormat,
    CorruptRecord,
    ForeignScheme,
    InvalidArgument,
    Issued,
    KeyedHasher,
    Keyring,
    Pbkdf2Hasher,
    Policy,
    PolicyError,
    Subject,
)
from recoverykit.core.call import Call, Setup
from recoverykit.core.digest import StoredDigest
from recoverykit.core.document import document_in
from recoverykit.core.foreign import ForeignHash
from recoverykit.core.generator import check_count, generate, generate_one
from recoverykit.core.importing import foreign_hashes, masked_all, plain_codes
from recoverykit.core.masked import Masked
from recoverykit.core.record import Record
from recoverykit.core.standards import RULE_IDS
from recoverykit.errors import RecoveryKitError

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SETUP = Setup(policy=Policy(), keyring=None, entropy=bytes)
CALL = Call(setup=SETUP, subject=Subject("alice"), attempt="me", context={})
TEN, NAMED = CodeFormat.digits(10), CodeFormat.digits(10, selector=True)
LINE = "$2b$04$" + "." * 53
COSTLY_LINE = "$2b$15$" + "." * 53
COSTLY = StoredDigest(
    hasher=Pbkdf2Hasher(iterations=5_000_001), key_id="-", salt=bytes(16), digest=Masked(bytes(32))
)


def plain(*codes, code_format=TEN):
    return plain_codes(CALL, masked_all(codes), code_format)


def hashed(*lines, code_format=TEN, scheme=ForeignScheme.BCRYPT):
    return foreign_hashes(CALL, masked_all(lines), scheme, code_format, is_display_hashed=False)


def opened(document, *, keyring=None):
    record = Record(revision="a" * 32, document=document)
    return document_in(record, keyring=keyring, subject=Subject("alice"))


RING = Keyring({"2026": b"k" * 32})
OTHERS_SEAL = '{"seal":"2026$' + "A" * 43 + '","content":{}}'

SENTENCES = {
    "subject.id must not be empty": lambda: Subject(""),
    "subject.tenant must be a text": lambda: Subject("a", tenant=7),
    "subject.scope must not contain NUL or a lone surrogate": lambda: Subject("a", scope="\0"),
    "subject.id must not be longer than 255 UTF-8 bytes": lambda: Subject("a" * 256),
    "subject.tenant must not be longer than 255 UTF-8 bytes": (
        lambda: Subject("a", tenant="\u00e9" * 128)
    ),
    "the ordinal or the secret is not one of this code format": (
        lambda: TEN.encode(ordinal=0, secret=[1] * 10)
    ),
    "the entropy source must give as many bytes as it is asked for": (
        lambda: generate_one(TEN, None, lambda _: b"")
    ),
    "the entropy source gives the same bytes again and again": (
        lambda: generate_one(TEN, None, lambda size: b"\xff" * size)
    ),
    "codes must be 1 to 64 texts of the format given": plain,
    "two of the codes are the same": lambda: plain("0123456789", "01234 56789"),
    "two of the codes name the same place in their set": (
        lambda: plain("00123456789", "00123456780", code_format=NAMED)
    ),
    "format must be a CodeFormat": lambda: plain("0123456789", code_format="digits"),
    "hashes must be 1 to 16, for each costs an evaluation in every attempt": hashed,
    "codes that name their place cannot be imported as hashes": (
        lambda: hashed(LINE, code_format=NAMED)
    ),
    "two of the hashes are the same": lambda: hashed(LINE, LINE),
    "a code of this format can be longer than the scheme hashes": (
        lambda: hashed(LINE, code_format=CodeFormat.hex(100))
    ),
    "a foreign hash is no line of the scheme that was named": lambda: hashed("what"),
    "a foreign hash asks for more work than the ceiling allows": lambda: hashed(COSTLY_LINE),
    "a stored foreign hash cannot be read": lambda: ForeignHash.from_text("what"),
    "a stored foreign hash asks for more work than the ceiling allows": (
        lambda: ForeignHash.from_text(
            ForeignHash.read(ForeignScheme.BCRYPT, LINE).to_text().replace("$04$", "$15$")
        )
    ),
    "a stored digest cannot be read": (
        lambda: StoredDigest.from_text("what", ceiling=KeyedHasher())
    ),
    "a stored digest asks for more work than the ceiling allows": (
        lambda: StoredDigest.from_text(COSTLY.to_text(), ceiling=KeyedHasher())
    ),
    "a stored document is no text of at most 64 KiB": lambda: opened("x" * (64 * 1024 + 1)),
    "a stored document cannot be read": lambda: opened("what"),
    "a stored document has no seal": lambda: opened("{}", keyring=RING),
    "the seal of a stored document does not fit": lambda: opened(OTHERS_SEAL, keyring=RING),
    "profile must be a Profile, and on a date without a time": (
        lambda: Policy().audit(peppered=True, profile="nist")
    ),
}


@pytest.mark.parametrize(("sentence", "refused"), SENTENCES.items())
def test_a_refusal_says_what_is_wrong(sentence, refused):
    """The sentence is the whole of it: no value, and nothing that chains one."""
    with pytest.raises(RecoveryKitError) as refusal:
        refused()
    assert isinstance(refusal.value, InvalidArgument | CorruptRecord)
    assert str(refusal.value) == sentence
    assert refusal.value.__cause__ is None
    assert refusal.value.__context__ is None


def test_a_set_is_not_made_of_one_code():
    """The source of its entropy is told from one that has no more to give."""
    with pytest.raises(InvalidArgument) as refusal:
        generate(TEN, 2, bytes)
    assert str(refusal.value) == "the entropy source gives the same bytes again and again"


FINDINGS = {
    "COUNT-MIN: at least 1 code wanted, 0 found; ask for more codes": lambda: check_count(TEN, 0),
    (
        "COUNT-SELECTOR: the selector names at most 10 codes, 11 found; "
        "ask for fewer codes, or leave the selector out"
    ): lambda: check_count(NAMED, 11),
    (
        "COUNT-SPACE: at most half of all 10 codes may be in one set, 6 found; "
        "lengthen the code, or ask for fewer"
    ): lambda: check_count(CodeFormat.digits(1), 6),
    "type: rotate is of another type; see Policy": lambda: Policy(rotate="yes"),
    "type: management is neither open nor unlock; see Policy": lambda: Policy(management="shut"),
    (
        f"accept: accept has an id that no rule has; choose among {', '.join(sorted(RULE_IDS))}"
    ): lambda: Policy(accept=frozenset({"what"})),
    (
        "FORMAT-CHECK-ORDER: a check symbol takes an alphabet of 10, 16, 32, 36, 1296, 7776 "
        "symbols or words, 3 found; leave the check symbol out, or choose another alphabet"
    ): lambda: CodeFormat.symbols("abc", 10, check=True),
}


@pytest.mark.parametrize(("sentence", "refused"), FINDINGS.items())
def test_a_finding_says_its_rule_the_figure_and_the_mend(sentence, refused):
    """One flaw, one finding."""
    with pytest.raises(PolicyError) as refusal:
        refused()
    assert str(refusal.value) == sentence


def test_what_is_just_enough_is_no_finding():
    """One code; as many as the selector names; half of all codes."""
    check_count(TEN, 1)
    check_count(NAMED, 10)
    check_count(CodeFormat.digits(1), 5)


def test_issued_codes_are_not_pickled():
    """It says so."""
    issued = Issued(codes=("a",), set_id="0" * 32, issued_at=NOW, expires_at=None, format=TEN)
    with pytest.raises(TypeError, match=r"^issued codes cannot be pickled or copied$"):
        pickle.dumps(issued)
