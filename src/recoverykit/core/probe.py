"""What one guess is held against: the codes that it may be, and the single hash that tells."""

from collections.abc import Iterator
from dataclasses import dataclass

from recoverykit.core.digest import StoredDigest
from recoverykit.core.format import CodeFormat, ParsedCode
from recoverykit.core.hasher import SALT_BYTES, Hasher
from recoverykit.core.masked import Masked
from recoverykit.core.state import CodeSet, StoredCode
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a guess is held against.

    Attributes:
        candidates: the codes it may be: the one that its selector names, or all of a set without
            selectors; none where the selector names no code, or there is no set.
        stored: their stored digests, in the same order.
        request: the one hash, exactly as costly where there are no candidates.
    """

    candidates: tuple[StoredCode, ...]
    stored: tuple[StoredDigest, ...]
    request: HashRequest

    def digests(self) -> Iterator[tuple[StoredCode, Masked[bytes]]]:
        """Return each candidate with its stored digest."""
        for code, stored in zip(self.candidates, self.stored, strict=True):
            yield code, stored.digest


def probe_of(
    codes: CodeSet | None, *, subject: Subject, parsed: ParsedCode, ceiling: Hasher, key_id: str
) -> Probe:
    """Return what a parsed guess is held against.

    Args:
        codes: the set; None where there is none, and then the hash is spent all the same.
        subject: whose set.
        parsed: the guess.
        ceiling: the policy's hasher: it is what an absent set costs, and affordable in any case.
        key_id: the key of an absent set.

    Raises:
        CorruptRecord: the record of a candidate cannot be read, or costs too much; or the codes
            of a set without selectors do not share one salt.
    """
    if codes is None:
        return Probe(
            candidates=(),
            stored=(),
            request=HashRequest(
                hasher=ceiling,
                key_id=key_id,
                salt=bytes(SALT_BYTES),
                message=binding(subject, set_id="", parsed=parsed),
            ),
        )
    candidates = _candidates(codes, parsed)
    stored = tuple(StoredDigest.from_text(code.digest, ceiling=ceiling) for code in candidates)
    model = stored[0] if stored else StoredDigest.from_text(codes.codes[0].digest, ceiling=ceiling)
    return Probe(
        candidates=candidates,
        stored=stored,
        request=HashRequest(
            hasher=model.hasher,
            key_id=model.key_id,
            salt=model.salt,
            message=binding(subject, set_id=codes.id, parsed=parsed),
        ),
    )


def requests_for(
    codes: tuple[Masked[str], ...],
    *,
    subject: Subject,
    set_id: str,
    code_format: CodeFormat,
    hasher: Hasher,
    key_id: str,
    salts: Iterator[bytes],
) -> tuple[HashRequest, ...]:
    """Return the hashes of a new set: a salt for each code where a selector tells which, or one."""
    requests: list[HashRequest] = []
    salt = next(salts)
    for code in codes:
        parsed = code_format.parse(code)
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
    public = (subject.tenant, subject.id, subject.scope, set_id, ordinal)
    return Masked(
        b"".join(_with_length(part.encode()) for part in public)
        + _with_length(parsed.canonical.reveal().encode())
    )


def _with_length(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


def _candidates(codes: CodeSet, parsed: ParsedCode) -> tuple[StoredCode, ...]:
    if parsed.ordinal is not None:
        return tuple(code for code in codes.codes if code.ordinal == parsed.ordinal)
    heads = {code.digest.rpartition("$")[0] for code in codes.codes}
    if len(heads) > 1:
        raise CorruptRecord("the codes of a set without selectors do not share one salt")
    return codes.codes
