"""Formats: every shape that codes can have, and the codes of one."""

from importlib.util import find_spec
from typing import Final

from hypothesis import strategies as st

from recoverykit.core.alphabet import Alphabet
from recoverykit.core.check_symbol import MAX_PROTECTED, ORDERS
from recoverykit.core.custom_alphabet import CustomAlphabet
from recoverykit.core.format import CodeFormat
from recoverykit.core.format_bounds import MAX_SYMBOLS, MAX_WORDS
from recoverykit.core.wordlist import WordList

_PRINTABLE: Final = [chr(code) for code in range(ord("!"), ord("~") + 1)]
_WITH_CHECK: Final = sorted(order for order in ORDERS if order <= len(_PRINTABLE))
# The lists are those of an extra.
_WORD_LISTS: Final = tuple(WordList) if find_spec("xkcdpass") else ()


def alphabets() -> st.SearchStrategy[Alphabet | CustomAlphabet | WordList]:
    """Draw any alphabet: ours, those of other systems, and word lists where they are installed."""
    known = st.sampled_from([*Alphabet, *_WORD_LISTS])
    return st.one_of(known, custom_alphabets())


def custom_alphabets() -> st.SearchStrategy[CustomAlphabet]:
    """Draw an alphabet of other systems; every second one can have a check symbol."""
    sizes = st.one_of(st.sampled_from(_WITH_CHECK), st.integers(2, len(_PRINTABLE)))
    symbols = sizes.flatmap(
        lambda size: st.lists(
            st.sampled_from(_PRINTABLE), min_size=size, max_size=size, unique=True
        )
    )
    return symbols.map(lambda drawn: CustomAlphabet(symbols="".join(drawn)))


@st.composite
def formats(  # noqa: D417  # Hypothesis hands `draw` in
    draw: st.DrawFn, *, longest: int = MAX_SYMBOLS
) -> CodeFormat:
    """Draw any format that there can be.

    Args:
        longest: how many secret symbols at most, 1 to 128; never more than 32 words.
    """
    alphabet = draw(alphabets())
    is_words = isinstance(alphabet, WordList)
    selector = draw(st.booleans())
    # All is drawn whether it is needed or not: otherwise words would be the shortest way of all.
    check = draw(st.booleans()) and alphabet.order in ORDERS
    most = min(longest, MAX_WORDS) if is_words else longest
    if check and alphabet.order in MAX_PROTECTED:
        most = min(most, MAX_PROTECTED[alphabet.order] - selector)
    length = draw(st.integers(1, most))
    is_one_block = is_words or has_hyphen(alphabet)
    group = draw(st.integers(0, selector + length + check))
    return CodeFormat(
        alphabet=alphabet,
        length=length,
        selector=selector,
        check=check,
        group=0 if is_one_block else group,
    )


@st.composite
def codes(draw: st.DrawFn, format: CodeFormat) -> str:
    """Draw a code of a format, as it is shown to its user."""
    order = format.alphabet.order
    ordinal = draw(st.integers(0, order - 1)) if format.selector else None
    values = st.integers(0, order - 1)
    secret = draw(st.lists(values, min_size=format.length, max_size=format.length))
    while (code := format.encode(ordinal=ordinal, secret=secret)) is None:
        # One secret in 37 of 36 symbols has no check symbol; with another last symbol it has.
        secret[-1] = (secret[-1] + 1) % order
    return format.display(code)


def has_hyphen(alphabet: Alphabet | CustomAlphabet | WordList) -> bool:
    """Say whether a hyphen is one of the symbols."""
    return isinstance(alphabet, CustomAlphabet) and "-" in alphabet.symbols
