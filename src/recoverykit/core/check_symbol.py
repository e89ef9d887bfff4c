"""Check symbols: one symbol of the code's own alphabet that shows a typing error.

Every scheme here catches every single wrong symbol and every swap of two neighbours. All but one
are totally anti-symmetric quasigroups after H. M. Damm (Discrete Math. 307(6), 2007, 715-729):
a state, at first 0, takes in symbol after symbol, and a code is right where it ends at 0 again.
No such table is simpler than "multiply by a fixed element" where the order is that of a field, or
of a product of fields. For 36 there is none that simple: a sum modulo the next prime stands in,
which leaves one secret in 37 without a check symbol, so that another must be drawn.

Symbols are numbers from 0 below the order, the size of the alphabet or the word list.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from types import MappingProxyType

_PRIME = 37  # the next after 36

# Every weight must differ from 0 and from its neighbours modulo 37, the check symbol's -1 included:
# a thirty-sixth symbol could change places with the check symbol unseen.
MAX_PROTECTED: Mapping[int, int] = MappingProxyType({36: 35})

# Damm's own table of order 10.
_DAMM_10 = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)


def check_symbol(values: Sequence[int], *, order: int) -> int | None:
    """Return the check symbol over the given symbols.

    Args:
        values: the symbols to protect, each from 0 below the order; for order 36 at most 35.
        order: how many symbols there are: 10, 16, 32, 36, 1296 or 7776.

    Returns:
        A symbol of the same alphabet; None where these symbols have none (one case in 37, for
        order 36 only): draw others.
    """
    return _SCHEMES[order](values)


def is_valid(values: Sequence[int], *, order: int) -> bool:
    """Return whether the last symbol is the check symbol over those before it."""
    return values[-1] == check_symbol(values[:-1], order=order)


@cache
def count_protected(length: int, *, order: int, behind_first: bool) -> int:
    """Return how many sequences of symbols have a check symbol.

    Args:
        length: how many symbols are free; for order 36 at most 35, the first one included.
        order: as for ``check_symbol``.
        behind_first: whether one symbol more stands before them, which is given. The symbols that
            it may be differ in the answer by a few; the smallest stands for all.
    """
    if order == _PRIME - 1:
        firsts = range(order) if behind_first else (None,)
        return min(_count_37(length, first) for first in firsts)
    count: int = order**length
    return count


def _count_37(length: int, first: int | None) -> int:
    lightest = 1 if first is None else 2
    totals = [0] * _PRIME  # how many sequences have each sum
    totals[first or 0] = 1
    for weight in range(lightest, lightest + length):
        # A symbol is any residue but 36, that is -1: leave out what that one would have reached.
        everything = sum(totals)
        totals = [everything - totals[(total + weight) % _PRIME] for total in range(_PRIME)]
    return sum(totals[:-1])


def _damm_10(values: Sequence[int]) -> int:
    state = 0
    for value in values:
        state = _DAMM_10[state][value]
    return state


def _damm_binary(values: Sequence[int], *, order: int, polynomial: int) -> int:
    state = 0
    for value in values:
        state = (state ^ value) << 1
        if state & order:
            state ^= polynomial
    return state


def _damm_ternary(values: Sequence[int], *, order: int, remainder: int) -> int:
    state = 0
    for value in values:
        carry, rest = divmod(_add_ternary(state, value), order // 3)
        state = 3 * rest
        for _ in range(carry):
            state = _add_ternary(state, remainder)
    return _add_ternary(state, state)  # twice is minus once: what brings the state back to 0


def _add_ternary(left: int, right: int) -> int:
    """Add digit by digit in base 3, without a carry."""
    total, place = 0, 1
    while left or right:
        total += (left + right) % 3 * place
        left, right, place = left // 3, right // 3, place * 3
    return total


def _damm_product(
    values: Sequence[int],
    *,
    binary: Callable[[Sequence[int]], int],
    ternary: Callable[[Sequence[int]], int],
    ternary_order: int,
) -> int:
    high = binary([value // ternary_order for value in values])
    return high * ternary_order + ternary([value % ternary_order for value in values])


def _sum_37(values: Sequence[int]) -> int | None:
    total = sum(weight * value for weight, value in enumerate(values, start=1)) % _PRIME
    return total if total < _PRIME - 1 else None


# Primitive polynomials, so that the fixed element x is neither 0 nor 1 and has the longest period.
_GF_16 = partial(_damm_binary, order=16, polynomial=0b10011)  # x^4 + x + 1
_GF_32 = partial(_damm_binary, order=32, polynomial=0b100101)  # x^5 + x^2 + 1
_GF_81 = partial(_damm_ternary, order=81, remainder=7)  # x^4 + x + 2: x^4 is 2x + 1
_GF_243 = partial(_damm_ternary, order=243, remainder=5)  # x^5 + 2x + 1: x^5 is x + 2

_SCHEMES: Mapping[int, Callable[[Sequence[int]], int | None]] = {
    10: _damm_10,
    16: _GF_16,
    32: _GF_32,
    36: _sum_37,
    1296: partial(_damm_product, binary=_GF_16, ternary=_GF_81, ternary_order=81),
    7776: partial(_damm_product, binary=_GF_32, ternary=_GF_243, ternary_order=243),
}

ORDERS = frozenset(_SCHEMES)
"""How many symbols an alphabet can have that a check symbol is to be taken from."""
