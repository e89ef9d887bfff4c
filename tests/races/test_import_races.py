"""Importing: eight threads or tasks bring codes of another system for one subject at once.

There are 50 rounds unless RECOVERYKIT_RACE_ROUNDS is other than 200, for each ends in ten calls.

As in `test_exactly_once`: in every second round all have loaded the same revision, which is none,
before any of them commits, and the clocks stand still.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator

import pytest

from recoverykit import CodeFormat, EventKind, InvalidCode, SetState
from tests.races.adapters import ADAPTERS, parameters
from tests.races.arena import POLICY, Arena, ImportCodes, ImportHashes

ROUNDS = 50
THREADS = 8
SHAPE = CodeFormat.base32(16)


# As for the lifecycles.
@pytest.fixture(params=parameters(each for each in ADAPTERS if each.is_first or each.driver))
def adapter(request):
    return request.param


@pytest.fixture
def importers(adapter, url) -> Iterator[Arena]:
    """Eight threads over one kit."""
    with Arena(adapter, url, threads=THREADS, processes=0) as arena:
        yield arena


def codes_of(name: str) -> tuple[str, ...]:
    """Return three codes, others for every name."""
    digest = hashlib.sha256(name.encode()).digest()
    text = base64.b32encode(digest).decode().lower()
    return text[:16], text[16:32], text[32:48]


def line_of(code: str) -> str:
    """Return what another system stored of a code: one line as passlib writes it."""
    salt = b"of 16 bytes, all"
    digest = hashlib.pbkdf2_hmac("sha256", code.encode(), salt, 1_000)
    return "$".join(("", "pbkdf2-sha256", "1000", _adapted(salt), _adapted(digest)))


def _adapted(data: bytes) -> str:
    return base64.b64encode(data, b"./").decode().rstrip("=")


def move_of(codes: tuple[str, ...], *, hashed: bool) -> ImportCodes | ImportHashes:
    if not hashed:
        return ImportCodes(codes=codes, format=SHAPE)
    return ImportHashes(hashes=tuple(map(line_of, codes)), format=SHAPE)


def test_imports_race(importers):
    """One lands, and its whole set counts; the others find that a set stands."""
    for number in range(importers.adapter.rounds(ROUNDS)):
        subject, meeting = f"subject {number}", number % 2 == 1
        brought = [codes_of(f"{number} {thread}") for thread in range(THREADS)]
        moves = [move_of(codes, hashed=n % 2 == 1) for n, codes in enumerate(brought)]
        got = importers.round(subject, moves, meeting=meeting)

        told = Counter(each.what for each in got)
        assert told == {"Status": 1, "CodesAlreadyIssued": THREADS - 1}, got
        trail = importers.trail(subject)
        assert trail.counts() == {EventKind.IMPORTED: 1}
        (winner,) = (n for n, each in enumerate(got) if each.what == "Status")
        assert importers.kit.status(subject).legacy == 3 * (winner % 2)

        examiner = importers.examiner(POLICY)
        for codes in brought[:winner] + brought[winner + 1 :]:
            with pytest.raises(InvalidCode):
                examiner.redeem(subject, codes[0])
        redeemed = [examiner.redeem(subject, code) for code in brought[winner]]
        assert {each.set_id for each in redeemed} == set(trail.sets(EventKind.IMPORTED))
        assert [each.ordinal for each in redeemed] == [0, 1, 2]
        assert examiner.status(subject).state is SetState.EXHAUSTED
