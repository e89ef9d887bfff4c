"""Check symbols: what they catch, exhaustively where that is possible."""

import hashlib
import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoverykit.core.check_symbol import MAX_PROTECTED, check_symbol, count_protected, is_valid

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SYMBOL_ORDERS = (10, 16, 32, 36)
WORD_ORDERS = (1296, 7776)


def sample(order, length, seed):
    """Some symbols, the same at every run."""
    stream = hashlib.shake_256(f"{order}/{seed}".encode()).digest(4 * length)
    return [int.from_bytes(stream[at : at + 4], "big") % order for at in range(0, len(stream), 4)]


def protect(values, order):
    """The code of these symbols; None where there is no check symbol."""
    check = check_symbol(values, order=order)
    return None if check is None else [*values, check]


def wrong_symbols(code, order):
    for at, right in enumerate(code):
        for wrong in range(order):
            if wrong != right:
                yield [*code[:at], wrong, *code[at + 1 :]]


def swaps(code):
    for at, (left, right) in enumerate(itertools.pairwise(code)):
        if left != right:
            yield [*code[:at], right, left, *code[at + 2 :]]


@pytest.mark.parametrize(
    ("data", "check"),
    [
        # Computed once with the recurrence in the docstring below.
        ("1", "2"),
        ("01", "2"),
        ("10", "4"),
        ("0123456789ABC", "B"),
        ("ZZZZZZZZZZZZZ", "E"),
        ("7Q2MZ4TB0XKDN", "P"),
    ],
)
def test_order_32_gives_the_published_vectors(data, check):
    """GF(32): c = 2 * (c xor x) modulo x^5 + x^2 + 1, from 0, on Crockford's values."""
    values = [CROCKFORD.index(symbol) for symbol in data]
    assert CROCKFORD[check_symbol(values, order=32)] == check
    assert is_valid([*values, CROCKFORD.index(check)], order=32)


def test_order_10_gives_damms_vector():
    """The example that everybody prints: 572 has the check digit 4."""
    assert check_symbol([5, 7, 2], order=10) == 4


def test_order_36_is_a_weighted_sum_modulo_37():
    """The sum of i * x_i modulo 37; where that is 36 there is no symbol for it."""
    assert check_symbol([3, 5, 7], order=36) == (3 + 10 + 21) % 37
    assert check_symbol([0, 18], order=36) is None


@pytest.mark.parametrize("order", SYMBOL_ORDERS)
def test_no_triple_is_symmetric(order):
    """For every state, swapping two different next symbols leads to different states."""
    for first in range(order):
        for left, right in itertools.combinations(range(order), 2):
            one = check_symbol([first, left, right], order=order)
            other = check_symbol([first, right, left], order=order)
            assert one != other or one is None


@pytest.mark.parametrize("order", [10, 16, 32])
def test_every_state_is_reached_and_left_one_to_one(order):
    """Each row and column of the quasigroup is a permutation: one wrong symbol changes the end."""
    table = [[check_symbol([a, b], order=order) for b in range(order)] for a in range(order)]
    full = set(range(order))
    assert {check_symbol([a], order=order) for a in range(order)} == full
    assert all(set(row) == full for row in table)
    assert all(set(column) == full for column in zip(*table, strict=True))


@pytest.mark.parametrize(("order", "length"), [(10, 3), (16, 2), (32, 2), (36, 2)])
def test_short_codes_catch_every_wrong_symbol_and_every_swap(order, length):
    """All codes of that length, all single substitutions, all swaps of neighbours."""
    for values in itertools.product(range(order), repeat=length):
        code = protect(values, order)
        if code is not None:
            assert is_valid(code, order=order)
            assert not any(is_valid(wrong, order=order) for wrong in wrong_symbols(code, order))
            assert not any(is_valid(wrong, order=order) for wrong in swaps(code))


@pytest.mark.parametrize("seed", range(30))
def test_the_default_shape_catches_every_wrong_symbol_and_every_swap(seed):
    """Fifteen symbols of base32: every position, every symbol, and any two places exchanged."""
    code = protect(sample(32, 14, seed), 32)
    assert not any(is_valid(wrong, order=32) for wrong in wrong_symbols(code, 32))
    for one, other in itertools.combinations(range(15), 2):
        if code[one] != code[other]:
            wrong = list(code)
            wrong[one], wrong[other] = code[other], code[one]
            assert not is_valid(wrong, order=32)


@pytest.mark.parametrize("seed", range(20))
def test_the_longest_sum_still_catches_every_wrong_symbol_and_every_swap(seed):
    """Thirty-five alphanumeric symbols and their check symbol."""
    code = protect(sample(36, MAX_PROTECTED[36], seed), 36)
    if code is not None:
        assert not any(is_valid(wrong, order=36) for wrong in wrong_symbols(code, 36))
        assert not any(is_valid(wrong, order=36) for wrong in swaps(code))


def test_a_longer_sum_would_miss_a_swap():
    """Why the sum is bounded: the thirty-sixth symbol and the check symbol weigh the same."""
    too_long = [0] * 34 + [1, 2]
    code = protect(too_long, 36)
    assert any(is_valid(wrong, order=36) for wrong in swaps(code))


@pytest.mark.parametrize("order", WORD_ORDERS)
def test_every_wrong_word_is_caught(order):
    """One word alone has a check word of its own, and no word stands still in the step."""
    checks = [check_symbol([word], order=order) for word in range(order)]
    assert sorted(checks) == list(range(order))
    for position in (0, 2, 5):
        zeros = [0] * 6
        seen = set()
        for word in range(order):
            zeros[position] = word
            seen.add(check_symbol(zeros, order=order))
        assert len(seen) == order


@pytest.mark.parametrize("order", WORD_ORDERS)
def test_no_two_words_can_be_swapped(order):
    """The scheme is linear: a swap is seen if every difference is, and all of them are tried."""
    for difference in range(1, order):
        left = check_symbol([difference, 0], order=order)
        right = check_symbol([0, difference], order=order)
        assert left != right
        # A word may also change places with the check word that follows it.
        code = protect([difference], order)
        assert code is not None
        assert not any(is_valid(wrong, order=order) for wrong in swaps(code))


@given(st.data())
def test_words_catch_a_wrong_word_and_a_swap_anywhere(data):
    """Any code of up to 32 words: one word replaced, or two neighbours swapped."""
    order = data.draw(st.sampled_from(WORD_ORDERS))
    words = st.integers(0, order - 1)
    code = protect(data.draw(st.lists(words, min_size=1, max_size=32)), order)
    at = data.draw(st.integers(0, len(code) - 1))
    wrong = data.draw(words.filter(lambda word: word != code[at]))
    assert is_valid(code, order=order)
    assert not is_valid([*code[:at], wrong, *code[at + 1 :]], order=order)
    assert not any(is_valid(swapped, order=order) for swapped in swaps(code))


@pytest.mark.parametrize("order", [10, 16, 32, *WORD_ORDERS])
def test_all_sequences_are_protected_where_the_order_allows_it(order):
    """Only the sum modulo 37 leaves sequences without a check symbol."""
    assert count_protected(3, order=order, behind_first=True) == order**3


@pytest.mark.parametrize("length", [1, 2, 3])
def test_the_count_of_protected_sequences_is_that_of_an_enumeration(length):
    """Order 36: every sequence is tried."""
    free = list(itertools.product(range(36), repeat=length))
    counted = sum(check_symbol(values, order=36) is not None for values in free)
    assert count_protected(length, order=36, behind_first=False) == counted


@pytest.mark.parametrize("length", [1, 2])
def test_the_count_behind_a_first_symbol_is_the_smallest_of_all(length):
    """Order 36 behind a selector: every selector and every sequence is tried."""
    free = list(itertools.product(range(36), repeat=length))
    counted = [
        sum(check_symbol((first, *values), order=36) is not None for values in free)
        for first in range(36)
    ]
    assert count_protected(length, order=36, behind_first=True) == min(counted)


@pytest.mark.parametrize("length", [32, 34])
def test_the_count_behind_a_first_symbol_weighs_each_symbol_by_its_place(length):
    """Order 36: in shorter codes, other weights would give the same smallest count."""
    sums = Counter({0: 1})
    for weight in range(2, length + 2):
        reached = Counter()
        for (total, ways), value in itertools.product(sums.items(), range(36)):
            reached[(total + weight * value) % 37] += ways
        sums = reached
    counted = [sums.total() - sums[(36 - first) % 37] for first in range(36)]
    assert count_protected(length, order=36, behind_first=True) == min(counted)


@pytest.mark.parametrize("order", [10, 16, 32, 36, *WORD_ORDERS])
def test_a_code_of_nothing_but_the_first_symbol_ends_in_it(order):
    """Every scheme begins at 0 and stays there: codes on paper outlive the release they are of."""
    for length in (1, 2, 5, 14):
        assert check_symbol([0] * length, order=order) == 0
