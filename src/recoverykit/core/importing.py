"""Sets that another system has issued: checked, hashed where they are plain, and ready to stand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, cast

from recoverykit.core.call import Call
from recoverykit.core.document import Document
from recoverykit.core.draft import salts_of
from recoverykit.core.effects import Flow, Loaded, derive
from recoverykit.core.events import EventKind
from recoverykit.core.foreign import ForeignHash
from recoverykit.core.foreign_scheme import ForeignScheme
from recoverykit.core.format import CodeFormat, ParsedCode
from recoverykit.core.hasher import Argon2idHasher
from recoverykit.core.making import Made
from recoverykit.core.masked import Masked
from recoverykit.core.policy import Policy
from recoverykit.core.probe import requests_for
from recoverykit.core.results import Status
from recoverykit.core.state import MAX_COUNT, MAX_FOREIGN, CodeSet, StoredCode
from recoverykit.core.status import status_of
from recoverykit.errors import InvalidArgument, MalformedCode


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainCodes:
    """Codes that another system stored as they are; none of them was used there.

    Attributes:
        call: the call that imports them.
        format: the shape that they have, which the set keeps.
        codes: the codes, in the order of their ordinals.
    """

    is_drawn: ClassVar[bool] = False

    call: Call
    format: CodeFormat
    codes: tuple[ParsedCode, ...]

    def make(self, loaded: Loaded) -> Flow[Made[Status]]:
        """Hash the codes as the policy says."""
        setup = self.call.setup
        set_id = setup.token()
        requests = requests_for(
            self.codes,
            subject=self.call.subject,
            set_id=set_id,
            hasher=setup.policy.hasher,
            key_id=setup.key_id,
            salts=salts_of(self.call),
        )
        derived = yield from derive(*requests)
        codes = tuple(
            StoredCode(
                ordinal=place if parsed.ordinal is None else parsed.ordinal,
                digest=request.to_stored(digest),
            )
            for place, (parsed, request, digest) in enumerate(
                zip(self.codes, requests, derived.digests, strict=True)
            )
        )
        made = _a_set(self.call, set_id, self.format, codes, now=max(loaded.now, derived.now))
        return _made(self.call, made)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignHashes:
    """Codes of which another system stored nothing but hashes; none of them was used there.

    Attributes:
        call: the call that imports them.
        format: the shape that the codes have, which the set keeps.
        hashes: their hashes.
        is_display_hashed: whether they were hashed as they are shown, separators included.
    """

    is_drawn: ClassVar[bool] = False

    call: Call
    format: CodeFormat
    hashes: tuple[ForeignHash, ...]
    is_display_hashed: bool

    def make(self, loaded: Loaded) -> Flow[Made[Status]]:
        """Take the hashes over as they are."""
        yield from ()
        codes = tuple(
            StoredCode(ordinal=place, digest=each.to_text())
            for place, each in enumerate(self.hashes)
        )
        made = _a_set(self.call, self.call.setup.token(), self.format, codes, now=loaded.now)
        return _made(self.call, replace(made, is_display_hashed=self.is_display_hashed))


def masked_all(texts: object) -> tuple[Masked[str], ...]:
    """Mask what a host hands in; nothing where it is no sequence of texts."""
    if not isinstance(texts, Sequence) or isinstance(texts, str | bytes):
        return ()
    items = cast("Sequence[object]", texts)
    if not all(isinstance(each, str) for each in items):
        return ()
    return tuple(Masked(cast("str", each)) for each in items)


def plain_codes(call: Call, codes: Sequence[Masked[str]], code_format: CodeFormat) -> PlainCodes:
    """Check the codes that a host hands in.

    Raises:
        InvalidArgument: there are none, or more than 64; one of them is not of the format, or names
            a place past the 64th; two are the same, or name the same place.
        PolicyError: codes of this format must not be stored as the policy says.
    """
    _require_format(code_format)
    parsed = tuple(_parsed(codes, code_format))
    if not 1 <= len(parsed) == len(codes) <= MAX_COUNT:
        raise InvalidArgument(f"codes must be 1 to {MAX_COUNT} texts of the format given")
    if len({each.canonical.reveal() for each in parsed}) < len(parsed):
        raise InvalidArgument("two of the codes are the same")
    ordinals = [each.ordinal for each in parsed if each.ordinal is not None]
    if len(set(ordinals)) < len(ordinals):
        raise InvalidArgument("two of the codes name the same place in their set")
    if max(ordinals, default=0) >= MAX_COUNT:
        raise InvalidArgument(f"a code names a place past the {MAX_COUNT} that a set can have")
    policy = replace(call.setup.policy, format=code_format, count=len(parsed))
    _require_sound(call, policy, peppered=call.setup.keyring is not None)
    return PlainCodes(call=call, format=code_format, codes=parsed)


def foreign_hashes(
    call: Call,
    lines: Sequence[Masked[str]],
    scheme: ForeignScheme,
    code_format: CodeFormat,
    *,
    is_display_hashed: bool,
) -> ForeignHashes:
    """Check the hashes that a host hands in.

    Raises:
        InvalidArgument: there are none, or more than 16; one of them is no line of the scheme, or
            costs too much; two are the same; the format has a selector, or its codes can be longer
            than the scheme hashes.
        PolicyError: codes of this format must not be accepted by the policy.
        MissingExtra: the scheme needs the extra ``import``.
    """
    _require_format(code_format)
    if not 1 <= len(lines) <= MAX_FOREIGN:
        raise InvalidArgument(
            f"hashes must be 1 to {MAX_FOREIGN}, for each costs an evaluation in every attempt"
        )
    if code_format.selector:
        raise InvalidArgument("codes that name their place cannot be imported as hashes")
    hashes = tuple(ForeignHash.read(scheme, line) for line in lines)
    if len({each.to_text() for each in hashes}) < len(hashes):
        raise InvalidArgument("two of the hashes are the same")
    if code_format.longest > scheme.max_bytes:
        raise InvalidArgument("a code of this format can be longer than the scheme hashes")
    # Audited as the weakest hash that a policy may ask for, and without the key that nobody used.
    policy = replace(
        call.setup.policy, format=code_format, count=len(hashes), hasher=Argon2idHasher.owasp()
    )
    _require_sound(call, policy, peppered=False)
    return ForeignHashes(
        call=call, format=code_format, hashes=hashes, is_display_hashed=is_display_hashed
    )


def _require_format(code_format: object) -> None:
    if not isinstance(code_format, CodeFormat):
        raise InvalidArgument("format must be a CodeFormat")


def _parsed(codes: Sequence[Masked[str]], code_format: CodeFormat) -> Iterator[ParsedCode]:
    """Return those of the codes that have the shape."""
    for code in codes:
        try:
            yield code_format.parse(code)
        except MalformedCode:
            return


def _require_sound(call: Call, policy: Policy, *, peppered: bool) -> None:
    # Where codes are switched off nothing is going to be stored, and that is the better reason.
    if not call.setup.policy.is_off:
        policy.require_sound(peppered=peppered)


def _a_set(
    call: Call,
    set_id: str,
    code_format: CodeFormat,
    codes: tuple[StoredCode, ...],
    *,
    now: datetime,
) -> CodeSet:
    after = call.setup.policy.expires_after
    return CodeSet(
        id=set_id,
        format=code_format,
        issued_at=now,
        attempt=call.attempt,
        expires_at=now + after if after else None,
        codes=codes,
    )


def _made(call: Call, codes: CodeSet) -> Made[Status]:
    def result(document: Document) -> Status:
        return status_of(document, setup=call.setup, now=codes.issued_at)

    return Made(codes=codes, kind=EventKind.IMPORTED, result=result)
