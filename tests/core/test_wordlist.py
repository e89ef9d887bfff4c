"""Word lists: pinned, read late, and parted without doubt."""

import hashlib
import itertools
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoverykit.core import wordlist as module
from recoverykit.core.masked import Masked
from recoverykit.core.wordlist import MAX_WORD_LENGTH, WordList
from recoverykit.errors import MissingExtra, PolicyError


@pytest.fixture
def nothing_loaded():
    """Forget the lists that were read, before and after."""
    module._load.cache_clear()
    module._values.cache_clear()
    yield
    module._load.cache_clear()
    module._values.cache_clear()


def read(wordlist, text):
    return wordlist.read(Masked(text))


@pytest.mark.parametrize("wordlist", WordList)
def test_a_list_has_as_many_different_words_as_it_says(wordlist):
    """The order is known without reading; the list agrees."""
    assert len(set(wordlist.words)) == wordlist.order
    assert max(map(len, wordlist.words)) <= MAX_WORD_LENGTH
    assert all(word.isascii() and word == word.lower() for word in wordlist.words)


def test_the_lists_are_those_of_the_eff():
    """7,776 and 1,296 words; in short list 2 three letters name a word."""
    assert [wordlist.order for wordlist in WordList] == [7776, 1296, 1296]
    assert len({word[:3] for word in WordList.EFF_SHORT_2.words}) == 1296


@pytest.mark.parametrize("wordlist", WordList)
def test_every_word_is_read_as_itself(wordlist):
    """Alone, in any case, and beside every kind of neighbour: yo-yo included."""
    for value, word in enumerate(wordlist.words):
        assert read(wordlist, word) == (value,)
        assert read(wordlist, f"{word.upper()}\n{word.title()}") == (value, value)
        assert read(wordlist, f"{word}-yo-yo-{word}") == (value, *read(wordlist, "yo-yo"), value)


@pytest.mark.parametrize("wordlist", WordList)
def test_no_first_half_of_a_hyphenated_word_is_a_word(wordlist):
    """Why words may be parted by hyphens: there is only one way to read them."""
    words = set(wordlist.words)
    halves = [word.split("-") for word in words if "-" in word]
    assert halves
    assert all(len(parts) == 2 and parts[0] not in words for parts in halves)


@given(st.data())
def test_words_are_read_back_over_any_separators(data):
    """Spaces, line breaks and dashes in any number."""
    wordlist = data.draw(st.sampled_from(WordList))
    hyphenated = [value for value, word in enumerate(wordlist.words) if "-" in word]
    word = st.integers(0, wordlist.order - 1) | st.sampled_from(hyphenated)
    values = data.draw(st.lists(word, min_size=1, max_size=8))
    separator = st.text(" -\n\t\u2013\u00a0", min_size=1, max_size=3)
    written = wordlist.write(values).split(" ")
    text = "".join(itertools.chain.from_iterable((data.draw(separator), part) for part in written))
    assert read(wordlist, text) == tuple(values)


@pytest.mark.parametrize(
    "text",
    [
        "abacusabdomen",
        "abacus.abdomen",
        "abacu",
        "yo",
        "yo yo yo",
        "t-abacus",
        "drop-down-drop",
        "abacüs",
        "a\x1cb",
        "yo-yo\x1cyo-yo",
    ],
)
def test_what_is_no_list_of_words_is_refused(text):
    """No near words, no half words, no other separators."""
    assert read(WordList.EFF_LONG, text) is None


@pytest.mark.usefixtures("nothing_loaded")
def test_without_the_extra_its_name_is_told(monkeypatch):
    """A host that did not install the lists learns what to install."""
    monkeypatch.setitem(sys.modules, "xkcdpass", None)
    with pytest.raises(MissingExtra) as refusal:
        _ = WordList.EFF_LONG.words
    assert refusal.value.extra == "words"


def altered(content):
    return content.replace(b"yo-yo", b"ya-ya")


def shortened(content):
    return content[: content.index(b"\n") + 1]


def no_text(content):
    return b"\xff" + content


@pytest.mark.parametrize("change", [altered, shortened, no_text])
@pytest.mark.parametrize("wordlist", WordList)
@pytest.mark.usefixtures("nothing_loaded")
def test_a_list_that_differs_is_refused(monkeypatch, change, wordlist):
    """Another word at one place would be another code: size and SHA-256 are pinned."""
    shipped = module.get_data
    monkeypatch.setattr(module, "get_data", lambda *place: change(shipped(*place)))
    with pytest.raises(PolicyError) as refusal:
        _ = wordlist.words
    assert [finding.rule for finding in refusal.value.findings] == ["WORDS-PINNED"]


@pytest.mark.usefixtures("nothing_loaded")
def test_what_was_found_in_the_place_of_a_list_is_said(monkeypatch):
    """Both figures, wanted and found, and the mend."""
    monkeypatch.setattr(module, "get_data", lambda *_: b"abacus abdomen\n")
    with pytest.raises(PolicyError) as refusal:
        _ = WordList.EFF_SHORT_1.words
    pinned = module._SOURCES[WordList.EFF_SHORT_1].sha256
    found = hashlib.sha256(b"abacus abdomen\n").hexdigest()
    assert str(refusal.value) == (
        f"WORDS-PINNED: 1296 words with SHA-256 {pinned} wanted, "
        f"2 words with SHA-256 {found} found; "
        "install a release of xkcdpass that ships this list unchanged"
    )


@pytest.mark.usefixtures("nothing_loaded")
def test_a_list_that_is_gone_is_refused(monkeypatch):
    """A release of the package without the file is one that differs."""

    def gone(*place):
        raise FileNotFoundError(place)

    monkeypatch.setattr(module, "get_data", gone)
    with pytest.raises(PolicyError):
        _ = WordList.EFF_SHORT_1.words
