"""The oracle's own reading of what is typed: shapes of codes, and what a text spells in them."""

import math
import re
from dataclasses import dataclass

_LONGEST = 344  # four times the longest shape here; nothing longer is ever looked at
_NUMBERED = re.compile(r"^\d{1,3}\. ")
_X = 2  # the element x of GF(32), a polynomial as the bits of a number
_MODULUS = 0b100101  # x^5 + x^2 + 1


@dataclass(frozen=True)
class Shape:
    """What codes look like: so many symbols, the selector and the check symbol among them.

    Attributes:
        group: how many symbols stand between hyphens; 0 where there are none.
        mistaken: what is written in place of a symbol, and the symbols in the same order; in an
            alphabet of one case, in that case.
    """

    name: str
    symbols: str
    length: int
    has_selector: bool = False
    has_check: bool = False
    group: int = 0
    mistaken: tuple[str, str] = ("", "")

    def __repr__(self):
        return self.name.upper()

    @property
    def bits(self):
        """How many of them are secret."""
        secret = self.length - self.has_selector - self.has_check
        return secret * math.log2(len(self.symbols))


_UPPER, _LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
_ZERO_AND_ONE = ("OIL", "011")

CROCKFORD = Shape("crockford", "0123456789ABCDEFGHJKMNPQRSTVWXYZ", 15, True, True, 5, _ZERO_AND_ONE)
DIGITS = Shape("digits", "0123456789", 12, group=4, mistaken=_ZERO_AND_ONE)
HEX = Shape("hex", "0123456789abcdef", 17, True, mistaken=("oil", "011"))
LONG = Shape("long", "0123456789" + _UPPER, 24, group=6)
SHAPES = (CROCKFORD, DIGITS, HEX, LONG)

# Those of other systems, in both cases. The first has neither 0 nor O, but o; and 1, i and L, so
# that nobody can tell what an I or an l is. The second is as long as a digest of 32 bytes in
# base64: what is stored of a code has the shape of a code.
BASE58 = Shape(
    "base58",
    "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
    12,
    group=4,
    mistaken=("0O", "oo"),
)
BASE64 = Shape("base64", _UPPER + _LOWER + "0123456789+/", 43)


@dataclass(frozen=True)
class Guess:
    """A text that has the shape of a code: the place it names, if any, and its values."""

    ordinal: int | None
    values: tuple[int, ...]


def read(shape, text):
    """Return what a text spells in a shape; None where that is no code.

    It knows no more ways of writing than the machine uses: either case where the alphabet has one,
    spaces and hyphens, a number in front, and what is written by mistake for a symbol.
    """
    if len(text) > _LONGEST:
        return None
    plain = plain_of(_NUMBERED.sub("", text))
    plain = _in_case(shape, plain).translate(str.maketrans(*shape.mistaken))
    if len(plain) != shape.length or any(symbol not in shape.symbols for symbol in plain):
        return None
    values = tuple(shape.symbols.index(symbol) for symbol in plain)
    if shape.has_check and _check_sum(values) != 0:
        return None
    return Guess(values[0] if shape.has_selector else None, values)


def as_a_code(shape, text):
    """Return what is left of a text, at its end, if only symbols of a shape are kept."""
    # Some write a full stop for the plus sign.
    spelt = _in_case(shape, text.replace(".", "+"))
    return "".join(symbol for symbol in spelt if symbol in shape.symbols)[-shape.length :]


def plain_of(text):
    """Return a text without what stands between its symbols."""
    return text.replace("-", "").replace(" ", "")


def _in_case(shape, text):
    """Return a text in the case of the alphabet, if that has only one."""
    if shape.symbols.islower():
        return text.lower()
    return text.upper() if shape.symbols == shape.symbols.upper() else text


def written(shape, values, *, shown):
    """Return how a code is written: as it is shown, in groups, or in one piece."""
    text = "".join(shape.symbols[value] for value in values)
    if not shape.group or not shown:
        return text
    starts = range(0, len(text), shape.group)
    return "-".join(text[start : start + shape.group] for start in starts)


def _check_sum(values):
    """Return the sum of the values, each times its power of x: 0 for a code without an error.

    The last one, the check symbol, counts once; the one before it x times, and so on.
    """
    total = 0
    for power, value in enumerate(reversed(values)):
        for _ in range(power):
            value *= _X  # noqa: PLW2901 - a power is so many products
            if value > 31:
                value ^= _MODULUS  # noqa: PLW2901 - as above
        total ^= value
    return total
