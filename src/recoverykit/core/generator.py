"""The generator: new codes, uniform over their format, from entropy that it is handed."""

from collections.abc import Callable, Iterator
from itertools import repeat
from typing import TypeAlias

from recoverykit.core.format import CodeFormat
from recoverykit.core.masked import Masked
from recoverykit.errors import Finding, InvalidArgument, PolicyError

Entropy: TypeAlias = Callable[[int], bytes]
"""Gives as many random bytes as it is asked for; from a cryptographic generator, always."""

# A try fails by chance at most a little more often than every second time, so this many never
# fail but for a source that is stuck: better an error than a loop without an end.
_MAX_TRIES = 128


def generate(format: CodeFormat, count: int, entropy: Entropy) -> tuple[Masked[str], ...]:
    """Return the codes of a new set in canonical form: ordinals 0 to count - 1, in order.

    Every secret of the format is equally likely, and no two codes of the set share one.

    Args:
        format: what the codes look like.
        count: how many.
        entropy: the only source of randomness.

    Raises:
        PolicyError: the format has no room for that many codes; see ``check_count``.
        InvalidArgument: the entropy source gives too few bytes, or the same ones again and again.
    """
    check_count(format, count)
    ordinals = range(count) if format.selector else repeat(None, count)
    taken: set[tuple[int, ...]] = set()
    return tuple([_new_code(format, ordinal, entropy, taken) for ordinal in ordinals])


def generate_one(format: CodeFormat, ordinal: int | None, entropy: Entropy) -> Masked[str]:
    """Return one new code in canonical form, such as the replacement of a spent one.

    With a selector it differs from every code of another ordinal. Without one nothing here knows
    the other codes: the caller has to compare, where the format is short enough to matter.

    Args:
        format: what the code looks like.
        ordinal: its place in its set; None without a selector.
        entropy: the only source of randomness.

    Raises:
        InvalidArgument: the ordinal is not one of this format, or the entropy source gives too few
            bytes, or the same ones again and again.
    """
    return _new_code(format, ordinal, entropy, set())


def check_count(format: CodeFormat, count: int) -> None:
    """Refuse a set that is empty, or larger than its format has room for.

    Raises:
        PolicyError: there is no code, are more codes than the selector can name, or more than half
            of all codes there are.
    """
    findings = tuple(_lack_of_room(format, count))
    if findings:
        raise PolicyError(*findings)


def _lack_of_room(format: CodeFormat, count: int) -> Iterator[Finding]:
    if count < 1:
        yield Finding(
            rule="COUNT-MIN",
            figure=f"at least 1 code wanted, {count} found",
            mend="ask for more codes",
        )
    if format.capacity is not None and count > format.capacity:
        yield Finding(
            rule="COUNT-SELECTOR",
            figure=f"the selector names at most {format.capacity} codes, {count} found",
            mend="ask for fewer codes, or leave the selector out",
        )
    if 2 * count > format.space:
        yield Finding(
            rule="COUNT-SPACE",
            figure=f"at most half of all {format.space} codes may be in one set, {count} found",
            mend="lengthen the code, or ask for fewer",
        )


def _new_code(
    format: CodeFormat, ordinal: int | None, entropy: Entropy, taken: set[tuple[int, ...]]
) -> Masked[str]:
    for _ in range(_MAX_TRIES):
        secret = _draw(format.length, order=format.alphabet.order, entropy=entropy)
        code = None if secret in taken else format.encode(ordinal=ordinal, secret=secret)
        if code is not None:
            taken.add(secret)
            return code
    raise InvalidArgument("the entropy source gives the same bytes again and again")


def _draw(length: int, *, order: int, entropy: Entropy) -> tuple[int, ...]:
    """Draw values below the order: cut to its bits, and thrown away where that is too many.

    A remainder of a larger number would favour the small values.
    """
    bits = (order - 1).bit_length()
    width = -(-bits // 8)
    drawn: list[int] = []
    for _ in range(_MAX_TRIES):
        block = _block(width * (length - len(drawn)), entropy)
        numbers = [
            int.from_bytes(block[at : at + width], "big") for at in range(0, len(block), width)
        ]
        values = [number & ((1 << bits) - 1) for number in numbers]
        drawn += [value for value in values if value < order]
        if len(drawn) == length:
            return tuple(drawn)
    raise InvalidArgument("the entropy source gives the same bytes again and again")


def _block(size: int, entropy: Entropy) -> bytes:
    block = entropy(size)
    if len(block) != size:
        raise InvalidArgument("the entropy source must give as many bytes as it is asked for")
    return block
