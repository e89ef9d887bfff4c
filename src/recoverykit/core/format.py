"""The format of a code: what it is made of, how it is shown, and what is accepted as one.

A code is selector + secret + check symbol, the first and the last of them optional. Two rules hold
for every format: reading what was shown gives the same code again, and no two codes look the same.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self, cast

from recoverykit.core.alphabet import Alphabet
from recoverykit.core.check_symbol import check_symbol, count_protected, is_valid
from recoverykit.core.custom_alphabet import CustomAlphabet
from recoverykit.core.folding import list_mark
from recoverykit.core.format_bounds import out_of_bounds, wrong_types
from recoverykit.core.masked import Masked
from recoverykit.core.wordlist import MAX_WORD_LENGTH, WordList
from recoverykit.errors import InvalidArgument, MalformedCode, PolicyError

_MIN_INPUT = 128  # room for a clumsy paste of a short code
_MAX_INPUT = 1024  # at least two and a half times the longest display


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedCode:
    """A text that has the shape of a code; nothing is known yet about its being right.

    Attributes:
        ordinal: the place in the set that the selector names, from 0; None without a selector.
        canonical: the code as it is hashed, in ASCII: selector, secret and check symbol in the
            alphabet's own case and without separators, or lower-case words parted by one space.
    """

    ordinal: int | None
    canonical: Masked[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFormat:
    """The format of the codes of one set. Stored with the set, so it is plain data.

    Args:
        alphabet: the symbols, or the words, that codes are made of.
        length: how many of them are secret: 1 to 128 symbols, or 1 to 32 words. Selector and check
            symbol are not counted. 35 at most with a check symbol on an alphabet of 36 symbols,
            the selector included, since beyond that the check would miss swaps.
        selector: whether the first symbol names the code's place in its set.
        check: whether the last symbol is a check symbol over all others. It takes an alphabet of
            10, 16, 32 or 36 symbols, or words.
        group: how many symbols are shown between hyphens; 0 shows one block, and is the only
            choice for words and where a hyphen is a symbol. Reading does not depend on it.

    Raises:
        PolicyError: a field has another type or is out of bounds; one finding for each.
    """

    # What pydantic needs to know to store a format; a plain dict keeps it out of the imports.
    __pydantic_config__: ClassVar[dict[str, object]] = {"strict": True, "extra": "forbid"}

    alphabet: Alphabet | CustomAlphabet | WordList
    length: int
    selector: bool = False
    check: bool = False
    group: int = 0

    def __post_init__(self) -> None:
        fields: dict[str, object] = {name: getattr(self, name) for name in CodeFormat.__slots__}
        findings = wrong_types(fields) or out_of_bounds(
            self.alphabet, length=self.length, group=self.group, total=self.total, check=self.check
        )
        if findings:
            raise PolicyError(*findings)

    @classmethod
    def default(cls) -> Self:
        """Return ``XXXXX-XXXXX-XXXXX``: Crockford's base32, selector, 65 secret bits, check."""
        return cls(alphabet=Alphabet.CROCKFORD32, length=13, selector=True, check=True, group=5)

    @classmethod
    def digits(
        cls, length: int, *, selector: bool = False, check: bool = False, group: int = 0
    ) -> Self:
        """Return a format of that many secret decimal digits. Arguments as for the class."""
        return cls(
            alphabet=Alphabet.DIGITS, length=length, selector=selector, check=check, group=group
        )

    @classmethod
    def hex(
        cls, length: int, *, selector: bool = False, check: bool = False, group: int = 0
    ) -> Self:
        """Return a format of that many secret hexadecimal digits, shown in lower case."""
        return cls(
            alphabet=Alphabet.HEX, length=length, selector=selector, check=check, group=group
        )

    @classmethod
    def base32(
        cls, length: int, *, selector: bool = False, check: bool = False, group: int = 0
    ) -> Self:
        """Return a format of that many secret symbols a-z and 2-7 (RFC 4648), in lower case.

        Lower case is how django-otp and Supabase show theirs.
        """
        return cls(
            alphabet=Alphabet.BASE32, length=length, selector=selector, check=check, group=group
        )

    @classmethod
    def alphanumeric(
        cls, length: int, *, selector: bool = False, check: bool = False, group: int = 0
    ) -> Self:
        """Return a format of that many secret symbols 0-9 and A-Z. Arguments as for the class."""
        return cls(
            alphabet=Alphabet.ALPHANUMERIC,
            length=length,
            selector=selector,
            check=check,
            group=group,
        )

    @classmethod
    def symbols(
        cls,
        symbols: str,
        length: int,
        *,
        selector: bool = False,
        check: bool = False,
        group: int = 0,
    ) -> Self:
        """Return a format of that many secret symbols of another system's alphabet.

        Args:
            symbols: as for `CustomAlphabet`.
            length: as for the class, and so are the others.
            selector: see there.
            check: see there.
            group: see there.

        Raises:
            PolicyError: the symbols are not 2 to 94 different printable ASCII characters without
                the space, or as above.
        """
        return cls(
            alphabet=CustomAlphabet(symbols=symbols),
            length=length,
            selector=selector,
            check=check,
            group=group,
        )

    @classmethod
    def words(
        cls,
        length: int,
        *,
        wordlist: WordList = WordList.EFF_LONG,
        selector: bool = False,
        check: bool = False,
    ) -> Self:
        """Return a format of that many secret words; selector and check are words as well.

        The list is read here, so that a host learns at its start what is missing.

        Raises:
            MissingExtra: the extra ``words`` is not installed.
            PolicyError: the installed list is not the one that codes are made from, or as above.
        """
        words = cls(alphabet=wordlist, length=length, selector=selector, check=check)
        _ = wordlist.words
        return words

    @property
    def total(self) -> int:
        """How many symbols, or words, a code has, selector and check symbol included."""
        return self.selector + self.length + self.check

    @property
    def space(self) -> int:
        """How many different codes there are, of one ordinal where there is a selector.

        Where ordinals differ in this by a few codes, the smallest number stands for all.
        """
        order = self.alphabet.order
        if self.check:
            return count_protected(self.length, order=order, behind_first=self.selector)
        count: int = order**self.length
        return count

    @property
    def entropy_bits(self) -> float:
        """The entropy of one code in bits, as the exact binary logarithm of ``space``."""
        return math.log2(self.space)

    @property
    def capacity(self) -> int | None:
        """How many codes of a set the selector can name; None without a selector."""
        return self.alphabet.order if self.selector else None

    @property
    def max_input(self) -> int:
        """How long a text may be before it is looked at, in characters.

        Four times the code with a separator behind each symbol or word, but at least 128 and at
        most 1,024.
        """
        widest = MAX_WORD_LENGTH if isinstance(self.alphabet, WordList) else 1
        return min(max(_MIN_INPUT, 4 * self.total * (widest + 1)), _MAX_INPUT)

    @property
    def longest(self) -> int:
        """How long a code of it can be as it is shown, in characters."""
        if isinstance(self.alphabet, WordList):
            return self.total * (MAX_WORD_LENGTH + 1)
        return self.total + (self.total // self.group if self.group else 0)

    def parse(self, text: object) -> ParsedCode:
        """Return the code that a text spells: a typing error ends here, before any hash.

        Accepted are any case, full-width and other compatibility forms (NFKC), spaces, line breaks
        and dashes of any kind and anywhere between symbols, invisible characters, one list mark at
        the beginning with a separator behind it (``1.``, ``1)``, ``(1)``, ``#1``, a bullet), and
        look-alikes where only one symbol can be meant. Nothing else is. An alphabet that has both
        cases of a letter, or a hyphen, or what list marks are made of, takes them for its symbols.

        Args:
            text: what was typed, plain or masked. Longer than ``max_input`` is not looked at.

        Raises:
            MalformedCode: it is not a text, has not the shape, or its check symbol does not fit.
            MissingExtra: words are wanted and the extra ``words`` is not installed.
            PolicyError: the installed word list is not the one that codes are made from.
        """
        masked = _mask(text)
        del text  # a traceback of what follows shows only masked values
        parsed = self._read(masked)
        if parsed is None:
            raise MalformedCode
        return parsed

    def matches(self, text: object) -> bool:
        """Return whether ``parse`` would accept the text.

        Raises:
            MissingExtra: words are wanted and the extra ``words`` is not installed.
            PolicyError: the installed word list is not the one that codes are made from.
        """
        masked = _mask(text)
        del text
        return self._read(masked) is not None

    def display(self, canonical: Masked[str]) -> str:
        """Return a code as its user is to see it, in groups.

        Args:
            canonical: a code of this format, as ``parse`` or ``encode`` returned it.
        """
        code = canonical.reveal()
        if not self.group:
            return code
        starts = range(0, self.total, self.group)
        return "-".join([code[start : start + self.group] for start in starts])

    def list_mark(self, number: int) -> str:
        """Return how a line of a numbered list of codes begins, so that ``parse`` takes the line.

        A space goes between it and the code. It is ``1.``, or ``1)`` or ``#1`` where the alphabet
        has that; a bullet where it has them all, or the number is above 999.

        Args:
            number: the place of the line in its list, from 1.
        """
        alphabet = self.alphabet
        return list_mark(number, symbols="" if isinstance(alphabet, WordList) else alphabet.symbols)

    def encode(self, *, ordinal: int | None, secret: Sequence[int]) -> Masked[str] | None:
        """Return the canonical form of a new code.

        Args:
            ordinal: the code's place in its set, from 0 below ``capacity``; None without a
                selector.
            secret: ``length`` values from 0 below the alphabet's order.

        Returns:
            The code; None where no check symbol fits (one case in 37, with a check on 36
            symbols only): draw another secret.

        Raises:
            InvalidArgument: the ordinal or the secret is not one of this format.
            MissingExtra: words are wanted and the extra ``words`` is not installed.
            PolicyError: the installed word list is not the one that codes are made from.
        """
        if not self._fits(ordinal, secret):
            del secret
            raise InvalidArgument("the ordinal or the secret is not one of this code format")
        values = [*secret] if ordinal is None else [ordinal, *secret]
        if self.check:
            check = check_symbol(values, order=self.alphabet.order)
            if check is None:
                return None
            values.append(check)
        return Masked(self.alphabet.write(values))

    def _fits(self, ordinal: int | None, secret: Sequence[int]) -> bool:
        order = self.alphabet.order
        if (ordinal is not None) != self.selector or len(secret) != self.length:
            return False
        return 0 <= (ordinal or 0) < order and all(0 <= value < order for value in secret)

    def _read(self, text: Masked[str] | None) -> ParsedCode | None:
        if text is None or len(text.reveal()) > self.max_input:
            return None
        return self._recognise(self.alphabet.read(text))

    def _recognise(self, values: tuple[int, ...] | None) -> ParsedCode | None:
        if values is None or len(values) != self.total:
            return None
        if self.check and not is_valid(values, order=self.alphabet.order):
            return None
        return ParsedCode(
            ordinal=values[0] if self.selector else None,
            canonical=Masked(self.alphabet.write(values)),
        )


def _mask(text: object) -> Masked[str] | None:
    """Wrap what was typed; None where it is no text."""
    if isinstance(text, Masked):
        return _mask(cast("Masked[str] | Masked[bytes]", text).reveal())
    return Masked(text) if isinstance(text, str) else None
