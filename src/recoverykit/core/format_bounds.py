"""The bounds of a code format: which shapes are possible at all."""

from collections.abc import Mapping

from recoverykit.core.alphabet import Alphabet
from recoverykit.core.check_symbol import MAX_PROTECTED, ORDERS
from recoverykit.core.custom_alphabet import CustomAlphabet
from recoverykit.core.wordlist import WordList
from recoverykit.errors import Finding

MAX_SYMBOLS = 128  # 425 bits of digits
MAX_WORDS = 32  # 413 bits of the long list

_TYPES: Mapping[str, tuple[type, ...]] = {
    "alphabet": (Alphabet, CustomAlphabet, WordList),
    "length": (int,),
    "selector": (bool,),
    "check": (bool,),
    "group": (int,),
}


def wrong_types(fields: Mapping[str, object]) -> tuple[Finding, ...]:
    """Return a finding for each field of a format that is not of its type; True is no number."""
    return tuple(
        _wrong_type(name, " or ".join(kind.__name__ for kind in _TYPES[name]))
        for name, value in fields.items()
        if type(value) not in _TYPES[name]
    )


def out_of_bounds(
    alphabet: Alphabet | CustomAlphabet | WordList,
    *,
    length: int,
    group: int,
    total: int,
    check: bool,
) -> tuple[Finding, ...]:
    """Return a finding for each bound that a format of the right types breaks."""
    is_words = isinstance(alphabet, WordList)
    protected = MAX_PROTECTED.get(alphabet.order, total) if check else total
    findings = (
        _length(length, longest=MAX_WORDS if is_words else MAX_SYMBOLS),
        _group(group, widest=0 if is_words or _has_hyphen(alphabet) else max(total, 0)),
        _protected(total - check, longest=protected),
        _order(alphabet.order) if check else None,
    )
    return tuple(finding for finding in findings if finding is not None)


def _has_hyphen(alphabet: Alphabet | CustomAlphabet | WordList) -> bool:
    return isinstance(alphabet, CustomAlphabet) and "-" in alphabet.symbols


def _wrong_type(name: str, wanted: str) -> Finding:
    return Finding(
        rule="FORMAT-TYPE",
        figure=f"{name} must be of type {wanted}, and is not",
        mend=f"give {name} as {wanted}",
    )


def _length(length: int, *, longest: int) -> Finding | None:
    if 1 <= length <= longest:
        return None
    return Finding(
        rule="FORMAT-LENGTH",
        figure=f"1 to {longest} secret symbols or words wanted, {length} found",
        mend="choose a length within the bounds",
    )


def _group(group: int, *, widest: int) -> Finding | None:
    if 0 <= group <= widest:
        return None
    return Finding(
        rule="FORMAT-GROUP",
        figure=f"groups of 0 to {widest} symbols wanted, {group} found",
        mend="choose a group within the bounds; 0 shows one block",
    )


def _protected(length: int, *, longest: int) -> Finding | None:
    if length <= longest:
        return None
    return Finding(
        rule="FORMAT-CHECK",
        figure=f"at most {longest} symbols can stand before the check symbol, {length} found",
        mend="shorten the code, leave the check symbol out, or use base32",
    )


def _order(order: int) -> Finding | None:
    if order in ORDERS:
        return None
    wanted = ", ".join(map(str, sorted(ORDERS)))
    return Finding(
        rule="FORMAT-CHECK-ORDER",
        figure=f"a check symbol takes an alphabet of {wanted} symbols or words, {order} found",
        mend="leave the check symbol out, or choose another alphabet",
    )
