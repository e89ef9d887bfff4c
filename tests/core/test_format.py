"""The code format: what is shown, what is accepted, how much entropy there is."""

import dataclasses
import itertools
import math
import subprocess
import sys
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from recoverykit.core import wordlist as wordlist_module
from recoverykit.core.alphabet import Alphabet
from recoverykit.core.custom_alphabet import CustomAlphabet
from recoverykit.core.format import CodeFormat, ParsedCode
from recoverykit.core.masked import Masked
from recoverykit.core.wordlist import WordList
from recoverykit.errors import InvalidArgument, MalformedCode, MissingExtra, PolicyError

DEFAULT = CodeFormat.default()
SAMPLE = "47Q2M-Z4TB0-XKDND"  # made by this module: selector 4
WORDS = CodeFormat.words(5, selector=True, check=True)
STORED = TypeAdapter(CodeFormat)


@st.composite
def formats(draw):
    """Any format of up to 34 symbols or 8 words."""
    if draw(st.booleans()):
        return CodeFormat.words(
            draw(st.integers(1, 8)),
            wordlist=draw(st.sampled_from(WordList)),
            selector=draw(st.booleans()),
            check=draw(st.booleans()),
        )
    length = draw(st.integers(1, 34))
    return CodeFormat(
        alphabet=draw(st.sampled_from(Alphabet)),
        length=length,
        selector=draw(st.booleans()),
        check=draw(st.booleans()),
        group=draw(st.integers(0, length)),
    )


@st.composite
def codes(draw, code_format):
    """Any code of the format."""
    order = code_format.alphabet.order
    ordinal = draw(st.integers(0, order - 1)) if code_format.selector else None
    secret = st.lists(
        st.integers(0, order - 1), min_size=code_format.length, max_size=code_format.length
    )
    made = secret.map(lambda values: code_format.encode(ordinal=ordinal, secret=values))
    return draw(made.filter(lambda code: code is not None))


formats_with_codes = formats().flatmap(
    lambda code_format: st.tuples(st.just(code_format), codes(code_format))
)

separators = st.text(" -\t\n\u00a0\u2009\u2011\u2013\u2014\u2212\u3000\u200b\ufeff", max_size=3)
word_separators = separators.filter(lambda text: text.strip("\u200b\ufeff"))
list_marks = st.sampled_from(["", "1. ", "10) ", "(3)\t", "#12 ", "\u2022 ", "* ", "- ", "\n 7.\n"])
LOOK_ALIKES = {"0": "0Oo", "1": "1IiLl"}


def full_width(text):
    return "".join([chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text])


@st.composite
def spellings(draw, code_format, code):
    """Any of the ways in which a person or a program may hand the code back."""
    text = code_format.display(code)
    if isinstance(code_format.alphabet, Alphabet):
        pieces, between = list(text.replace("-", "")), separators
    else:
        pieces, between = text.split(" "), word_separators
    zero_or_one = code_format.alphabet in {Alphabet.CROCKFORD32, Alphabet.HEX, Alphabet.DIGITS}
    parts = [draw(list_marks)]
    for piece in pieces:
        alike = LOOK_ALIKES.get(piece, piece) if zero_or_one else ""
        spelt = draw(st.sampled_from(alike)) if len(alike) > 1 else piece
        change = draw(st.sampled_from([str.upper, str.lower, full_width, str]))
        parts += [change(spelt), draw(between)]
    return "".join(parts)


@given(st.data())
def test_every_spelling_is_the_same_code(data):
    """Separators, case, full-width forms, look-alikes, list marks: all lead back to one code."""
    code_format, code = data.draw(formats_with_codes)
    text = data.draw(spellings(code_format, code))
    if len(text) <= code_format.max_input:
        assert code_format.parse(text).canonical == code


@given(formats_with_codes)
def test_what_is_shown_is_read_back(pair):
    """Parse after display is the identity, and a masked text is read like a plain one."""
    code_format, code = pair
    shown = code_format.display(code)
    assert code_format.parse(shown) == code_format.parse(Masked(shown)) == code_format.parse(code)
    assert code_format.parse(shown).canonical == code
    assert code_format.matches(shown)


@given(formats_with_codes)
def test_codes_are_plain_ascii_and_no_formula(pair):
    """SP 800-63B-4 4.2.1.1: printable ASCII. ASVS 5.0 1.2.10: no spreadsheet takes it for one."""
    code_format, code = pair
    shown = code_format.display(code)
    assert shown.isascii()
    assert shown.isprintable()
    assert shown[0] not in "=+-@"


@given(st.data())
def test_no_code_is_shown_like_another(data):
    """Different codes have different displays, and none is read as the other."""
    code_format = data.draw(formats())
    one, other = data.draw(codes(code_format)), data.draw(codes(code_format))
    assert (one == other) == (code_format.display(one) == code_format.display(other))
    assert (
        code_format.parse(code_format.display(one)) == code_format.parse(code_format.display(other))
    ) == (one == other)


@given(formats_with_codes)
def test_normalising_twice_changes_nothing(pair):
    """The canonical form is its own canonical form."""
    code_format, code = pair
    once = code_format.parse(code_format.display(code)).canonical
    assert code_format.parse(once).canonical == once


@given(st.data())
def test_a_list_mark_never_competes_with_another_reading(data):
    """What begins with a list mark is no code if the mark is left in: only one reading exists."""
    code_format, code = data.draw(formats_with_codes)
    mark = data.draw(st.sampled_from(["1. ", "23) ", "(4) ", "#5 ", "\u2022 ", "* "]))
    text = data.draw(st.sampled_from([mark + code_format.display(code), mark + mark, mark]))
    # A hyphen in front is skipped as a separator, and hides the mark from being left out.
    assert not code_format.matches("-" + text)


@given(st.data())
def test_a_bare_number_before_a_code_is_part_of_it(data):
    """It could be the beginning of a code, so it is never left out."""
    code_format, code = data.draw(formats_with_codes)
    number = data.draw(st.integers(0, 99))
    assert not code_format.matches(f"{number} {code_format.display(code)}")


@given(formats(), st.text())
def test_any_text_is_either_one_code_or_malformed(code_format, text):
    """Whatever is typed: nothing but MalformedCode comes out, and matches agrees."""
    try:
        parsed = code_format.parse(text)
    except MalformedCode:
        assert not code_format.matches(text)
    else:
        assert code_format.matches(text)
        assert code_format.parse(code_format.display(parsed.canonical)) == parsed


NO_CODES = {
    "nothing": None,
    "a number": 47,
    "bytes": SAMPLE.encode(),
    "masked bytes": Masked(SAMPLE.encode()),
    "a list": [SAMPLE],
    "empty": "",
    "blank": " ",
    "only a separator": "-",
    "only a list mark": "1. ",
    "too short": SAMPLE[:-1],
    "too long": SAMPLE + "0",
    "too long in front": "0" + SAMPLE,
    "a letter that Crockford left out": SAMPLE.replace("Q", "U"),
    "other separators": SAMPLE.replace("-", "!"),
    "full stops": SAMPLE.replace("-", "."),
    "low lines": SAMPLE.replace("-", "_"),
    "the end of a sentence": SAMPLE + ".",
    "quoted": f'"{SAMPLE}"',
    "another list mark": "A. " + SAMPLE,
    "two list marks": "1. 2. " + SAMPLE,
    "a list mark without a separator": "1." + SAMPLE,
    "Cyrillic": SAMPLE.replace("Q", "\u051a"),
    "Arabic-Indic digits": SAMPLE.replace("4", "\u0664"),
    "dotless i": SAMPLE.replace("B", "\u0131"),
    "NUL": SAMPLE + "\x00",
    "a lone surrogate": SAMPLE + "\ud800",
    "a combining accent": SAMPLE + "\u0301",
    "two symbols swapped": SAMPLE.replace("B0", "0B"),
    "another selector": SAMPLE.replace("47", "57"),
    "another symbol": SAMPLE.replace("7", "8"),
    "another check symbol": SAMPLE[:-1] + "G",
}


@pytest.mark.parametrize("text", NO_CODES.values(), ids=NO_CODES)
def test_what_is_no_code_is_malformed(text):
    """Nothing, other types, other lengths, other symbols, and a check symbol that does not fit."""
    assert not DEFAULT.matches(text)
    with pytest.raises(MalformedCode):
        DEFAULT.parse(text)


@pytest.mark.parametrize("code_format", [DEFAULT, CodeFormat.digits(6), CodeFormat.hex(128), WORDS])
def test_a_text_past_the_bound_is_not_looked_at(code_format):
    """As much padding as the bound allows is fine; one character more, or a megabyte, is not."""
    code = code_format.display(
        code_format.encode(
            ordinal=0 if code_format.selector else None, secret=[1] * code_format.length
        )
    )
    assert 128 <= code_format.max_input <= 1024
    assert code_format.matches(code.ljust(code_format.max_input))
    assert not code_format.matches(code.ljust(code_format.max_input + 1))
    assert not code_format.matches(code.ljust(2**20))
    assert not code_format.matches(
        "\ufdfa" * code_format.max_input
    )  # NFKC makes 18 characters out of one


@given(formats_with_codes)
def test_there_is_room_for_a_clumsy_paste(pair):
    """Twice the display, and more, is looked at for every format."""
    code_format, code = pair
    assert 2 * len(code_format.display(code)) <= code_format.max_input


def test_the_default_is_three_groups_of_five():
    """Selector, 13 secret symbols, check symbol: 65 bits, 32 codes at most."""
    parsed = DEFAULT.parse(SAMPLE)
    assert DEFAULT.display(parsed.canonical) == SAMPLE
    assert parsed == ParsedCode(ordinal=4, canonical=Masked("47Q2MZ4TB0XKDND"))
    assert (DEFAULT.total, DEFAULT.capacity, DEFAULT.entropy_bits) == (15, 32, 65.0)


@pytest.mark.parametrize(
    ("code_format", "shown"),
    [
        (CodeFormat.digits(6), "123456"),
        (CodeFormat.digits(6, group=3), "123-456"),
        (CodeFormat.digits(3, check=True), "5724"),
        (CodeFormat.hex(10, group=5), "12345-6789a"),
        (CodeFormat.base32(8), "bcdefghi"),
        (CodeFormat.alphanumeric(24, group=5), "K6LGL-V3RSH-3VERM-KET8L-7QKU"),
        (CodeFormat.words(3), "abdomen yo-yo t-shirt"),
    ],
)
def test_each_format_shows_its_codes_as_similar_systems_do(code_format, shown):
    """Grouping is only for the eye: the parts read the same without it."""
    parsed = code_format.parse(shown)
    assert parsed.ordinal is None
    assert code_format.capacity is None
    assert code_format.display(parsed.canonical) == shown
    assert code_format.parse(shown.upper()) == parsed
    assert dataclasses.replace(code_format, group=0).parse(shown) == parsed


@given(st.data())
def test_the_selector_names_the_ordinal(data):
    """What was put in as the ordinal is read out."""
    code_format = data.draw(formats().filter(lambda code_format: code_format.selector))
    ordinal = data.draw(st.integers(0, code_format.capacity - 1))
    order = code_format.alphabet.order
    values = st.lists(
        st.integers(0, order - 1), min_size=code_format.length, max_size=code_format.length
    )
    code = code_format.encode(ordinal=ordinal, secret=data.draw(values))
    if code is not None:
        assert code_format.parse(code).ordinal == ordinal


@pytest.mark.parametrize("position", range(15))
def test_every_wrong_symbol_of_a_default_code_is_malformed(position):
    """All 31 of them at this place."""
    code = SAMPLE.replace("-", "")
    for wrong in Alphabet.CROCKFORD32.symbols:
        text = code[:position] + wrong + code[position + 1 :]
        assert DEFAULT.matches(text) == (text == code)


def test_every_swap_in_a_default_code_is_malformed():
    """Any two symbols, not only neighbours."""
    code = SAMPLE.replace("-", "")
    for one, other in itertools.combinations(range(15), 2):
        symbols = list(code)
        symbols[one], symbols[other] = code[other], code[one]
        assert DEFAULT.matches("".join(symbols)) == (code[one] == code[other])


@pytest.mark.parametrize(
    ("ordinal", "secret"),
    [
        (None, [0] * 13),
        (-1, [0] * 13),
        (32, [0] * 13),
        (0, [0] * 12),
        (0, [32] * 13),
        (0, [-1] * 13),
    ],
)
def test_what_is_not_of_the_format_is_not_encoded(ordinal, secret):
    """A missing or unknown ordinal, a secret of another length or with unknown symbols."""
    with pytest.raises(InvalidArgument):
        DEFAULT.encode(ordinal=ordinal, secret=secret)


def test_an_ordinal_without_a_selector_is_not_encoded():
    """There is no place for it in the code."""
    with pytest.raises(InvalidArgument):
        CodeFormat.digits(6).encode(ordinal=0, secret=[1] * 6)


def test_a_secret_without_a_check_symbol_has_no_code():
    """The weighted sum of 0 and 18 is 36, for which there is no symbol."""
    code_format = CodeFormat.alphanumeric(2, check=True)
    assert code_format.encode(ordinal=None, secret=[0, 18]) is None


TINY = [
    CodeFormat(alphabet=alphabet, length=length, selector=selector, check=check)
    for alphabet in (*Alphabet, WordList.EFF_SHORT_1)
    for length in ((1, 2) if isinstance(alphabet, Alphabet) else (1,))
    for selector, check in itertools.product([False, True], repeat=2)
]


@pytest.mark.parametrize("code_format", TINY, ids=str)
def test_the_declared_entropy_is_that_of_the_codes_there_are(code_format):
    """Every secret of a tiny format is encoded, and the different codes are counted."""
    order = code_format.alphabet.order
    ordinals = (0, 1, 2, order // 2, order - 1) if code_format.selector else (None,)
    if order == 36 and code_format.selector:
        ordinals = range(order)
    counts = []
    for ordinal in ordinals:
        secrets = itertools.product(range(order), repeat=code_format.length)
        made = [code_format.encode(ordinal=ordinal, secret=secret) for secret in secrets]
        counts.append(len({code.reveal() for code in made if code is not None}))
    assert min(counts) == code_format.space
    assert code_format.entropy_bits == math.log2(min(counts))


@pytest.mark.parametrize(
    ("make", "lengths"),
    [
        (CodeFormat.digits, (7, 20, 25, 34, 39)),
        (CodeFormat.hex, (5, 16, 20, 28, 32)),
        (CodeFormat.base32, (4, 13, 16, 23, 26)),
        (CodeFormat.alphanumeric, (4, 13, 16, 22, 25)),
        (lambda n: CodeFormat.words(n, wordlist=WordList.EFF_SHORT_1), (2, 7, 8, 11, 13)),
        (lambda n: CodeFormat.words(n, wordlist=WordList.EFF_SHORT_2), (2, 7, 8, 11, 13)),
        (CodeFormat.words, (2, 5, 7, 9, 10)),
    ],
)
def test_so_many_symbols_reach_the_bits_that_standards_ask_for(make, lengths):
    """20 bits (ASVS 5.0 6.5.4), 64 (SP 800-63B-4 4.2.1.1), 80, 112 (3.1.2.2) and 128."""
    for bits, length in zip((20, 64, 80, 112, 128), lengths, strict=True):
        assert make(length).entropy_bits >= bits > make(length - 1).entropy_bits


def test_six_digits_are_just_short_of_twenty_bits():
    """SP 800-63B-4 3.1.2.1 allows them by name."""
    assert round(CodeFormat.digits(6).entropy_bits, 2) == 19.93


def test_selector_and_check_symbol_add_no_entropy():
    """Only the secret counts; with the sum modulo 37 the redraw costs at most 0.05 bits."""
    assert CodeFormat.base32(13, selector=True, check=True).entropy_bits == 65.0
    plain = CodeFormat.alphanumeric(13)
    checked = CodeFormat.alphanumeric(13, selector=True, check=True)
    assert 0 < plain.entropy_bits - checked.entropy_bits < 0.05


@given(formats())
def test_a_stored_format_is_read_back(code_format):
    """Strict JSON there and back."""
    assert STORED.validate_json(STORED.dump_json(code_format)) == code_format


def test_a_stored_format_is_plain():
    """What a document holds, letter for letter: changing it would orphan stored sets."""
    assert STORED.dump_json(DEFAULT) == (
        b'{"alphabet":"crockford32","length":13,"selector":true,"check":true,"group":5}'
    )
    assert [member.value for member in (*Alphabet, *WordList)] == [
        "digits",
        "hex",
        "crockford32",
        "base32",
        "alphanumeric",
        "eff-long",
        "eff-short-1",
        "eff-short-2",
    ]


@pytest.mark.parametrize(
    "stored",
    [
        '{"alphabet": "hex", "length": "16"}',
        '{"alphabet": "hex", "length": 16, "check": 1}',
        '{"alphabet": "hex", "length": true}',
        '{"alphabet": "HEX", "length": 16}',
        '{"alphabet": "hex", "length": 16, "colour": "red"}',
        '{"alphabet": "hex"}',
    ],
)
def test_a_stored_format_is_read_strictly(stored):
    """No conversion, no unknown field, no missing one."""
    with pytest.raises(ValidationError):
        STORED.validate_json(stored)


def test_a_stored_format_out_of_bounds_is_refused():
    """The bounds hold wherever a format comes from."""
    with pytest.raises(PolicyError):
        STORED.validate_json('{"alphabet": "hex", "length": 0}')


@pytest.fixture
def without_words(monkeypatch):
    """A process that has not installed the word lists."""
    wordlist_module._load.cache_clear()
    wordlist_module._values.cache_clear()
    monkeypatch.setitem(sys.modules, "xkcdpass", None)
    yield
    wordlist_module._load.cache_clear()
    wordlist_module._values.cache_clear()


@pytest.mark.usefixtures("without_words")
def test_a_format_of_words_needs_its_list_from_the_start():
    """The host learns it when it builds the policy, not when a code is redeemed."""
    with pytest.raises(MissingExtra):
        CodeFormat.words(5)


@pytest.mark.usefixtures("without_words")
def test_a_stored_format_of_words_is_readable_without_the_list():
    """Status and entropy need no words; reading a code does."""
    stored = STORED.validate_json('{"alphabet": "eff-long", "length": 5}')
    assert round(stored.entropy_bits, 2) == 64.62
    with pytest.raises(MissingExtra):
        stored.matches("abacus abdomen yo-yo zoom zone")


def our_locals(error):
    """The repr of every local in our own frames of the error's traceback."""
    trace = error.__traceback__
    while trace is not None:
        if "recoverykit" in trace.tb_frame.f_globals["__name__"].split("."):
            yield from map(repr, trace.tb_frame.f_locals.values())
        trace = trace.tb_next


@pytest.mark.parametrize("code_format", [DEFAULT, WORDS], ids=["symbols", "words"])
@pytest.mark.parametrize("wrap", [str, Masked])
@pytest.mark.parametrize(
    "text",
    ["canary", "canary" * 1000, "\uff43anary", "abacus canary", "C4N4R-YYYYY-YYYYY", "1. canary"],
)
def test_no_traceback_shows_what_was_typed(code_format, wrap, text):
    """Nor is there a cause or a context that could hold it."""
    with pytest.raises(MalformedCode) as refusal:
        code_format.parse(wrap(text))
    seen = list(our_locals(refusal.value))
    assert seen
    assert not any("anary" in shown.lower() or "c4n4r" in shown.lower() for shown in seen)
    assert refusal.value.__cause__ is None
    assert refusal.value.__context__ is None
    assert "anary" not in str(refusal.value)


@pytest.mark.usefixtures("without_words")
@pytest.mark.parametrize("name", ["parse", "matches"])
def test_no_traceback_of_a_missing_list_shows_what_was_typed(name):
    """The list is read before the text is revealed."""
    code_format = CodeFormat(alphabet=WordList.EFF_LONG, length=5)
    with pytest.raises(MissingExtra) as refusal:
        getattr(code_format, name)("abacus canary abacus abacus abacus")
    seen = list(our_locals(refusal.value))
    assert seen
    assert not any("canary" in shown for shown in seen)


def test_no_traceback_of_encode_shows_the_secret():
    """A secret that cannot be encoded is not shown either."""
    with pytest.raises(InvalidArgument) as refusal:
        DEFAULT.encode(ordinal=None, secret=[29] * 13)
    assert not any("29" in shown for shown in our_locals(refusal.value))


def test_a_parsed_code_is_masked():
    """It may be printed and logged."""
    assert repr(DEFAULT.parse(SAMPLE)) == "ParsedCode(ordinal=4, canonical=Masked(***))"


def test_importing_the_format_reads_no_list():
    """Import stays cheap: neither the word lists nor pydantic come along."""
    program = (
        "import sys, recoverykit.core.format, recoverykit.core.wordlist as wordlist\n"
        "print('xkcdpass' in sys.modules, wordlist._load.cache_info().currsize)"
    )
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "0"]


BY_NAME = {
    Alphabet.DIGITS: CodeFormat.digits,
    Alphabet.HEX: CodeFormat.hex,
    Alphabet.BASE32: CodeFormat.base32,
    Alphabet.ALPHANUMERIC: CodeFormat.alphanumeric,
    CustomAlphabet(symbols="0123456789"): partial(CodeFormat.symbols, "0123456789"),
}


@pytest.mark.parametrize(("alphabet", "make"), BY_NAME.items())
def test_a_format_made_by_name_is_bare_unless_more_is_asked_for(alphabet, make):
    """Neither selector nor check symbol nor groups; and each of them by its own argument."""
    fields = {"alphabet": alphabet, "length": 16}
    assert make(16) == CodeFormat(selector=False, check=False, group=0, **fields)
    for extra in ({"selector": True}, {"check": True}, {"group": 4}):
        assert make(16, **extra) == CodeFormat(**fields, **extra)


@pytest.mark.parametrize("extra", [{}, {"selector": True}, {"check": True}])
def test_words_are_bare_unless_more_is_asked_for(extra):
    """The long list, unless another is named."""
    fields = {"length": 8, "selector": False, "check": False} | extra
    assert CodeFormat.words(8, **extra) == CodeFormat(alphabet=WordList.EFF_LONG, **fields)
    short = CodeFormat.words(8, wordlist=WordList.EFF_SHORT_2, **extra)
    assert short == CodeFormat(alphabet=WordList.EFF_SHORT_2, **fields)
