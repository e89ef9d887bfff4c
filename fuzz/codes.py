"""The target of codes: any text in any format is read as the own reading says, and as nothing else.

What is shown of a code leads back to it, and so does every way of spelling it; a single wrong
symbol, or two neighbours that have changed places, do not pass a check symbol.
"""

from collections.abc import Sequence
from functools import lru_cache

from fuzz.reading import Read, fits, longest_input, names_in, places_in, read, symbols_in
from fuzz.tape import Tape
from recoverykit.core.alphabet import Alphabet
from recoverykit.core.check_symbol import ORDERS
from recoverykit.core.custom_alphabet import CustomAlphabet
from recoverykit.core.format import CodeFormat
from recoverykit.core.masked import Masked
from recoverykit.core.wordlist import WordList
from recoverykit.errors import MalformedCode, PolicyError

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
# Those in which a mark, a hyphen or a look-alike may be a symbol, and some of every size.
_CUSTOM = (_BASE58, "01", "oO", "IlL1", "0123456789-", ".()#*-", "1.)", "abcABC-.", _PRINTABLE)
_ALPHABETS = (*Alphabet, *WordList, *(CustomAlphabet(symbols=each) for each in _CUSTOM))
_SHOWN = frozenset(_PRINTABLE + " ")
_KINDS = len(_ALPHABETS) + 1  # and one that is drawn

_MARKS = (
    *("", "1. ", "10) ", "(3)\t", "#12 ", "\u2022 ", "* "),
    *("- ", "\n 7.\n", "007.\u2013", " #1-"),
)
_SEPARATORS = (" - ", *" -\n\u2009\u2011\u2212\u3000\u30fc\uff0d")
_UNSEEN = ("\u200b", "\ufeff", "\u00ad", "\u2069")
# What stands for something in one alphabet or another, and what never does.
_SLIPS = (*_PRINTABLE, *_SEPARATORS, *_UNSEEN, *"\x00\x1c\x7f\u00c5\u0130\u0131\u2126\u2081\ufdfa")
_ALIKE = {"0": "0Oo", "1": "1IiLl"}


def judge(data: bytes) -> None:
    """Read a text, plain or a spelling of a code, and hold what comes out against the own reading.

    Raises:
        AssertionError: an invariant is broken.
    """
    tape = Tape(data)
    code_format = _a_format(tape)
    if code_format is None:
        return
    if not tape.flag():
        _judge_text(code_format, tape.text(), tape)
        return
    mark = tape.pick(_MARKS)
    slips = [tape.piece(4) for _ in range(tape.number(3))]
    code = _a_code(code_format, tape)
    if code is None:
        return
    text = mark + _spelling(code_format, code, tape)
    for slip in slips:
        text = _slipped(text, Tape(slip))
    is_meant = not slips and not (mark and _spells_marks(code_format))
    _judge_text(code_format, text, tape, meant=code if is_meant else None)


def _a_format(tape: Tape) -> CodeFormat | None:
    """Draw a format; None where the bounds forbid it."""
    kind, drawn = tape.number(_KINDS), tape.byte()
    length = drawn % 20 if drawn < 160 else drawn - 120  # short ones first, and up to 135
    flags, group = tape.byte(), tape.byte()
    symbols = "".join(dict.fromkeys(map(chr, tape.piece(94)))) if kind == _KINDS - 1 else ""
    return _format(kind, length, flags & 3, group % 8, symbols)


@lru_cache(maxsize=4096)
def _format(kind: int, length: int, flags: int, group: int, symbols: str) -> CodeFormat | None:
    try:
        alphabet = CustomAlphabet(symbols=symbols) if kind == _KINDS - 1 else _ALPHABETS[kind]
        made = CodeFormat(
            alphabet=alphabet,
            length=length,
            selector=bool(flags & 1),
            check=bool(flags & 2),
            group=group,
        )
    except PolicyError:
        return None
    assert not made.check or made.alphabet.order in ORDERS, "a check symbol without a scheme"
    assert made.max_input == longest_input(made), "another bound of what is looked at"
    is_parted = bool(made.group) and "-" in (symbols_in(made) or "-")
    assert not is_parted, "a code is shown in groups that cannot be told from it"
    return made


def _a_code(code_format: CodeFormat, tape: Tape) -> str | None:
    """Draw a code; None where no check symbol fits."""
    order = code_format.alphabet.order
    ordinal = tape.number(order) if code_format.selector else None
    secret = [tape.number(order) for _ in range(code_format.length)]
    code = code_format.encode(ordinal=ordinal, secret=secret)
    if code is None:
        assert order == 36, "only a sum modulo 37 leaves codes without a check symbol"
        return None
    return code.reveal()


def _spelling(code_format: CodeFormat, code: str, tape: Tape) -> str:
    """Draw one of the ways in which a person or a program may hand a code back."""
    shown = code_format.display(Masked(code))
    assert len(shown) <= code_format.longest, "a code is longer than it may be"
    symbols = symbols_in(code_format)
    if symbols is None:
        pieces, between = shown.split(" "), _SEPARATORS
    else:
        pieces, between = list(code), ("", *_SEPARATORS) if "-" not in symbols else ("",)
    return "".join(_respelt(piece, symbols, between, tape) for piece in pieces)


def _respelt(piece: str, symbols: str | None, between: Sequence[str], tape: Tape) -> str:
    """Draw a way to write a symbol or a word that cannot mean another, and what follows it."""
    way, which = divmod(tape.byte(), 51)
    behind = between[which % len(between)]
    if way == 1:
        return "".join(chr(ord(char) + 0xFEE0) for char in piece) + behind  # full-width
    if way == 2 and (symbols is None or symbols in {symbols.upper(), symbols.lower()}):
        return piece.swapcase() + behind
    alike = _ALIKE.get(piece, "")
    if way == 3 and alike and symbols and not set(alike[1:]).intersection(symbols):
        return alike[-1 - which % 2] + behind
    return piece + (_UNSEEN[which % len(_UNSEEN)] if way == 4 else "") + behind


def _spells_marks(code_format: CodeFormat) -> bool:
    """Say whether a list mark, or what parts it from a code, may be a part of a code."""
    return not set(".()#*-").isdisjoint(symbols_in(code_format) or "")


def _slipped(text: str, tape: Tape) -> str:
    """Make an error of one character: another one, one too many, or one too few."""
    put, at = tape.pick(_SLIPS), tape.number(len(text) + 1)
    is_kept, is_missing = tape.flag(), tape.flag()
    return text[:at] + ("" if is_missing else put) + text[at + (not is_kept) :]


def _judge_text(
    code_format: CodeFormat, text: str, tape: Tape, *, meant: str | None = None
) -> None:
    expected = read(code_format, text)
    if meant is not None and len(text) <= code_format.max_input:
        assert expected is not None, "a spelling of a code is none"
        assert expected.canonical == meant, "a spelling of a code is another code"
    found = _parsed(code_format, text)
    assert found == expected, "a text is read otherwise"
    if found is not None:
        _judge_code(code_format, found, tape)


def _parsed(code_format: CodeFormat, text: str) -> Read | None:
    try:
        parsed = code_format.parse(text)
    except MalformedCode as refusal:
        assert refusal.__cause__ is refusal.__context__ is None, "a refusal is chained"
        assert not code_format.matches(text), "what is refused matches"
        return None
    assert code_format.matches(Masked(text)), "what is accepted does not match"
    return Read(ordinal=parsed.ordinal, canonical=parsed.canonical.reveal())


def _judge_code(code_format: CodeFormat, found: Read, tape: Tape) -> None:
    """What was read is shown and read again; with one typing error it is refused."""
    shown = code_format.display(Masked(found.canonical))
    assert set(shown) <= _SHOWN, "a code cannot be printed"
    for text in (found.canonical, shown):
        assert _parsed(code_format, text) == found, "what is shown is another code, or none"
    if code_format.check:
        _judge_errors(code_format, found.canonical, tape)


def _judge_errors(code_format: CodeFormat, canonical: str, tape: Tape) -> None:
    names, places = names_in(code_format), places_in(code_format.alphabet)
    between = "" if isinstance(names, str) else " "
    pieces = canonical.split(" ") if between else list(canonical)
    assert fits([places[piece] for piece in pieces], len(names)), "a wrong check symbol passes"
    at, other = tape.number(len(pieces)), tape.number(len(names))
    if names[other] != pieces[at]:
        wrong = between.join([*pieces[:at], names[other], *pieces[at + 1 :]])
        assert not code_format.matches(wrong), "a wrong symbol passes the check"
    if at and pieces[at] != pieces[at - 1]:
        swapped = [*pieces[: at - 1], pieces[at], pieces[at - 1], *pieces[at + 1 :]]
        assert not code_format.matches(between.join(swapped)), "a swap passes the check"
