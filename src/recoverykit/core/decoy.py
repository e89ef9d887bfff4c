"""The decoy: a set of nobody's, on which a guess at no set is judged, and counted, in vain.

Who guesses at nothing must wait as long as who guesses at a set: not only for a hash, but for the
reading of a document, and for the writing of the next one. None of that leaves a trace.
"""

from datetime import datetime
from functools import lru_cache
from typing import Final

from recoverykit.core import redeemer
from recoverykit.core.call import Call, Setup
from recoverykit.core.digest import StoredDigest
from recoverykit.core.document import EMPTY, unchecked_document_in
from recoverykit.core.format import CodeFormat, ParsedCode
from recoverykit.core.hasher import DIGEST_BYTES, SALT_BYTES, Hasher
from recoverykit.core.masked import Masked
from recoverykit.core.probe import Probe, probe_of
from recoverykit.core.record import Record
from recoverykit.core.refusals import failed_events
from recoverykit.core.rounds import change_to
from recoverykit.core.seal import sealed
from recoverykit.core.state import EARLIEST, CodeSet, StoredCode, Use
from recoverykit.core.subject import Subject

_TOKEN: Final = "0" * 32


def probe_in_vain(call: Call, parsed: ParsedCode) -> Probe:
    """Return what a guess at no set is held against: no code fits, at the price of a hash."""
    policy = call.setup.policy
    return probe_of(
        _decoy(call.setup)[0], subject=call.subject, parsed=parsed, ceiling=policy.hasher
    )


def read_in_vain(call: Call) -> None:
    """Take the time of reading a document, where nothing is stored."""
    text = sealed(
        _decoy(call.setup)[1], keyring=call.setup.keyring, subject=call.subject, revision=_TOKEN
    )
    unchecked_document_in(Record(revision=_TOKEN, document=text))


def count_in_vain(call: Call, *, revision: str, now: datetime) -> None:
    """Take the time of counting a failure, where none counts.

    Args:
        call: the call that guessed.
        revision: what a commit would have been named.
        now: the time after the hash.
    """
    codes, throttle = _decoy(call.setup)[0], call.setup.policy.throttle
    counted = redeemer.count(codes, None, throttle=throttle, now=now)
    change_to(
        redeemer.put_back(EMPTY, counted.codes),
        record=None,
        call=call,
        revision=revision,
        events=failed_events(call, counted, now),
        now=now,
    )


def _decoy(setup: Setup) -> tuple[CodeSet, str]:
    policy = setup.policy
    return _made(max(policy.count, 1), policy.format, policy.hasher, setup.key_id)


@lru_cache(maxsize=16)
def _made(count: int, code_format: CodeFormat, hasher: Hasher, key_id: str) -> tuple[CodeSet, str]:
    """Return a set such as the policy issues, and its document without a seal.

    No code is one of it, for its digests are all zeros. Half of it is used: a document is the
    longer, the more of it is.
    """
    zeros = StoredDigest(
        hasher=hasher,
        key_id=key_id,
        salt=bytes(SALT_BYTES),
        digest=Masked(bytes(DIGEST_BYTES)),
    ).to_text()
    use = Use(at=EARLIEST, attempt=_TOKEN, revision=_TOKEN)
    codes = CodeSet(
        id=_TOKEN,
        format=code_format,
        issued_at=EARLIEST,
        attempt=_TOKEN,
        expires_at=None,
        codes=tuple(
            StoredCode(ordinal=place, digest=zeros, use=use if place < count // 2 else None)
            for place in range(count)
        ),
    )
    document = redeemer.put_back(EMPTY, codes)
    return codes, document.to_text(keyring=None, subject=Subject("-"), revision=_TOKEN)
