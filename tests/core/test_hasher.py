"""The hashers, and the line in which a digest is stored."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoverykit import (
    Argon2idHasher,
    CorruptRecord,
    KeyedHasher,
    Pbkdf2Hasher,
    PolicyError,
)
from recoverykit.core.digest import StoredDigest, is_affordable, key_id_in
from recoverykit.core.hasher import is_weaker
from recoverykit.core.masked import Masked

LEAST = {"memory_kib": 8, "time_cost": 1, "parallelism": 1}
CHEAP = Argon2idHasher(**LEAST)
SALT = b"0123456789abcdef"

hashers = st.one_of(
    st.builds(
        Argon2idHasher,
        memory_kib=st.integers(512, 262_144),
        time_cost=st.integers(1, 4),
        parallelism=st.integers(1, 64),
    ),
    st.builds(Pbkdf2Hasher, iterations=st.integers(1_000, 5_000_000)),
    st.just(KeyedHasher()),
)
key_ids = st.one_of(st.just("-"), st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True))


def test_profiles_are_named_after_their_source():
    """OWASP's minimum, and both recommendations of RFC 9106, section 4."""
    assert Argon2idHasher.owasp() == Argon2idHasher(memory_kib=19_456, time_cost=2, parallelism=1)
    low, high = Argon2idHasher.rfc9106_low_memory(), Argon2idHasher.rfc9106_high_memory()
    assert low == Argon2idHasher(memory_kib=2**16, time_cost=3, parallelism=4)
    assert high == Argon2idHasher(memory_kib=2**21, time_cost=1, parallelism=4)
    assert Pbkdf2Hasher().iterations == 600_000


def test_vectors():
    """Argon2id: `printf secret | argon2 0123456789abcdef -id -t 2 -k 64 -p 1 -l 32 -r`.


    PBKDF2: the first 32 bytes of the second vector of RFC 7914, section 11.
    """
    argon = (
        Argon2idHasher(memory_kib=64, time_cost=2, parallelism=1)
        .derive(Masked(b"secret"), SALT)
        .reveal()
    )
    assert argon.hex() == "35933d1ebb83969bfeb2f1be59fe67f5e94d78cd0e5cc5294b8407f33b22b5b3"
    pbkdf2 = Pbkdf2Hasher(iterations=80_000).derive(Masked(b"Password"), b"NaCl").reveal()
    assert pbkdf2.hex() == "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"


@pytest.mark.parametrize("hasher", [CHEAP, Pbkdf2Hasher(iterations=1_000), KeyedHasher()])
def test_a_digest_depends_on_secret_and_salt(hasher):
    """256 bits, other ones for another secret or another salt."""
    digests = {
        hasher.derive(Masked(secret), salt).reveal()
        for secret in (b"a" * 32, b"b" * 32)
        for salt in (SALT, SALT[::-1])
    }
    assert {len(digest) for digest in digests} == {32}
    assert len(digests) == 4


@pytest.mark.parametrize(
    "make",
    [
        lambda: Argon2idHasher(memory_kib=7, time_cost=1, parallelism=1),
        lambda: Argon2idHasher(memory_kib=15, time_cost=1, parallelism=2),
        lambda: Argon2idHasher(memory_kib=4_194_305, time_cost=1, parallelism=1),
        lambda: Argon2idHasher(memory_kib=64, time_cost=0, parallelism=1),
        lambda: Argon2idHasher(memory_kib=64, time_cost=65, parallelism=1),
        lambda: Argon2idHasher(memory_kib=64, time_cost=1, parallelism=65),
        lambda: Argon2idHasher(memory_kib="64", time_cost=1, parallelism=1),
        lambda: Pbkdf2Hasher(iterations=999),
        lambda: Pbkdf2Hasher(iterations=50_000_001),
    ],
)
def test_parameters_out_of_bounds_are_refused(make):
    """What the algorithm cannot do, or no host could afford, is a `PolicyError`."""
    with pytest.raises(PolicyError):
        make()


@given(
    hasher=hashers,
    key_id=key_ids,
    salt=st.binary(min_size=16, max_size=16),
    digest=st.binary(min_size=32, max_size=32),
)
def test_a_stored_digest_describes_itself(hasher, key_id, salt, digest):
    """Scheme, parameters, key id, salt and digest survive the way through the stored line."""
    stored = StoredDigest(hasher=hasher, key_id=key_id, salt=salt, digest=Masked(digest))
    text = stored.to_text()
    assert stored == StoredDigest.from_text(text, ceiling=CHEAP)
    assert key_id_in(text) == key_id
    assert re.fullmatch(r"[!-~]{1,200}", text)


@given(text=st.one_of(st.text(), st.from_regex(r"\$(argon2id|pbkdf2-sha256|hmac-sha256)\$.*")))
def test_any_other_line_is_corrupt(text):
    """A line that `to_text` could not have written is one error, and shows nothing."""
    with pytest.raises(CorruptRecord, match=r"^a stored digest cannot be read$"):
        StoredDigest.from_text(text, ceiling=CHEAP)


@pytest.mark.parametrize(
    "line",
    [
        f"$argon2id$v=19$m=08,t=1,p=1,keyid=-${'A' * 22}${'A' * 43}",
        f"$pbkdf2-sha256$i=01000,keyid=-${'A' * 22}${'A' * 43}",
        f"$hmac-sha256$keyid=-${'A' * 21}B${'A' * 43}",
        f"$hmac-sha256$keyid=-${'A' * 22}${'A' * 42}B",
    ],
)
def test_another_spelling_of_a_line_is_corrupt(line):
    """Zeros before a figure, and bits behind the last byte, are what `to_text` never writes."""
    with pytest.raises(CorruptRecord, match=r"^a stored digest cannot be read$"):
        StoredDigest.from_text(line, ceiling=CHEAP)


def _argon2_line(memory_kib, time_cost=1, parallelism=1):
    head = f"$argon2id$v=19$m={memory_kib},t={time_cost},p={parallelism},keyid=-"
    return f"{head}${'A' * 22}${'A' * 43}"


def _pbkdf2_line(iterations):
    return f"$pbkdf2-sha256$i={iterations},keyid=-${'A' * 22}${'A' * 43}"


@pytest.mark.parametrize(
    "line",
    [
        _argon2_line(262_145),
        _argon2_line(262_144, time_cost=5),
        _argon2_line(4_194_304),
        _pbkdf2_line(5_000_001),
    ],
)
def test_parameters_past_the_ceiling_are_refused_unhashed(line):
    """A stored line cannot make a guess cost gigabytes or minutes."""
    with pytest.raises(CorruptRecord, match="more work than the ceiling allows"):
        StoredDigest.from_text(line, ceiling=CHEAP)


@pytest.mark.parametrize(
    "line",
    [_argon2_line(0), _argon2_line(9_999_999), _argon2_line(15, parallelism=2), _pbkdf2_line(1)],
)
def test_parameters_that_no_hasher_takes_are_corrupt(line):
    """A line with impossible parameters is no line at all."""
    with pytest.raises(CorruptRecord, match="cannot be read"):
        StoredDigest.from_text(line, ceiling=CHEAP)


def test_a_policy_raises_the_ceiling_to_its_own_cost():
    """Who chooses 2 GiB may read 2 GiB back, and not more."""
    high = Argon2idHasher.rfc9106_high_memory()
    more = Argon2idHasher(memory_kib=high.memory_kib + 1, time_cost=1, parallelism=4)
    assert is_affordable(high, ceiling=high)
    assert not is_affordable(more, ceiling=high)
    assert not is_affordable(high, ceiling=KeyedHasher())
    passes = Argon2idHasher(memory_kib=high.memory_kib, time_cost=2, parallelism=4)
    assert is_affordable(passes, ceiling=passes)
    assert not is_affordable(passes, ceiling=high)
    many = Pbkdf2Hasher(iterations=9_000_000)
    assert is_affordable(many, ceiling=many)
    assert not is_affordable(many, ceiling=CHEAP)
    assert is_affordable(KeyedHasher(), ceiling=CHEAP)


def test_less_work_or_another_scheme_is_weaker():
    """What `Status.stale` goes by."""
    owasp = Argon2idHasher.owasp()
    assert is_weaker(CHEAP, than=owasp)
    assert not is_weaker(owasp, than=CHEAP)
    assert not is_weaker(owasp, than=Argon2idHasher(memory_kib=38_912, time_cost=1, parallelism=1))
    assert is_weaker(owasp, than=Argon2idHasher.rfc9106_low_memory())
    assert is_weaker(Pbkdf2Hasher(iterations=599_999), than=Pbkdf2Hasher())
    assert is_weaker(KeyedHasher(), than=owasp)
    assert not is_weaker(KeyedHasher(), than=KeyedHasher())


@pytest.mark.parametrize(
    ("make", "name", "least", "most"),
    [
        (Argon2idHasher, "memory_kib", 8, 4_194_304),
        (Argon2idHasher, "time_cost", 1, 64),
        (Argon2idHasher, "parallelism", 1, 64),
        (Pbkdf2Hasher, "iterations", 1_000, 50_000_000),
    ],
)
def test_a_parameter_has_bounds(make, name, least, most):
    """Both are in; what is out is told by name."""
    beside = LEAST if make is Argon2idHasher else {}
    for value in (least, most):
        fields = beside | {"memory_kib": 512} if name == "parallelism" else beside
        assert getattr(make(**(fields | {name: value})), name) == value
    for value in (least - 1, most + 1):
        with pytest.raises(PolicyError) as refusal:
            make(**(beside | {name: value}))
        assert str(refusal.value) == (
            f"bounds: {name} must be {least} to {most}; choose a figure within the bounds"
        )


def test_each_lane_of_argon2_has_8_kib():
    """RFC 9106, section 3.1."""
    assert Argon2idHasher(memory_kib=32, time_cost=1, parallelism=4).memory_kib == 32
    with pytest.raises(PolicyError) as refusal:
        Argon2idHasher(memory_kib=31, time_cost=1, parallelism=4)
    assert str(refusal.value) == (
        "bounds: memory_kib must be 32 to 4194304; choose a figure within the bounds"
    )
