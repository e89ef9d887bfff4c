"""The alphabet of another system, whose codes are taken over as they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from recoverykit.core.masked import Masked
from recoverykit.core.spelling import read_symbols
from recoverykit.errors import Finding, PolicyError

_FEWEST = 2
_MOST = 94  # printable ASCII without the space


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomAlphabet:
    """Single symbols of the host's own choice. Stored with the set, so it is plain data.

    Case matters for each letter that it has in both cases. A hyphen among the symbols is read as
    one, and no longer as a separator.

    Args:
        symbols: 2 to 94 different printable ASCII characters without the space, in the order of
            their values from 0.

    Raises:
        PolicyError: the symbols are not such a text.
    """

    # What pydantic needs to know to store it; a plain dict keeps it out of the imports.
    __pydantic_config__: ClassVar[dict[str, object]] = {"strict": True, "extra": "forbid"}

    symbols: str

    def __post_init__(self) -> None:
        if not _are_symbols(self.symbols):
            raise PolicyError(
                Finding(
                    rule="ALPHABET-SYMBOLS",
                    figure=f"{_FEWEST} to {_MOST} different printable ASCII characters without the "
                    "space wanted, something else found",
                    mend="give each symbol once, as one text",
                )
            )

    @property
    def order(self) -> int:
        """How many symbols there are."""
        return len(self.symbols)

    def read(self, text: Masked[str]) -> tuple[int, ...] | None:
        """Return the values of the symbols in a text; None where anything else stands in it.

        Separators are skipped, but for a hyphen that is a symbol. A character that is no symbol is
        read as the only one that it can be, if there is only one.
        """
        return read_symbols(text, self.symbols)

    def write(self, values: Sequence[int]) -> str:
        """Return the symbols with these values, without separators."""
        return "".join([self.symbols[value] for value in values])


def _are_symbols(symbols: object) -> bool:
    return (
        isinstance(symbols, str)
        and _FEWEST <= len(symbols) <= _MOST
        and len(set(symbols)) == len(symbols)
        and all("!" <= symbol <= "~" for symbol in symbols)
    )
