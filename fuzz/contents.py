"""An own reading of documents: what must hold of every one that is read, told from its JSON."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TypeAlias

from recoverykit.core.wordlist import WordList

Json: TypeAlias = "Mapping[str, Json] | list[Json] | str | int | None"

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", re.ASCII)
_ORDERS = {"digits": 10, "hex": 16, "crockford32": 32, "base32": 32, "alphanumeric": 36}
_WORDS = {each.value: each.order for each in WordList}
_CHECKED = {10, 16, 32, 36, 1296, 7776}


def require_valid(tree: Mapping[str, Json]) -> None:
    """Fail where a document that was read breaks a rule.

    Args:
        tree: the document as it is written by us.

    Raises:
        AssertionError: it breaks one.
    """
    assert list(tree) == ["format_number", "active", "pending", "unlock"]
    assert tree["format_number"] == 1
    assert type(tree["format_number"]) is int
    active, pending, unlock = tree["active"], tree["pending"], tree["unlock"]
    if active is not None:
        _require(active, _SET)
        assert active["lapses_at"] is None, "a pending set counts"
    if pending is not None:
        _require(pending, _SET)
        assert pending["lapses_at"] is not None, "an active set waits"
    if unlock is not None:
        _require(unlock, _UNLOCK)


def _require(tree: Mapping[str, Json], rules: "_Rules") -> None:
    assert list(tree) == list(rules), "another field, or one that is missing"
    for name, rule in rules.items():
        assert rule(tree[name]), f"{name} breaks a rule"


_Rules: TypeAlias = Mapping[str, Callable[..., bool]]


def _is_text(value: Json, pattern: str) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is not None


def _is_number(value: Json, *, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def _is_flag(value: Json) -> bool:
    return type(value) is bool


def _is_instant(value: Json) -> bool:
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        return False
    return _FIRST <= datetime.fromisoformat(value) <= _LAST


def _is_instant_or_none(value: Json) -> bool:
    return value is None or _is_instant(value)


def _is_format(value: Json) -> bool:
    assert isinstance(value, dict)
    alphabet, length = value["alphabet"], value["length"]
    selector, check, group = value["selector"], value["check"], value["group"]
    assert set(value) == {"alphabet", "length", "selector", "check", "group"}
    assert _is_flag(selector)
    assert _is_flag(check)
    is_words, has_hyphen = alphabet in _WORDS if isinstance(alphabet, str) else False, False
    if isinstance(alphabet, str):
        order = (_WORDS | _ORDERS)[alphabet]
    else:
        symbols = alphabet.pop("symbols")
        assert not alphabet
        assert _is_text(symbols, r"[!-~]{2,94}")
        assert len(set(symbols)) == len(symbols)
        order, has_hyphen = len(symbols), "-" in symbols
    assert not check or order in _CHECKED
    assert not (check and order == 36 and selector + length > 35)
    widest = 0 if is_words or has_hyphen else selector + length + check
    is_short = _is_number(length, least=1, most=32 if is_words else 128)
    return is_short and _is_number(group, least=0, most=widest)


def _is_use(value: Json) -> bool:
    if value is not None:
        _require(value, _USE)
    return True


def _are_codes(value: Json, *, least: int, most: int, are_used: bool) -> bool:
    assert isinstance(value, list)
    for code in value:
        _require(code, _CODE)
        assert code["use"] or not are_used, "a former code was never used"
    ordinals = {code["ordinal"] for code in value}
    assert are_used or len(ordinals) == len(value), "two codes at one place"
    return least <= len(value) <= most


_is_token = partial(_is_text, pattern=r"[0-9a-f]{32}")
_is_attempt = partial(_is_text, pattern=r"[ -~]{1,128}")
_USE: _Rules = {"at": _is_instant, "attempt": _is_attempt, "revision": _is_token}
_CODE: _Rules = {
    "ordinal": partial(_is_number, least=0, most=63),
    "digest": partial(_is_text, pattern=r"[!-~]{1,242}"),
    "use": _is_use,
}
_SET: _Rules = {
    "id": _is_token,
    "format": _is_format,
    "issued_at": _is_instant,
    "attempt": _is_attempt,
    "expires_at": _is_instant_or_none,
    "codes": partial(_are_codes, least=1, most=64, are_used=False),
    "former": partial(_are_codes, least=0, most=16, are_used=True),
    "failures": partial(_is_number, least=0, most=1_000_000),
    **dict.fromkeys(
        ("failed_at", "lapses_at", "confirmed_at", "revoked_at", "disabled_at"),
        _is_instant_or_none,
    ),
    "is_display_hashed": _is_flag,
}
_UNLOCK: _Rules = {"session": partial(_is_text, pattern=r"[0-9a-f]{64}"), "at": _is_instant}
