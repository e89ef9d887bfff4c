"""Custom alphabets: codes of other systems, read as those systems meant them."""

import math
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from recoverykit.core.alphabet import Alphabet
from recoverykit.core.check_symbol import ORDERS
from recoverykit.core.custom_alphabet import CustomAlphabet
from recoverykit.core.format import CodeFormat
from recoverykit.core.generator import generate
from recoverykit.core.masked import Masked
from recoverykit.errors import InvalidArgument, MalformedCode, PolicyError

PRINTABLE = "".join(map(chr, range(ord("!"), ord("~") + 1)))
MIXED = string.ascii_letters + string.digits  # Laravel, better-auth
KEYCLOAK = "".join(char for char in string.ascii_uppercase + string.digits if char not in "O0")
BASE64URL = MIXED + "-_"  # RFC 4648, section 5
BASE58 = "".join(char for char in MIXED if char not in "0OIl")
FAMOUS = {"mixed": MIXED, "no O and 0": KEYCLOAK, "base64url": BASE64URL, "base58": BASE58}
STORED = TypeAdapter(CodeFormat)

alphabets = st.permutations(PRINTABLE).flatmap(
    lambda symbols: st.integers(2, 94).map(lambda order: "".join(symbols[:order]))
)
# Where marks and look-alikes are likely.
hostile_alphabets = st.permutations("-.()#*123O0oIlLi").flatmap(
    lambda symbols: st.integers(2, 16).map(lambda order: "".join(symbols[:order]))
)
any_alphabet = st.one_of(alphabets, hostile_alphabets, st.sampled_from([*FAMOUS.values()]))


@st.composite
def formats(draw, symbols=any_alphabet):
    """Any format of up to 40 symbols of an alphabet of its own."""
    symbols = draw(symbols)
    length = draw(st.integers(1, 33))
    return CodeFormat.symbols(
        symbols,
        length,
        selector=draw(st.booleans()),
        check=len(symbols) in ORDERS and draw(st.booleans()),
        group=0 if "-" in symbols else draw(st.integers(0, length)),
    )


@st.composite
def codes(draw, code_format):
    """Any code of the format."""
    order = code_format.alphabet.order
    value = st.integers(0, order - 1)
    ordinal = draw(value) if code_format.selector else None
    secret = st.lists(value, min_size=code_format.length, max_size=code_format.length)
    made = secret.map(lambda values: code_format.encode(ordinal=ordinal, secret=values))
    return draw(made.filter(lambda code: code is not None))


formats_with_codes = formats().flatmap(
    lambda code_format: st.tuples(st.just(code_format), codes(code_format))
)


def read(symbols, text):
    """What the text spells, in symbols; None where it spells nothing."""
    alphabet = CustomAlphabet(symbols=symbols)
    values = alphabet.read(Masked(text))
    return None if values is None else alphabet.write(values)


@given(formats_with_codes)
def test_what_is_shown_is_read_back(pair):
    """Whatever the alphabet and the groups: a leading mark or a hyphen is a symbol if it can be."""
    code_format, code = pair
    shown = code_format.display(code)
    assert code_format.parse(shown).canonical == code
    assert code_format.parse(code).canonical == code
    assert code_format.matches(shown)
    assert 2 * len(shown) <= code_format.max_input


@given(st.data())
def test_no_code_is_shown_or_read_like_another(data):
    """Different codes have different displays, and none is read as the other."""
    code_format = data.draw(formats())
    one, other = data.draw(codes(code_format)), data.draw(codes(code_format))
    shown = [code_format.display(code) for code in (one, other)]
    assert (one == other) == (shown[0] == shown[1])
    assert (code_format.parse(shown[0]) == code_format.parse(shown[1])) == (one == other)


@given(st.data())
def test_two_codes_share_no_spelling(data):
    """Whatever text both would be read from, with case and look-alikes exchanged, is one code."""
    code_format, code = data.draw(formats_with_codes)
    similar = st.sampled_from(["0Oo", "1IiLl", "-\u2013", "_\uff3f"])
    text = "".join(
        data.draw(
            st.sampled_from([char, char.swapcase(), *data.draw(similar)]),
            label="spelt for a symbol",
        )
        for char in code.reveal()
    )
    if code_format.matches(text):
        canonical = code_format.parse(text).canonical
        assert code_format.parse(code_format.display(canonical)).canonical == canonical
        if all(char in code_format.alphabet.symbols for char in text):
            assert canonical == Masked(text)


@given(st.data())
def test_separators_that_are_no_symbols_are_skipped(data):
    """Spaces always are; dashes where no hyphen is a symbol."""
    code_format, code = data.draw(formats_with_codes)
    between = " \t\u00a0\u3000\u200b" + (
        "" if "-" in code_format.alphabet.symbols else "-\u2013\u2212"
    )
    text = "".join(symbol + data.draw(st.sampled_from(between)) for symbol in code.reveal())
    assert code_format.parse(text).canonical == code


@given(formats(), st.text(st.sampled_from(PRINTABLE + " \u2013\u2022\u2460\uff11")))
def test_any_text_is_either_one_code_or_malformed(code_format, text):
    """Nothing but MalformedCode comes out, and what is accepted is shown and read as one code."""
    try:
        parsed = code_format.parse(text)
    except MalformedCode:
        assert not code_format.matches(text)
    else:
        assert code_format.parse(code_format.display(parsed.canonical)) == parsed


@given(any_alphabet, st.data())
def test_a_symbol_means_itself_and_another_character_one_symbol_at_most(symbols, data):
    """A letter is read in the other case, and a look-alike at all, only where one can be meant."""
    char = data.draw(st.sampled_from(PRINTABLE))
    found = read(symbols, char)
    group = next((group for group in ("0Oo", "1IiLl") if char in group), char + char.swapcase())
    meant = [symbol for symbol in symbols if symbol in group]
    if char in symbols:
        assert found == char
    elif len(meant) == 1:
        assert found == meant[0]
    elif char == "-":
        assert found == ""
    else:  # the letter in its other case where case never matters, or nothing
        assert found in {None, char.swapcase()}


@pytest.mark.parametrize(
    ("symbols", "text", "plain"),
    [
        (MIXED, "aAoO0iIlL1", "aAoO0iIlL1"),
        (MIXED, "a-B 1\u20132", "aB12"),
        (KEYCLOAK, "ab1IlL", "AB1ILL"),
        (KEYCLOAK, "0", None),  # left out as nobody can tell it from O: it was never shown
        (BASE58, "0Oo", "ooo"),
        (BASE58, "1iL", "1iL"),
        (BASE58, "I", None),  # it looks like 1 and L, too
        (BASE58, "l", None),
        (BASE64URL, "-_\u2013 \uff3f", "-_-_"),
        (BASE64URL, "a b", "ab"),
        ("abAd", "B", "b"),
        ("abAd", "aAD", "aAd"),
        ("aBc", "AbC", "aBc"),
        ("Il", "1", None),
        ("xI", "1ilL", "IIII"),
        ("01", "oOiIlL", "001111"),
        ("!?", "?!", "?!"),
        ("!?", "\uff1f\uff01", "?!"),
        ("12.", "1. 2", "1.2"),
        ("12", "1. 2", "2"),
        ("12#", "#1 2", "#12"),
        ("12.", "#1 2", "2"),
        ("12(", "(1) 2", None),
        ("12*", "* 2", "*2"),
        ("12*", "\u2022 2", "2"),
        ("12-", "1.-2", None),
        ("12-", "1. -2", "-2"),
    ],
)
def test_a_text_is_read_as_the_other_system_meant_it(symbols, text, plain):
    """Case, look-alikes, hyphens and list marks, each only as far as it is no symbol."""
    assert read(symbols, text) == plain


def old_values(alphabet):
    """How the five alphabets were read when there were no others."""
    upper = {symbol.upper(): value for value, symbol in enumerate(alphabet.symbols)}
    for group in ("0O", "1IL"):
        own = [char for char in group if char in upper]
        if len(own) == 1:
            upper.update(dict.fromkeys(group, upper[own[0]]))
    return upper | {char.lower(): value for char, value in upper.items()}


@pytest.mark.parametrize("alphabet", Alphabet)
def test_a_custom_alphabet_of_known_symbols_is_read_like_the_known_one(alphabet):
    """There is one rule for all alphabets."""
    for char in map(chr, range(128)):
        same = CustomAlphabet(symbols=alphabet.symbols).read(Masked(char))
        value = old_values(alphabet).get(char)
        is_separator = char in " -\t\n\v\f\r"
        assert same == (() if is_separator else None if value is None else (value,))
        assert same == alphabet.read(Masked(char))


@pytest.mark.parametrize(
    "symbols",
    [
        "",
        "a",
        "aa",
        "abca",
        "a b",
        "a\tb",
        "a\x7f",
        "\u00e4b",
        "a\uff22",
        "a\ud800",
        PRINTABLE + "a",
        None,
        5,
        b"ab",
        ["a", "b"],
    ],
)
def test_what_is_no_alphabet_is_refused(symbols):
    """Too few, too many, twice, not printable ASCII, or no text."""
    with pytest.raises(PolicyError) as refusal:
        CustomAlphabet(symbols=symbols)
    assert str(refusal.value) == (
        "ALPHABET-SYMBOLS: 2 to 94 different printable ASCII characters without the space wanted, "
        "something else found; give each symbol once, as one text"
    )


@pytest.mark.parametrize(("symbols", "order"), [("ab", 2), (PRINTABLE, 94)])
def test_two_to_94_symbols_are_an_alphabet(symbols, order):
    """Both bounds are in."""
    assert CustomAlphabet(symbols=symbols).order == order


def test_a_hyphen_among_the_symbols_forbids_groups():
    """Nobody could tell the hyphens between the groups from those of the code."""
    assert CodeFormat.symbols(BASE64URL, 16).display(Masked("-" * 16)) == "-" * 16
    with pytest.raises(PolicyError, match=r"^FORMAT-GROUP: groups of 0 to 0 symbols wanted, 4"):
        CodeFormat.symbols(BASE64URL, 16, group=4)


@pytest.mark.parametrize("order", range(2, 95))
def test_a_check_symbol_takes_an_order_that_it_knows(order):
    """10, 16, 32 and 36 symbols; any other number is refused when the format is made."""
    if order in {10, 16, 32, 36}:
        assert CodeFormat.symbols(PRINTABLE[:order], 8, check=True).total == 9
    else:
        with pytest.raises(PolicyError) as refusal:
            CodeFormat.symbols(PRINTABLE[:order], 8, check=True)
        assert str(refusal.value) == (
            "FORMAT-CHECK-ORDER: a check symbol takes an alphabet of 10, 16, 32, 36, 1296, 7776 "
            f"symbols or words, {order} found; leave the check symbol out, or choose another "
            "alphabet"
        )


def test_a_check_symbol_on_36_symbols_has_its_bound():
    """As for the alphanumeric alphabet: it belongs to the order."""
    with pytest.raises(PolicyError, match=r"^FORMAT-CHECK: .*36 found"):
        CodeFormat.symbols(PRINTABLE[:36], 36, check=True)


@given(st.integers(2, 94), st.integers(1, 128))
def test_the_entropy_is_that_of_the_symbols(order, length):
    """The exact logarithm of the number of codes."""
    code_format = CodeFormat.symbols(PRINTABLE[:order], length)
    assert math.isclose(code_format.entropy_bits, length * math.log2(order))
    assert code_format.space == order**length


@pytest.mark.parametrize(
    ("code_format", "shown"),
    [
        (CodeFormat.symbols(MIXED, 20, group=10), "aB3dE5gH7j-K9mN1pQ3rS"),
        (CodeFormat.symbols(KEYCLOAK, 12, group=4), "ABCD-1234-WXYZ"),
        (CodeFormat.symbols(BASE64URL, 22), "-_-_AAAAaaaa0000-_-_zz"),
    ],
    ids=["Laravel", "Keycloak", "Rodauth"],
)
def test_codes_of_other_systems_are_shown_as_they_were(code_format, shown):
    """What the user kept is what is read and shown."""
    parsed = code_format.parse(shown)
    assert parsed.ordinal is None
    assert code_format.display(parsed.canonical) == shown


@pytest.mark.parametrize("order", [2, 10, 33, 62, 94])
def test_new_codes_can_be_made_of_any_alphabet(order):
    """Selector and secret, each read back; a replacement can look like what it replaces."""
    code_format = CodeFormat.symbols(PRINTABLE[:order], 20, selector=True)
    stream = iter(range(10**6))
    made = generate(
        code_format, 2, lambda size: bytes(next(stream) * 37 % 251 for _ in range(size))
    )
    assert [code_format.parse(code).ordinal for code in made] == [0, 1]
    with pytest.raises(InvalidArgument):
        code_format.encode(ordinal=order, secret=[0] * 20)


@given(formats())
def test_a_format_is_stored_with_its_alphabet(code_format):
    """As plain data, and read back equal."""
    text = STORED.dump_json(code_format)
    assert b'"alphabet":{"symbols":"' in text
    assert STORED.validate_json(text) == code_format


@pytest.mark.parametrize(
    "alphabet",
    [
        '{"symbols": 5}',
        '{"symbols": "ab", "order": 2}',
        "{}",
        '{"symbols": null}',
        '["ab"]',
        '"ab"',
    ],
)
def test_a_stored_alphabet_is_read_strictly(alphabet):
    """No conversion, no unknown field, no missing one."""
    with pytest.raises(ValidationError):
        STORED.validate_json(f'{{"alphabet": {alphabet}, "length": 8}}')


@pytest.mark.parametrize(
    "symbols", ["a", "aa", "a b", PRINTABLE.replace("\\", "").replace('"', "") * 9]
)
def test_a_stored_alphabet_out_of_bounds_is_refused(symbols):
    """The bounds hold wherever an alphabet comes from."""
    with pytest.raises(PolicyError):
        STORED.validate_json(f'{{"alphabet": {{"symbols": "{symbols}"}}, "length": 8}}')
