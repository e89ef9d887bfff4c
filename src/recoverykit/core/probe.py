"""What one guess is held against: the codes that it may be, and the single hash that tells."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from recoverykit.core.digest import StoredDigest
from recoverykit.core.foreign import ForeignHash
from recoverykit.core.format import ParsedCode
from recoverykit.core.framing import framed
from recoverykit.core.hasher import SALT_BYTES, Hasher
from recoverykit.core.masked import Masked
from recoverykit.core.state import MAX_FOREIGN, CodeSet, StoredCode
from recoverykit.core.subject import Subject
from recoverykit.errors import CorruptRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class HashRequest:
    """One evaluation of a hash: what is bound under which key, and hashed how.

    Two equal requests have the same digest, so that a retried call need not hash again.

    Attributes:
        hasher: the hasher with its parameters.
        key_id: the key that binds the message; `NO_KEY` for none.
        salt: 16 bytes.
        message: whose code, of which set and place, and the code.
    """

    hasher: Hasher
    key_id: str
    salt: bytes
    message: Masked[bytes]

    def to_stored(self, digest: Masked[bytes]) -> str:
        """Return the line that is stored for a code whose digest this is."""
        return StoredDigest(
            hasher=self.hasher, key_id=self.key_id, salt=self.salt, digest=digest
        ).to_text()


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignRequest:
    """One evaluation of a hash as another system made it, which bound it to nothing.

    Attributes:
        hash: what it stored for one code.
        secret: the guess, spelled as that system spelled its codes.
    """

    hash: ForeignHash
    secret: Masked[bytes]


Request: TypeAlias = HashRequest | ForeignRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One code that a guess may be.

    Attributes:
        code: the code as it is stored.
        expected: its digest.
        request: the place of the hash among the requests that gives this digest for a right guess.
    """

    code: StoredCode
    expected: Masked[bytes]
    request: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a guess is held against.

    Attributes:
        candidates: the codes it may be: the one that its selector names, or all of a set without
            selectors; none where the selector names no code, or there is no set.
        requests: the one hash, exactly as costly where there are no candidates; and one for each
            code that another system hashed.
    """

    candidates: tuple[Candidate, ...]
    requests: tuple[Request, ...]

    def match(self, digests: Sequence[Masked[bytes]]) -> StoredCode | None:
        """Return the code that the guess is, by the digests of its requests; None for none."""
        found = None
        for each in self.candidates:
            # Every candidate is compared, whether one has fitted or not: the time must not tell.
            if each.expected == digests[each.request]:
                found = each.code
        return found


def absent_probe(*, subject: Subject, parsed: ParsedCode, hasher: Hasher, key_id: str) -> Probe:
    """Return what a guess is held against where no set counts: nothing, at the price of a hash."""
    request = HashRequest(
        hasher=hasher,
        key_id=key_id,
        salt=bytes(SALT_BYTES),
        message=binding(subject, set_id="", parsed=parsed),
    )
    return Probe(candidates=(), requests=(request,))


def probe_of(codes: CodeSet, *, subject: Subject, parsed: ParsedCode, ceiling: Hasher) -> Probe:
    """Return what a parsed guess is held against.

    Args:
        codes: the set.
        subject: whose set.
        parsed: the guess.
        ceiling: the policy's hasher: what it costs is affordable in any case.

    Raises:
        CorruptRecord: the record of a candidate cannot be read, or costs too much; or the codes
            of a set without selectors do not share one salt.
    """
    candidates = tuple(each for each in codes.codes if parsed.ordinal in {None, each.ordinal})
    ours = [each for each in candidates if not each.is_foreign]
    if parsed.ordinal is None and len({_head(each) for each in ours}) > 1:
        raise CorruptRecord("the codes of a set without selectors do not share one salt")
    # A selector that names no code costs what the set's first code costs.
    probe = _probe(codes, ours, subject, parsed, ceiling) if ours or not candidates else _NO_PROBE
    return _with_foreign(probe, codes, candidates, parsed)


def recognition_of(
    codes: CodeSet,
    spent: Sequence[StoredCode],
    *,
    subject: Subject,
    parsed: ParsedCode,
    ceiling: Hasher,
) -> Probe:
    """Return what a guess is held against that may be a success told again.

    Args:
        codes: the set.
        spent: those of its codes, at least one, that were spent under the attempt, the last one
            first. Those that one hash cannot hold the guess against beside the first are left out.
        subject: whose set.
        parsed: the guess.
        ceiling: as for `probe_of`.

    Raises:
        CorruptRecord: the record of a code cannot be read, or costs too much.
    """
    if spent[0].is_foreign:
        return _with_foreign(_NO_PROBE, codes, spent[:1], parsed)
    alike = tuple(each for each in spent if _head(each) == _head(spent[0]))
    return _probe(codes, alike, subject, parsed, ceiling)


def _probe(
    codes: CodeSet,
    candidates: Sequence[StoredCode],
    subject: Subject,
    parsed: ParsedCode,
    ceiling: Hasher,
) -> Probe:
    """Return the probe of candidates that are all hashed alike, each line being read once."""
    read = [StoredDigest.from_text(code.digest, ceiling=ceiling) for code in candidates]
    model = read[0] if read else StoredDigest.from_text(codes.codes[0].digest, ceiling=ceiling)
    request = HashRequest(
        hasher=model.hasher,
        key_id=model.key_id,
        salt=model.salt,
        message=binding(subject, set_id=codes.id, parsed=parsed),
    )
    return Probe(
        candidates=tuple(
            Candidate(code=code, expected=line.digest, request=0)
            for code, line in zip(candidates, read, strict=True)
        ),
        requests=(request,),
    )


_NO_PROBE: Final = Probe(candidates=(), requests=())


def _with_foreign(
    probe: Probe, codes: CodeSet, candidates: Sequence[StoredCode], parsed: ParsedCode
) -> Probe:
    """Return the probe with those of the candidates besides that another system hashed."""
    foreign = [each for each in candidates if each.is_foreign]
    if not foreign:
        return probe
    if len(foreign) > MAX_FOREIGN:
        raise CorruptRecord("more foreign hashes are stored than one guess may cost")
    text = (
        codes.format.display(parsed.canonical)
        if codes.is_display_hashed
        else parsed.canonical.reveal()
    )
    secret = Masked(text.encode())
    del text  # what follows may raise, and the frame of an error keeps its locals
    hashes = [ForeignHash.from_text(each.digest) for each in foreign]
    first = len(probe.requests)
    return Probe(
        candidates=probe.candidates
        + tuple(
            Candidate(code=code, expected=each.expected, request=first + place)
            for place, (code, each) in enumerate(zip(foreign, hashes, strict=True))
        ),
        requests=probe.requests
        + tuple(ForeignRequest(hash=each, secret=secret) for each in hashes),
    )


def _head(code: StoredCode) -> str:
    """Return all of a stored line but the digest: hasher, key and salt."""
    return code.digest.rpartition("$")[0]


def requests_for(
    codes: Iterable[ParsedCode],
    *,
    subject: Subject,
    set_id: str,
    hasher: Hasher,
    key_id: str,
    salts: Iterator[bytes],
) -> tuple[HashRequest, ...]:
    """Return the hashes of a new set: a salt for each code where a selector tells which, or one."""
    requests: list[HashRequest] = []
    salt = next(salts)
    for parsed in codes:
        requests.append(
            HashRequest(
                hasher=hasher,
                key_id=key_id,
                salt=salt,
                message=binding(subject, set_id=set_id, parsed=parsed),
            )
        )
        if parsed.ordinal is not None:
            salt = next(salts)
    return tuple(requests)


def binding(subject: Subject, *, set_id: str, parsed: ParsedCode) -> Masked[bytes]:
    """Return tenant, subject, scope, set, ordinal and code as one message, each with its length.

    The lengths keep two different rows of parts from ever making the same message.
    """
    ordinal = "" if parsed.ordinal is None else str(parsed.ordinal)
    return Masked(
        framed(
            *subject.parts, set_id.encode(), ordinal.encode(), parsed.canonical.reveal().encode()
        )
    )
