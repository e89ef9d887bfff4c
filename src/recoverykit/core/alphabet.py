"""Alphabets: the sets of single symbols from which codes are made."""

from collections.abc import Mapping, Sequence
from enum import Enum

from recoverykit.core.masked import Masked
from recoverykit.core.spelling import read_symbols


class Alphabet(Enum):
    """Single symbols, shown in the case that similar systems show them in."""

    DIGITS = "digits"
    HEX = "hex"
    CROCKFORD32 = "crockford32"
    BASE32 = "base32"
    ALPHANUMERIC = "alphanumeric"

    @property
    def symbols(self) -> str:
        """All symbols, in the order of their values from 0."""
        return _SYMBOLS[self]

    @property
    def order(self) -> int:
        """How many symbols there are."""
        return len(_SYMBOLS[self])

    def read(self, text: Masked[str]) -> tuple[int, ...] | None:
        """Return the values of the symbols in a text; None where anything else stands in it.

        Separators are skipped and case does not matter. A look-alike is read as the only symbol of
        this alphabet that it can be: in Crockford's I and L are 1 and O is 0, and where an alphabet
        has several of them, each is only itself.
        """
        return read_symbols(text, self.symbols)

    def write(self, values: Sequence[int]) -> str:
        """Return the symbols with these values, without separators."""
        symbols = self.symbols
        return "".join([symbols[value] for value in values])


_SYMBOLS: Mapping[Alphabet, str] = {
    Alphabet.DIGITS: "0123456789",
    Alphabet.HEX: "0123456789abcdef",  # lower case as GitHub and PyPI show theirs
    Alphabet.CROCKFORD32: "0123456789ABCDEFGHJKMNPQRSTVWXYZ",
    Alphabet.BASE32: "abcdefghijklmnopqrstuvwxyz234567",  # RFC 4648; lower as django-otp, Supabase
    Alphabet.ALPHANUMERIC: "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
}
