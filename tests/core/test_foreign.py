"""Foreign hashes: each scheme by lines of the library that writes it, read and never made here.

All lines hash the code below. They were made by ``bcrypt.hashpw`` (bcrypt 5.0.0),
``argon2.PasswordHasher(...).hash`` and ``argon2.low_level.hash_secret`` (argon2-cffi 25.1.0),
``passlib.hash.NAME.using(rounds=...).hash`` (libpass 1.9.4), ``require('@phc/pbkdf2').hash``
(@phc/pbkdf2 1.1.14 for Node.js) and ``django.contrib.auth.hashers.NAME().encode`` (Django 5.2.19),
at the smallest costs that are accepted, so that the tests are fast.
"""

import base64
import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recoverykit import CorruptRecord, ForeignScheme, InvalidArgument, KeyedHasher, MissingExtra
from recoverykit.core.digest import StoredDigest, key_id_in
from recoverykit.core.foreign import ForeignHash, is_foreign
from recoverykit.core.masked import Masked

CODE = "k3Xw9-Qm7Tz"

VECTORS = {
    # By bcrypt.hashpw(CODE, bcrypt.gensalt(4)), and with prefix=b"2a"; passlib's bcrypt, ident="2y"
    "bcrypt 2b": (
        ForeignScheme.BCRYPT,
        "$2b$04$iUtO69qsuDuCB6ZRuIURfO5VPklUmpRtWEKcA/F2r0oUzEKWX4Eay",
    ),
    "bcrypt 2a": (
        ForeignScheme.BCRYPT,
        "$2a$04$TRD.H3bEKRLY/KFoK97q6OSY45xqEVSFD1COVvcB1qt86AeFkXUfG",
    ),
    "bcrypt 2y": (
        ForeignScheme.BCRYPT,
        "$2y$04$VvYQTNWfnaQnjE1h/u0LVeAUt9RNe5AIQnwZ0AJS7kAQE7EsAJScC",
    ),
    # By argon2.PasswordHasher(time_cost=2, memory_cost=64, parallelism=1, type=...).hash(CODE)
    "argon2i": (
        ForeignScheme.ARGON2,
        (
            "$argon2i$v=19$m=64,t=2,p=1$TqzFLdgmGtCc9LmYwnoj9g"
            "$5dMQ+ltycaFdrgWtgDVvEPPW8lx381LR0pXEf2Lfh+k"
        ),
    ),
    "argon2d": (
        ForeignScheme.ARGON2,
        (
            "$argon2d$v=19$m=64,t=2,p=1$56HcSr5vqOpLxO3uyky3mQ"
            "$r/OvpBWrdls/nI3Y7dq6Ce3NXBncebaFdEbfySJ1Fkw"
        ),
    ),
    "argon2id": (
        ForeignScheme.ARGON2,
        (
            "$argon2id$v=19$m=64,t=2,p=1$zEqtfYIF4k+z2zNDqhr9fQ"
            "$QtDZNYNIK2OmqerpYhILGfcoi2TD16jLeM/mteGEFWI"
        ),
    ),
    # By argon2.low_level.hash_secret(..., memory_cost=8, hash_len=16, type=Type.ID, version=16)
    "argon2id 1.0": (
        ForeignScheme.ARGON2,
        "$argon2id$v=16$m=8,t=1,p=1$WDnzdSWXHYGXbQunfh4XRA$NyNKJMbxEaaMSWnMWULk3A",
    ),
    # By passlib.hash.pbkdf2_sha256.using(rounds=1000).hash(CODE), and pbkdf2_sha512
    "passlib pbkdf2 sha256": (
        ForeignScheme.PBKDF2_SHA256,
        "$pbkdf2-sha256$1000$9t77H0OIsRbCuNd6LwVgjA$tgLX40xshkVMBnEdCPpbqGmdGBmx544Y.rF7RfnV.HY",
    ),
    "passlib pbkdf2 sha512": (
        ForeignScheme.PBKDF2_SHA512,
        (
            "$pbkdf2-sha512$1000$A6D0vvf.X0sJYQwhZGxtLQ"
            "$Hq3Sp0blXlLlkAfOgWirpkWcftJOko2sic0C0XnIVAHC1uG9aUo9nfQ9ErXvodf5p38x9.H1jH4qWSdf4BlokQ"
        ),
    ),
    # By require('@phc/pbkdf2').hash(CODE, {iterations: 1000, digest: 'sha256'}), and 'sha512'
    "PHC pbkdf2 sha256": (
        ForeignScheme.PBKDF2_SHA256,
        "$pbkdf2-sha256$i=1000$00Tn4yzlSZ5JfFt1u/xM0A$AQwBAuGGZm3SNMuA04YXKbKD17oFyFyYICDh6LzimXo",
    ),
    "PHC pbkdf2 sha512": (
        ForeignScheme.PBKDF2_SHA512,
        (
            "$pbkdf2-sha512$i=1000$xOUHMnMnGnqjnStP3fB3zA"
            "$XSYoO8nCGt40SROSa54mEyI94317AoT6hPqRH08hvoLiz8Rut8H4dymXlSTaj8lconD4qgDCxw8l82z1H8LZlw"
        ),
    ),
    # By PBKDF2PasswordHasher().encode(CODE, salt(), 1000), and PBKDF2SHA1PasswordHasher
    "Django pbkdf2 sha256": (
        ForeignScheme.DJANGO_PBKDF2_SHA256,
        "pbkdf2_sha256$1000$2CGZvNwtnOLcIjJICSHdzY$w6/qkP6rAZz38DRf/xSo1C8LWG5ocYub8yYBqI3QXLw=",
    ),
    "Django pbkdf2 sha1": (
        ForeignScheme.DJANGO_PBKDF2_SHA1,
        "pbkdf2_sha1$1000$k6FdsZZjoKLdvKutVxuN8u$7FM5Pv4IGwnwvi52Z9zwpG3Q9Og=",
    ),
    # By Argon2PasswordHasher with time_cost=1, memory_cost=64, parallelism=2
    "Django argon2id": (
        ForeignScheme.DJANGO_ARGON2,
        (
            "argon2$argon2id$v=19$m=64,t=1,p=2$RjhWcFUyRnZlb0xPRVNXTVlHaG4zVw"
            "$yM5XdXJ9fDJMdNddMPkEzP/ZxiI8nCDm1r0DxS1sjK8"
        ),
    ),
    # By BCryptSHA256PasswordHasher and BCryptPasswordHasher with rounds=4
    "Django bcrypt sha256": (
        ForeignScheme.DJANGO_BCRYPT_SHA256,
        "bcrypt_sha256$$2b$04$BMm5o73FUs.Lb8yeyx8OgOekPaW75OOAh1j6jHYul89vv/COKeFoa",
    ),
    "Django bcrypt": (
        ForeignScheme.DJANGO_BCRYPT,
        "bcrypt$$2b$04$Q3rCdHqmrG9O9JgUxReVnOv45.UeEf1842AzmH1oxavrhv3HkbAYS",
    ),
    # By ScryptPasswordHasher().encode(CODE, salt(), n=1024, r=8, p=1)
    "Django scrypt": (
        ForeignScheme.DJANGO_SCRYPT,
        (
            "scrypt$1024$kltRaNhCe6C5NhZwMsTrX8$8$1"
            "$ZfW2RI30woOm2wiiUejxeFU2vaxOFMuMTHArZ/zorULazbT3WTKIYDIniezvlwwUNEyU+zniw8bB7BrvG/cEtA=="
        ),
    ),
}
# Django's own costs: pbkdf2_sha256 and bcrypt_sha256 would take too long here.
AT_FULL_COST = {
    "Django scrypt": (
        ForeignScheme.DJANGO_SCRYPT,
        (
            "scrypt$16384$wkmrtODavfbF3ozzgpmLN6$8$5"
            "$rs0z70Hr075pK+B/ueX5E0V3TOfUBwfYLL1W6x/7dqYbcFdC6SmMVWaBRIQbMQge+pXT3amOmAlWZuS9nOAuew=="
        ),
    ),
}

each_vector = pytest.mark.parametrize(("scheme", "line"), VECTORS.values(), ids=VECTORS)
each_bcrypt = pytest.mark.parametrize(
    "name", ["bcrypt 2b", "Django bcrypt", "Django bcrypt sha256"]
)


def verifies(stored, text):
    """Whether a text is taken for the code; one that cannot have been hashed is not."""
    try:
        return stored.derive(Masked(text.encode())) == stored.expected
    except InvalidArgument:
        return False


def test_every_scheme_has_a_vector():
    """None is offered that nobody tried."""
    assert {scheme for scheme, _ in VECTORS.values()} == set(ForeignScheme)


@pytest.mark.parametrize(
    ("scheme", "line"), [*VECTORS.values(), *AT_FULL_COST.values()], ids=[*VECTORS, "full cost"]
)
def test_the_right_code_verifies_and_no_other(scheme, line):
    """Case and separators are the code's own."""
    stored = ForeignHash.read(scheme, line)
    assert verifies(stored, CODE)
    assert not verifies(stored, CODE.lower())


@each_vector
def test_one_evaluation_gives_32_bytes(scheme, line):
    """Right or wrong: the caller compares as with every other digest."""
    stored = ForeignHash.read(scheme, line)
    tokens = [stored.derive(Masked(text)).reveal() for text in (CODE.encode(), b"wrong", b"other")]
    assert tokens[0] == stored.expected.reveal()
    assert {len(token) for token in tokens} == {32}
    assert len(set(tokens)) == 3


def test_no_two_lines_expect_the_same():
    """The token is over the line: what verifies one line verifies no other."""
    tokens = {ForeignHash.read(*vector).expected.reveal() for vector in VECTORS.values()}
    assert len(tokens) == len(VECTORS)


@pytest.mark.parametrize("name", VECTORS)
@settings(max_examples=15)
@given(text=st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=20))
def test_no_other_text_verifies(name, text):
    """Whatever is typed."""
    assert verifies(ForeignHash.read(*VECTORS[name]), text) == (text == CODE)


def stored_forms(stored):
    """What somebody who has read the database may try as a code."""
    text = stored.to_text()
    line = stored.line.reveal()
    forms = {text, line, line.strip("$"), line[1:]}
    forms |= {part for whole in (text, line) for part in re.split(r"[$,=]", whole)}
    forms |= {"$".join(line.split("$")[at:]) for at in range(line.count("$") + 1)}
    forms |= {line[at:] for at in (7, 29, -31, -43, -53, -60)}
    for form in [*forms]:
        raw = form.encode()
        forms |= {raw.hex(), base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
        if re.fullmatch(r"[A-Za-z0-9+/.]{11,}", form):  # a salt or a digest: its bytes in hex
            padded = form.replace(".", "+").rstrip("=")[: len(form) // 4 * 4]
            forms.add(base64.b64decode(padded).hex())
    forms |= {stored.expected.reveal().hex(), base64.b64encode(stored.expected.reveal()).decode()}
    return forms - {""}


@each_vector
def test_a_stored_form_never_verifies(scheme, line):
    """Not the line, nor any part of it, nor hex or base64 of these, nor what we store."""
    stored = ForeignHash.read(scheme, line)
    forms = stored_forms(stored)
    assert {line, stored.to_text(), line.rpartition("$")[2], line.encode().hex()} <= forms
    assert [form for form in forms if verifies(stored, form)] == []


@each_vector
def test_a_stored_line_is_read_back(scheme, line):
    """Scheme and line survive, in a form that is bounded and is no digest of ours."""
    stored = ForeignHash.read(scheme, line)
    text = stored.to_text()
    assert text == f"$foreign${scheme.value}${line}"
    assert re.fullmatch(r"[!-~]{1,242}", text)
    assert ForeignHash.from_text(text) == stored
    assert is_foreign(text)
    assert key_id_in(text) == ""
    with pytest.raises(CorruptRecord):
        StoredDigest.from_text(text, ceiling=KeyedHasher())


@pytest.mark.parametrize(
    "ours",
    [
        f"$argon2id$v=19$m=64,t=1,p=1,keyid=-${'A' * 22}${'A' * 43}",
        f"$pbkdf2-sha256$i=1000,keyid=-${'A' * 22}${'A' * 43}",
        f"$hmac-sha256$keyid=-${'A' * 22}${'A' * 43}",
    ],
)
def test_a_digest_of_ours_is_no_foreign_line(ours):
    """It is bound to its owner, and a scheme that knows nothing of that must not read it."""
    assert StoredDigest.from_text(ours, ceiling=KeyedHasher()).to_text() == ours
    assert not is_foreign(ours)
    for scheme in ForeignScheme:
        with pytest.raises(InvalidArgument):
            ForeignHash.read(scheme, ours)
    with pytest.raises(CorruptRecord):
        ForeignHash.from_text(ours)


@each_vector
def test_a_line_is_only_read_as_what_it_is_said_to_be(scheme, line):
    """The scheme is named, not guessed."""
    for other in set(ForeignScheme) - {scheme}:
        with pytest.raises(InvalidArgument, match="no line of the scheme"):
            ForeignHash.read(other, line)


def _argon2(memory=64, passes=1, lanes=1, *, version=19, salt="A" * 22, digest="A" * 43):
    return f"$argon2id$v={version}$m={memory},t={passes},p={lanes}${salt}${digest}"


def _bcrypt(cost="04", salt="." * 22, digest="." * 31):
    return f"$2b${cost}${salt}{digest}"


def _django(iterations=1000, salt="a" * 22, digest="A" * 43 + "="):
    return f"pbkdf2_sha256${iterations}${salt}${digest}"


def _passlib(rounds="1000", salt="A" * 22, digest="A" * 43):
    return f"$pbkdf2-sha256${rounds}${salt}${digest}"


def _scrypt(n=1024, r=8, p=1, *, salt="a" * 22):
    return f"scrypt${n}${salt}${r}${p}${'A' * 86}=="


@pytest.mark.parametrize(
    ("scheme", "line"),
    [
        (ForeignScheme.BCRYPT, _bcrypt()),
        (ForeignScheme.BCRYPT, _bcrypt("14")),
        (ForeignScheme.ARGON2, _argon2(262_144, 4)),
        (ForeignScheme.ARGON2, _argon2(salt="A" * 11, digest="A" * 22)),
        (ForeignScheme.ARGON2, _argon2(digest="A" * 86)),
        (ForeignScheme.DJANGO_PBKDF2_SHA256, _django(5_000_000)),
        (ForeignScheme.PBKDF2_SHA256, _passlib("5000000")),
        (ForeignScheme.PBKDF2_SHA256, _passlib("i=1000,l=32")),
        (ForeignScheme.PBKDF2_SHA256, _passlib(salt="A" * 11 + "X")),
        (ForeignScheme.DJANGO_SCRYPT, _scrypt(2**18, 8, 4)),
        (ForeignScheme.DJANGO_SCRYPT, _scrypt(2**15, 1, 1)),
    ],
)
def test_bounds_are_in(scheme, line):
    """What is still affordable is read."""
    assert ForeignHash.read(scheme, line).scheme is scheme


@pytest.mark.parametrize(
    ("scheme", "line"),
    [
        (ForeignScheme.BCRYPT, _bcrypt("15")),
        (ForeignScheme.BCRYPT, _bcrypt("31")),
        (ForeignScheme.DJANGO_BCRYPT, "bcrypt$" + _bcrypt("15")),
        (ForeignScheme.DJANGO_BCRYPT_SHA256, "bcrypt_sha256$" + _bcrypt("15")),
        (ForeignScheme.ARGON2, _argon2(262_145)),
        (ForeignScheme.ARGON2, _argon2(262_144, 5)),
        (ForeignScheme.DJANGO_ARGON2, "argon2" + _argon2(4_194_304)),
        (ForeignScheme.DJANGO_PBKDF2_SHA256, _django(5_000_001)),
        (ForeignScheme.PBKDF2_SHA256, _passlib("5000001")),
        (ForeignScheme.DJANGO_SCRYPT, _scrypt(2**19)),
        (ForeignScheme.DJANGO_SCRYPT, _scrypt(2**18, 8, 5)),
        (ForeignScheme.DJANGO_SCRYPT, _scrypt(2**24, 64, 64)),
    ],
)
def test_a_cost_past_the_ceiling_is_refused_unhashed(scheme, line):
    """Neither a host nor a stored record can make a guess cost gigabytes or minutes."""
    with pytest.raises(InvalidArgument, match=r"^a foreign hash asks for more work than"):
        ForeignHash.read(scheme, line)
    with pytest.raises(CorruptRecord, match=r"^a stored foreign hash asks for more work than"):
        ForeignHash.from_text(f"$foreign${scheme.value}${line}")


NO_LINES = {
    "empty": (ForeignScheme.BCRYPT, ""),
    "bcrypt of a version that hashed wrongly": (ForeignScheme.BCRYPT, "$2x" + _bcrypt()[3:]),
    "bcrypt of the first version": (ForeignScheme.BCRYPT, "$2$" + _bcrypt()[4:]),
    "bcrypt of impossible cost": (ForeignScheme.BCRYPT, _bcrypt("03")),
    "bcrypt of a cost past 31": (ForeignScheme.BCRYPT, _bcrypt("32")),
    "bcrypt of a short cost": (ForeignScheme.BCRYPT, _bcrypt("4")),
    "bcrypt's salt with bits to spare": (ForeignScheme.BCRYPT, _bcrypt(salt="." * 21 + "P")),
    "bcrypt's digest with bits to spare": (ForeignScheme.BCRYPT, _bcrypt(digest="." * 30 + "D")),
    "bcrypt cut short": (ForeignScheme.BCRYPT, _bcrypt()[:-1]),
    "a line break behind": (ForeignScheme.BCRYPT, _bcrypt() + "\n"),
    "a blank in front": (ForeignScheme.BCRYPT, " " + _bcrypt()),
    "digits of another script": (ForeignScheme.BCRYPT, _bcrypt("0\u0664")),
    "full-width": (ForeignScheme.BCRYPT, "\uff04" + _bcrypt()[1:]),
    "argon2 without memory for its lanes": (ForeignScheme.ARGON2, _argon2(15, 1, 2)),
    "argon2 of too many lanes": (ForeignScheme.ARGON2, _argon2(999, 1, 65)),
    "argon2 without passes": (ForeignScheme.ARGON2, _argon2(64, 0)),
    "argon2 of more memory than there can be": (ForeignScheme.ARGON2, _argon2(9_999_999)),
    "argon2 of an unknown version": (ForeignScheme.ARGON2, _argon2(version=18)),
    "argon2 with a short salt": (ForeignScheme.ARGON2, _argon2(salt="A" * 10)),
    "argon2 with a short digest": (ForeignScheme.ARGON2, _argon2(digest="A" * 21)),
    "base64 with bits to spare": (ForeignScheme.ARGON2, _argon2(salt="A" * 21 + "B")),
    "base64 of an impossible length": (ForeignScheme.ARGON2, _argon2(salt="A" * 21)),
    "PBKDF2 in no time": (ForeignScheme.DJANGO_PBKDF2_SHA256, _django(999)),
    "PBKDF2 without an end": (ForeignScheme.DJANGO_PBKDF2_SHA256, _django(50_000_001)),
    "PBKDF2 of very many digits": (ForeignScheme.DJANGO_PBKDF2_SHA256, _django(10**50)),
    "PBKDF2 with a leading zero": (ForeignScheme.PBKDF2_SHA256, _passlib("01000")),
    "PBKDF2 with another length": (ForeignScheme.PBKDF2_SHA256, _passlib("i=1000,l=16")),
    "PBKDF2 without a salt": (ForeignScheme.PBKDF2_SHA256, _passlib(salt="")),
    "PBKDF2 with SHA-1 of passlib": (
        ForeignScheme.PBKDF2_SHA256,
        _passlib().replace("-sha256", ""),
    ),
    "Django without a salt": (ForeignScheme.DJANGO_PBKDF2_SHA256, _django(salt="")),
    "Django with a short salt": (ForeignScheme.DJANGO_PBKDF2_SHA256, _django(salt="a" * 7)),
    "a key id in a salt": (ForeignScheme.DJANGO_PBKDF2_SHA256, _django(salt="keyid=2026-11")),
    "another digest": (ForeignScheme.DJANGO_PBKDF2_SHA256, _django(digest="A" * 27 + "=")),
    "Django's unusable password": (ForeignScheme.DJANGO_PBKDF2_SHA256, "!" + "a" * 40),
    "Django's MD5": (ForeignScheme.DJANGO_PBKDF2_SHA256, "md5$abcdefgh$" + "0" * 32),
    "scrypt in no time": (ForeignScheme.DJANGO_SCRYPT, _scrypt(512)),
    "scrypt of no power of two": (ForeignScheme.DJANGO_SCRYPT, _scrypt(1025)),
    "scrypt too large for its blocks": (ForeignScheme.DJANGO_SCRYPT, _scrypt(2**16, 1)),
    "scrypt of too large blocks": (ForeignScheme.DJANGO_SCRYPT, _scrypt(1024, 65)),
    "plain SHA-256": (ForeignScheme.PBKDF2_SHA256, "0" * 64),
    "a long line": (ForeignScheme.DJANGO_PBKDF2_SHA256, _django(salt="a" * 2**20)),
    "a line that is a little too long": (
        ForeignScheme.ARGON2,
        _argon2(262_144, 4, 64, salt="A" * 64, digest="A" * 100),
    ),
    "no text": (ForeignScheme.BCRYPT, None),
    "bytes": (ForeignScheme.BCRYPT, _bcrypt().encode()),
    "a scheme by its name": ("bcrypt", _bcrypt()),
    "no scheme": (None, _bcrypt()),
}


@pytest.mark.parametrize(("scheme", "line"), NO_LINES.values(), ids=NO_LINES)
def test_what_is_no_line_of_the_scheme_is_refused(scheme, line):
    """Weak, impossible, ambiguous or damaged lines, whoever hands them in."""
    with pytest.raises(InvalidArgument) as refusal:
        ForeignHash.read(scheme, line)
    assert str(refusal.value) == "a foreign hash is no line of the scheme that was named"
    assert refusal.value.__context__ is None
    if isinstance(scheme, ForeignScheme) and isinstance(line, str):
        with pytest.raises(CorruptRecord, match=r"^a stored foreign hash cannot be read$"):
            ForeignHash.from_text(f"$foreign${scheme.value}${line}")


def test_a_line_is_handed_over_masked_or_not_at_all():
    """Whoever builds the value without `read` gets the same checks."""
    with pytest.raises(InvalidArgument):
        ForeignHash(scheme=ForeignScheme.BCRYPT, line=_bcrypt())
    assert ForeignHash(scheme=ForeignScheme.BCRYPT, line=Masked(_bcrypt())) == ForeignHash.read(
        ForeignScheme.BCRYPT, _bcrypt()
    )


@given(st.one_of(st.text(), st.from_regex(r"\$foreign\$(bcrypt|argon2|nothing|)\$.*")))
def test_any_other_text_is_corrupt(text):
    """One error, whatever stands there."""
    with pytest.raises(CorruptRecord, match=r"^a stored foreign hash cannot be read$"):
        ForeignHash.from_text(text)


@pytest.mark.parametrize(
    ("name", "longest"), [("bcrypt 2b", 72), ("Django bcrypt", 72), ("Django bcrypt sha256", 1024)]
)
def test_a_code_is_never_cut(name, longest):
    """Bcrypt does not see what stands behind 72 bytes, so there a longer code is refused."""
    stored = ForeignHash.read(*VECTORS[name])
    assert stored.scheme.max_bytes == longest
    assert len(stored.derive(Masked(b"a" * longest)).reveal()) == 32
    with pytest.raises(InvalidArgument):
        stored.derive(Masked(b"a" * (longest + 1)))


@each_vector
@pytest.mark.parametrize("secret", ["", "\x00", CODE + "\x00", CODE + "\n", "k\u00e4", "\x7f"])
def test_what_no_code_can_be_is_refused(scheme, line, secret):
    """A NUL would end the code for some libraries; no code has one, or is empty."""
    stored = ForeignHash.read(scheme, line)
    with pytest.raises(InvalidArgument) as refusal:
        stored.derive(Masked(secret.encode()))
    assert str(refusal.value) == "a code cannot have been hashed by this foreign scheme"


@pytest.fixture
def without_bcrypt(monkeypatch):
    """A process that has not installed the extra."""
    monkeypatch.setitem(sys.modules, "bcrypt", None)


@pytest.mark.usefixtures("without_bcrypt")
@each_bcrypt
def test_bcrypt_needs_the_extra_when_a_line_is_handed_in(name):
    """The host learns it when it imports; a stored line can still be read."""
    scheme, line = VECTORS[name]
    with pytest.raises(MissingExtra, match=r"install recoverykit\[import\]"):
        ForeignHash.read(scheme, line)
    stored = ForeignHash.from_text(f"$foreign${scheme.value}${line}")
    assert len(stored.expected.reveal()) == 32
    with pytest.raises(MissingExtra):
        stored.derive(Masked(CODE.encode()))


@pytest.mark.usefixtures("without_bcrypt")
@each_vector
def test_nothing_else_needs_the_extra(scheme, line):
    """Argon2, PBKDF2 and scrypt are always there."""
    if "bcrypt" not in scheme.value:
        assert verifies(ForeignHash.read(scheme, line), CODE)


@each_vector
def test_nothing_is_shown(scheme, line):
    """Neither the line nor a digest."""
    stored = ForeignHash.read(scheme, line)
    assert repr(stored) == f"ForeignHash(scheme={scheme!r}, line=Masked(***))"
    assert repr(stored.expected) == repr(stored.derive(Masked(b"x"))) == "Masked(***)"
    assert line.rpartition("$")[2] not in repr(stored._read)


def our_locals(error):
    """The repr of every local in our own frames of the error's traceback."""
    trace = error.__traceback__
    while trace is not None:
        if "recoverykit" in trace.tb_frame.f_globals["__name__"].split("."):
            yield from map(repr, trace.tb_frame.f_locals.values())
        trace = trace.tb_next


@pytest.mark.parametrize(
    ("provoke", "error"),
    [
        (lambda: ForeignHash.read(ForeignScheme.ARGON2, "canary"), InvalidArgument),
        (
            lambda: ForeignHash.read(
                ForeignScheme.BCRYPT, _bcrypt("31", digest="canary." * 4 + "..m")
            ),
            InvalidArgument,
        ),
        (lambda: ForeignHash.from_text("$foreign$bcrypt$canary"), CorruptRecord),
        (
            lambda: ForeignHash.from_text(
                "$foreign$argon2$" + _argon2(262_145, salt="canary++++0")
            ),
            CorruptRecord,
        ),
        (
            lambda: ForeignHash.read(*VECTORS["bcrypt 2b"]).derive(Masked(b"canary" * 20)),
            InvalidArgument,
        ),
    ],
)
def test_no_traceback_shows_a_line_or_a_code(provoke, error):
    """Nor is there a cause or a context that could hold it."""
    with pytest.raises(error) as refusal:
        provoke()
    seen = list(our_locals(refusal.value))
    assert seen
    assert not any("canary" in shown for shown in seen)
    assert refusal.value.__cause__ is None
    assert refusal.value.__context__ is None
    assert "canary" not in str(refusal.value)


@pytest.mark.usefixtures("without_bcrypt")
@each_bcrypt
def test_no_traceback_of_a_missing_extra_shows_the_code(name):
    """The package is looked for before the code is revealed."""
    scheme, line = VECTORS[name]
    stored = ForeignHash.from_text(f"$foreign${scheme.value}${line}")
    with pytest.raises(MissingExtra) as refusal:
        stored.derive(Masked(b"canary"))
    seen = list(our_locals(refusal.value))
    assert seen
    assert not any("canary" in shown or line[-31:] in shown for shown in seen)
