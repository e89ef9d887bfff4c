"""Edits: what a fault, or somebody who writes to the storage, may make of a stored document."""

import json
from typing import TypeAlias

from fuzz.tape import Tape

Tree: TypeAlias = "dict[str, Tree] | list[Tree] | str | int | float | None"

_VALUES: tuple[Tree, ...] = (
    *(None, True, False, 0, 1, -1, 2, 63, 64, 129, 10**6, 10**6 + 1, 10**30, 1.0, 0.5, "", "0"),
    *([], {}, [None], "1700000000", "1970-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z"),
    *("9000-01-01T00:00:00Z", "9000-01-01T00:00:00.000001Z", "2026-11-22T12:30:15"),
    *("2026-11-22T14:30:15.123456+02:00", "2026-11-22 12:30:15z", "2026-02-30T00:00:00Z"),
    *("0" * 32, "f" * 64, "0" * 32 + "\n", "\u00e4", "\ud800", "a" * 128, "~" * 129, "!" * 243),
    *("digits", "hex", "base32", "alphanumeric", "eff-long", "eff-short-1", "crockford32"),
    *({"symbols": "01"}, {"symbols": "0-"}, {"symbols": "00"}, {"symbols": " !"}),
    "$argon2id$v=19$m=8,t=1,p=1,keyid=-$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43,
    "$argon2id$v=19$m=9999999,t=99,p=99,keyid=-$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43,
    "$pbkdf2-sha256$i=1000,keyid=k1$AAAAAAAAAAAAAAAAAAAAAB$" + "A" * 42 + "B",
    "$hmac-sha256$keyid=k2$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43,
    "$foreign$bcrypt$$2b$31$iUtO69qsuDuCB6ZRuIURfO5VPklUmpRtWEKcA/F2r0oUzEKWX4Eay",
)
_SNIPPETS = ("", " ", "\n", "\\u0030", "\x00", '"', ",", "}", "]", "{", "[", "\ufeff", "e0", ".0")
_NAMES = ("format_number", "active", "pending", "unlock", "use", "lapses_at", "expires_at", "x")


def edited_tree(tree: Tree, tape: Tape) -> Tree:
    """Return a tree with some of its values changed, moved, or taken out, in a copy."""
    for _ in range(tape.number(4)):
        tree = _edited(tree, tape)
    return tree


def written(tree: Tree, tape: Tape) -> str:
    """Return a tree as JSON, in one of its spellings: all of them mean the same."""
    how = tape.byte()
    text = json.dumps(
        tree,
        ensure_ascii=not how & 1,
        sort_keys=bool(how & 2),
        separators=("\n, ", "\t: ") if how & 4 else (",", ":"),
    )
    return text.replace("active", "\\u0061ctive") if how & 8 else text


def edited_text(text: str, tape: Tape) -> str:
    """Return a text with some characters changed, cut out, or put in."""
    for _ in range(tape.number(3)):
        begin = tape.number(1 << 16) % (len(text) + 1)
        end = begin + tape.number(4) ** 3
        put = tape.pick(_SNIPPETS) if tape.flag() else chr(tape.number(128))
        text = text[:begin] + put + text[end:]
    return text


def _edited(tree: Tree, tape: Tape) -> Tree:
    """Walk into a tree, as far as the tape says, and change what is found there."""
    if not isinstance(tree, dict | list) or not tree or tape.number(8) == 7:
        return _changed(tree, tape)
    if isinstance(tree, list):
        at = tape.number(len(tree))
        return _put(tree, at, tape)
    name = tape.pick(tuple(tree))
    kept = {key: value for key, value in tree.items() if key != name}
    match tape.number(16):
        case 14:
            return kept
        case 15:
            return {**tree, tape.pick(_NAMES): tree[name]}
        case _:
            return {**tree, name: _edited(tree[name], tape)}


def _put(tree: list[Tree], at: int, tape: Tape) -> Tree:
    match tape.number(8):
        case 6:
            return [*tree[:at], *tree[at + 1 :]]
        case 7:
            return [*tree, *([tree[at]] * (1 + tape.number(64)))]
        case _:
            return [*tree[:at], _edited(tree[at], tape), *tree[at + 1 :]]


def _changed(tree: Tree, tape: Tape) -> Tree:
    """Return another value; of a text or a number, perhaps one that is close to it."""
    if tape.flag():
        return tape.pick(_VALUES)
    if isinstance(tree, str):
        at = tape.number(256) % (len(tree) + 1)
        return tree[:at] + chr(tape.number(128)) + tree[at + tape.number(2) :]
    if isinstance(tree, int):
        return tree + tape.number(256) - 128
    return tape.pick(_VALUES)
