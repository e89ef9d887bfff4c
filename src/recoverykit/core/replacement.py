"""The code that takes the place of a spent one, in the making."""

from dataclasses import dataclass
from typing import Final

from recoverykit.core.call import Call
from recoverykit.core.digest import StoredDigest
from recoverykit.core.format import CodeFormat, ParsedCode
from recoverykit.core.generator import Entropy, generate_one
from recoverykit.core.hasher import (
    FAST_HASH_BITS,
    SALT_BYTES,
    Argon2idHasher,
    Hasher,
    KeyedHasher,
)
from recoverykit.core.masked import Masked
from recoverykit.core.probe import HashRequest, binding
from recoverykit.core.results import Issued
from recoverykit.core.state import CodeSet
from recoverykit.errors import InvalidArgument

_MAX_DRAWS: Final = 128  # no format is so small that so many draws are all the same code


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """A code that was drawn for a place in a set, and the hash that it asks for.

    Attributes:
        format: the shape of the set's codes.
        code: the code.
        request: its hash.
    """

    format: CodeFormat
    code: Masked[str]
    request: HashRequest

    def to_issued(self, codes: CodeSet, *, ordinal: int) -> Issued:
        """Return what the user is shown of it, once it stands in its set.

        Args:
            codes: the set.
            ordinal: the place of the spent code, which it takes.
        """
        return Issued(
            codes=(self.format.display(self.code),),
            set_id=codes.id,
            issued_at=codes.issued_at,
            expires_at=codes.expires_at,
            format=self.format,
            replaces=ordinal,
        )


def draw_replacement(call: Call, codes: CodeSet | None, guess: ParsedCode) -> Replacement:
    """Draw a code for the place that a guess names, whether the guess is right or not.

    It is made as its set is: of the same shape, by the same hasher. Where codes can be told apart
    without a hash it gets a salt of its own and the newest key; otherwise it must share both with
    the others, for one hash is held against all of them.

    Args:
        call: the call that spends.
        codes: the set; None where there is none, and the same work is done in vain.
        guess: names the place.

    Raises:
        CorruptRecord: the stored line of the set's code cannot be read.
    """
    setup = call.setup
    code_format = codes.format if codes else setup.policy.format
    # The format of a set that has ended may have places which the policy's has not.
    ordinal = guess.ordinal if codes else 0 if code_format.selector else None
    code = _other_than(guess.canonical, code_format, ordinal, setup.entropy)
    model = _model(call, codes, guess)
    is_alone = guess.ordinal is not None or codes is None or len(codes.codes) == 1
    shared = None if is_alone else model
    request = HashRequest(
        hasher=model.hasher if model else _hasher_for(code_format, setup.policy.hasher),
        key_id=shared.key_id if shared else setup.key_id,
        salt=shared.salt if shared else setup.entropy(SALT_BYTES),
        message=binding(
            call.subject, set_id=codes.id if codes else "", parsed=code_format.parse(code)
        ),
    )
    return Replacement(format=code_format, code=code, request=request)


def place_of(codes: CodeSet | None) -> tuple[str | None, frozenset[str]]:
    """Return all that a drawn code depends on: the set, and how its codes of ours are hashed.

    Where they share one salt, the first of them to be replaced in an imported set chooses it.
    """
    if codes is None:
        return None, frozenset()
    ours = (code.digest for code in codes.codes if not code.is_foreign)
    shares = not codes.format.selector and len(codes.codes) > 1
    return codes.id, frozenset(line.rpartition("$")[0] for line in ours if shares)


def _other_than(
    spent: Masked[str], code_format: CodeFormat, ordinal: int | None, entropy: Entropy
) -> Masked[str]:
    """Draw another code than the one that is being spent: short codes repeat."""
    for _ in range(_MAX_DRAWS):
        code = generate_one(code_format, ordinal, entropy)
        if code != spent:
            return code
    raise InvalidArgument("the entropy source gives the same bytes again and again")


def _model(call: Call, codes: CodeSet | None, guess: ParsedCode) -> StoredDigest | None:
    """Return how the code is made whose place it is; how the first one is, where none is named.

    None where there is no code that we hashed ourselves.
    """
    ours = [code for code in codes.codes if not code.is_foreign] if codes else []
    named = [code for code in ours if code.ordinal == guess.ordinal]
    line = next((code.digest for code in named or ours), None)
    if line is None:
        return None
    return StoredDigest.from_text(line, ceiling=call.setup.policy.hasher)


def _hasher_for(code_format: CodeFormat, hasher: Hasher) -> Hasher:
    """Return the policy's hasher, but no fast one for an imported format that is too short."""
    # The cheap hasher is for tests, where speed is what it is for.
    is_too_fast = type(hasher) is KeyedHasher and code_format.entropy_bits < FAST_HASH_BITS
    return Argon2idHasher.owasp() if is_too_fast else hasher
