"""The bounds of a code format: impossible shapes are refused, each flaw by its rule."""

import pytest

from recoverykit.core.alphabet import Alphabet
from recoverykit.core.format import CodeFormat
from recoverykit.core.wordlist import WordList
from recoverykit.errors import PolicyError

POSSIBLE = {"alphabet": Alphabet.HEX, "length": 16}


def rules(**fields):
    """The rules that a format of these fields breaks."""
    with pytest.raises(PolicyError) as refusal:
        CodeFormat(**(POSSIBLE | fields))
    return [finding.rule for finding in refusal.value.findings]


@pytest.mark.parametrize("alphabet", Alphabet)
@pytest.mark.parametrize("length", [1, 128])
def test_one_to_128_symbols_can_be_secret(alphabet, length):
    """Both bounds are in."""
    assert CodeFormat(alphabet=alphabet, length=length).total == length


@pytest.mark.parametrize("wordlist", WordList)
@pytest.mark.parametrize("length", [1, 32])
def test_one_to_32_words_can_be_secret(wordlist, length):
    """Both bounds are in."""
    assert CodeFormat(alphabet=wordlist, length=length).total == length


@pytest.mark.parametrize("length", [-1, 0, 129])
def test_no_symbols_and_too_many_are_refused(length):
    """Neither an empty code nor an endless one."""
    assert rules(length=length) == ["FORMAT-LENGTH"]


@pytest.mark.parametrize("length", [-1, 0, 33])
def test_no_words_and_too_many_are_refused(length):
    """Neither an empty code nor an endless one."""
    assert rules(alphabet=WordList.EFF_LONG, length=length) == ["FORMAT-LENGTH"]


def test_a_group_may_be_as_wide_as_the_code():
    """Selector and check symbol are shown, so they count."""
    widest = CodeFormat.hex(16, selector=True, check=True, group=18)
    assert widest.group == widest.total


@pytest.mark.parametrize("group", [-1, 17])
def test_a_group_wider_than_the_code_is_refused(group):
    """It would be a mistake, whatever was meant."""
    assert rules(group=group) == ["FORMAT-GROUP"]


def test_a_group_in_no_symbols_is_too_wide():
    """That there are none is told beside it."""
    assert rules(length=0, group=1) == ["FORMAT-LENGTH", "FORMAT-GROUP"]


def test_words_are_not_grouped():
    """They are parted already."""
    assert rules(alphabet=WordList.EFF_SHORT_2, length=8, group=4) == ["FORMAT-GROUP"]


@pytest.mark.parametrize(("length", "selector"), [(35, False), (34, True)])
def test_an_alphanumeric_check_symbol_protects_35_symbols(length, selector):
    """One more could change places with the check symbol unseen."""
    fitting = {"alphabet": Alphabet.ALPHANUMERIC, "selector": selector, "check": True}
    assert CodeFormat(length=length, **fitting).total == 36
    assert rules(length=length + 1, **fitting) == ["FORMAT-CHECK"]


def test_without_a_check_symbol_an_alphanumeric_code_may_be_longer():
    """The bound belongs to the check, not to the alphabet."""
    assert CodeFormat.alphanumeric(128).total == 128


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alphabet", "hex"),
        ("alphabet", None),
        ("length", "16"),
        ("length", 16.0),
        ("length", True),
        ("selector", 1),
        ("check", None),
        ("group", False),
    ],
)
def test_a_field_of_another_type_is_refused(name, value):
    """A typing error in the host's settings ends in our tree of errors."""
    assert rules(**{name: value}) == ["FORMAT-TYPE"]


def test_every_flaw_is_told_at_once():
    """One run is enough to learn all of them, each with its figure and the mend."""
    with pytest.raises(PolicyError) as refusal:
        CodeFormat(alphabet=Alphabet.ALPHANUMERIC, length=200, check=True, group=500)
    assert str(refusal.value) == (
        "FORMAT-LENGTH: 1 to 128 secret symbols or words wanted, 200 found; "
        "choose a length within the bounds; "
        "FORMAT-GROUP: groups of 0 to 201 symbols wanted, 500 found; "
        "choose a group within the bounds; 0 shows one block; "
        "FORMAT-CHECK: at most 35 symbols can stand before the check symbol, 200 found; "
        "shorten the code, leave the check symbol out, or use base32"
    )


def test_a_wrong_type_is_told_by_its_name_and_the_right_one():
    """What was given instead is not shown: it might be anything."""
    with pytest.raises(PolicyError) as refusal:
        CodeFormat(alphabet=Alphabet.HEX, length="16")
    assert str(refusal.value) == (
        "FORMAT-TYPE: length must be of type int, and is not; give length as int"
    )
    with pytest.raises(PolicyError) as refusal:
        CodeFormat(alphabet="0123456789", length=16)
    assert str(refusal.value) == (
        "FORMAT-TYPE: alphabet must be of type Alphabet or CustomAlphabet or WordList, and is not; "
        "give alphabet as Alphabet or CustomAlphabet or WordList"
    )
