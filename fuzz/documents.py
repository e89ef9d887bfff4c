"""The target of documents: any stored text is refused, or is read as what it says.

What is read is valid by an own reading, written again as the same text each time, and of the same
content as what stood there; it was sealed as the keyring asks; and no verb does to it what it must
not, or fails in another way than it may.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final

from fuzz.acts import judge_act
from fuzz.contents import require_valid
from fuzz.edits import Tree, edited_text, edited_tree, written
from fuzz.samples import Sample, samples
from fuzz.seals import KEYS, content_in, sealed
from fuzz.tape import Tape
from recoverykit.core.document import Document, document_in, unchecked_document_in
from recoverykit.core.keyring import Keyring
from recoverykit.core.record import MAX_DOCUMENT_BYTES, Record
from recoverykit.core.subject import Subject
from recoverykit.errors import CorruptRecord, RecoveryKitError, UnknownKey
from tests.verbs import ALICE

_FIRST, _SECOND = KEYS
_ONE = {_FIRST: KEYS[_FIRST]}
_RINGS: Final = (
    None,
    Keyring(_ONE),
    Keyring(_ONE, accept_unsealed=True),
    Keyring({_SECOND: KEYS[_SECOND]}),
    Keyring(KEYS, primary=_SECOND),
    Keyring(KEYS, primary=_FIRST, accept_unsealed=True),
)
_SUBJECTS: Final = (
    ALICE,
    Subject("Alice"),
    Subject("lice", tenant="a"),
    Subject("alice", scope="a"),
)
_REVISIONS: Final = ("e" * 32, "e" * 31 + "f", "", "\ud800")
_SEALS: Final = {4: _FIRST, 5: _SECOND, 6: _FIRST, 7: _FIRST}  # and in half of the cases none
_DEFAULTS: Final = (None, 0, False, [])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A stored text, and how it came about.

    ``sample`` is what it was made from, ``is_whole`` whether it still says the same.
    """

    text: str
    sample: Sample | None
    is_whole: bool


def judge(data: bytes) -> None:
    """Load a text, and hold what is read of it against the own reading.

    Raises:
        AssertionError: an invariant is broken.
    """
    tape = Tape(data)
    keyring, subject, revision = tape.pick(_RINGS), tape.pick(_SUBJECTS), tape.pick(_REVISIONS)
    case = _a_case(tape)
    record = Record(revision=revision, document=case.text)
    content, found = _content(record, keyring, subject), _loaded(record, keyring, subject)
    _judge_unchecked(record, found)
    if isinstance(content, type):
        assert found is content, "it was read without its seal, or refused for another reason"
    elif isinstance(found, type):
        assert found is CorruptRecord, "a key is missed that is there"
        assert not case.is_whole, "a valid document was refused"
    else:
        _judge_document(found, content)
        if case.is_whole and case.sample:
            assert found == _of_sample(case.sample), "it was read as another document"
        judge_act(record, found, subject=subject, keyring=keyring, sample=case.sample, tape=tape)


def _a_case(tape: Tape) -> _Case:
    """Draw a text: any at all, or a sample that was edited before or after it was sealed."""
    if tape.number(8) == 7:
        return _Case(text=tape.text(), sample=None, is_whole=False)
    sample = tape.pick(samples())
    seal, pad = tape.number(8), tape.number(16)
    whole, plain = _parsed(sample)
    tree = edited_tree(whole, tape)
    content = written(tree, tape)
    text = edited_text(content, tape)
    # As texts, for as values 1 and True are equal.
    is_whole = json.dumps(tree) == plain and text == content
    if seal in _SEALS:
        subject, revision = tape.pick(_SUBJECTS), tape.pick(_REVISIONS)
        text = sealed(text, _SEALS[seal], subject=subject, revision=revision)
        after = edited_text(text, tape) if tape.flag() else text
        text, is_whole = after, is_whole and after == text
    if pad == 15:
        text += " " * (MAX_DOCUMENT_BYTES - len(text) - 1 + tape.number(3))
        is_whole = is_whole and len(text) <= MAX_DOCUMENT_BYTES and seal not in _SEALS
    return _Case(text=text, sample=sample, is_whole=is_whole)


def _content(
    record: Record, keyring: Keyring | None, subject: Subject
) -> str | type[RecoveryKitError]:
    """Return what may be read, or the error in which it must be refused."""
    if len(record.document) > MAX_DOCUMENT_BYTES:
        return CorruptRecord
    try:
        content = content_in(record.document, keyring, subject=subject, revision=record.revision)
    except LookupError:
        return UnknownKey
    return CorruptRecord if content is None else content


def _loaded(
    record: Record, keyring: Keyring | None, subject: Subject
) -> Document | type[RecoveryKitError]:
    try:
        return document_in(record, keyring=keyring, subject=subject)
    except (CorruptRecord, UnknownKey) as error:
        assert error.__cause__ is error.__context__ is None, "an error is chained"
        return type(error)


def _judge_unchecked(record: Record, found: Document | type[RecoveryKitError]) -> None:
    """Without a check of its seal the same is read, or more, and no key is missed."""
    try:
        unchecked = unchecked_document_in(record)
    except CorruptRecord:
        assert isinstance(found, type), "what is only shown is refused"
    else:
        assert isinstance(found, type) or found == unchecked, "another document is shown"


def _judge_document(document: Document, content: str) -> None:
    """What was read is valid; it is written as one text, which is read as the same."""
    text = document.to_text(keyring=None, subject=ALICE, revision="")
    assert text.isascii(), "a document is written in more than ASCII"
    tree = json.loads(text)
    _require_same(json.loads(content), tree)
    require_valid(tree)
    if len(text) <= MAX_DOCUMENT_BYTES:
        again = document_in(Record(revision="", document=text), keyring=None, subject=ALICE)
        assert again == document, "a document is not what was written of it"
        assert again.to_text(keyring=None, subject=ALICE, revision="") == text


def _require_same(stood: Tree, tree: Tree) -> None:
    """Fail where what stood does not say the same as what is written of it."""
    if isinstance(stood, dict):
        assert isinstance(tree, dict)
        for name, value in tree.items():
            if name in stood:
                _require_same(stood[name], value)
            else:
                assert value in _DEFAULTS, "something came of nothing"
        assert set(stood) <= set(tree), "something was not read"
    elif isinstance(stood, list):
        assert isinstance(tree, list)
        for one, other in zip(stood, tree, strict=True):
            _require_same(one, other)
    elif stood != tree or type(stood) is not type(tree):
        assert isinstance(stood, str), "another value"
        assert isinstance(tree, str), "another value"
        assert datetime.fromisoformat(stood) == datetime.fromisoformat(tree), "another time"


@cache
def _parsed(sample: Sample) -> tuple[Tree, str]:
    """Return a sample as a tree, and that again as a text."""
    tree = json.loads(sample.text)
    return tree, json.dumps(tree)


@cache
def _of_sample(sample: Sample) -> Document:
    return document_in(Record(revision="", document=sample.text), keyring=None, subject=ALICE)
