"""The target of lines: what is stored of one code, ours or another system's, is one text or none.

A line that is read is written again as it stood, costs no more than the stated ceilings, and is
never both ours and another system's. The code of a vector fits the line that was made of it, and
no other.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from fuzz.edits import edited_text
from fuzz.tape import Tape
from recoverykit.core.digest import StoredDigest, key_id_in
from recoverykit.core.foreign import ForeignHash, is_foreign
from recoverykit.core.foreign_scheme import ForeignScheme
from recoverykit.core.hasher import Argon2idHasher, Hasher, KeyedHasher, Pbkdf2Hasher
from recoverykit.core.masked import Masked
from recoverykit.errors import CorruptRecord, InvalidArgument
from tests.core.test_foreign import CODE, VECTORS

_TAIL: Final = "$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
_OURS: Final = (
    f"$argon2id$v=19$m=19456,t=2,p=1,keyid=2026-11{_TAIL}",
    f"$argon2id$v=19$m=1048576,t=1,p=4,keyid=-{_TAIL}",
    f"$pbkdf2-sha256$i=5000000,keyid=k.1_-Z{_TAIL}",
    f"$hmac-sha256$keyid=k{_TAIL}",
)
_THEIRS: Final = tuple(VECTORS.values())
_CEILINGS: Final[tuple[Hasher, ...]] = (
    KeyedHasher(),
    Argon2idHasher.owasp(),
    Argon2idHasher.rfc9106_high_memory(),
    Pbkdf2Hasher(iterations=6_000_000),
)
_MIB: Final = 1024  # of KiB
_FEW: Final = 70_000  # KiB, iterations and rounds that cost no more than a millisecond or two

# What a line says about its cost, and what that makes at a time, and in all.
_COSTS: Final[Mapping[str, Callable[[list[int]], tuple[int, int]]]] = {
    r"m=(\d+),t=(\d+),p=\d+": lambda cost: (cost[0], cost[0] * cost[1]),
    r"scrypt\$(\d+)\$[^$]*\$(\d+)\$(\d+)\$": lambda cost: (
        128 * cost[0] * cost[1] // 1024,
        128 * cost[0] * cost[1] * cost[2] // 1024,
    ),
}
_ROUNDS: Final = r"pbkdf2[a-z0-9_-]*\$(?:i=)?(\d+)"
_BCRYPT_COST: Final = r"\$2[aby]\$(\d\d)\$"


def judge(data: bytes) -> None:
    """Read a line that is close to a valid one, as ours or as another system's.

    Raises:
        AssertionError: an invariant is broken.
    """
    tape = Tape(data)
    if tape.flag():
        scheme, line = tape.pick(_THEIRS)
        if tape.number(8) == 7:
            scheme = tape.pick(tuple(ForeignScheme))
        _judge_theirs(scheme, edited_text(line, tape), is_tried=tape.number(64) == 63)
    else:
        _judge_ours(edited_text(tape.pick(_OURS), tape), tape.pick(_CEILINGS))


def _judge_ours(line: str, ceiling: Hasher) -> None:
    try:
        found = StoredDigest.from_text(line, ceiling=ceiling)
    except CorruptRecord as error:
        assert error.__cause__ is error.__context__ is None, "an error is chained"
        return
    assert found.to_text() == line, "a line has two spellings"
    assert key_id_in(line) == found.key_id, "a key is read in two ways"
    assert not is_foreign(line), "a line of ours is another system's"
    own = _memory(ceiling), _passes(ceiling), _iterations(ceiling)
    _require_affordable(line, memory=own[0], passes=own[1], iterations=own[2])


def _judge_theirs(scheme: ForeignScheme, line: str, *, is_tried: bool) -> None:
    found = _theirs(scheme, line)
    if found is None:
        _require_refused(scheme, line)
        return
    text = found.to_text()
    assert is_foreign(text), "another system's line is one of ours"
    again = ForeignHash.from_text(text)
    assert again == found, "a line is not what was stored of it"
    assert again.to_text() == text, "a line has two spellings"
    assert again.expected == found.expected, "a line expects two digests"
    _require_affordable(line, memory=0, passes=0, iterations=0)
    if is_tried and max(_figures(line)) <= _FEW:
        is_right = found.derive(Masked(CODE.encode())) == found.expected
        assert is_right == (_meaning(line) in _MEANINGS), "a code fits another line, or not its own"


def _theirs(scheme: ForeignScheme, line: str) -> ForeignHash | None:
    try:
        return ForeignHash.read(scheme, line)
    except InvalidArgument as error:
        assert error.__cause__ is error.__context__ is None, "an error is chained"
        return None


def _require_refused(scheme: ForeignScheme, line: str) -> None:
    """What is refused on its way in is not believed when it stands there."""
    try:
        ForeignHash.from_text(f"$foreign${scheme.value}${line}")
    except CorruptRecord as error:
        assert error.__cause__ is error.__context__ is None, "an error is chained"
    else:
        raise AssertionError("a line was refused, and then believed")


def _require_affordable(line: str, *, memory: int, passes: int, iterations: int) -> None:
    """Fail where a line costs more than is stated, or than the policy's own hasher.

    Args:
        line: the line.
        memory: what the policy's hasher needs in KiB.
        passes: that times its passes.
        iterations: its iterations.
    """
    for pattern, cost in _COSTS.items():
        for found in re.finditer(pattern, line, re.ASCII):
            at_a_time, in_all = cost([int(figure) for figure in found.groups()])
            assert at_a_time <= max(256 * _MIB, memory), "a line costs too much memory"
            assert in_all <= max(1024 * _MIB, passes), "a line costs too much time"
    for found in re.finditer(_ROUNDS, line, re.ASCII):
        assert int(found[1]) <= max(5_000_000, iterations), "a line costs too many iterations"
    for found in re.finditer(_BCRYPT_COST, line, re.ASCII):
        assert int(found[1]) <= 14, "a line costs too many rounds"


def _figures(line: str) -> list[int]:
    """Return the figures of a line's cost, as far as they are comparable."""
    rounds = [1 << int(cost) for cost in re.findall(_BCRYPT_COST, line, re.ASCII)]
    iterations = [int(figure) for figure in re.findall(_ROUNDS, line, re.ASCII)]
    totals = [
        cost([int(figure) for figure in found.groups()])[1]
        for pattern, cost in _COSTS.items()
        for found in re.finditer(pattern, line, re.ASCII)
    ]
    return [*rounds, *iterations, *totals, 0]


def _meaning(line: str) -> str:
    """Return a line in the one spelling of all that mean the same."""
    return re.sub(r",l=\d+|(?<=\$)i=", "", line).replace("$2a$", "$2b$").replace("$2y$", "$2b$")


_MEANINGS: Final = frozenset(_meaning(line) for _, line in _THEIRS)


def _memory(hasher: Hasher) -> int:
    return hasher.memory_kib if isinstance(hasher, Argon2idHasher) else 0


def _passes(hasher: Hasher) -> int:
    return _memory(hasher) * hasher.time_cost if isinstance(hasher, Argon2idHasher) else 0


def _iterations(hasher: Hasher) -> int:
    return hasher.iterations if isinstance(hasher, Pbkdf2Hasher) else 0
