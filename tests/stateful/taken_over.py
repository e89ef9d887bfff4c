"""The oracle's reading of what another system brings: what is refused, and what comes of the rest.

Up to 64 codes, or 16 hashes, of one shape, none of them twice.
"""

from tests.stateful.accounts import FAST_FROM, FOREIGN, LONG_ENOUGH, NO_KEY, Refusal, Slot
from tests.stateful.reading import read, written

_MOST_CODES, _MOST_HASHES = 64, 16


def slots_of_codes(brought, rules):
    """Return the places of codes that are hashed like ours. One may name its own place."""
    guesses = [read(brought.shape, text) for text in brought.texts]
    if not 1 <= len(guesses) <= _MOST_CODES or None in guesses:
        raise Refusal("InvalidArgument")
    places = [n if each.ordinal is None else each.ordinal for n, each in enumerate(guesses)]
    if not len({each.values for each in guesses}) == len(set(places)) == len(guesses):
        raise Refusal("InvalidArgument")
    _permit(brought, rules, least=FAST_FROM if rules.work[0] == "hmac" else 0)
    key = rules.primary or NO_KEY
    return [
        Slot(place, key, rules.work, guess.values)
        for place, guess in zip(places, guesses, strict=True)
    ]


def slots_of_hashes(brought, rules):
    """Return the places of codes that another system has hashed, and bound to nothing."""
    if not 1 <= len(set(brought.lines)) == len(brought.lines) <= _MOST_HASHES:
        raise Refusal("InvalidArgument")
    if brought.shape.has_selector or not brought.are_lines:
        raise Refusal("InvalidArgument")
    _permit(brought, rules, least=0)
    return [
        Slot(place, NO_KEY, FOREIGN, _found_again(brought, text))
        for place, text in enumerate(brought.texts)
    ]


def _permit(brought, rules, *, least):
    """Refuse codes that are too short, unless none are taken over at all."""
    if not rules.accepts_short:
        least = max(least, LONG_ENOUGH)
    if brought.shape.bits < least and not rules.is_off:
        raise Refusal("PolicyError")


def _found_again(brought, text):
    """Return the values of a guess that is this code.

    None is, where the code was hashed in another spelling than the host says: a guess is hashed as
    the host says, and in the case of its shape.
    """
    values = read(brought.shape, text).values
    is_alike = text == written(brought.shape, values, shown=brought.with_separators)
    return values if is_alike else ()
