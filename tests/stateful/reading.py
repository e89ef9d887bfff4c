"""The oracle's own reading of what is typed: shapes of codes, and what a text spells in them."""

import re
from dataclasses import dataclass

_LONGEST = 128  # no shape here is so long that a longer text is looked at
_NUMBERED = re.compile(r"^\d{1,3}\. ")
_X = 2  # the element x of GF(32), a polynomial as the bits of a number
_MODULUS = 0b100101  # x^5 + x^2 + 1


@dataclass(frozen=True)
class Shape:
    """What codes look like: so many symbols, the selector and the check symbol among them."""

    name: str
    symbols: str
    length: int
    has_selector: bool = False
    has_check: bool = False

    def __repr__(self):
        return self.name.upper()


CROCKFORD = Shape("crockford", "0123456789ABCDEFGHJKMNPQRSTVWXYZ", 15, True, True)
DIGITS = Shape("digits", "0123456789", 12)
HEX = Shape("hex", "0123456789abcdef", 17, True)
LONG = Shape("long", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", 24)
SHAPES = (CROCKFORD, DIGITS, HEX, LONG)


@dataclass(frozen=True)
class Guess:
    """A text that has the shape of a code: the place it names, if any, and its values."""

    ordinal: int | None
    values: tuple[int, ...]


def read(shape, text):
    """Return what a text spells in a shape; None where that is no code.

    It knows no more ways of writing than the machine uses: either case, spaces and hyphens, and a
    number in front.
    """
    if len(text) > _LONGEST:
        return None
    plain = _NUMBERED.sub("", text).replace("-", "").replace(" ", "")
    plain = plain.lower() if shape.symbols.islower() else plain.upper()
    if len(plain) != shape.length or any(symbol not in shape.symbols for symbol in plain):
        return None
    values = tuple(shape.symbols.index(symbol) for symbol in plain)
    if shape.has_check and _check_sum(values) != 0:
        return None
    return Guess(values[0] if shape.has_selector else None, values)


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
