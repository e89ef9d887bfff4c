"""The generator: uniform, distinct, from nothing but the entropy it is handed."""

import ast
import collections
import hashlib
import itertools
import secrets
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import recoverykit
from recoverykit.core.format import CodeFormat
from recoverykit.core.generator import check_count, generate, generate_one
from recoverykit.core.wordlist import WordList
from recoverykit.errors import InvalidArgument, PolicyError

FORMATS = [
    CodeFormat.default(),
    CodeFormat.digits(6),
    CodeFormat.digits(8, selector=True, check=True),
    CodeFormat.hex(16, group=4),
    CodeFormat.base32(8, check=True),
    CodeFormat.alphanumeric(24),
    CodeFormat.alphanumeric(12, selector=True, check=True),
    CodeFormat.words(5),
    CodeFormat.words(7, wordlist=WordList.EFF_SHORT_2, selector=True, check=True),
]


def stream(seed):
    """A source of entropy that is the same at every run."""
    blocks = (hashlib.sha256(f"{seed}/{n}".encode()).digest() for n in itertools.count())
    numbers = itertools.chain.from_iterable(blocks)
    return lambda size: bytes(itertools.islice(numbers, size))


def script(*numbers):
    """A source that gives just these bytes, and then is at its end."""
    left = iter(numbers)
    return lambda size: bytes(itertools.islice(left, size))


@pytest.mark.parametrize("code_format", FORMATS, ids=str)
def test_a_set_holds_its_ordinals_in_order(code_format):
    """Where there is a selector, the codes are numbered from 0."""
    codes = generate(code_format, 10, stream("order"))
    ordinals = [code_format.parse(code_format.display(code)).ordinal for code in codes]
    assert ordinals == (list(range(10)) if code_format.selector else [None] * 10)


@pytest.mark.parametrize("code_format", FORMATS, ids=str)
def test_two_generators_never_coincide(code_format):
    """Real entropy twice: nothing of one set is in the other, and no code twice in a set."""
    one, other = (generate(code_format, 8, secrets.token_bytes) for _ in range(2))
    both = {code.reveal() for code in one + other}
    # Six digits may meet by chance, once in 15,625 runs of this test: they are left to the rest.
    assert len(both) == 16 or code_format == CodeFormat.digits(6)


@pytest.mark.parametrize("code_format", FORMATS, ids=str)
def test_the_same_entropy_gives_the_same_codes(code_format):
    """There is no other source: no clock, no state between calls."""
    assert generate(code_format, 10, stream("same")) == generate(code_format, 10, stream("same"))
    assert generate(code_format, 10, stream("one")) != generate(code_format, 10, stream("other"))


@given(st.integers(0, 2**64), st.integers(1, 5))
def test_no_two_codes_of_a_set_are_alike(seed, count):
    """Even where half of all codes there are is asked for."""
    codes = generate(CodeFormat.digits(1), count, stream(seed))
    assert len({code.reveal() for code in codes}) == count


def test_a_secret_that_is_taken_is_drawn_again():
    """With a selector too: no two codes share a secret."""
    assert texts(generate(CodeFormat.digits(2), 2, script(1, 2, 1, 2, 3, 4))) == ["12", "34"]
    selected = CodeFormat.digits(2, selector=True)
    assert texts(generate(selected, 2, script(1, 2, 1, 2, 3, 4))) == ["012", "134"]


def test_a_secret_without_a_check_symbol_is_drawn_again():
    """0 and 18 have the sum 36, for which there is no symbol."""
    code_format = CodeFormat.alphanumeric(2, check=True)
    assert texts(generate(code_format, 1, script(0, 18, 1, 1))) == ["113"]


def test_a_number_past_the_alphabet_is_thrown_away():
    """It is not folded back by a remainder, which would favour small symbols."""
    assert texts(generate(CodeFormat.digits(3), 1, script(1, 10, 15, 2, 12, 3))) == ["123"]


def texts(codes):
    return [code.reveal() for code in codes]


@pytest.mark.parametrize(
    "code_format",
    [
        CodeFormat.digits(1),
        CodeFormat.hex(1),
        CodeFormat.base32(1),
        CodeFormat.alphanumeric(1),
        CodeFormat.words(1),
    ],
    ids=str,
)
def test_there_is_no_modulo_bias(code_format):
    """All bytes that can come are tried: each symbol is made by equally many of them."""
    width = 1 if code_format.alphabet.order <= 256 else 2
    made = collections.Counter()
    for number in range(256**width):
        try:
            code = generate_one(code_format, None, script(*number.to_bytes(width, "big")))
        except InvalidArgument:  # thrown away, and the script was at its end
            continue
        made[code.reveal()] += 1
    assert len(made) == code_format.alphabet.order
    assert len(set(made.values())) == 1


@pytest.mark.parametrize(
    ("code_format", "limit"),
    [
        # The values that chi-square exceeds once in 1,000: 9, 15, 31, 35 and 1,295 degrees.
        (CodeFormat.digits(8), 27.88),
        (CodeFormat.hex(8), 37.70),
        (CodeFormat.default(), 61.10),
        (CodeFormat.alphanumeric(8, check=True), 66.62),
        (CodeFormat.words(8, wordlist=WordList.EFF_SHORT_1), 1456.9),
    ],
    ids=str,
)
def test_symbols_are_uniform_at_every_place(code_format, limit):
    """Chi-square of each secret place over many codes; the stream is fixed, so it cannot flake."""
    entropy = stream("uniform")
    codes = [
        generate_one(code_format, 0 if code_format.selector else None, entropy) for _ in range(6480)
    ]
    values = [code_format.alphabet.read(code) for code in codes]
    for place in range(code_format.selector, code_format.selector + code_format.length):
        assert chi_square([code[place] for code in values], code_format.alphabet.order) < limit


def chi_square(values, order):
    expected = len(values) / order
    counts = collections.Counter(values)
    return sum((counts[value] - expected) ** 2 / expected for value in range(order))


@pytest.mark.parametrize(
    ("code_format", "ordinal"), [(CodeFormat.default(), 7), (CodeFormat.digits(6), None)], ids=str
)
def test_one_code_can_be_made_for_one_ordinal(code_format, ordinal):
    """As the replacement of a spent one."""
    code = generate_one(code_format, ordinal, stream("one"))
    assert code_format.parse(code).ordinal == ordinal


@pytest.mark.parametrize(
    ("code_format", "ordinal"),
    [(CodeFormat.default(), None), (CodeFormat.default(), 32), (CodeFormat.digits(6), 0)],
    ids=str,
)
def test_an_ordinal_that_the_format_cannot_name_is_refused(code_format, ordinal):
    """Missing, too large, or without a selector to name it."""
    with pytest.raises(InvalidArgument):
        generate_one(code_format, ordinal, stream("refused"))


@pytest.mark.parametrize(
    ("code_format", "count", "rules"),
    [
        (CodeFormat.default(), 0, ["COUNT-MIN"]),
        (CodeFormat.default(), -1, ["COUNT-MIN"]),
        (CodeFormat.default(), 33, ["COUNT-SELECTOR"]),
        (CodeFormat.digits(6, selector=True), 11, ["COUNT-SELECTOR"]),
        (CodeFormat.digits(1), 6, ["COUNT-SPACE"]),
        (CodeFormat.digits(1, selector=True), 11, ["COUNT-SELECTOR", "COUNT-SPACE"]),
    ],
    ids=str,
)
def test_a_set_without_room_is_refused(code_format, count, rules):
    """No code at all, more than the selector names, or more than half of all there are."""
    for refuse in (
        lambda: check_count(code_format, count),
        lambda: generate(code_format, count, stream("refused")),
    ):
        with pytest.raises(PolicyError) as refusal:
            refuse()
        assert [finding.rule for finding in refusal.value.findings] == rules


@pytest.mark.parametrize(
    ("code_format", "count"),
    [(CodeFormat.default(), 32), (CodeFormat.digits(1), 5), (CodeFormat.hex(6), 200)],
    ids=str,
)
def test_a_set_may_fill_its_room(code_format, count):
    """Both bounds are in, and without a selector a set may be large."""
    check_count(code_format, count)
    assert len(generate(code_format, count, stream("full"))) == count


@pytest.mark.parametrize(
    ("code_format", "entropy"),
    [
        (CodeFormat.default(), bytes),  # zeros: the second secret is the first
        (CodeFormat.digits(6), lambda size: b"\xff" * size),  # nothing below ten
        (CodeFormat.default(), lambda size: b"\x01" * (size - 1)),
        (CodeFormat.default(), lambda size: b"\x01" * (size + 1)),
    ],
)
def test_a_broken_source_ends_in_an_error(code_format, entropy):
    """Not in a loop without an end, and never in a code that is less than it says."""
    with pytest.raises(InvalidArgument):
        generate(code_format, 2, entropy)


def test_nothing_imports_a_random_number_generator_that_is_not_cryptographic():
    """No module of the library names ``random``; the core names no source of entropy at all.

    What checks others may: nothing of the library imports it.
    """
    root = Path(recoverykit.__file__).parent
    checks = root / "testing"
    modules = [each for each in sorted(root.rglob("*.py")) if not each.is_relative_to(checks)]
    assert root / "core" / "generator.py" in modules
    for module in modules:
        found = imported(module)
        assert "random" not in found, module
        if module.is_relative_to(root / "core"):
            assert not found & {"secrets", "os", "uuid", "time"}, module


def imported(module):
    """The top-level names of everything a module imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("order", [2, 3, 4, 5, 9, 17, 33, 65, 94])
def test_every_symbol_is_drawn_as_often_as_the_others(order):
    """Of any alphabet: from bytes of which each came once, each symbol comes equally often."""
    symbols = "".join(map(chr, range(33, 33 + order)))
    every = order * (256 // 2 ** (order - 1).bit_length())  # so many bytes are not thrown away
    source = script(*(37 * number % 256 for number in range(256)))
    one = CodeFormat.symbols(symbols, 1)
    drawn = collections.Counter(one.display(generate_one(one, None, source)) for _ in range(every))
    assert drawn == dict.fromkeys(symbols, every // order)
