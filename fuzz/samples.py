"""Samples: valid documents of every kind, made by the verbs, from which a target begins."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from recoverykit.core.format import CodeFormat
from recoverykit.core.hasher import KeyedHasher, Pbkdf2Hasher
from recoverykit.core.wordlist import WordList
from tests.verbs import Kit, Verb, codes_of, played

_SESSION = "5" * 64

# Two of the vectors of tests/core/test_foreign.py, and one that nothing was hashed to.
_FOREIGN = (
    "$foreign$bcrypt$$2b$04$iUtO69qsuDuCB6ZRuIURfO5VPklUmpRtWEKcA/F2r0oUzEKWX4Eay",
    "$foreign$argon2$$argon2id$v=16$m=8,t=1,p=1$WDnzdSWXHYGXbQunfh4XRA$NyNKJMbxEaaMSWnMWULk3A",
    "$foreign$django-argon2$argon2$argon2id$v=19$m=64,t=1,p=2$MTIzNDU2Nzg$AAAAAAAAAAAAAAAAAAAAAA",
)

_KIT = Kit()
_WAITING = _KIT.but(confirm=True)
_ROTATING = _KIT.but(rotate=True)
_OF_FORMATS: Mapping[str, Kit] = {
    "digits": _KIT.but(format=CodeFormat.digits(8, group=4), hasher=Pbkdf2Hasher(iterations=1_000)),
    "letters": _KIT.but(format=CodeFormat.alphanumeric(24, check=True), hasher=KeyedHasher()),
    "words": _KIT.but(format=CodeFormat.words(5, wordlist=WordList.EFF_SHORT_2, selector=True)),
    "symbols": _KIT.but(format=CodeFormat.symbols("abcXYZ+/", 12, group=3)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A document without a seal, and what was shown of its codes."""

    text: str
    codes: tuple[str, ...]


@cache
def samples() -> tuple[Sample, ...]:
    """Return the samples, always the same."""
    issue, other = _KIT.issue("issue"), _KIT.issue("other")
    one, two, three = codes_of(played(issue)[1], "issue")
    wrong, _, _ = codes_of(played(other)[1], "other")
    lives: tuple[tuple[Verb, ...], ...] = (
        (issue,),
        (issue, _KIT.redeem("spend", one)),
        (issue, *(_KIT.redeem(f"spend {code.text}", code) for code in (one, two, three))),
        (issue, _KIT.redeem("miss", wrong), _KIT.redeem("miss again", wrong)),
        (issue, _ROTATING.redeem("turn", two), _ROTATING.redeem("turn again", three)),
        (issue, _KIT.redeem("spend", three), _WAITING.issue("replace", replacing=True)),
        (issue, _KIT.unlock("unlock", _SESSION)),
        (issue, _KIT.revoke("revoke")),
        (_WAITING.issue("wait"),),
        (_KIT.but(expires_after=timedelta(hours=1)).issue("late"),),
        *((kit.issue(name),) for name, kit in _OF_FORMATS.items()),
    )
    made = tuple(map(_lived, lives))
    return (*made, _taken_over(made[-1]))


def _lived(verbs: tuple[Verb, ...]) -> Sample:
    """Return what stands when some verbs have run one after the other."""
    landed, history = played(*verbs)
    document = landed[-1].change.document
    assert document is not None
    issued = [verb.name for verb in verbs if verb.verb == "issue"]
    codes = [code.text for name in issued for code in codes_of(history, name)]
    return Sample(text=document, codes=tuple(codes))


def _taken_over(sample: Sample) -> Sample:
    """Return a sample, the codes of which another system has hashed."""
    tree = json.loads(sample.text)
    for code, line in zip(tree["active"]["codes"], _FOREIGN, strict=True):
        code["digest"] = line
    return Sample(text=json.dumps(tree, separators=(",", ":")), codes=sample.codes)
