"""A set in the making: codes drawn, then hashed, then ready to be committed and shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from recoverykit.core.call import Call
from recoverykit.core.effects import Derived, Flow, Loaded, derive
from recoverykit.core.events import EventKind
from recoverykit.core.format import CodeFormat
from recoverykit.core.generator import generate
from recoverykit.core.hasher import SALT_BYTES
from recoverykit.core.making import Made
from recoverykit.core.masked import Masked
from recoverykit.core.probe import HashRequest, requests_for
from recoverykit.core.results import Issued
from recoverykit.core.state import CodeSet, StoredCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Codes that were drawn, and the hashes that they ask for.

    Attributes:
        set_id: the id of the set to be.
        format: the shape of the codes.
        codes: the codes in the order of their ordinals.
        requests: a hash for each of them.
    """

    set_id: str
    format: CodeFormat
    codes: tuple[Masked[str], ...]
    requests: tuple[HashRequest, ...]

    def to_set(self, derived: Derived, call: Call) -> CodeSet:
        """Return the set to be stored, issued at the time when the hashes were ready."""
        policy = call.setup.policy
        after = policy.expires_after
        return CodeSet(
            id=self.set_id,
            format=self.format,
            issued_at=derived.now,
            attempt=call.attempt,
            expires_at=derived.now + after if after else None,
            lapses_at=derived.now + policy.pending_for if policy.confirm else None,
            codes=tuple(
                StoredCode(ordinal=ordinal, digest=request.to_stored(digest))
                for ordinal, (request, digest) in enumerate(
                    zip(self.requests, derived.digests, strict=True)
                )
            ),
        )

    def to_issued(self, codes: CodeSet) -> Issued:
        """Return what the user is shown of the set that was stored."""
        return Issued(
            codes=tuple(self.format.display(code) for code in self.codes),
            set_id=codes.id,
            issued_at=codes.issued_at,
            expires_at=codes.expires_at,
            pending=codes.is_pending,
            format=self.format,
        )


def draw(call: Call) -> Draft:
    """Draw the codes of a new set and say which hashes they ask for."""
    setup = call.setup
    policy = setup.policy
    set_id = setup.token()
    codes = generate(policy.format, policy.count, setup.entropy)
    return Draft(
        set_id=set_id,
        format=policy.format,
        codes=codes,
        requests=requests_for(
            tuple(policy.format.parse(code) for code in codes),
            subject=call.subject,
            set_id=set_id,
            hasher=policy.hasher,
            key_id=setup.key_id,
            salts=salts_of(call),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnCodes:
    """New codes, other ones each time that they are drawn.

    Attributes:
        call: the call that issues them.
    """

    is_drawn: ClassVar[bool] = True

    call: Call

    def make(self, loaded: Loaded) -> Flow[Made[Issued]]:  # noqa: ARG002  # see `Source`
        """Draw a set and hash it."""
        draft = draw(self.call)
        derived = yield from derive(*draft.requests)
        codes = draft.to_set(derived, self.call)
        issued = draft.to_issued(codes)
        return Made(codes=codes, kind=EventKind.ISSUED, result=lambda _: issued)


def salts_of(call: Call) -> Iterator[bytes]:
    """Return as many new salts as are asked for."""
    while True:
        yield call.setup.entropy(SALT_BYTES)
